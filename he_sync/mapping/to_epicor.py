"""What a sale is as an Epicor sales order: one composite body, lines and charges inside. No I/O.

The order comes to the sale exactly. A line carries its list price and its discount as an amount (a percent beside it
would make Epicor recompute, reference epicor 3.1); tax is a fact of the POS and travels as charges, as do shipping and
what was taken off the whole sale. What comes back in an exchange is a charge too: Epicor orders no negative quantity,
and the goods themselves travel on a return (mapping/returns.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from he_sync.mapping import lengths, statuses
from he_sync.mapping.addresses import one_time_ship_to
from he_sync.mapping.charges import Charge, tax_charges
from he_sync.mapping.epicor import po_number
from he_sync.mapping.rules import DEFAULT, MapRules
from he_sync.mapping.units import Ordered, ordered
from he_sync.model.errors import BadRecord
from he_sync.model.money import allocate, show, to_major, to_minor
from he_sync.model.retailer import Epicor, Retailer
from he_sync.model.sale import Sale, SaleLine, order_amount

PRICE = Decimal("0.00001")
"""Epicor keeps five decimals of a unit price."""


@dataclass(frozen=True)
class Detail:
    """One order line in exact figures: what Epicor extends it to, and what is taken off that."""

    sku: str
    description: str
    amount: Ordered
    price: Decimal
    extended_minor: int
    discount_minor: int


def sales_order(sale: Sale, customer: str, retailer: Retailer, rules: MapRules = DEFAULT) -> dict[str, Any]:
    """The order to create: {customer, header with OrderDtls and OHOrderMscs, amount_minor}.

    Raises BadRecord for a sale that is no order or does not add up, FixSettings where flow and profile disagree.
    """
    rules.check(retailer.epicor)
    if sale.kind == "return":
        raise BadRecord(f"{sale.owner} only brings goods back; it is a return and no sales order")
    if not sale.sold:
        raise BadRecord(f"{sale.owner} has no item line; a sales order needs one")
    details = _details(sale, retailer, rules)
    charges = _charges(sale, details, retailer, rules)
    amount = due(sale, retailer.epicor)
    header = {
        **_head(sale, retailer, rules),
        "OrderDtls": [_line(detail, sale, retailer) for detail in details],
        "OHOrderMscs": [_charge(charge, retailer) for charge in charges],
    }
    return {"customer": customer, "header": header, "amount_minor": amount}


def due(sale: Sale, codes: Epicor) -> int:
    """What the sales order of a sale must come to."""
    return order_amount(sale.total_minor, sale.tip_minor, sale.gift_card_minor, codes)


# head


def _head(sale: Sale, retailer: Retailer, rules: MapRules) -> dict[str, Any]:
    codes = retailer.epicor
    day, comment = f"{sale.business_date}T00:00:00", f"Heartland {sale.owner} (#{sale.public_id})"
    via = codes.ship_via.get(sale.shipping_method)
    return {
        "Company": codes.company,
        "PONum": lengths.key("PONum", po_number(sale.owner), sale.owner, codes.field_lengths),
        "OrderDate": day,
        "RequestDate": day,
        "NeedByDate": _need_by(sale.business_date, rules.need_by_days),
        "CurrencyCode": sale.currency,
        "FOB": codes.fob,
        "CounterSale": sale.counter_sale,
        "OrderComment": lengths.text("OrderComment", comment, codes.field_lengths),
        **({"ShipViaCode": via} if via else {}),
        **statuses.columns(_state(sale, rules)),
        **_ship_to(sale, codes),
    }


def _state(sale: Sale, rules: MapRules) -> statuses.ErpState:
    try:
        return statuses.to_erp(sale.status, rules.statuses)
    except BadRecord as error:
        raise BadRecord(f"{sale.owner}: {error}") from None


def _need_by(day: str, days: int) -> str:
    return f"{date.fromisoformat(day) + timedelta(days=days) if days else day}T00:00:00"


def _ship_to(sale: Sale, codes: Epicor) -> dict[str, Any]:
    """A one-time address: the customer's own list of addresses stays as it is, a walk-in's empty."""
    if sale.counter_sale or sale.ship_to is None:
        return {}
    return one_time_ship_to(sale.ship_to, codes, sale.owner)


# lines


def _details(sale: Sale, retailer: Retailer, rules: MapRules) -> list[Detail]:
    groups = _grouped(sale.sold) if rules.aggregate_lines == "same_part_and_price" else [[line] for line in sale.sold]
    details = [_detail(group, sale.owner, retailer, rules) for group in groups]
    if rules.order_discount == "spread" and sale.order_discount_minor:
        return _spread(details, sale)
    return details


def _grouped(lines: Iterable[SaleLine]) -> list[list[SaleLine]]:
    """Lines of one part at one list price and one price, in the order in which they were rung up."""
    groups: dict[tuple[Any, ...], list[SaleLine]] = {}
    for line in lines:
        groups.setdefault((line.sku, line.list_price, line.price, line.fractional), []).append(line)
    return list(groups.values())


def _detail(lines: Sequence[SaleLine], owner: str, retailer: Retailer, rules: MapRules) -> Detail:
    """One order line of one or more sale lines. Cents that only rounding makes are no discount: the order rounds."""
    first, milli = lines[0], sum(line.quantity_milli for line in lines)
    rule = rules.units.get(first.sku)
    quantity = ordered(f"{owner}: {first.sku}", milli, first.fractional, rule, retailer.units)
    price = (first.list_price * quantity.holds).quantize(PRICE).normalize()
    extended = _extended(quantity.quantity, price, retailer.currency)
    off = extended - sum(line.amount_minor for line in lines)
    discounted = off > 0 and first.list_price != first.price
    return Detail(first.sku, first.description, quantity, price, extended, off if discounted else 0)


def _extended(quantity: Decimal, price: Decimal, currency: str) -> int:
    """What Epicor makes of quantity and price: rounded to the cent, half up."""
    return to_minor((quantity * price).quantize(to_major(0, currency), ROUND_HALF_UP), currency)


def _spread(details: list[Detail], sale: Sale) -> list[Detail]:
    """The discount of the whole sale as part of each line's, by largest remainder over what the lines cost."""
    costs = [detail.extended_minor - detail.discount_minor for detail in details]
    discount = sale.order_discount_minor
    if discount > sum(costs):
        off, goods = show(discount, sale.currency), show(sum(costs), sale.currency)
        raise BadRecord(
            f"{sale.owner}: {off} off the sale is more than its goods, {goods}; it cannot be spread over them"
        )
    shares = allocate(discount, costs)
    return [
        replace(detail, discount_minor=detail.discount_minor + share)
        for detail, share in zip(details, shares, strict=True)
    ]


