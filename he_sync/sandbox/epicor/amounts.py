"""What columns of many tables share: money in two twins, currencies, what is written now, by whom and when."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.rows import Row

CENT = Decimal("0.01")
CURRENCIES = frozenset({"USD", "CAD", "EUR", "GBP", "MXN", "AUD"})


def money(value: Decimal | int) -> Decimal:
    """Rounded to cents, half up."""
    return Decimal(value).quantize(CENT, ROUND_HALF_UP)


def twin(row: Row, before: Row | None, name: str) -> Decimal | int:
    """The document amount and its base twin made equal (one currency): the one that changed wins, Doc before base."""
    doc, old = f"Doc{name}", before or {}
    chosen: Decimal | int = row[name] if row[doc] == old.get(doc, 0) and row[name] != old.get(name, 0) else row[doc]
    row[name] = row[doc] = chosen
    return chosen


def newly(row: Row, before: Row | None, column: str) -> bool:
    """Whether a column is written now: only what is written is checked, so that rows of older days stay editable."""
    return before is None or row[column] != before[column]


def changed_now(ctx: Context, row: Row) -> None:
    """Who changed a row, and when: a day, and seconds since midnight."""
    now = ctx.state.now()
    row["ChangedBy"], row["ChangeDate"] = ctx.user, ctx.today()
    row["ChangeTime"] = now.hour * 3600 + now.minute * 60 + now.second
