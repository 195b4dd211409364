"""Heartland documents of sales: tickets, returns, orders, lines, taxes, payments, gift cards sold and redeemed.

Choices of ours where the reference is silent: `unit_price` and `original_unit_price` are the shelf price,
`adjusted_unit_price` what was charged or null; `value` is a line's amount in cents after discounts, so that a ticket's
total is the sum of the values of its lines whatever their type. `total_discounts` counts line discounts and coupons. A
voided ticket stays `complete` with `voided?` true, its payments `voided`. Freight on an order is `shipping_charge`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from he_sync.sandbox.world.furniture import PAYMENT_TYPES
from he_sync.sandbox.world.people import address_id
from he_sync.sandbox.world.places import FIRST_ID
from he_sync.sandbox.world.randomness import local, money, quantity, stamp

if TYPE_CHECKING:
    from he_sync.sandbox.state import Document
    from he_sync.sandbox.world.places import Place
    from he_sync.sandbox.world.rows import Numbers, Rows
    from he_sync.sandbox.world.sale import Line, Payment, Sale
    from he_sync.sandbox.world.today import Today

RUNG_UP = timedelta(seconds=95)
PAYMENT_CLASSES = {
    "Cash": "Payments::CashPayment",
    "Credit Card": "Payments::CreditCardPayment",
    "Gift Card": "Payments::GiftCardPayment",
    "Store Credit": "Payments::GiftCardPayment",
    "House Account": "Payments::CustomPayment",
}


def sale_rows(today: Today, sale: Sale) -> None:
    """Everything Heartland Retail keeps of one sale."""
    rows, numbers, centre = today.rows, today.numbers, today.world.centre
    path = "sales/orders" if sale.kind == "Order" else "sales/tickets"
    document = _order(sale) if sale.kind == "Order" else _ticket(sale)
    rows.add(f"heartland/{path}", sale.id, document)
    for line in _lines(sale, centre):
        key = numbers.take(f"heartland/{path}.lines")
        rows.add(f"heartland/{path}.lines", key, {"id": key, **line}, parent=sale.id)
    if sale.kind == "Order":
        _order_parts(rows, numbers, sale)
    for payment in sale.payments:
        rows.add("heartland/payments", payment.id, _payment(sale, payment), parent=sale.id)


def _head(sale: Sale) -> Document:
    paid = 0 if sale.voided else sum(payment.amount for payment in sale.payments)
    return {
        "id": sale.id,
        "public_id": str(sale.id),
        "station_id": sale.station,
        "source_location_id": sale.place.store.location_id,
        "customer_id": sale.customer.id if sale.customer else None,
        "customer_name": sale.customer.name if sale.customer else None,
        "sales_rep": sale.rep,
        "original_subtotal": money(sale.gross),
        "total_discounts": money(sale.discount),
        "subtotal": money(sale.subtotal),
        "tax_total": money(sale.tax),
        "total_tax": money(sale.tax),
        "total": money(sale.total),
        "total_paid": money(paid),
        "balance": money(0 if sale.voided else sale.total - paid),
        "created_at": stamp(sale.at - RUNG_UP),
        "updated_at": stamp(sale.at),
        "custom": {},
    }


def _ticket(sale: Sale) -> Document:
    return {
        **_head(sale),
        "type": sale.kind,
        "status": "complete",
        "parent_transaction_id": sale.parent,
        "completed?": True,
        "voided?": sale.voided,
        "completed_at": stamp(sale.at),
        "local_completed_at": local(sale.at, sale.place.store.timezone),
    }


def _order(sale: Sale) -> Document:
    ship_to = address_id(sale.customer) if sale.customer else None
    method = FIRST_ID + (0, 750, 1295).index(sale.charge)
    address = {"billing_address_id": ship_to, "shipping_address_id": ship_to, "shipping_method_id": method}
    return {
        **_head(sale),
        "status": "open",
        "opened_at": stamp(sale.at),
        **address,
        "shipping_charge": money(sale.charge),
        "type": "Order",
    }


def _lines(sale: Sale, centre: Place) -> list[Document]:
    """Item lines, then for a ticket one line per tax jurisdiction, the tip and the gift card sold."""
    found = [_item_line(sale, line, centre) for line in sale.lines]
    if sale.kind != "Order":
        found += [_value_line(sale, "TaxLine", name, value) for name, value in sale.taxes]
    if sale.tip:
        found.append(_value_line(sale, "TipLine", "Tip", sale.tip))
    if sale.gift:
        found.append(_value_line(sale, "GiftCardLine", f"Gift card {sale.gift_number}", sale.gift))
    return found


def _value_line(sale: Sale, kind: str, text: str, cents: int) -> Document:
    at = stamp(sale.at)
    return {"type": kind, "description": text, "qty": 1, "value": money(cents), "created_at": at, "updated_at": at}


def _item_line(sale: Sale, line: Line, centre: Place) -> Document:
    item, at = line.item, stamp(sale.at)
    order = (
        {"order_id": sale.id, "ship_from_location_id": centre.store.location_id, "qty_invoiced": 0}
        if sale.kind == "Order"
        else {}
    )
    return {
        "type": "ItemLine",
        "item_id": item.id,
        "item_public_id": item.public_id,
        "item_description": item.description,
        "description": item.description,
        "qty": quantity(line.milli),
        "unit_price": money(line.price),
        "original_unit_price": money(line.price),
        "adjusted_unit_price": money(line.sold) if line.sold != line.price else None,
        "price_adjustments": [{"id": 1, "delta_price": money(line.sold - line.price)}]
        if line.sold != line.price
        else [],
        "unit_cost": money(item.cost),
        "value": money(line.value),
        "item_custom": {},
        **order,
        "created_at": at,
        "updated_at": at,
    }


def _order_parts(rows: Rows, numbers: Numbers, sale: Sale) -> None:
    at = stamp(sale.at)
    for name, value in sale.taxes:
        key = numbers.take("heartland/sales/orders.taxes")
        tax = {"id": key, "description": name, "value": money(value), "automatic?": True}
        rows.add("heartland/sales/orders.taxes", key, {**tax, "created_at": at, "updated_at": at}, parent=sale.id)


def _payment(sale: Sale, payment: Payment) -> Document:
    at = stamp(payment.at)
    return {
        "id": payment.id,
        "transaction_id": sale.id,
        "type": PAYMENT_CLASSES[payment.tender],
        "status": "voided" if sale.voided else "complete",
        "amount": money(payment.amount),
        "payment_type_id": PAYMENT_TYPES[payment.tender],
        "description": payment.tender,
        "deposit": sale.kind == "Order",
        "completed_at": at,
        "local_completed_at": local(payment.at, sale.place.store.timezone),
        "created_at": at,
        "updated_at": at,
    }


def card_rows(today: Today, sales: list[Sale], cards: dict[int, Document]) -> None:
    """Gift cards sold, redeemed and given as store credit. `cards` are the documents of those in circulation."""
    touched: dict[int, Document] = {}
    for sale in sales:
        if sale.gift:
            _issue(today, sale, sale.gift_number, sale.gift, FIRST_ID)
        for payment in sale.payments:
            if payment.tender == "Store Credit" and payment.amount < 0:
                _issue(today, sale, f"SC{payment.id}", -payment.amount, FIRST_ID + 2)
            elif payment.card:
                card = touched.setdefault(payment.card, dict(cards[payment.card]))
                card.update(balance=card["balance"] - money(payment.amount), updated_at=stamp(sale.at))
                _adjust(today, sale, payment.card, -payment.amount, FIRST_ID + 1)
    for key, card in touched.items():
        today.rows.add("heartland/gift_cards", key, card)


def _issue(today: Today, sale: Sale, number: str, cents: int, reason: int) -> None:
    key, at = today.numbers.take("heartland/gift_cards"), stamp(sale.at)
    card = {"id": key, "number": number, "balance": money(cents), "active?": True, "created_at": at, "updated_at": at}
    today.rows.add("heartland/gift_cards", key, card)
    _adjust(today, sale, key, cents, reason)


def _adjust(today: Today, sale: Sale, card: int, cents: int, reason: int) -> None:
    key, at = today.numbers.take("heartland/gift_card_adjustments"), stamp(sale.at)
    change = {"id": key, "gift_card_id": card, "reason_id": reason, "delta_balance": money(cents)}
    row = {**change, "transaction_id": sale.id, "created_at": at, "updated_at": at}
    today.rows.add("heartland/gift_card_adjustments", key, row)
