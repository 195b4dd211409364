"""What a sale is as an Epicor sales order, and a POS customer as an Epicor customer. Bodies only, no I/O.

Tax is a fact of the POS and travels as a charge (reference accounting 5); a discount given on the whole sale travels as
a negative charge, because a percent or flat discount on a line would make Epicor recompute (reference epicor 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from he_sync.mapping.epicor import po_number
from he_sync.model.errors import BadRecord
from he_sync.model.money import show, to_major
from he_sync.model.quantity import from_milli
from he_sync.model.retailer import Retailer


@dataclass(frozen=True)
class SaleLine:
    """One item line of a sale; `amount_minor` is what was asked for it."""

    sku: str
    description: str
    quantity_milli: int
    unit_price_minor: int
    amount_minor: int


@dataclass(frozen=True)
class SaleDocument:
    """A sale as the mapping needs it: `amount_minor` is what the sales order must come to."""

    owner: str
    public_id: str
    business_date: str
    counter_sale: bool
    amount_minor: int
    tax_minor: int
    shipping_minor: int
    lines: tuple[SaleLine, ...]


def sales_order(sale: SaleDocument, customer: str, retailer: Retailer) -> dict[str, Any]:
    """The order to create: header with lines for one composite POST, and the charges that follow it.

    Raises BadRecord for a sale without lines or whose parts miss its amount by more than a cent a line.
    """
    if not sale.lines:
        raise BadRecord(f"{sale.owner} has no item line; a sales order needs one")
    day = f"{sale.business_date}T00:00:00"
    header = {
        "Company": retailer.epicor.company,
        "PONum": po_number(sale.owner),
        "OrderDate": day,
        "RequestDate": day,
        "NeedByDate": day,
        "CurrencyCode": retailer.currency,
        "FOB": retailer.epicor.fob,
        "CounterSale": sale.counter_sale,
        "OrderComment": f"Heartland {sale.owner} (#{sale.public_id})",
        "OrderDtls": [_line(line, retailer) for line in sale.lines],
    }
    return {
        "customer": customer,
        "header": header,
        "charges": charges(sale, retailer),
        "amount_minor": sale.amount_minor,
    }


def _line(line: SaleLine, retailer: Retailer) -> dict[str, Any]:
    return {
        "PartNum": line.sku,
        "LineDesc": line.description or line.sku,
        "SalesUM": retailer.units.base,
        "SellingQuantity": from_milli(line.quantity_milli),
        "DocUnitPrice": to_major(line.unit_price_minor, retailer.currency),
        "OverridePriceList": True,
    }


def _extended(line: SaleLine) -> int:
    """What Epicor will compute for the line; a fraction of a cent is refused because it would round there unseen."""
    exact = Decimal(line.unit_price_minor) * line.quantity_milli / 1000
    return int(exact.quantize(Decimal(1)))


def charges(sale: SaleDocument, retailer: Retailer) -> list[dict[str, Any]]:
    """Charge rows (code, amount in major units, text) that make the order come to the sale's amount exactly."""
    goods = sum(_extended(line) for line in sale.lines)
    rest = sale.amount_minor - goods - sale.tax_minor - sale.shipping_minor
    codes = retailer.epicor
    if rest > len(sale.lines):
        raise BadRecord(f"{sale.owner}: lines, tax and shipping miss the total by {show(rest)}")
    reduction = codes.rounding_charge if abs(rest) <= len(sale.lines) else codes.discount_charge
    wanted = (
        (codes.tax_charge, sale.tax_minor, "Sales tax"),
        (codes.shipping_charge, sale.shipping_minor, "Shipping"),
        (reduction, rest, "Discount"),
    )
    return [
        {"code": code, "amount": to_major(amount, retailer.currency), "text": text}
        for code, amount, text in wanted
        if amount
    ]


def customer(customer_id: int, name: str, email: str, phone: str, retailer: Retailer) -> dict[str, Any]:
    """The customer to create. CustID is derived from the POS id, so Epicor itself refuses a second one."""
    return {
        "Company": retailer.epicor.company,
        "CustID": f"H{customer_id}",
        "Name": name or f"Customer {customer_id}",
        "EMailAddress": email,
        "PhoneNum": phone,
        "CustomerType": "CUS",
    }
