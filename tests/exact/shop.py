"""A shop that sells: new open sales orders in Heartland, each with a total of its own, and what is owed for them.

Orders are copied from one of the world's own, so that they are as whole as those; only numbers and amounts are new.
They are loaded as part of the world, not through the API: what the other side committed for us stays apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from he_sync.mapping.epicor import po_number
from he_sync.sandbox.heartland.fields import stamp
from he_sync.sandbox.state import State
from tests.exact.checkers import Amount

ORDERS, LINES, CUSTOMERS = "heartland/sales/orders", "heartland/sales/orders.lines", "heartland/customers"
FIRST_ORDER, FIRST_LINE, FIRST_CUSTOMER = 700_000, 7_000_000, 800_000
NEWCOMERS = 4
"""Of so many orders in a row, the first two are by one customer whom the ERP does not know."""
DEAREST_MINOR = 40_000
NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Sold:
    """One sale: its number in Heartland and what it comes to, in minor units."""

    number: int
    minor: int

    @property
    def entity(self) -> str:
        """As our store calls it."""
        return f"order {self.number}"

    @property
    def owed(self) -> str:
        """The PONum of the sales order that must be there once."""
        return po_number(self.entity)

    @property
    def amount(self) -> Amount:
        """For the checker of money."""
        return Amount("S001", "2026-11-21", "USD", "card", self.minor)


class Shop:
    """Sells one thing at a time, each at a price that no other order has."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._order = next(one for one in state.select(ORDERS, order="key") if one["status"] == "open")
        self._buyer = next(one for one in state.select(CUSTOMERS) if one["id"] == self._order["customer_id"])
        self._line = state.children(LINES, [self._order["id"]])[self._order["id"]][0]
        self.sold: list[Sold] = []

    def sell(self) -> Sold:
        """A new order with one line, paid, no tax."""
        place = len(self.sold)
        sold = Sold(FIRST_ORDER + place, 1_000 + place % DEAREST_MINOR)
        self.sold.append(sold)
        self._write(sold, custom=None)
        return sold

    def edit(self, sold: Sold, minor: int) -> Sold:
        """The price of the order's line is another now, and the order as new as what the API writes at this moment."""
        edited = Sold(sold.number, minor)
        self.sold = [edited if one.number == sold.number else one for one in self.sold]
        with self._state.transaction("world"):  # what was reported meanwhile stays
            self._write(edited, (self._state.get(ORDERS, sold.number) or {}).get("custom"))
        return edited

    def _write(self, sold: Sold, custom: dict[str, Any] | None) -> None:
        total, at = _major(sold.minor), stamp(self._state)
        head: dict[str, Any] = {
            **self._order,
            "id": sold.number,
            "public_id": str(sold.number),
            **dict.fromkeys(("subtotal", "original_subtotal", "total", "total_paid"), total),
            **dict.fromkeys(
                ("total_discounts", "tax_total", "total_tax", "shipping_charge", "balance"), Decimal("0.00")
            ),
            **dict.fromkeys(("opened_at", "created_at", "updated_at"), at),
            "custom": custom or {},
            "customer_id": self._customer(sold.number - FIRST_ORDER),
        }
        line: dict[str, Any] = {
            **self._line,
            "id": FIRST_LINE + sold.number,
            "order_id": sold.number,
            "qty": 1,
            **dict.fromkeys(("unit_price", "original_unit_price", "value"), total),
            "unit_cost": Decimal("1.00"),
            "adjusted_unit_price": None,
            "price_adjustments": [],
        }
        self._state.load(ORDERS, [(sold.number, None, head)])
        self._state.load(LINES, [(line["id"], sold.number, line)])

    def _customer(self, place: int) -> int:
        """Who buys: often somebody known, else a newcomer with a name and an address of their own."""
        if place % NEWCOMERS > 1:
            return int(self._buyer["id"])
        number = FIRST_CUSTOMER + place // NEWCOMERS
        names = {"first_name": "New", "last_name": f"Comer {number}", "name": f"New Comer {number}"}
        said = {"id": number, "public_id": str(number), "email": f"new.comer.{number}@example.com", **names}
        self._state.load(CUSTOMERS, [(number, None, {**self._buyer, **said})])
        return number


def _major(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)
