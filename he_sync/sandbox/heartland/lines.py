"""Lines and payments of tickets, orders and invoices, and the totals that follow from them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from he_sync.sandbox.heartland import switches
from he_sync.sandbox.heartland.crud import Rules, Write, insert
from he_sync.sandbox.heartland.errors import Refused, validation_error
from he_sync.sandbox.heartland.fields import money, stamp
from he_sync.sandbox.heartland.lookups import document, item_of, local_time
from he_sync.sandbox.heartland.resources import RESOURCES
from he_sync.sandbox.heartland.rows import SHIPPING, TAX, line_value
from he_sync.sandbox.state import Document, Key, State

ITEM = "ItemLine"
LINE_TYPES = frozenset({ITEM, TAX, SHIPPING, "GiftCardLine", "TipLine"})
COMPLETE, VOIDED = "complete", "voided"


def fill_line(write: Write) -> None:
    """Item facts, price and value of a line; the price in force is the adjusted one, else the unit price."""
    line = write.document
    if line["type"] not in LINE_TYPES:
        raise validation_error({"type": "is not a line type"})
    if line["type"] != ITEM:
        _fill_value(line)
        return
    item = item_of(write.state, write.asked if write.before is None else {"item_id": line["item_id"]})
    if item and (write.before is None or write.before["item_id"] != item["id"]):
        _fill_item(line, item)
    if line.get("qty") is None:
        raise validation_error({"qty": "can't be blank"})
    _fill_prices(line, item)


def _fill_value(line: Document) -> None:
    if line.get("value") is None:
        raise validation_error({"value": "can't be blank"})


def _fill_item(line: Document, item: Document) -> None:
    line |= {
        "item_id": item["id"],
        "item_public_id": item.get("public_id"),
        "item_description": item.get("description"),
        "item_custom": item.get("custom") or {},
        "description": line.get("description") or item.get("description"),
        "unit_cost": item.get("cost") if line.get("unit_cost") is None else line["unit_cost"],
    }


def _fill_prices(line: Document, item: Document) -> None:
    if line.get("unit_price") is None:
        line["unit_price"] = item.get("price", line.get("original_unit_price") or 0)
    if line.get("original_unit_price") is None:
        line["original_unit_price"] = line["unit_price"]
    line["value"] = money(line_value({**line, "value": None}))


def refuse_duplicates(state: State, lines: Iterable[Document]) -> None:
    """Two lines of one item in a body are an error under `details.qty` where the switch says so."""
    named = [line.get("item_id") or line.get("item_lookup") for line in lines]
    if len(set(map(str, named))) < len(named) and switches.DUPLICATE_ITEM_LINES.read(state) == "refused":
        raise validation_error({"qty": "is on two lines of the same item"})


def bodies(asked: Document, name: str, type_: str = "") -> list[Document]:
    """The documents nested in a body under a name, with their type filled in."""
    found = asked.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise validation_error({name: "is not a list of objects"})
    return [{**({"type": type_} if type_ else {}), **one} for one in found]


def insert_all(state: State, path: str, rules: Rules, owner: Key, asked: Iterable[Document]) -> None:
    """Store nested documents under their owner."""
    for one in asked:
        insert(state, RESOURCES[path], rules, owner, one)


# payments


def fill_payment(write: Write, place: Any) -> None:
    """Status, owner and times of a payment. Raises `payment_error` for an unknown type or a missing amount."""
    payment = write.document
    if not document(write.state, "payment_types", payment.get("payment_type_id")):
        raise Refused("payment_error", "The payment type is unknown.", 0, {"payment_type_id": "does not exist"})
    if payment.get("amount") is None:
        raise Refused("payment_error", "The payment has no amount.", 0, {"amount": "can't be blank"})
    payment["transaction_id"] = write.owner
    payment["type"] = payment.get("type") or "Payments::ExternalPayment"
    payment["status"] = payment.get("status") or COMPLETE
    if payment["status"] not in {COMPLETE, VOIDED}:
        raise Refused("payment_error", "The status is unknown.", 0, {"status": "is not complete or voided"})
    payment["deposit"] = bool(payment.get("deposit"))
    if payment["status"] == COMPLETE and payment.get("completed_at") is None:
        payment["completed_at"] = stamp(write.state)
    payment["local_completed_at"] = local_time(write.state, place, payment.get("completed_at"))


def void_payments(state: State, owner: Key) -> None:
    """Every payment of a document becomes voided."""
    for payment in state.select("heartland/payments", "parent = ?", (owner,)):
        state.put("heartland/payments", payment["id"], {**payment, "status": VOIDED, "updated_at": stamp(state)})


# totals


def _sum(rows: Iterable[Document], name: str) -> Decimal:
    return sum((Decimal(row.get(name) or 0) for row in rows), Decimal(0))


def _original(line: Document) -> Any:
    price = line.get("original_unit_price")
    return line.get("unit_price") if price is None else price


def totals(state: State, path: str, key: Key, head: Document) -> Document:
    """The money fields of a ticket, order or invoice, summed from its lines, taxes, discounts and payments."""
    lines = state.select(f"heartland/{path}.lines", "parent = ?", (key,))
    items = [line for line in lines if line["type"] == ITEM]
    subtotal = sum((line_value(line) for line in items), Decimal(0))
    original = sum(
        (line_value({**line, "value": None, "adjusted_unit_price": _original(line)}) for line in items), Decimal(0)
    )
    tax = _sum((line for line in lines if line["type"] == TAX), "value")
    other = _sum((line for line in lines if line["type"] not in {ITEM, TAX}), "value")
    discounts = Decimal(0)
    if path == "sales/orders":
        tax += _sum(state.select("heartland/sales/orders.taxes", "parent = ?", (key,)), "value")
        discounts = _sum(state.select("heartland/sales/orders.discounts", "parent = ?", (key,)), "amount")
        other += Decimal(head.get("shipping_charge") or 0)
    payments = state.select("heartland/payments", "parent = ?", (key,))
    paid = money(_sum((payment for payment in payments if payment["status"] == COMPLETE), "amount"))
    total = money(subtotal - discounts + tax + other)
    return {
        "subtotal": money(subtotal),
        "original_subtotal": money(original),
        "total_discounts": money(original - subtotal + discounts),
        "tax_total": money(tax),
        "total_tax": money(tax),
        "total": total,
        "total_paid": paid,
        "balance": total - paid,
    }


def refresh(state: State, path: str, key: Key) -> None:
    """Recompute the totals of a stored document."""
    store = RESOURCES[path].store
    head = state.get(store, key) or {}
    state.put(store, key, {**head, **totals(state, path, key, head), "updated_at": stamp(state)})
