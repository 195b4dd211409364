"""Goods that come back: the return authorisation of a return or of an exchange's negative lines. No I/O.

A return without receipt is as good as one with: it is worth what was refunded, its goods go to the store that took them
and its tax is that store's (reference accounting 5). An exchange makes two documents: the sales order carries the value
of what came back as a charge, so that it comes to the net tender, and its return moves the goods without a credit.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from he_sync.mapping import lengths
from he_sync.mapping.charges import Charge, tax_charges
from he_sync.mapping.epicor import po_number
from he_sync.mapping.rules import DEFAULT, MapRules
from he_sync.mapping.units import ordered
from he_sync.model.errors import BadRecord
from he_sync.model.money import show, to_major
from he_sync.model.retailer import Retailer, Store
from he_sync.model.sale import Part, Sale, SaleLine, order_amount


def return_authorisation(
    sale: Sale, customer: str, retailer: Retailer, rules: MapRules = DEFAULT, original: str | None = None
) -> dict[str, Any]:
    """The RMA to create. `original` is the owner of the sale it came from where the ERP knows that, else None.

    {owner, order_owner, customer, date, warehouse, bin, lines, charges, credit, amount_minor, reference}; quantities
    and amounts are positive, lines and charges come to `amount_minor`. Raises BadRecord where nothing comes back.
    """
    rules.check(retailer.epicor)
    if not sale.returned:
        raise BadRecord(f"{sale.owner} brings nothing back; a return authorisation needs a line that does")
    store, credit = _store(sale, retailer), sale.kind == "return"
    lines = [_line(line, sale, retailer, rules) for line in sale.returned]
    goods = -sum(line.amount_minor for line in sale.returned)
    charges = _charges(sale, goods, retailer) if credit else []
    return {
        "owner": sale.owner,
        "order_owner": original,
        "customer": customer,
        "date": sale.business_date,
        "warehouse": store.warehouse,
        "bin": store.bin,
        "lines": lines,
        "charges": [
            {"code": one.code, "text": one.text, "amount": to_major(one.amount_minor, sale.currency)} for one in charges
        ],
        "credit": credit,
        "amount_minor": goods + sum(one.amount_minor for one in charges),
        "reference": po_number(sale.owner),
    }


def _store(sale: Sale, retailer: Retailer) -> Store:
    """The store that took the goods, wherever they were bought."""
    if store := next((store for store in retailer.stores if store.code == sale.store), None):
        return store
    raise BadRecord(
        f"{sale.owner}: store {sale.store or 'unknown'} is not in the profile; its goods have nowhere to go"
    )


def _line(line: SaleLine, sale: Sale, retailer: Retailer, rules: MapRules) -> dict[str, Any]:
    own = retailer.epicor.field_lengths
    rule, where = rules.units.get(line.sku), f"{sale.owner}: {line.sku}"
    quantity = ordered(where, -line.quantity_milli, line.fractional, rule, retailer.units)
    return {
        "part": lengths.key("PartNum", line.sku, sale.owner, own),
        "qty": quantity.quantity,
        "unit": quantity.unit,
        "unit_price_minor": _unit_price(line, quantity.holds, sale.currency),
        "amount_minor": -line.amount_minor,
        "reason": retailer.epicor.return_reason,
        "description": lengths.text("LineDesc", line.description or line.sku, own),
    }


def _unit_price(line: SaleLine, holds: int, currency: str) -> int | Decimal:
    """What was refunded for one unit, in minor units; whole where the refund is, finer where the price was."""
    minor = line.price * holds / to_major(1, currency)
    return int(minor) if minor == int(minor) else minor.normalize()


def _charges(sale: Sale, goods: int, retailer: Retailer) -> list[Charge]:
    """Tax given back and what is kept from the refund: all that lies between the goods and the money."""
    codes = retailer.epicor
    found = [
        *tax_charges([Part(tax.text, -tax.amount_minor) for tax in sale.taxes], codes),
        Charge(codes.shipping_charge, "Shipping", -sale.shipping_minor),
        *(Charge(codes.discount_charge, one.text, one.amount_minor) for one in sale.order_discounts),
    ]
    due = -order_amount(sale.total_minor, sale.tip_minor, sale.gift_card_minor, codes)
    rest = due - goods - sum(charge.amount_minor for charge in found)
    if abs(rest) > len(sale.lines):
        raise BadRecord(f"{sale.owner}: its lines and tax miss the refund {show(due, sale.currency)} by {show(rest)}")
    return [charge for charge in (*found, Charge(codes.rounding_charge, "Rounding", rest)) if charge.amount_minor]
