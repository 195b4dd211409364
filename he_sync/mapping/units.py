"""From the base unit, in which the POS counts, to the unit a part is ordered in. A conversion is named or refused."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from he_sync.mapping.rules import SalesUnit
from he_sync.model.errors import BadRecord
from he_sync.model.quantity import MILLI, from_milli
from he_sync.model.retailer import Units

QUANTITY = Decimal("0.00000001")
"""Epicor keeps eight decimals of a quantity."""


@dataclass(frozen=True)
class Ordered:
    """A quantity as the ERP is told it: the unit, how many of it, and how many base units one holds."""

    unit: str
    quantity: Decimal
    holds: int


def ordered(where: str, milli: int, fractional: bool | None, rule: SalesUnit | None, units: Units) -> Ordered:
    """The quantity in the part's unit. Raises BadRecord for a unit without conversion and a fraction nobody allows.

    `where` names the sale and the part. In the base unit the till's own rule holds: only an item that says it may not
    be cut is refused.
    """
    if rule is None or rule.unit == units.base:
        if fractional is False and milli % MILLI:
            raise BadRecord(f"{where}: {from_milli(milli):f} {units.base} sold, but the item allows no fractions")
        return Ordered(units.base, from_milli(milli), 1)
    holds = rule.holds or units.holds.get(rule.unit)
    if not holds:
        text = f"is ordered in {rule.unit}, which has no conversion; add it under units of the profile"
        raise BadRecord(f"{where} {text}")
    if milli % (MILLI * holds) and not (rule.fractions or fractional):
        pieces = from_milli(milli)
        raise BadRecord(
            f"{where}: {pieces:f} {units.base} are no whole {rule.unit} of {holds}; order it in {units.base} or allow "
            "fractions"
        )
    quantity = (Decimal(milli) / (MILLI * holds)).quantize(QUANTITY, ROUND_HALF_UP)
    whole = quantity.to_integral_value()
    return Ordered(rule.unit, whole if whole == quantity else quantity.normalize(), holds)
