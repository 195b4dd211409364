"""Quantities as int64 thousandths ("milli") of the base unit; exact, never a float."""

from __future__ import annotations

from decimal import Decimal

from he_sync.model.errors import BadRecord

MILLI = 1000
INT64_MAX = 2**63 - 1


def to_milli(quantity: Decimal | int | str) -> int:
    """Exact thousandths of a quantity. Raises BadRecord where a finer fraction would be lost."""
    try:
        value = Decimal(quantity) * MILLI
    except ArithmeticError:
        raise BadRecord(f"{quantity!r} is not a quantity") from None
    if not value.is_finite() or value != value.to_integral_value() or abs(value) > INT64_MAX:
        raise BadRecord(f"quantity {quantity} is finer than a thousandth or out of range")
    return int(value)


def from_milli(milli: int) -> Decimal:
    """The quantity in base units, without trailing zeros (12000 -> 12, 1500 -> 1.5)."""
    value = Decimal(int(milli)) / MILLI
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()
