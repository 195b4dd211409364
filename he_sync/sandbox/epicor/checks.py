"""What business objects check and read the same way: required and valid columns, rows of a dataset, arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from he_sync.sandbox.epicor import catalog, rows
from he_sync.sandbox.epicor.bo import Dataset, argument
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import BadEntity, Business
from he_sync.sandbox.epicor.paging import number
from he_sync.sandbox.epicor.rows import Row

GROUP_ID_LENGTH = 9


def internal(ctx: Context) -> Context:
    """The same surroundings for the server's own writes: no request stands behind them."""
    return replace(ctx, call=None)


def required(table: str, row: Row, **labels: str) -> None:
    """Refuse a row whose columns are blank, in the words of the screen: `required("CashGrp", row, GroupID="Group")`."""
    for column, label in labels.items():
        if not row[column]:
            raise Business(f"{label} is required.", table=table, field=column)


def valid(ctx: Context, table: str, label: str, *keys: Any) -> Row:
    """The row that a value refers to. Raises Business("<Label> references invalid value.")."""
    found = rows.read(ctx, table, *keys)
    if found is None:
        raise Business(f"{label} references invalid value.", table=table)
    return found


def group_id(table: str, row: Row) -> None:
    """A group's name: required, at most nine characters."""
    required(table, row, GroupID="Group")
    if len(row["GroupID"]) > GROUP_ID_LENGTH:
        raise Business(f"Group is longer than {GROUP_ID_LENGTH} characters.", table=table, field="GroupID")


def server_only(what: str) -> Callable[..., None]:
    """A hook that refuses every write and delete that a request asks for; the server itself may."""

    def check(ctx: Context, _row: Row, _before: Row | None = None) -> None:
        if ctx.call is not None:
            raise Business(f"{what} cannot be changed.")

    return check


def mark(ctx: Context, name: str, row: Row, **columns: Any) -> Row:
    """Set columns that a process owns, past the rules of entry: what ships need not be what entry would take today."""
    known = catalog.table(name)
    changed = {**row, **columns, "SysRevID": ctx.state.next_rev()}
    ctx.state.put(known.collection, known.key_of(changed), rows.trim(known, changed))
    return changed


def asking(ds: Dataset, table: str) -> Row:
    """The row of the dataset that is being entered: the last one marked A or U, else the last one.

    Its columns are of their kinds. Raises Business where there is none, BadEntity.
    """
    found = ds.get(table) or []
    if not found:
        raise Business(f"{table} not available", table=table)
    row: Row = next((row for row in reversed(found) if row.get("RowMod") in {"A", "U"}), found[-1])
    known = catalog.table(table)
    row.update(rows.typed(known, {name: value for name, value in row.items() if name in known.columns}))
    return row


def whole(args: Row, name: str, default: int | None = None) -> int:
    """An integer argument. Raises BadEntity."""
    return number(argument(args, name, default))


def decimal(args: Row, name: str, default: int | None = None) -> Decimal:
    """A number argument, exact. Raises BadEntity."""
    value = argument(args, name, default)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise BadEntity
    return Decimal(value)


def day(value: Any) -> str | None:
    """A date as it is stored: midnight without offset, or None. Raises BadEntity."""
    date: str | None = rows.typed(catalog.table("CashGrp"), {"TranDate": value})["TranDate"]
    return None if date is None else f"{date[:10]}T00:00:00"


def minor(value: Any) -> Decimal:
    """An amount with its two decimals, so that a stored sum reads as money."""
    return Decimal(value).quantize(Decimal("0.01"))
