"""Rows of Kinetic tables in the state: filled with defaults when read, trimmed when stored, hooks around every write.

A row is a dict with every column of the catalogue. A stored document holds Company, the keys, SysRevID, SysRowID and
what differs from the default. Behaviour of a table (numbering, defaults, validation, totals) is its `Hooks`, declared
by the business object that owns it and found here by table name, so that every way to write runs through them.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from he_sync.sandbox.epicor import catalog
from he_sync.sandbox.epicor.catalog import Kind, Table
from he_sync.sandbox.epicor.context import INDEXED, Context
from he_sync.sandbox.epicor.errors import BadEntity, Business, Conflict, Duplicate
from he_sync.sandbox.epicor.switches import CONFLICT_STATUS
from he_sync.sandbox.state import Document, State, field

Row = dict[str, Any]
SERVER_OWNED = frozenset({"SysRevID", "SysRowID", "RowMod"})
HOT = {
    "SysRevID",
    "PONum",
    "OrderDate",
    "CustID",
    "OrderNum",
    "CustNum",
    "PartNum",
    "JEDate",
    "Description",
    "TranDate",
    "JobNum",
    "TranNum",
    "HeadNum",
    "JournalNum",
    "GroupID",
    "InvoiceNum",
    "PackNum",
}
DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)?")
INT32, INT64 = 2**31, 2**63
DECIMALS = 10**18  # beyond any amount or quantity; the real limit is the column's, and not found
NUMBERS = range(1, 10**9)  # what a caller may choose as a number that the server counts: room above for its own
CONFLICT = "Row has been modified by another user and couldn't be updated."


@dataclass(frozen=True)
class Hooks:
    """A table's behaviour on top of being stored. Everything is optional.

    `numbers` is the key column that the server counts when it is 0, with its first number. `before` is None on insert.
    `new` fills a row of GetNew; `complete` fills columns that an insert did not name (it gets the names that it did).
    `before_write` defaults and refuses (it may change the row); `after_write` does what follows (totals, children).
    `locked` rows take a PATCH with success and store nothing. `calculate` fills calculated columns for GetByID.
    `derived` makes the rows below a parent row, in a table that is never stored.
    `nested_under` chooses the parent of a row nested below the i-th of several in one POST, where that is not the i-th.
    """

    numbers: tuple[str, int] | None = None
    new: Callable[[Context, Row], None] | None = None
    before_write: Callable[[Context, Row, Row | None], None] | None = None
    after_write: Callable[[Context, Row, Row | None], None] | None = None
    before_delete: Callable[[Context, Row], None] | None = None
    after_delete: Callable[[Context, Row], None] | None = None
    locked: Callable[[Context, Row], bool] | None = None
    calculate: Callable[[Context, Row], None] | None = None
    complete: Callable[[Context, Row, Collection[str]], None] | None = None
    nested_under: Callable[[Context, list[Row], int], Row] | None = None
    derived: Callable[[Context, Row], list[Row]] | None = None


HOOKS: dict[str, Hooks] = {}
PLAIN = Hooks()


def hooks(name: str) -> Hooks:
    """The table's behaviour; none for a table that nobody declared."""
    return HOOKS.get(name, PLAIN)


# shapes


def fill(table: Table, document: Document) -> Row:
    """The full row of a stored document; a search's has its own names, and its own columns only."""
    row = table.defaults()
    if table.shows:
        stored = ((column, table.renamed.get(column, column)) for column in table.columns)
        row.update({column: document[own] for column, own in stored if own in document})
    else:
        row.update(document)
    return row


def trim(table: Table, row: Row) -> Document:
    """What is stored of a row."""
    always = {"Company", "SysRevID", "SysRowID", *table.keys}
    plain = table.defaults()
    return {
        name: value
        for name, value in row.items()
        if name in plain and name != "RowMod" and (name in always or value != plain[name])
    }


def typed(table: Table, values: Row) -> Row:
    """Values checked against the catalogue; null means the default, dates lose their offset. Raises BadEntity."""
    return {name: _typed(table.columns.get(name), value) for name, value in values.items()}


