"""Invoices: they fulfil an open order.

Completing one ships the stock, releases its commitment and, when all is invoiced, closes the order. The totals of an
order's invoices add up to the order's total, our choice: the last one takes what is left of tax, freight and deposits.
"""

from __future__ import annotations

from decimal import Decimal

from he_sync.sandbox.heartland import orders, switches
from he_sync.sandbox.heartland.crud import Rules, Write
from he_sync.sandbox.heartland.errors import validation_error
from he_sync.sandbox.heartland.fields import money, stamp, stored
from he_sync.sandbox.heartland.lines import COMPLETE, ITEM, bodies, fill_line, fill_payment, insert_all, refresh, totals
from he_sync.sandbox.heartland.lookups import document, item_of, transaction_key
from he_sync.sandbox.heartland.resources import RESOURCES
from he_sync.sandbox.heartland.stock import Move, Source, post, quantity
from he_sync.sandbox.heartland.tickets import complete, name_customer, void
from he_sync.sandbox.state import Document, Key, State, field

PATH = "sales/invoices"
LINE_NESTED = ("item_lookup", "order_id")
SHARED = ("tax_total", "total_tax", "total", "total_paid")
INHERITED = ("customer_id", "source_location_id", "station_id", "sales_rep")


def _lines(state: State, key: Key) -> list[Document]:
    return state.select(RESOURCES[f"{PATH}.lines"].store, "parent = ?", (key,))


def _prepare(write: Write) -> None:
    invoice, before = write.document, write.before or {}
    order = document(write.state, orders.PATH, invoice.get("order_id"))
    if write.before is None and order.get("status") != orders.OPEN:
        raise validation_error({"order_id": "is not an open order"})
    _check_status(write)
    for name in INHERITED:
        invoice[name] = order.get(name) if invoice.get(name) is None else invoice[name]
    name_customer(write)
    complete(write)
    if write.before is None:
        lines = [*bodies(write.asked, "item_lines", ITEM), *bodies(write.asked, "lines", ITEM)]
        insert_all(
            write.state,
            f"{PATH}.lines",
            Rules(_fill_line, nested=LINE_NESTED),
            write.key,
            [{**line, "order_id": order["id"]} for line in lines],
        )
    _price(write, order)
    if invoice["voided?"] and not before.get("voided?"):
        _reopen(write, order)
    void(write)


def _check_status(write: Write) -> None:
    before, now = (write.before or {}).get("status"), write.document["status"]
    if now not in {orders.PENDING, COMPLETE, before} or (before == COMPLETE and now == orders.PENDING):
        raise validation_error({"status": "cannot become that"})
    again = before == COMPLETE and write.asked.get("status") == COMPLETE
    if again and switches.COMPLETE_TWICE.read(write.state) == "refused":
        raise validation_error({"status": "is already complete"})


def _price(write: Write, order: Document) -> None:
    """Until it is complete an invoice follows its lines; after that only payments and voiding change its money."""
    invoice, given = write.document, write.asked.get("total")
    if write.before is None or not write.before["completed?"]:
        invoice |= totals(write.state, PATH, write.key, invoice)
        invoice |= _remainder(write, order) if _is_last(write, order) else {}
    if given is not None:
        invoice["total"] = money(stored("total", given))
    invoice["balance"] = money(invoice["total"]) - money(invoice["total_paid"])


def _is_last(write: Write, order: Document) -> bool:
    lines = _lines(write.state, write.key)
    here = sum((quantity(line["qty"]) for line in lines if line["type"] == ITEM), Decimal(0))
    ordered = orders.lines_of(write.state, order["id"])
    return bool(lines) and here >= sum(map(orders.remaining, ordered), Decimal(0))


def _remainder(write: Write, order: Document) -> Document:
    """What is left of the order's tax and total, and of the deposits paid on it."""
    where = f"{field('order_id')} = ? AND key <> ? AND {field('status')} = ?"
    others = write.state.select(RESOURCES[PATH].store, where, (order["id"], write.key, COMPLETE))
    alive = [other for other in others if not other.get("voided?")]
    left = {name: money(order[name]) - sum((money(one[name]) for one in alive), money(0)) for name in SHARED}
    return {**left, "total_paid": left["total_paid"] + write.document["total_paid"]}