def _line(detail: Detail, sale: Sale, retailer: Retailer) -> dict[str, Any]:
    own, where = retailer.epicor.field_lengths, sale.owner
    return {
        "PartNum": lengths.key("PartNum", detail.sku, where, own),
        "LineDesc": lengths.text("LineDesc", detail.description or detail.sku, own),
        "SalesUM": lengths.key("SalesUM", detail.amount.unit, where, own),
        "SellingQuantity": detail.amount.quantity,
        "DocUnitPrice": _written(detail.price, sale.currency),
        "DocDiscount": to_major(detail.discount_minor, sale.currency),
        "DiscountPercent": 0,
        "OverridePriceList": True,
    }


def _written(price: Decimal, currency: str) -> Decimal:
    """A price with the currency's decimals, or as many more as it needs."""
    whole = price.quantize(to_major(0, currency))
    return whole if whole == price else price


# charges


def _charges(sale: Sale, details: Sequence[Detail], retailer: Retailer, rules: MapRules) -> list[Charge]:
    """What makes the lines come to the sale; the last is what rounding left over, never more than a cent a line."""
    codes = retailer.epicor
    back = sum(line.amount_minor for line in sale.returned)
    wanted = [
        *tax_charges(sale.taxes, codes),
        Charge(codes.shipping_charge, "Shipping", sale.shipping_minor),
        Charge(codes.tip_charge, "Tip", sale.tip_minor if codes.tip_charge else 0),
        Charge(codes.gift_card_charge, "Gift cards sold", sale.gift_card_minor if codes.gift_card_charge else 0),
        Charge(codes.exchange_charge, "Exchanged goods", back),
    ]
    if rules.order_discount == "charge":
        wanted += [Charge(codes.discount_charge, one.text, -one.amount_minor) for one in sale.order_discounts]
    goods = sum(detail.extended_minor - detail.discount_minor for detail in details)
    rest = due(sale, codes) - goods - sum(charge.amount_minor for charge in wanted)
    if abs(rest) > len(sale.lines):
        side = "less" if rest > 0 else "more"
        text = f"lines, tax, shipping and discounts come to {show(abs(rest), sale.currency)} {side} than the sale"
        raise BadRecord(f"{sale.owner}: {text}; rounding explains {show(len(sale.lines), sale.currency)} at most")
    return [charge for charge in (*wanted, Charge(codes.rounding_charge, "Rounding", rest)) if charge.amount_minor]


def _charge(charge: Charge, retailer: Retailer) -> dict[str, Any]:
    own = retailer.epicor.field_lengths
    return {
        "MiscCode": lengths.key("MiscCode", charge.code, "profile", own),
        "Description": lengths.text("MiscDescription", charge.text, own),
        "DocMiscAmt": to_major(charge.amount_minor, retailer.currency),
        "Type": "A",
        "FreqCode": "F",
        "OrderLine": 0,
    }
