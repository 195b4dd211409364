"""Units to base units and back, exactly: what is no whole number of pieces is refused, never rounded."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from he_sync.model.errors import BadRecord
from he_sync.model.quantity import MILLI

WIRE = Fraction(1, 2 * 10**8)
"""Half of the last decimal that Epicor keeps: 0.33333333 of a case of six is two pieces written in eight decimals."""

LONG = 6
"""Decimals from which on a quantity may be a cut one."""


@dataclass(frozen=True)
class Unit:
    """One `code` holds `numerator / denominator` base units: a case of 12 is 12/1, a half metre 1/2."""

    code: str
    numerator: int
    denominator: int = 1

    def __post_init__(self) -> None:
        if self.numerator <= 0 or self.denominator <= 0:
            raise BadRecord(f"unit {self.code} holds {self.numerator}/{self.denominator}; it must be more than nothing")

    @property
    def holds(self) -> Fraction:
        """Base units in one."""
        return Fraction(self.numerator, self.denominator)


def to_base(quantity: Decimal, unit: Unit, *, fractional: bool = False) -> int:
    """Milli base units of a quantity in `unit`.

    Raises BadRecord where that is no whole base unit, or for an item with fractions no whole thousandth.
    """
    grain = 1 if fractional else MILLI
    exact = Fraction(quantity) * unit.holds * MILLI
    whole = round(exact / grain) * grain
    if exact != whole and not _as_written(quantity, whole, unit, fractional=fractional):
        finest = "thousandths at the finest" if fractional else "whole units"
        raise BadRecord(f"{quantity} {unit.code} of {unit.holds} is {exact / MILLI}, and the item is sold by {finest}")
    return whole


def _as_written(quantity: Decimal, milli: int, unit: Unit, *, fractional: bool) -> bool:
    """Whether so many pieces, written in the unit with the wire's eight decimals, give just this quantity.

    Whole pieces are far enough apart; thousandths are not, so that few decimals are taken for what they say.
    """
    if fractional and -int(quantity.as_tuple().exponent) < LONG:
        return False
    return abs(Fraction(milli, MILLI) / unit.holds - Fraction(quantity)) <= WIRE


def from_base(milli: int, unit: Unit, *, fractional: bool = False) -> Decimal:
    """The quantity in `unit`. Raises BadRecord where it is no whole one of an item sold by whole units, or endless."""
    exact = Fraction(milli, MILLI) / unit.holds
    if exact.denominator != 1 and not fractional:
        raise BadRecord(f"{Fraction(milli, MILLI)} is no whole number of {unit.code} of {unit.holds}; send base units")
    found = Decimal(exact.numerator) / Decimal(exact.denominator)
    if Fraction(found) != exact:
        raise BadRecord(
            f"{Fraction(milli, MILLI)} in {unit.code} of {unit.holds} has endless decimals; send base units"
        )
    return found