def _settle(write: Write) -> None:
    if not write.turns("status", COMPLETE) or write.document["voided?"]:
        return
    order = document(write.state, orders.PATH, write.document["order_id"])
    if order["status"] != orders.OPEN:
        raise validation_error({"order_id": "is not an open order"})
    _invoice_lines(write, order, 1)
    if not sum(map(orders.remaining, orders.lines_of(write.state, order["id"])), Decimal(0)):
        closed = {**order, "status": orders.CLOSED, "closed_at": stamp(write.state), "updated_at": stamp(write.state)}
        write.state.put(RESOURCES[orders.PATH].store, order["id"], closed)


def _invoice_lines(write: Write, order: Document, sign: int) -> None:
    """Mark order lines invoiced and, forwards, ship: on hand and commitment fall together."""
    resource = RESOURCES[f"{orders.PATH}.lines"]
    for line in _lines(write.state, write.key):
        ordered = document(write.state, resource.path, line.get("order_line_id"))
        if not ordered:
            continue
        qty = quantity(line["qty"])
        if sign > 0 and qty > orders.remaining(ordered):
            raise validation_error({"qty": "is more than is left on the order"})
        invoiced = quantity(ordered.get("qty_invoiced")) + sign * qty
        write.state.put(resource.store, ordered["id"], {**ordered, "qty_invoiced": invoiced})
        if sign > 0:
            move = Move(*orders.place_of(order, ordered), qty=-qty, committed=-qty)
            post(write.state, Source("Invoice", write.key), [move])


def _reopen(write: Write, order: Document) -> None:
    """A voided invoice gives its quantities back to the order."""
    if (write.before or {}).get("status") == COMPLETE:
        _invoice_lines(write, order, -1)
        reopened = {**order, "status": orders.OPEN, "closed_at": None, "updated_at": stamp(write.state)}
        write.state.put(RESOURCES[orders.PATH].store, order["id"], reopened)


def _fill_line(write: Write) -> None:
    """An invoice line takes the price of the order line it fulfils: the one it names, else the item's first."""
    order_id: Key = write.asked.get("order_id") or document(write.state, PATH, write.owner)["order_id"]
    item = item_of(write.state, write.asked) if write.before is None else {"id": write.document["item_id"]}
    mine = [one for one in orders.lines_of(write.state, order_id) if one.get("item_id") == item.get("id")]
    named = write.document.get("order_line_id")
    ordered = next((one for one in mine if one["id"] == named), None) if named else next(iter(mine), None)
    if ordered is None:
        raise validation_error({"item_id": "is not on the order"})
    write.document["order_line_id"] = ordered["id"]
    for name in ("unit_price", "original_unit_price", "adjusted_unit_price"):
        if write.document.get(name) is None:
            write.document[name] = ordered.get(name)
    fill_line(write)
    if quantity(write.document["qty"]) > orders.remaining(ordered):
        raise validation_error({"qty": "is more than is left on the order"})


def _prepare_line(write: Write) -> None:
    if document(write.state, PATH, write.owner).get("status") == COMPLETE:
        raise validation_error({"invoice": "is complete"})
    _fill_line(write)


def _prepare_payment(write: Write) -> None:
    fill_payment(write, document(write.state, PATH, write.owner).get("source_location_id"))


def _settle_payment(write: Write) -> None:
    """A payment moves what is paid by what it counts now less what it counted before."""
    invoice = document(write.state, PATH, write.owner)
    paid = money(invoice["total_paid"]) + _counted(write.document) - _counted(write.before or {})
    changed = {"total_paid": paid, "balance": money(invoice["total"]) - paid, "updated_at": stamp(write.state)}
    write.state.put(RESOURCES[PATH].store, invoice["id"], {**invoice, **changed})


def _counted(payment: Document) -> Decimal:
    return money(payment["amount"]) if payment.get("status") == COMPLETE else money(0)


def _refresh(write: Write) -> None:
    if write.owner is not None:
        refresh(write.state, PATH, write.owner)


RULES = {
    PATH: Rules(_prepare, _settle, next_key=transaction_key, nested=("item_lines", "lines")),
    f"{PATH}.lines": Rules(_prepare_line, _refresh, nested=LINE_NESTED),
    f"{PATH}.payments": Rules(_prepare_payment, _settle_payment),
}