def _typed(kind: Kind | None, value: Any) -> Any:
    if kind is None:
        raise BadEntity
    if value is None:
        return catalog.DEFAULTS[kind]
    if kind == "boolean":
        return _when(isinstance(value, bool), value)
    if kind in {"int32", "int64"}:
        limit = INT32 if kind == "int32" else INT64
        return _when(isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit, value)
    if kind == "decimal":
        return _when(
            isinstance(value, int | Decimal) and not isinstance(value, bool) and -DECIMALS < value < DECIMALS, value
        )
    if kind == "date":
        return _date(value)
    return _when(isinstance(value, str), value)


def _when(fits: bool, value: Any) -> Any:
    if not fits:
        raise BadEntity
    return value


def _date(value: Any) -> str | None:
    """The date as it is stored. The offset is dropped, never applied: Kinetic's dates are days of the company."""
    if value == "":
        return None
    found = DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise BadEntity
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00'}").isoformat()
    except ValueError as error:
        raise BadEntity from error


# reading


def prepare(state: State, name: str) -> Table:
    """The table, with its indexes in place."""
    table = catalog.table(name)
    ready = INDEXED.setdefault(state, set())
    if name not in ready:
        state.table(table.collection, indexes=[column for column in table.columns if column in HOT])
        ready.add(name)
    return table


@cache
def child_tables(name: str) -> tuple[str, ...]:
    """Tables whose parent the table is."""
    return tuple(child for child in catalog.names() if catalog.table(child).parent == name)


def read(ctx: Context, name: str, *keys: Any) -> Row | None:
    """One row by its key values after Company, for example `read(ctx, "OrderDtl", 5001, 1)`."""
    return by_key(ctx, catalog.table(name), catalog.join_key([ctx.company, *keys]))


def by_key(ctx: Context, table: Table, key: str) -> Row | None:
    """The row of a whole key. A search may have fewer key columns than the table it shows (its first row then)."""
    document = ctx.state.get(table.collection, key)
    if document is None and table.shows and key.count("~") == len(table.keys) - 1:
        where = " AND ".join(f"{table.sql(column)} = ?" for column in table.keys)
        document = next(iter(ctx.state.select(table.collection, where, key.split("~"), limit=1)), None)
    return None if document is None else fill(table, document)


def need(ctx: Context, name: str, *keys: Any) -> Row:
    """The same, or Business("<Table> not available")."""
    row = read(ctx, name, *keys)
    if row is None:
        raise Business(f"{name} not available", table=name)
    return row


def find(ctx: Context, name: str, limit: int | None = None, **equal: Any) -> list[Row]:
    """Rows whose columns equal the values. A default is not stored, so it finds nothing, but in a key."""
    table = prepare(ctx.state, name)
    where = " AND ".join(f"{table.sql(column)} = ?" for column in equal)
    return [
        fill(table, found) for found in ctx.state.select(table.collection, where, list(equal.values()), limit=limit)
    ]


def children(ctx: Context, name: str, parent: Row) -> list[Row]:
    """The parent row's rows in a child table, in key order."""
    return families(ctx, name, [parent])[0]


def families(ctx: Context, name: str, parents: Sequence[Row]) -> list[list[Row]]:
    """The same for many parents at once, in their order."""
    table = catalog.table(name)
    if derive := hooks(name).derived:
        return [sort(derive(ctx, parent), table) for parent in parents]
    keys = [catalog.table(table.parent or name).key_of(parent) for parent in parents]
    found = ctx.state.children(table.collection, keys)
    return [sort((fill(table, document) for document in found[key]), table) for key in keys]


def sort(found: Iterable[Row], table: Table) -> list[Row]:
    """Rows in the order of their key values (line 10 after line 2)."""
    return sorted(found, key=lambda row: [row[column] for column in table.keys])


def next_number(ctx: Context, name: str, column: str, first: int = 1, **scope: Any) -> int:
    """One more than the highest number of the column among rows with the scope's values."""
    table = prepare(ctx.state, name)
    where = " AND ".join(f"{field(key)} = ?" for key in scope)
    top = ctx.state.select(table.collection, where, list(scope.values()), f"{field(column)} DESC", limit=1)
    return max(first, int(top[0].get(column, 0)) + 1) if top else first


