"""Heartland documents to canonical rows: a function a document, yielding (frame, row); BadRecord where unreadable.

Wire facts: reference heartland 1.3 (booleans end in `?`, times with offset, numbers not strings), 1.5 (fields). A tip
is a line of type TipLine (our choice, the reference names no field for it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from he_sync.model.calendar import business_date, read_instant
from he_sync.model.errors import BadRecord
from he_sync.model.money import to_minor
from he_sync.model.quantity import MILLI, to_milli
from he_sync.model.retailer import Retailer, Store

Document = Mapping[str, Any]
Row = tuple[str, dict[str, Any]]
VOID_WORDS = frozenset({"void", "voided", "canceled", "cancelled"})


def _store(retailer: Retailer, location: Any) -> Store:
    try:
        return retailer.by_location[int(location)]
    except (KeyError, TypeError, ValueError):
        raise BadRecord(f"location {location} is in no store of the profile; add it to profile.yaml") from None


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _minor(value: Any, currency: str) -> int:
    return 0 if value is None else to_minor(value, currency)


def _lines_total(document: Document, kind: str, currency: str) -> int:
    return sum(_minor(line.get("value"), currency) for line in document.get("lines") or () if line["type"] == kind)


def ticket(document: Document, retailer: Retailer, tender_names: Mapping[int, str]) -> Iterator[Row]:
    """A completed ticket with its lines and payments; an incomplete one yields nothing."""
    if not document.get("completed?", document["status"] == "complete"):
        return
    store, currency = _store(retailer, document["source_location_id"]), retailer.currency
    done = read_instant(document["completed_at"])
    day = business_date(done, store.timezone, store.rollover_hour).isoformat()
    tax = document.get("total_tax", document.get("tax_total"))
    yield (
        "tickets",
        {
            "ticket_id": int(document["id"]),
            "public_id": _text(document["public_id"]),
            "kind": document["type"],
            "store": store.code,
            "customer_id": int(document.get("customer_id") or 0),
            "business_date": day,
            "completed_at": done,
            "timezone": store.timezone,
            "currency": currency,
            "subtotal_minor": _minor(document["subtotal"], currency),
            "discount_minor": abs(_minor(document.get("total_discounts"), currency)),
            "tax_minor": _minor(tax, currency),
            "tip_minor": _lines_total(document, "TipLine", currency),
            "gift_card_minor": _lines_total(document, "GiftCardLine", currency),
            "total_minor": _minor(document["total"], currency),
            "parent_id": int(document.get("parent_transaction_id") or 0),
            "voided": bool(document.get("voided?", False)),
        },
    )
    owner = f"ticket {document['id']}"
    yield from _lines(document, owner, currency)
    yield from _payments(
        document, _Owner(owner, store, day, _lines_total(document, "TipLine", currency)), retailer, tender_names
    )


def order(document: Document, retailer: Retailer, tender_names: Mapping[int, str]) -> Iterator[Row]:
    """A sales order with its lines and payments."""
    store, currency = _store(retailer, document["source_location_id"]), retailer.currency
    made = read_instant(document["created_at"])
    day = business_date(made, store.timezone, store.rollover_hour).isoformat()
    shipping = _minor(document.get("shipping_charge"), currency)
    tax = document.get("total_tax", document.get("tax_total"))
    tax_minor, total = _minor(tax, currency), _minor(document["total"], currency)
    yield (
        "orders",
        {
            "order_id": int(document["id"]),
            "public_id": _text(document["public_id"]),
            "status": _text(document["status"]).lower(),
            "store": store.code,
            "customer_id": int(document.get("customer_id") or 0),
            "business_date": day,
            "created_at": made,
            "timezone": store.timezone,
            "currency": currency,
            "subtotal_minor": _goods(document, total - tax_minor - shipping, currency),
            "discount_minor": abs(_minor(document.get("total_discounts"), currency)),
            "tax_minor": tax_minor,
            "shipping_minor": shipping,
            "total_minor": total,
        },
    )
    owner = f"order {document['id']}"
    yield from _lines(document, owner, currency)
    yield from _payments(document, _Owner(owner, store, day, 0), retailer, tender_names)


def _goods(document: Document, left: int, currency: str) -> int:
    """An order's lines less what was taken off the order as a whole, which only its totals show."""
    subtotal = _minor(document["subtotal"], currency)
    off = abs(_minor(document.get("total_discounts"), currency))
    return left if 0 < subtotal - left <= off else subtotal


