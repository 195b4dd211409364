"""A shop that sells: open sales orders, till sales and returns in Heartland, and what is owed for each of them.

All are copied from one of the world's own, so that they are as whole as those; only numbers and amounts are new.
They are loaded as part of the world, not through the API: what the other side committed for us stays apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from he_sync.mapping.epicor import po_number
from he_sync.sandbox.heartland.fields import stamp
from he_sync.sandbox.state import State
from tests.exact.checkers import Amount

ORDERS, LINES, CUSTOMERS = "heartland/sales/orders", "heartland/sales/orders.lines", "heartland/customers"
TICKETS, TICKET_LINES = "heartland/sales/tickets", "heartland/sales/tickets.lines"
FIRST_ORDER, FIRST_TICKET, FIRST_LINE, FIRST_CUSTOMER = 700_000, 900_000, 7_000_000, 800_000
NEWCOMERS = 4
"""Of so many orders in a row, the first two are by one customer whom the ERP does not know."""
DEAREST_MINOR = 40_000
NOTHING = Decimal("0.00")
STAMP = "2026-11-21T09:{minute:02d}:{second:02d}+00:00"


@dataclass(frozen=True)
class Sold:
    """One sale: its number in Heartland and what it comes to, in minor units; a return's are negative."""

    number: int
    minor: int
    kind: str = "order"
    void: bool = False
    version: int = 0

    @property
    def entity(self) -> str:
        """As our store calls it."""
        return f"{self.kind} {self.number}"

    @property
    def updated_at(self) -> str:
        """When its last version was made."""
        return STAMP.format(minute=self.version // 60, second=self.version % 60)

    @property
    def owed(self) -> str:
        """The PONum of the sales order, or the reference of the return, that must be there once."""
        return po_number(self.entity)

    @property
    def amount(self) -> Amount:
        """For the checker of money."""
        return Amount("S001", "2026-11-21", "USD", "card" if self.minor > 0 else "refund", self.minor)


class Shop:
    """Sells one thing at a time, each at a price that no other order has."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._order = next(one for one in state.select(ORDERS, order="key") if one["status"] == "open")
        self._buyer = next(one for one in state.select(CUSTOMERS) if one["id"] == self._order["customer_id"])
        self._line = state.children(LINES, [self._order["id"]])[self._order["id"]][0]
        self._ticket = next(one for one in state.select(TICKETS, order="key") if one["type"] == "Ticket")
        self._item = state.children(TICKET_LINES, [self._ticket["id"]])[self._ticket["id"]][0]
        self.sold: list[Sold] = []

    def sell(self) -> Sold:
        """A new order with one line, paid, no tax."""
        place = len(self.sold)
        sold = Sold(FIRST_ORDER + place, 1_000 + place % DEAREST_MINOR)
        self.sold.append(sold)
        self._write(sold, custom=None)
        return sold

    def edit(self, sold: Sold, minor: int, version: int) -> Sold:
        """The price of the order's line is another now."""
        return self._changed(replace(sold, minor=minor, version=version))

    def cancel(self, sold: Sold, version: int) -> Sold:
        """Nobody wants the order any more."""
        return self._changed(replace(sold, void=True, version=version))

    def ring_up(self) -> Sold:
        """A sale over the till: one line, paid, no tax."""
        place = len(self.sold)
        sold = Sold(FIRST_TICKET + place, 1_000 + place % DEAREST_MINOR, "ticket")
        self.sold.append(sold)
        self._ring(sold, "Ticket", None)
        return sold

    def take_back(self, bought: Sold) -> Sold:
        """What was bought over the till comes back whole, with all of its money."""
        back = Sold(FIRST_TICKET + len(self.sold), -bought.minor, "ticket")
        self.sold.append(back)
        self._ring(back, "Return", bought.number)
        return back

    def _changed(self, changed: Sold) -> Sold:
        self.sold = [changed if one.entity == changed.entity else one for one in self.sold]
        with self._state.transaction("world"):  # what was reported meanwhile stays
            self._write(changed, (self._state.get(ORDERS, changed.number) or {}).get("custom"))
        return changed

    def _ring(self, sold: Sold, kind: str, parent: int | None) -> None:
        total, price = _major(sold.minor), _major(abs(sold.minor))
        head: dict[str, Any] = {
            **self._ticket,
            "id": sold.number,
            "public_id": str(sold.number),
            "type": kind,
            "parent_transaction_id": parent,
            **dict.fromkeys(("subtotal", "original_subtotal", "total", "total_paid"), total),
            **dict.fromkeys(("total_discounts", "tax_total", "total_tax"), Decimal("0.00")),
            **dict.fromkeys(("completed_at", "created_at", "updated_at"), sold.updated_at),
        }
        line: dict[str, Any] = {
            **self._item,
            "id": FIRST_LINE + sold.number,
            "qty": 1 if sold.minor > 0 else -1,
            **dict.fromkeys(("unit_price", "original_unit_price"), price),
            "value": total,
            "unit_cost": Decimal("1.00"),
            "adjusted_unit_price": None,
            "price_adjustments": [],
        }
        self._state.load(TICKETS, [(sold.number, None, head)])
        self._state.load(TICKET_LINES, [(line["id"], sold.number, line)])

    def _write(self, sold: Sold, custom: dict[str, Any] | None) -> None:
        total, at = _major(sold.minor), stamp(self._state)  # as new as what the API writes at this moment
        head: dict[str, Any] = {
            **self._order,
            "id": sold.number,
            "public_id": str(sold.number),
            **({"status": "void", "voided?": True} if sold.void else {}),
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