# writing


def new(ctx: Context, name: str, **values: Any) -> Row:
    """A new row that is not stored yet: defaults, the company, the values, the table's own defaults, RowMod A."""
    row = {**catalog.table(name).defaults(), "Company": ctx.company, **values, "RowMod": "A"}
    if start := hooks(name).new:
        start(ctx, row)
    return row


def insert(ctx: Context, name: str, values: Row) -> Row:
    """Store a new row through its hooks and return it. Raises Duplicate, Business."""
    table = prepare(ctx.state, name)
    row = {**fill(table, values), "RowMod": ""}
    row["Company"] = row["Company"] or ctx.company
    if row["Company"] != ctx.company:
        raise Business("Company references invalid value.", table=name, field="Company")
    with ctx.transaction():
        if complete := hooks(name).complete:
            complete(ctx, row, values.keys())
        _number(ctx, table, row)
        parent = table.parent_key_of(row)
        if table.parent and parent and ctx.state.get(catalog.table(table.parent).collection, parent) is None:
            raise Business(f"{table.parent} not available", table=table.parent)
        if check := hooks(name).before_write:
            check(ctx, row, None)
        if ctx.state.get(table.collection, table.key_of(row)) is not None:
            raise Duplicate("A duplicate record exists.", table=name)
        row["SysRowID"] = str(uuid.uuid4())
        _store(ctx, table, row, None)
    return row


def _number(ctx: Context, table: Table, row: Row) -> None:
    counted = hooks(table.name).numbers
    if counted is None:
        return
    if row[counted[0]]:
        _when(row[counted[0]] in NUMBERS, None)
        return
    column, first = counted
    outer = table.keys[: table.keys.index(column)]
    row[column] = next_number(ctx, table.name, column, first, **{key: row[key] for key in outer if key != "Company"})


def update(ctx: Context, name: str, before: Row, changes: Row) -> Row:
    """Store changed columns of a row through its hooks and return the row. A stale SysRevID raises Conflict."""
    table = catalog.table(name)
    row = {
        **before,
        **{
            column: value
            for column, value in changes.items()
            if column not in SERVER_OWNED and column not in table.keys
        },
        "RowMod": "",
    }
    with ctx.transaction():
        if "SysRevID" in changes and changes["SysRevID"] not in {0, before["SysRevID"]}:
            raise Conflict(CONFLICT, table=name, status=int(CONFLICT_STATUS.read(ctx.state)))
        if check := hooks(name).before_write:
            check(ctx, row, before)
        _store(ctx, table, row, before)
    return row


def _store(ctx: Context, table: Table, row: Row, before: Row | None) -> None:
    if "SysRevID" in table.columns:
        row["SysRevID"] = ctx.state.next_rev()
    ctx.state.put(table.collection, table.key_of(row), trim(table, row), table.parent_key_of(row))
    if follow := hooks(table.name).after_write:
        follow(ctx, row, before)


def put(ctx: Context, name: str, values: Row) -> Row:
    """Insert, or update when the key is there."""
    table = catalog.table(name)
    complete = {"Company": ctx.company, **values}
    before = ctx.state.get(table.collection, table.key_of({**table.defaults(), **complete}))
    return insert(ctx, name, complete) if before is None else update(ctx, name, fill(table, before), values)


def delete(ctx: Context, name: str, row: Row) -> None:
    """Remove a row and everything below it."""
    table = catalog.table(name)
    with ctx.transaction():
        if check := hooks(name).before_delete:
            check(ctx, row)
        for child in (one for one in child_tables(name) if not hooks(one).derived):
            for below in children(ctx, child, row):
                delete(ctx, child, below)
        ctx.state.delete(table.collection, table.key_of(row))
        if follow := hooks(name).after_delete:
            follow(ctx, row)


def calculated(ctx: Context, name: str, found: Sequence[Row]) -> Sequence[Row]:
    """The rows with their calculated columns right, as GetByID shows them."""
    if fill_in := hooks(name).calculate:
        for row in found:
            fill_in(ctx, row)
    return found
