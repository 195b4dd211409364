"""Rows on their way into the state: collected by table, numbered from what the state already holds, loaded at once.

Epicor rows get their SysRevID and SysRowID here. Nothing in here knows what a row means.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from he_sync.sandbox.heartland.resources import RESOURCES, Resource, blank
from he_sync.sandbox.heartland.webhooks import TOLD
from he_sync.sandbox.state import Document, Key, State, field
from he_sync.sandbox.world.randomness import uid

if TYPE_CHECKING:
    from collections.abc import Iterable

COMPANY = "EPIC06"
PLANT = "MfgSys"
KEYS_AT_DEFAULT = frozenset(
    ("OrderLine", "FiscalYearSuffix", "Voided", "WarehouseCode", "TargetJobNum", "TargetAssemblySeq", "TargetMtlSeq")
)
"""Key columns that may hold their type's default; every other column at its default is not stored."""
MOST_WAITING = 50_000
RETAIL = {resource.store: resource for resource in RESOURCES.values()}
Row = tuple[Key, Key | None, Document]
TRANSACTIONS = ("heartland/sales/tickets", "heartland/sales/orders", "heartland/sales/invoices")


def epicor_key(*values: object) -> str:
    """Key column values in key order, Company first, joined by a tilde."""
    return "~".join(map(str, (COMPANY, *values)))


def _complete(resource: Resource, rows: list[Row]) -> None:
    """Every field of the resource in every row, as a document that was made through the API has them."""
    for place, (key, parent, document) in enumerate(rows):
        rows[place] = key, parent, {**blank(resource, key), **document}


class Numbers:
    """Next free numbers, each sequence read from the state once."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._next: dict[str, int] = {}

    def take(self, table: str) -> int:
        """The next integer key of a table; tickets, orders and invoices share one sequence."""
        shared = TRANSACTIONS if table in TRANSACTIONS else (table,)
        if shared[0] not in self._next:
            self._next[shared[0]] = max(self._state.next_id(name) for name in shared)
        return self._advance(shared[0])

    def epicor(self, table: str, column: str, first: int) -> int:
        """The next value of an integer key column of an Epicor table, whoever wrote the last one."""
        if table not in self._next:
            self._state.table(table, indexes=[column])
            top = self._state.select(table, order=f"{field(column)} DESC", limit=1)
            self._next[table] = int(top[0][column]) + 1 if top else first
        return self._advance(table)

    def _advance(self, name: str) -> int:
        number = self._next[name]
        self._next[name] = number + 1
        return number


class Rows:
    """Documents by table until they are loaded. `touched` keeps the keys of those that Heartland tells of."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.touched: dict[str, list[Key]] = {table: [] for table in TOLD}
        self._tables: dict[str, list[Row]] = defaultdict(list)
        self._waiting = 0
        self.counts: Counter[str] = Counter()

    def add(self, table: str, key: Key, document: Document, parent: Key | None = None) -> None:
        """One document of a table."""
        self._tables[table].append((key, parent, document))
        self._waiting += 1

    def epicor(self, table: str, values: Iterable[object], document: Document, parent: Key | None = None) -> None:
        """One Epicor row; `values` are its key columns after Company."""
        self.add(f"epicor/{table}", epicor_key(*values), {"Company": COMPANY, **document}, parent)

    def spill(self, state: State) -> None:
        """Load what waits when it is much: a day of 400 stores does not fit into memory at once."""
        if self._waiting >= MOST_WAITING:
            self.flush(state)

    def flush(self, state: State) -> None:
        """Load everything collected, in the order the tables were first named, and start empty again."""
        for table, rows in self._tables.items():
            if table.startswith("epicor/"):
                self._revise(state, table, rows)
            elif table in RETAIL:
                _complete(RETAIL[table], rows)
            if table in TOLD:
                self.touched[table] += [key for key, _, _ in rows]
            state.load(table, rows)
            self.counts[table] += len(rows)
        self._tables.clear()
        self._waiting = 0

    def _revise(self, state: State, table: str, rows: list[Row]) -> None:
        first = state.next_rev(len(rows)) - len(rows) + 1
        for offset, (key, parent, document) in enumerate(rows):
            kept = {name: value for name, value in document.items() if value or name in KEYS_AT_DEFAULT}
            kept["SysRevID"] = first + offset
            kept.setdefault("SysRowID", uid(self._seed, table, key))
            rows[offset] = (key, parent, kept)
