"""The POS learns of a shipment: invoice complete, order closed, goods and commitment gone.

Only an order whose deposit paid all of it is invoiced here; the deposit was money in on the day it was taken, so the
invoice has no payment of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from he_sync.sandbox.world.randomness import at_local, local, stamp
from he_sync.sandbox.world.shelves import milli

if TYPE_CHECKING:
    from datetime import datetime

    from he_sync.sandbox.state import Document
    from he_sync.sandbox.world.stock import Moves
    from he_sync.sandbox.world.today import Today

PACKED = 16 * 3600
ORDERS, INVOICES = "heartland/sales/orders", "heartland/sales/invoices"
HEAD = (
    *("customer_id", "customer_name", "source_location_id", "station_id", "sales_rep", "original_subtotal", "subtotal"),
    *("total_discounts", "tax_total", "total_tax", "shipping_charge", "total", "total_paid", "balance"),
)
NOT_COPIED = frozenset(("order_id", "ship_from_location_id", "qty_invoiced", "total_tax"))


def invoice(today: Today, moves: Moves, order_id: int) -> None:
    """Invoice an order in full, where it is open and paid."""
    order = today.state.get(ORDERS, order_id)
    if order is None or order["status"] != "open" or order["balance"] != 0:
        return
    at = at_local(today.day, PACKED, today.world.retailer.timezone)
    key = today.numbers.take(INVOICES)
    today.rows.add(INVOICES, key, _head(today, order, key, at))
    for line in today.state.select(f"{ORDERS}.lines", "parent = ?", [order_id]):
        _line(today, moves, line, key, at)
    today.rows.add(ORDERS, order_id, order | {"status": "closed", "closed_at": stamp(at), "updated_at": stamp(at)})


def _head(today: Today, order: Document, key: int, at: datetime) -> Document:
    names = {"id": key, "public_id": str(key), "type": "Invoice", "order_id": order["id"], "status": "complete"}
    flags: Document = {"completed?": True, "voided?": False, "parent_transaction_id": None, "custom": {}}
    when = dict.fromkeys(("created_at", "updated_at", "completed_at"), stamp(at))
    times = {**when, "local_completed_at": local(at, today.world.retailer.timezone)}
    return {**names, **{name: order[name] for name in HEAD}, **flags, **times}


def _line(today: Today, moves: Moves, line: Document, invoice_id: int, at: datetime) -> None:
    number = today.numbers.take(f"{INVOICES}.lines")
    copy = {name: value for name, value in line.items() if name not in NOT_COPIED}
    fresh = {"id": number, "order_line_id": line["id"], "created_at": stamp(at), "updated_at": stamp(at)}
    today.rows.add(f"{INVOICES}.lines", number, copy | fresh, parent=invoice_id)
    done = {"qty_invoiced": line["qty"], "updated_at": stamp(at)}
    today.rows.add(f"{ORDERS}.lines", line["id"], line | done, parent=line["order_id"])
    item = today.world.by_public_id[line["item_public_id"]]
    if item.kind == "stock":
        gone = milli(line["qty"])
        moves.one(moves.pos, today.world.centre, item, -gone, -gone)
