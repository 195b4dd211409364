"""A handful of Heartland documents: one shop and its warehouse, three items, two customers, five tickets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from he_sync.sandbox.state import Document, Key, State

SHOP, WAREHOUSE, STATION = 100001, 100002, 100001
CASH, CARD = 100001, 100002
WHEEL, KITE, MUG = 100001, 100002, 100003
ANA, BEN = 100001, 100002
REASON, CARD_REASON = 100001, 100001


def item(key: int, number: str, price: str, **more: Any) -> Document:
    """An item that is tracked and sold."""
    return {
        "id": key,
        "public_id": number,
        "description": number.title(),
        "price": Decimal(price),
        "cost": Decimal("1.50"),
        "active?": True,
        "track_inventory?": True,
        "primary_barcode": f"SR{key}",
        "grid_id": None,
        "created_at": f"2026-01-0{key - 100000}T10:00:00+00:00",
        "updated_at": f"2026-01-0{key - 100000}T10:00:00+00:00",
        "custom": {"department": "Toys", "upc": f"7{key}"},
        **more,
    }


def ticket(key: int, day: int, total: str, **more: Any) -> Document:
    """A complete ticket of January 2026, rung up at 18:04 UTC, 12:04 at the shop."""
    at = f"2026-01-{day:02d}T18:04:05+00:00"
    return {
        "id": key,
        "public_id": str(key),
        "type": "Ticket",
        "status": "complete",
        "station_id": STATION,
        "source_location_id": SHOP,
        "customer_id": ANA,
        "total": Decimal(total),
        "completed?": True,
        "voided?": False,
        "created_at": at,
        "updated_at": at,
        "completed_at": at,
        "local_completed_at": f"2026-01-{day:02d}T12:04:05",
        "custom": {},
        **more,
    }


def line(key: int, item_id: int, qty: int, price: str, **more: Any) -> Document:
    """An item line."""
    return {
        "id": key,
        "type": "ItemLine",
        "item_id": item_id,
        "qty": qty,
        "unit_price": Decimal(price),
        "original_unit_price": Decimal(price),
        "unit_cost": Decimal("1.50"),
        "value": Decimal(price) * qty,
        **more,
    }


def value(item_id: int, location_id: int, qty: int, committed: int = 0) -> tuple[Key, Key | None, Document]:
    """A row of inventory values."""
    quantities = {"qty": qty, "qty_on_hand": qty, "qty_committed": committed, "qty_on_po": 0, "qty_in_transit": 0}
    document = {"item_id": item_id, "location_id": location_id, **quantities, "qty_available": qty - committed}
    return f"{item_id}~{location_id}", None, {**document, "unit_cost": Decimal("1.50")}


def _rows(documents: Iterable[Document], parent: Key | None = None) -> Iterator[tuple[Key, Key | None, Document]]:
    return ((document["id"], parent, document) for document in documents)


def _named(*names: str) -> list[Document]:
    return [{"id": key, "name": name} for key, name in enumerate(names, 100001)]


TICKETS = (
    ticket(100001, 5, "10.60"),
    ticket(100002, 6, "20.00", customer_id=BEN),
    ticket(100003, 7, "-5.00", type="Return", parent_transaction_id=100001),
    ticket(100004, 8, "72.00", **{"voided?": True}),
    ticket(100005, 9, "8.00", status="incomplete", completed_at=None, local_completed_at=None, **{"completed?": False}),
)
LINES = {
    100001: [line(100001, KITE, 2, "5.00"), {"id": 100002, "type": "TaxLine", "value": Decimal("0.60")}],
    100002: [line(100003, KITE, 4, "5.00")],
    100003: [line(100004, KITE, -1, "5.00")],
    100004: [line(100005, WHEEL, 1, "72.00")],
    100005: [line(100006, MUG, 1, "8.00")],
}
PAYMENTS = {
    100001: [{"id": 100001, "amount": Decimal("10.60"), "payment_type_id": CARD, "status": "complete"}],
    100002: [{"id": 100002, "amount": Decimal("20.00"), "payment_type_id": CASH, "status": "complete"}],
}


def load(state: State) -> None:
    """The world before anybody calls."""
    places = [
        {"id": SHOP, "public_id": "S001", "name": "Main Street", "timezone": "America/Chicago"},
        {"id": WAREHOUSE, "public_id": "D001", "name": "Warehouse", "timezone": "America/Chicago"},
    ]
    items = [
        item(WHEEL, "ferris wheel", "72.00"),
        item(KITE, "kite", "5.00", custom={"department": "Outdoor", "upc": "7100002"}),
        item(MUG, "mug", "8.00", **{"active?": False}),
    ]
    customers = [
        {"id": ANA, "first_name": "Ana", "last_name": "Ruiz", "name": "Ana Ruiz", "email": "ana@example.test"},
        {"id": BEN, "first_name": "Ben", "last_name": "Okoro", "name": "Ben Okoro", "email": "ben@example.test"},
    ]
    masters = {
        "locations": places,
        "stations": [{"id": STATION, "name": "Till 1", "location_id": SHOP}],
        "payment_types": _named("Cash", "Credit Card"),
        "reason_codes/inventory_adjustment_reasons": _named("Count"),
        "reason_codes/gift_card_adjustment_reasons": _named("Sold"),
        "items": items,
        "customers": customers,
        "sales/tickets": list(TICKETS),
    }
    for path, documents in masters.items():
        state.load(f"heartland/{path}", _rows(documents))
    for parent, lines in LINES.items():
        state.load("heartland/sales/tickets.lines", _rows(lines, parent))
    for parent, payments in PAYMENTS.items():
        state.load("heartland/payments", _rows(({**one, "transaction_id": parent} for one in payments), parent))
    stock = [value(WHEEL, SHOP, 4), value(KITE, SHOP, 10, 1), value(KITE, WAREHOUSE, 100), value(MUG, SHOP, 0)]
    state.load("heartland/inventory/values", stock)
