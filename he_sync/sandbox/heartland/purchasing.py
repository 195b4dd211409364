"""Purchase orders and receipts: an open order puts stock on order, an accepted receipt takes it in."""

from __future__ import annotations

from decimal import Decimal

from he_sync.sandbox.heartland import switches
from he_sync.sandbox.heartland.crud import Rules, Write
from he_sync.sandbox.heartland.errors import validation_error
from he_sync.sandbox.heartland.fields import money, stamp
from he_sync.sandbox.heartland.lookups import document
from he_sync.sandbox.heartland.movements import item_line, lines_of, step
from he_sync.sandbox.heartland.resources import RESOURCES
from he_sync.sandbox.heartland.stock import Move, Source, post, quantity
from he_sync.sandbox.state import Document, Key, State

ORDERS, RECEIPTS = "purchasing/orders", "purchasing/receipts"
PENDING, OPEN, CLOSED, CANCELED = "pending", "open", "closed", "canceled"
FINAL_WORDS = frozenset({"accepted", "complete"})


def _open_qty(line: Document) -> Decimal:
    return max(quantity(line.get("qty")) - quantity(line.get("qty_received")), Decimal(0))


def _on_order(state: State, order: Document, sign: int) -> None:
    """Put what is still open of an order on order, or take it off."""
    place = order["receive_at_location_id"]
    lines = lines_of(state, ORDERS, order["id"])
    post(
        state,
        Source("PurchaseOrder", order["id"]),
        [Move(line["item_id"], place, on_po=sign * _open_qty(line)) for line in lines],
    )


def _sums(state: State, key: Key) -> Document:
    lines = lines_of(state, ORDERS, key)
    return {
        "total_qty": sum((quantity(line.get("qty")) for line in lines), Decimal(0)),
        "total_cost": money(
            sum((quantity(line.get("qty")) * Decimal(line.get("unit_cost") or 0) for line in lines), Decimal(0))
        ),
        "total_received_qty": sum((quantity(line.get("qty_received")) for line in lines), Decimal(0)),
        "total_open_qty": sum(map(_open_qty, lines), Decimal(0)),
    }


def _prepare_order(write: Write) -> None:
    step(write, {None: {PENDING, OPEN}, PENDING: {OPEN, CANCELED}, OPEN: {CLOSED, CANCELED}}, CLOSED)
    write.document.update(_sums(write.state, write.key))


def _settle_order(write: Write) -> None:
    if write.turns("status", OPEN):
        _on_order(write.state, write.document, 1)
    elif (write.before or {}).get("status") == OPEN and write.document["status"] != OPEN:
        _on_order(write.state, write.document, -1)


def _order_line(write: Write) -> None:
    order = document(write.state, ORDERS, write.owner)
    if order["status"] in {CLOSED, CANCELED}:
        raise validation_error({"status": f"is {order['status']}"})
    item_line(write)


def _settle_order_line(write: Write) -> None:
    order = document(write.state, ORDERS, write.owner)
    if order["status"] == OPEN:
        left = write.state.get(write.resource.store, write.key) or {}
        delta = _open_qty(left) - _open_qty(write.before or {})
        place = order["receive_at_location_id"]
        post(write.state, Source("PurchaseOrder", order["id"]), [Move(write.document["item_id"], place, on_po=delta)])
    if write.owner is not None:
        write.state.put(
            RESOURCES[ORDERS].store,
            write.owner,
            {**order, **_sums(write.state, write.owner), "updated_at": stamp(write.state)},
        )


def _prepare_receipt(write: Write) -> None:
    receipt = write.document
    order = document(write.state, ORDERS, receipt.get("order_id"))
    for name in ("receive_at_location_id", "vendor_id"):
        receipt[name] = order.get(name) if receipt.get(name) is None else receipt[name]
    if receipt["receive_at_location_id"] is None:
        raise validation_error({"receive_at_location_id": "can't be blank"})
    if receipt["status"] in FINAL_WORDS:
        receipt["status"] = switches.RECEIPT_FINAL_STATUS.read(write.state)
    if write.before and write.before["status"] in FINAL_WORDS:
        receipt["status"] = write.before["status"]
    step(write, {None: {PENDING}, PENDING: set(FINAL_WORDS)}, "accepted")
    if _accepted(write):
        receipt["completed_at"] = stamp(write.state)


def _accepted(write: Write) -> bool:
    return write.document["status"] in FINAL_WORDS and (write.before or {}).get("status") == PENDING


def _settle_receipt(write: Write) -> None:
    if not _accepted(write):
        return
    order = document(write.state, ORDERS, write.document.get("order_id"))
    ordered = {line["item_id"]: line for line in lines_of(write.state, ORDERS, order["id"])} if order else {}
    place, source = write.document["receive_at_location_id"], Source("Receipt", write.key)
    for line in lines_of(write.state, RECEIPTS, write.key):
        qty, found = quantity(line["qty"]), ordered.get(line["item_id"])
        off = min(qty, _open_qty(found)) if found and order["status"] == OPEN else Decimal(0)
        post(write.state, source, [Move(line["item_id"], place, qty=qty, on_po=-off, unit_cost=line.get("unit_cost"))])
        if found:
            received = {**found, "qty_received": quantity(found.get("qty_received")) + qty}
            ordered[line["item_id"]] = received
            write.state.put(RESOURCES[f"{ORDERS}.lines"].store, received["id"], received)
    if order:
        write.state.put(
            RESOURCES[ORDERS].store,
            order["id"],
            {**order, **_sums(write.state, order["id"]), "updated_at": stamp(write.state)},
        )


def _receipt_line(write: Write) -> None:
    item_line(write)
    write.document["receipt_id"] = write.owner


LOOKUP = ("item_lookup",)
RULES = {
    ORDERS: Rules(_prepare_order, _settle_order),
    f"{ORDERS}.lines": Rules(_order_line, _settle_order_line, nested=LOOKUP),
    RECEIPTS: Rules(_prepare_receipt, _settle_receipt),
    f"{RECEIPTS}.lines": Rules(_receipt_line, nested=LOOKUP),
}
