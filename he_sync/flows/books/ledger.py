"""The ledger of a date as it is now: what others posted of each store-day, what we posted, what people entered.

Read at every proposal, posting and signature: what was pulled in the night does not show what was corrected since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from he_sync.connect import strict_json
from he_sync.flows.books.ground import Books
from he_sync.flows.night import Office
from he_sync.flows.sources import SOURCES, Ask
from he_sync.flows.writers import group_id
from he_sync.mapping import epicor
from he_sync.model.contract import frame, records
from he_sync.model.ledger_line import LedgerLines
from he_sync.reconcile.clearing.words import store_day_of
from he_sync.store import books

PLACE = ("Erp.BO.GLJrnDtlSvc", "GLJrnDtls")


@dataclass(frozen=True)
class Ledger:
    """Lines of a date, and of other dates where they name its payments or are ours; `ours` are our group ids.

    `late` are those of other dates' journals that were posted on this one.
    """

    day: str
    lines: pd.DataFrame
    payments: frozenset[int]
    ours: frozenset[str]
    late: frozenset[str] = frozenset()

    def standing(self, store: str) -> dict[str, int]:
        """By account, what others posted of a store-day; accounts at nothing left out."""
        return {account: cents for account, cents in sorted(self._others_by_store.get(store, {}).items()) if cents}

    def posted(self, store: str) -> dict[str, int]:
        """By account, what stands of our own journals of a store."""
        return dict(self._ours_by_store.get(store, {}))

    @cached_property
    def _others_by_store(self) -> dict[str, Counter[str]]:
        """Summed once: a date of a hundred stores is asked a hundred times."""
        return _by_store(self._others())

    @cached_property
    def _ours_by_store(self) -> dict[str, Counter[str]]:
        return _by_store(row for row in records(self.lines) if row.group_id in self.ours)

    @cached_property
    def by_group(self) -> dict[str, Counter[tuple[str, int]]]:
        """By group id, the lines of ours as (account with store, cents)."""
        found: dict[str, Counter[tuple[str, int]]] = {}
        for row in records(self.lines):
            if row.group_id in self.ours:
                place = (f"{row.account}|{row.store}", int(row.amount_minor))
                found.setdefault(row.group_id, Counter())[place] += 1
        return found

    def direct(self, accounts: Collection[str]) -> list[Any]:
        """Lines of the date on watched accounts that are of no payment of any date, of no store-day and not ours."""
        known = {row.line_id for row in self._others()}
        rows = [
            row
            for row in records(self.lines)
            if row.posting_date == self.day and row.account in accounts and not row.payment_id
        ]
        return [row for row in rows if row.line_id not in known and row.group_id not in self.ours | self.late]

    def _others(self) -> Iterator[Any]:
        """Lines of documents that post this date's payments or store-days; a line of another payment is not of them."""
        mine = {_document(row.line_id) for row in records(self.lines) if row.payment_id in self.payments}
        for row in records(self.lines):
            if row.group_id in self.ours or (row.payment_id and row.payment_id not in self.payments):
                continue
            # One of ours is here only where its group is not in these books: a store that was lost posted it.
            named = store_day_of(row.description)
            if (named and named[0] == self.day) or (not named and _document(row.line_id) in mine):
                yield row


def _by_store(rows: Iterable[Any]) -> dict[str, Counter[str]]:
    sums: dict[str, Counter[str]] = {}
    for row in rows:
        sums.setdefault(row.store, Counter())[row.account] += int(row.amount_minor)
    return sums


def _document(line_id: str) -> str:
    return str(line_id).rpartition("-")[0]


def read(office: Office, day: str) -> Ledger:
    """The ledger of a business date, from Epicor; kept in the lake as `close/ledger`."""
    payments = office.lake.read("canonical", "payments", day)
    alive = frozenset(int(number) for number in payments[~payments["voided"]]["payment_id"])
    ours = _groups(office, day)
    source = SOURCES["epicor/ledger_lines"]
    rows = _rows(
        office,
        (row for page in source.pages(Ask(office.systems, office.retailer, date.fromisoformat(day))) for row in page),
    )
    there = {row["payment_id"] for row in rows.values()}
    # Others posted a date's payments also where the close has taken over since.
    single = office.retailer.epicor.ledger == "payments" or bool(alive & there)
    texts = [f"HR PAY {number}" for number in sorted(alive - there)] if single else []
    rows |= _any(office, "Description", texts)
    rows |= _any(office, "GroupID", sorted(ours))
    lines = frame(LedgerLines, [rows[name] for name in sorted(rows)])
    office.lake.write("close", "ledger", day, lines)
    return Ledger(day, lines, alive, ours, _late(office, day, lines))


def kept(office: Books, day: str) -> Ledger:
    """The same as it was read last. Raises FixInput where nothing was proposed yet."""
    payments = office.lake.read("canonical", "payments", day)
    alive = frozenset(int(number) for number in payments[~payments["voided"]]["payment_id"])
    lines = office.lake.read("close", "ledger", day)
    return Ledger(day, lines, alive, _groups(office, day), _late(office, day, lines))


def _groups(office: Books, day: str) -> frozenset[str]:
    return frozenset(group_id(one.effect_key) for one in books.of_day(office.store, day) if one.effect_key)


def _late(office: Books, day: str, lines: pd.DataFrame) -> frozenset[str]:
    """Groups of the dates that the lines of this one name; a text alone does not make a line ours."""
    named = {found[0] for text in lines["description"].unique() if (found := store_day_of(text))} - {day}
    return frozenset(group for other in sorted(named) for group in _groups(office, other))


def _any(office: Office, column: str, values: list[str]) -> dict[str, Mapping[str, Any]]:
    found = office.systems.epicor.read_any(*PLACE, column, values) if values else []
    return _rows(office, found)


def _rows(office: Office, documents: Iterable[dict[str, Any]]) -> dict[str, Mapping[str, Any]]:
    exact = (strict_json.loads(strict_json.dumps(document)) for document in documents)
    rows = [row for document in exact for _, row in epicor.ledger_line(document, office.retailer)]
    return {str(row["line_id"]): row for row in rows}
