"""What stands in Epicor for one sales order, as far as a later change must know it: shipped, invoiced, open, worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from he_sync.model.money import to_major, to_minor

NOTHING = Decimal(0)
SHIPPED = ("OurStockShippedQty", "OurJobShippedQty")


@dataclass(frozen=True)
class LineState:
    """One order line; quantities in its selling unit, price and discount in major units."""

    line: int
    part: str
    unit: str
    quantity: Decimal
    price: Decimal
    discount: Decimal
    shipped: Decimal = NOTHING
    is_open: bool = True
    made: bool = False

    @property
    def gone(self) -> bool:
        """Closed before anything of it left: it counts nothing any more."""
        return not self.is_open and not self.shipped


@dataclass(frozen=True)
class ChargeState:
    """One header charge."""

    seq: int
    code: str
    amount_minor: int


@dataclass(frozen=True)
class OrderState:
    """A sales order as it stands. `tax_minor` is tax that an earlier integration wrote beside the charges.

    `held` is None where it was not read.
    """

    number: int
    lines: tuple[LineState, ...]
    charges: tuple[ChargeState, ...]
    currency: str = "USD"
    tax_minor: int = 0
    is_open: bool = True
    void: bool = False
    invoiced: bool = False
    held: bool | None = None

    @property
    def shipped(self) -> bool:
        """Whether anything has left."""
        return any(line.shipped for line in self.lines)

    @property
    def amount_minor(self) -> int:
        """What the order stands for: living lines after their discounts, charges and tax."""
        goods = sum(
            extended(line.quantity, line.price, self.currency) - to_minor(line.discount, self.currency)
            for line in self.lines
            if not line.gone
        )
        return goods + sum(charge.amount_minor for charge in self.charges) + self.tax_minor


def extended(quantity: Decimal, price: Decimal, currency: str) -> int:
    """What Epicor makes of quantity and price: rounded to the cent, half up."""
    return to_minor((quantity * price).quantize(to_major(0, currency), ROUND_HALF_UP), currency)


def read_state(document: Mapping[str, Any], currency: str = "USD", *, invoiced: bool = False) -> OrderState:
    """The state of an order read with its OrderDtls, their OrderRels, and its OHOrderMscs.

    `invoiced` is the caller's knowledge: an order's rows do not say it for certain.
    """
    lines = tuple(_line(row) for row in document.get("OrderDtls") or ())
    charges = tuple(
        ChargeState(int(row["SeqNum"]), str(row["MiscCode"]), to_minor(row["DocMiscAmt"], currency))
        for row in document.get("OHOrderMscs") or ()
    )
    return OrderState(
        number=int(document["OrderNum"]),
        lines=lines,
        charges=charges,
        currency=currency,
        tax_minor=to_minor(document.get("TotalTax") or 0, currency),
        is_open=bool(document.get("OpenOrder", True)),
        void=bool(document.get("VoidOrder")),
        invoiced=invoiced,
        held=bool(document["OrderHeld"]) if "OrderHeld" in document else None,
    )


def _line(row: Mapping[str, Any]) -> LineState:
    releases = row.get("OrderRels") or ()
    return LineState(
        line=int(row["OrderLine"]),
        part=str(row["PartNum"]),
        unit=str(row.get("SalesUM") or ""),
        quantity=Decimal(row["SellingQuantity"]),
        price=Decimal(row["DocUnitPrice"]),
        discount=Decimal(row.get("DocDiscount") or 0),
        shipped=_shipped(row, releases),
        is_open=bool(row.get("OpenLine", True)) and not row.get("VoidLine"),
        made=any(release.get("Make") for release in releases),
    )


def _shipped(row: Mapping[str, Any], releases: Any) -> Decimal:
    """Releases count in the stocking unit; the line is told in its selling unit."""
    left = sum((Decimal(one.get(name) or 0) for one in releases for name in SHIPPED), NOTHING)
    stocked, sold = Decimal(row.get("OrderQty") or 0), Decimal(row["SellingQuantity"])
    return left * sold / stocked if left and stocked else left
