"""A sale as it happened, before any system has written it down: plain records in cents and thousandths.

Everything that any system says about a sale is derived from these, so that the three systems agree to the cent except
where a difference was planted on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from he_sync.model.retailer import brand_group
from he_sync.sandbox.world.randomness import MILLI

if TYPE_CHECKING:
    from datetime import datetime

    from he_sync.sandbox.world.catalogue import Item
    from he_sync.sandbox.world.people import Customer
    from he_sync.sandbox.world.places import Place

Kind = Literal["Ticket", "Return", "Order"]


@dataclass(frozen=True, slots=True)
class Line:
    """One item line: shelf price, price after discounts, quantity in thousandths (negative where goods come back)."""

    item: Item
    milli: int
    price: int
    sold: int

    @property
    def gross(self) -> int:
        """Cents at the shelf price."""
        return self.milli * self.price // MILLI

    @property
    def value(self) -> int:
        """Cents after discounts."""
        return self.milli * self.sold // MILLI


@dataclass(frozen=True, slots=True)
class Payment:
    """One tender on a sale; `brand` is the card's, empty for every other tender."""

    id: int
    tender: str
    amount: int
    at: datetime
    brand: str = ""
    card: int = 0

    @property
    def group(self) -> str:
        """Funding group of the card."""
        return brand_group(self.brand)


@dataclass(frozen=True, slots=True)
class Sale:
    """A ticket, a return or a sales order. `gift` is the value of gift cards sold on it, `charge` its freight."""

    id: int
    kind: Kind
    place: Place
    at: datetime
    station: int
    rep: str
    lines: tuple[Line, ...]
    taxes: tuple[tuple[str, int], ...]
    customer: Customer | None = None
    payments: tuple[Payment, ...] = ()
    tip: int = 0
    gift: int = 0
    gift_number: str = ""
    charge: int = 0
    parent: int | None = None
    voided: bool = False

    @property
    def gross(self) -> int:
        """Lines at shelf prices."""
        return sum(line.gross for line in self.lines)

    @property
    def discount(self) -> int:
        """What was taken off, on lines and by coupon."""
        return self.gross - self.subtotal

    @property
    def subtotal(self) -> int:
        """Lines after discounts."""
        return sum(line.value for line in self.lines)

    @property
    def tax(self) -> int:
        """All jurisdictions."""
        return sum(value for _, value in self.taxes)

    @property
    def total(self) -> int:
        """What the customer owes."""
        return self.erp + self.tip + self.gift

    @property
    def erp(self) -> int:
        """What the ERP's sales order is worth: the total without tips and gift cards sold."""
        return self.subtotal + self.tax + self.charge

    @property
    def subject(self) -> str:
        """How the truth names it."""
        return f"order {self.id}" if self.kind == "Order" else f"ticket {self.id}"

    @property
    def reference(self) -> str:
        """PONum of its sales order in Epicor."""
        return f"HR-{'O' if self.kind == 'Order' else 'T'}{self.id}"

    def numbered(self, identity: int, **fields: object) -> Sale:
        """The same sale with its id and whatever follows from it."""
        return replace(self, id=identity, **fields)  # type: ignore[arg-type] # dataclasses.replace checks the names
