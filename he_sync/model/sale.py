"""One POS sale as the flows see it: a ticket, a return, an exchange or a sales order, complete, in exact figures.

A canonical frame (model/ticket.py, model/order.py) holds a day of sales for comparing; this holds one sale for mapping.
Amounts are minor units of `currency`, quantities thousandths of the base unit; goods that come back are negative in
both. Unit prices are Decimals in major units, because a price by the yard may be finer than a cent.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from he_sync.model.address import Address
from he_sync.model.retailer import Epicor

Kind = Literal["sale", "return", "exchange"]
NOTHING = Decimal(0)


@dataclass(frozen=True)
class SaleLine:
    """One item line. `list_price` is asked before the line's discount, `price` after it; `amount_minor` is a fact.

    `fractional` is whether the item may be sold in parts of a unit; None where the document does not say.
    """

    line_id: int
    sku: str
    description: str
    quantity_milli: int
    list_price: Decimal
    price: Decimal
    amount_minor: int
    fractional: bool | None = None


@dataclass(frozen=True)
class Part:
    """A named part of a sale's total: a tax jurisdiction, a coupon."""

    text: str
    amount_minor: int


@dataclass(frozen=True)
class Tendered:
    """One payment line; negative for money given back."""

    payment_id: int
    payment_type: str
    kind: str
    amount_minor: int
    voided: bool = False


@dataclass(frozen=True)
class Sale:
    """A sale. `order_discounts` are positive where they reduce a sale, negative where they reduce a refund.

    `updated_at` is the source's own version, `parent` the ticket or invoice that a return refers to, 0 without receipt.
    """

    owner: str
    public_id: str
    kind: Kind
    status: str
    business_date: str
    customer_id: int
    counter_sale: bool
    currency: str
    lines: tuple[SaleLine, ...]
    total_minor: int
    store: str = ""
    taxes: tuple[Part, ...] = ()
    order_discounts: tuple[Part, ...] = ()
    tip_minor: int = 0
    gift_card_minor: int = 0
    shipping_minor: int = 0
    shipping_method: int = 0
    bill_to: Address | None = None
    ship_to: Address | None = None
    payments: tuple[Tendered, ...] = ()
    parent: int = 0
    updated_at: str = ""

    @property
    def sold(self) -> tuple[SaleLine, ...]:
        """The lines that leave the store."""
        return tuple(line for line in self.lines if line.quantity_milli > 0)

    @property
    def returned(self) -> tuple[SaleLine, ...]:
        """The lines that come back."""
        return tuple(line for line in self.lines if line.quantity_milli < 0)

    @property
    def goods_minor(self) -> int:
        """All lines after their own discounts."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        """All jurisdictions."""
        return sum(tax.amount_minor for tax in self.taxes)

    @property
    def order_discount_minor(self) -> int:
        """What was taken off the sale as a whole."""
        return sum(discount.amount_minor for discount in self.order_discounts)

    @property
    def rest_minor(self) -> int:
        """What the total has beyond its parts: rounding, or a part that nobody named."""
        parts = self.goods_minor - self.order_discount_minor + self.tax_minor + self.shipping_minor
        return self.total_minor - parts - self.tip_minor - self.gift_card_minor


def kind_of(quantities: tuple[int, ...]) -> Kind:
    """What a document is by the sign of its lines, whatever it is called: goods go out, come back, or both."""
    back = any(quantity < 0 for quantity in quantities)
    out = any(quantity > 0 for quantity in quantities)
    return "exchange" if back and out else "return" if back else "sale"


def order_amount(total_minor: int, tip_minor: int, gift_card_minor: int, codes: Epicor) -> int:
    """What the ERP's document of a sale must come to; mapping and the nightly comparison both ask here.

    Tips and gift cards sold are liabilities and no sale: they are left out unless the profile gives them a charge code.
    """
    tips = 0 if codes.tip_charge else tip_minor
    gift_cards = 0 if codes.gift_card_charge else gift_card_minor
    return total_minor - tips - gift_cards
