"""Sales orders: pending, open (commits stock), invoiced, closed; or cancelled, which releases the stock.

Commitment is always moved by the difference between what an order held before a write and holds after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from he_sync.sandbox.heartland import switches
from he_sync.sandbox.heartland.crud import Rules, Write
from he_sync.sandbox.heartland.errors import validation_error
from he_sync.sandbox.heartland.fields import money, stamp
from he_sync.sandbox.heartland.lines import (
    ITEM,
    bodies,
    fill_line,
    fill_payment,
    insert_all,
    refresh,
    refuse_duplicates,
    totals,
)
from he_sync.sandbox.heartland.lookups import document, tax_rate, transaction_key
from he_sync.sandbox.heartland.resources import RESOURCES
from he_sync.sandbox.heartland.stock import Commitments, Source, quantity, recommit
from he_sync.sandbox.heartland.tickets import name_customer
from he_sync.sandbox.state import Document, Key, State, field

PATH = "sales/orders"
PENDING, OPEN, CLOSED = "pending", "open", "closed"


def lines_of(state: State, key: Key) -> list[Document]:
    """Lines of an order in key order."""
    return state.select(RESOURCES[f"{PATH}.lines"].store, "parent = ?", (key,))


def place_of(order: Document, line: Document) -> tuple[Any, Any]:
    """Item and location a line ships from."""
    ship_from = line.get("ship_from_location_id")
    return line.get("item_id"), order.get("source_location_id") if ship_from is None else ship_from


def remaining(line: Document) -> Decimal:
    """What is ordered and not invoiced."""
    return max(quantity(line.get("qty")) - quantity(line.get("qty_invoiced")), Decimal(0))


def commitments(order: Document | None, lines: Iterable[Document | None]) -> Commitments:
    """Stock these lines hold while the order is open."""
    held: Commitments = {}
    for line in lines:
        if order and line and order["status"] == OPEN and line.get("item_id"):
            place = place_of(order, line)
            held[place] = held.get(place, Decimal(0)) + remaining(line)
    return held


def source(key: Key | None) -> Source:
    """An order as the mover of stock."""
    return Source("SalesOrder", key)


def _prepare(write: Write) -> None:
    order = write.document
    _check_status(write)
    _check_addresses(write)
    name_customer(write)
    if write.turns("status", OPEN):
        order["opened_at"] = stamp(write.state)
    if write.turns("status", CLOSED):
        order["closed_at"] = stamp(write.state)
    if write.before is None:
        _insert_parts(write)
    order |= totals(write.state, PATH, write.key, order)


def _check_status(write: Write) -> None:
    cancelled = switches.ORDER_CANCEL_STATUS.read(write.state)
    allowed = {
        None: {PENDING, OPEN},
        PENDING: {PENDING, OPEN, cancelled},
        OPEN: {OPEN, CLOSED, cancelled},
    }
    before = (write.before or {}).get("status")
    if write.document["status"] not in allowed.get(before, {before}):
        raise validation_error({"status": f"cannot become {write.document['status']}"})
    write.document["voided?"] = write.document["status"] == cancelled


def _check_addresses(write: Write) -> None:
    either = switches.ORDER_ADDRESS.read(write.state) == "either"
    where = f"{field('address_id')} = ?" + (" OR key = ?" if either else "")
    for name in ("billing_address_id", "shipping_address_id"):
        key = write.document.get(name)
        if key is None or key == (write.before or {}).get(name):
            continue
        if not write.state.count("heartland/customers.addresses", where, (key, key) if either else (key,)):
            raise validation_error({name: "does not exist"})


def _insert_parts(write: Write) -> None:
    lines = bodies(write.asked, "lines", ITEM)
    refuse_duplicates(write.state, lines)
    insert_all(
        write.state,
        f"{PATH}.lines",
        Rules(_fill, nested=("item_lookup",)),
        write.key,
        [{**line, "order_id": write.key} for line in lines],
    )
    retax(write.state, write.key, write.document)


def _settle(write: Write) -> None:
    lines = lines_of(write.state, write.key)
    recommit(write.state, source(write.key), commitments(write.before, lines), commitments(write.document, lines))


# lines, taxes, discounts, payments


def _fill(write: Write) -> None:
    fill_line(write)
    write.document["order_id"] = write.owner


def _order(write: Write) -> Document:
    order = document(write.state, PATH, write.owner)
    if order["status"] not in {PENDING, OPEN}:
        raise validation_error({"order": f"is {order['status']}"})
    return order


def _prepare_line(write: Write) -> None:
    _order(write)
    _fill(write)
    if quantity(write.document["qty"]) < quantity(write.document.get("qty_invoiced")):
        raise validation_error({"qty": "is less than was invoiced"})


def _settle_line(write: Write) -> None:
    """After a line is written or removed: its commitment, the server's own tax row, the totals."""
    order, key = document(write.state, PATH, write.owner), write.key
    left = write.state.get(write.resource.store, key)
    recommit(write.state, source(write.owner), commitments(order, [write.before]), commitments(order, [left]))
    if write.owner is not None:
        if _worth(write.before) != _worth(left):
            retax(write.state, write.owner, order)
        refresh(write.state, PATH, write.owner)


def _worth(line: Document | None) -> tuple[Any, ...]:
    """What of a line the tax hangs on."""
    return tuple(line.get(name) for name in ("type", "value", "total_tax")) if line else ()


def _keep_invoiced(write: Write) -> None:
    _order(write)
    if quantity((write.before or {}).get("qty_invoiced")):
        raise validation_error({"qty_invoiced": "is not zero"})


def retax(state: State, key: Key, order: Document) -> None:
    """The server's own tax row: the lines' `total_tax`, or its rate. No delete: connectors post its negative."""
    resource, rate = RESOURCES[f"{PATH}.taxes"], tax_rate(state, order.get("source_location_id"))
    lines = lines_of(state, key)
    given = sum((money(line["total_tax"]) for line in lines if line.get("total_tax") is not None), money(0))
    value = given + money(
        sum((line["value"] for line in lines if line.get("total_tax") is None and line["type"] == ITEM), money(0))
        * rate
    )
    rows = [row for row in state.select(resource.store, "parent = ?", (key,)) if row.get("automatic?")]
    off = value - sum((money(row["value"]) for row in rows), money(0))
    if rows and off:
        first = {**rows[0], "value": money(rows[0]["value"]) + off, "updated_at": stamp(state)}
        state.put(resource.store, first["id"], first)
    elif value and not rows:
        new = state.next_id(resource.store)
        stamps = {"created_at": stamp(state), "updated_at": stamp(state)}
        row = {"id": new, "description": "Sales Tax", "value": value, "automatic?": True, **stamps}
        state.put(resource.store, new, row, key)


def _prepare_part(write: Write) -> None:
    _order(write)
    write.document.pop("automatic?", None)


def _prepare_payment(write: Write) -> None:
    fill_payment(write, document(write.state, PATH, write.owner).get("source_location_id"))


def _refresh(write: Write) -> None:
    if write.owner is not None:
        refresh(write.state, PATH, write.owner)


RULES = {
    PATH: Rules(_prepare, _settle, next_key=transaction_key, nested=("lines",)),
    f"{PATH}.lines": Rules(_prepare_line, _settle_line, _keep_invoiced, nested=("item_lookup",)),
    f"{PATH}.taxes": Rules(_prepare_part, _refresh),
    f"{PATH}.discounts": Rules(_prepare_part, _refresh),
    f"{PATH}.payments": Rules(_prepare_payment, _refresh),
}