def _lines(document: Document, owner: str, currency: str) -> Iterator[Row]:
    for line in document.get("lines") or ():
        if line.get("type", "ItemLine") != "ItemLine":
            continue
        price = line.get("adjusted_unit_price")
        price = line["unit_price"] if price is None else price
        quantity = to_milli(line["qty"])
        value = line.get("value")
        yield (
            "sale_lines",
            {
                "owner": owner,
                "line_id": int(line["id"]),
                "sku": _text(line.get("item_public_id")),
                "description": _text(line.get("item_description") or line.get("description")),
                "quantity_milli": quantity,
                "unit_price_minor": to_minor(price, currency),
                "amount_minor": to_minor(Decimal(price) * quantity / MILLI if value is None else value, currency),
            },
        )


@dataclass(frozen=True)
class _Owner:
    """What a payment inherits from its ticket or order."""

    name: str
    store: Store
    day: str
    tips: int


def _payments(document: Document, owner: _Owner, retailer: Retailer, tender_names: Mapping[int, str]) -> Iterator[Row]:
    rest = owner.tips
    for payment in document.get("payments") or ():
        amount = to_minor(payment["amount"], retailer.currency)
        name = tender_names.get(int(payment["payment_type_id"]), f"id {payment['payment_type_id']}")
        tender = retailer.by_payment_type.get(name)
        if tender is None:
            raise BadRecord(f"payment type {name!r} is no tender of the profile; add it under tenders")
        tip = rest if tender.kind == "card" and amount > 0 else 0
        rest -= tip
        yield (
            "payments",
            {
                "payment_id": int(payment["id"]),
                "owner": owner.name,
                "reference": _text(document["public_id"]),
                "store": owner.store.code,
                "business_date": owner.day,
                "completed_at": read_instant(payment["completed_at"]),
                "timezone": owner.store.timezone,
                "currency": retailer.currency,
                "payment_type": name,
                "kind": tender.kind,
                "amount_minor": amount,
                "tip_minor": tip,
                "voided": payment["status"] == "voided" or bool(document.get("voided?")),
            },
        )


def customer(document: Document) -> Iterator[Row]:
    """A POS customer; its link is the CustID it has, or will have, in the ERP."""
    name = (
        _text(document.get("name")) or f"{_text(document.get('first_name'))} {_text(document.get('last_name'))}".strip()
    )
    yield (
        "customers",
        {
            "side": "heartland",
            "customer_id": int(document["id"]),
            "link": f"H{document['id']}",
            "name": name,
            "email": _text(document.get("email")),
            "phone": _text(document.get("phone_number")),
            "active": bool(document.get("active?", True)),
        },
    )


def item(document: Document, retailer: Retailer) -> Iterator[Row]:
    """An item of the POS; counted in base units there."""
    yield (
        "products",
        {
            "side": "heartland",
            "sku": _text(document["public_id"]),
            "item_id": int(document["id"]),
            "description": _text(document.get("description")),
            "unit": retailer.units.base,
            "factor": 1,
            "price_minor": _minor(document.get("price"), retailer.currency),
            "active": bool(document.get("active?", True)),
        },
    )


def stock(document: Document, retailer: Retailer, sku_of: Mapping[int, str]) -> Iterator[Row]:
    """An inventory value of one item at one location."""
    store = _store(retailer, document["location_id"])
    try:
        sku = sku_of[int(document["item_id"])]
    except KeyError:
        raise BadRecord(f"item {document['item_id']} has stock at {store.code} but is not in the item list") from None
    on_hand, committed = to_milli(document["qty_on_hand"]), to_milli(document.get("qty_committed") or 0)
    yield (
        "stock_levels",
        {
            "side": "heartland",
            "sku": sku,
            "store": store.code,
            "on_hand_milli": on_hand,
            "reserved_milli": committed,
            "available_milli": on_hand - committed,
            "factor": 1,
        },
    )
