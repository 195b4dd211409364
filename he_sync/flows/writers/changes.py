"""Changes of sales orders that are in Epicor already: lines, charges and header fields; and cancellation.

Nothing that has left is overwritten (reference accounting 5): a line of which something was shipped keeps its quantity
and price, an order of which something was shipped is not cancelled. What somebody changed since it was read is a
person's question. A change is a list of steps, each done or not by what the order says, so that it goes on where it
broke off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from he_sync.connect.epicor_answers import same
from he_sync.flows.writers.bench import Bench, Body, Writer, refuse_conflict, stored
from he_sync.flows.writers.order_reads import SERVICE, Order, charges, expect, lines, shipped, whole, worth
from he_sync.flows.writers.orders import add_charge
from he_sync.model.errors import BrokenPromise, Refused

ABOUT_LINE = ("op", "line", "was")
CHARGE = ("code", "amount", "text")


def _find(bench: Bench, _key: str, body: Body) -> str | None:
    order = whole(bench, body["owner"])
    done = not any(_open_steps(order, body)) and worth(bench, order) == int(body["amount_minor"])
    return str(order["OrderNum"]) if done else None


def _open_steps(order: Order, body: Body) -> Iterator[Any]:
    """What the order does not say yet."""
    yield from ([body["header"]] if not stored(order, _columns(body.get("header") or {})) else [])
    yield from (one for one in body.get("lines", []) if not _line_done(order, one, body))
    yield from (one for one in body.get("charges", []) if not _charge_done(order, one, body))


def _write(bench: Bench, _key: str, body: Body) -> str:
    order = whole(bench, body["owner"])
    number = int(order["OrderNum"])
    _refuse(order, body)
    _head(bench, order, body)
    for one in body.get("lines", []):
        if not _line_done(order, one, body):
            _line(bench, order, one)
    for one in body.get("charges", []):
        if not _charge_done(order, one, body):
            _charge(bench, order, one)
    expect(number, worth(bench, whole(bench, body["owner"])), int(body["amount_minor"]))
    return str(number)


def _refuse(order: Order, body: Body) -> None:
    """Everything that stands against the change is said before its first step."""
    number = order["OrderNum"]
    if order["VoidOrder"] or not order["OpenOrder"]:
        state = "void" if order["VoidOrder"] else "closed"
        raise Refused(f"sales order {number} is {state}; a person must enter this change of {body['owner']}")
    header = body.get("header") or {}
    refuse_conflict(f"sales order {number}", order, _columns(header), header.get("was", {}))
    for one in body.get("lines", []):
        if one["op"] != "add" and not _line_done(order, one, body):
            _refuse_line(order, one)


def _refuse_line(order: Order, one: Body) -> None:
    line = _line_of(order, one)
    if one["op"] == "set":
        what = f"line {one['line']} of sales order {order['OrderNum']} ({line['PartNum']})"
        if left := shipped(line):
            raise Refused(
                f"{what} has shipped {left.normalize():f} and is not overwritten; return or credit it instead"
            )
        if not line["OpenLine"]:
            raise Refused(f"{what} is closed and is not overwritten; add a line instead")
        refuse_conflict(what, line, _columns(one), one.get("was", {}))


# header


def _columns(one: Body) -> Body:
    return {name: value for name, value in one.items() if name not in ABOUT_LINE}


def _key(bench: Bench, order: Order, **more: int) -> Body:
    return {"Company": bench.retailer.epicor.company, "OrderNum": int(order["OrderNum"]), **more}


def _head(bench: Bench, order: Order, body: Body) -> None:
    wanted = _columns(body.get("header") or {})
    if not stored(order, wanted):
        bench.systems.epicor.patch(SERVICE, "SalesOrders", _key(bench, order), wanted)


# lines


def _line_of(order: Order, one: Body) -> Order:
    """The line that a step names. Raises BrokenPromise where the order has none of that number."""
    for line in lines(order):
        if int(line["OrderLine"]) == int(one["line"]):
            return line
    raise BrokenPromise(f"sales order {order['OrderNum']} has no line {one['line']} any more; a person must look at it")


def _line_done(order: Order, one: Body, body: Body) -> bool:
    if one["op"] == "add":
        return _added(order, one, body)
    line = _line_of(order, one)
    return not line["OpenLine"] if one["op"] == "close" else stored(line, _columns(one))


def _added(order: Order, one: Body, body: Body) -> bool:
    """A new line is known by its number; without one by what it says, among lines that the change does not name."""
    if one.get("line"):
        return any(int(line["OrderLine"]) == int(one["line"]) for line in lines(order))
    named = {int(step["line"]) for step in body["lines"] if step.get("line")}
    alike = [line for line in lines(order) if int(line["OrderLine"]) not in named and stored(line, _columns(one))]
    wanted = [step for step in body["lines"] if step["op"] == "add" and step == one]
    return len(alike) >= len(wanted)


def _line(bench: Bench, order: Order, one: Body) -> None:
    epicor, columns = bench.systems.epicor, _columns(one)
    if one["op"] == "add":
        place = {"OrderLine": int(one["line"])} if one.get("line") else {}
        epicor.insert(SERVICE, "OrderDtls", {**_key(bench, order, **place), **columns})
    elif one["op"] == "set":
        epicor.patch(SERVICE, "OrderDtls", _key(bench, order, OrderLine=int(one["line"])), columns)
    else:
        epicor.call(SERVICE, "CloseOrderLine", {"iOrderNum": int(order["OrderNum"]), "iOrderLine": int(one["line"])})


# charges


def _charge_done(order: Order, one: Body, body: Body) -> bool:
    if one.get("seq"):
        row = _charge_of(order, one)
        return same(row["DocMiscAmt"], _amount(one))
    there = Counter((row["MiscCode"], Decimal(row["DocMiscAmt"]), row["Description"]) for row in charges(order))
    wanted = Counter(tuple(step[name] for name in CHARGE) for step in body["charges"] if not step.get("seq"))
    code, amount, text = (one[name] for name in CHARGE)
    return there[code, Decimal(amount), text] >= wanted[code, amount, text]


def _charge_of(order: Order, one: Body) -> Order:
    for row in charges(order):
        if int(row["SeqNum"]) == int(one["seq"]):
            return row
    raise BrokenPromise(
        f"sales order {order['OrderNum']} has no charge {one['seq']} any more; a person must look at it"
    )


def _amount(one: Body) -> Decimal:
    """What the charge becomes; one that is taken away stays as a row over nothing, because rows are not deleted."""
    return Decimal(0) if one["op"] in {"close", "remove"} else Decimal(one["amount"])


def _charge(bench: Bench, order: Order, one: Body) -> None:
    if not one.get("seq"):
        row = {"MiscCode": one["code"], "Description": one["text"], "DocMiscAmt": _amount(one)}
        add_charge(bench, int(order["OrderNum"]), {**row, "Type": "A", "FreqCode": "F"})
        return
    place = _key(bench, order, OrderLine=0, SeqNum=int(one["seq"]))
    bench.systems.epicor.patch(SERVICE, "OHOrderMscs", place, {"DocMiscAmt": _amount(one)})


# cancellation


def _find_cancelled(bench: Bench, _key: str, body: Body) -> str | None:
    order = whole(bench, body["owner"])
    return str(order["OrderNum"]) if order["VoidOrder"] else None


def _cancel(bench: Bench, _key: str, body: Body) -> str:
    """Void the order in one PATCH, which is read back. Raises Refused where something of it has left."""
    order = whole(bench, body["owner"])
    number = int(order["OrderNum"])
    for line in lines(order):
        if left := shipped(line):
            what = f"{left.normalize():f} of {line['PartNum']} (line {line['OrderLine']})"
            raise Refused(
                f"sales order {number} has shipped {what} and is not cancelled; "
                "close what is left of it and take back what was shipped"
            )
    if not order["VoidOrder"]:
        bench.systems.epicor.patch(SERVICE, "SalesOrders", {"OrderNum": number}, {"VoidOrder": True})
    return str(number)


WRITERS = {
    "change_sales_order": Writer(_find, _write),
    "cancel_sales_order": Writer(_find_cancelled, _cancel),
}
