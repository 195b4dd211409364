"""New sales orders in Epicor: one composite POST keyed by the sale, looked up by it, proven by reading back its total.

A header whose lines or charges failed is completed, never written a second time (reference reliability F63). Effects of
older stores carry their charges beside the header; they go out one by one after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from he_sync.flows.writers import order_function
from he_sync.flows.writers.bench import UNSEEN, Asked, Bench, Body, Found, Writer, Written, mark, one_of
from he_sync.flows.writers.customers import know, number_of_customer
from he_sync.flows.writers.order_reads import (
    ORDERS,
    SERVICE,
    Order,
    charges,
    expect,
    lines,
    numbered,
    of_sales,
    only,
    total,
)
from he_sync.model.errors import BrokenPromise, HeSyncError, LookUpFirst, Refused
from he_sync.model.money import show, to_minor

CENT = Decimal("0.01")


def _find(bench: Bench, key: str, body: Body) -> str | None:
    return one_of(_find_many(bench, [(key, body)]), key)


def _find_many(bench: Bench, asked: Asked) -> Found:
    """Found means complete; what is there in part, or not at all, is noted for the write."""
    there, found = of_sales(bench, asked), Found()
    for key, body in asked:
        try:
            order = only(there[key])
        except BrokenPromise as error:
            found[key] = error
            continue
        if order is not None and _complete(bench, order, body):
            found[key] = str(order["OrderNum"])
        else:
            bench.standing[key] = order
    know(bench, [body["customer"] for key, body in asked if bench.standing.get(key, UNSEEN) is None])
    return found


def _complete(bench: Bench, order: Order, body: Body) -> bool:
    return total(bench, order) == int(body["amount_minor"]) and not _missing_lines(order, body)


def _missing_lines(order: Order, body: Body) -> dict[int, Body]:
    """Lines of the plan that the order lacks, by number: a composite POST numbers them by their place."""
    there = {int(line["OrderLine"]) for line in lines(order)}
    planned = enumerate(body["header"].get("OrderDtls", []), start=1)
    return {place: line for place, line in planned if place not in there}


def _rows(body: Body) -> list[Body]:
    """The charges of the plan as rows, wherever it carries them."""
    beside = [_row(charge["code"], charge["amount"], charge["text"]) for charge in body.get("charges", [])]
    return [*body["header"].get("OHOrderMscs", []), *beside]


def _row(code: str, amount: Any, text: str) -> Body:
    return {"MiscCode": code, "Description": text, "DocMiscAmt": Decimal(amount), "Type": "A", "FreqCode": "F"}


def _missing_charges(order: Order, body: Body) -> list[Body]:
    """The charges of the plan that the order does not carry yet, each counted."""
    there = Counter((row["MiscCode"], Decimal(row["DocMiscAmt"])) for row in charges(order))
    missing = []
    for row in _rows(body):
        if there[row["MiscCode"], Decimal(row["DocMiscAmt"])]:
            there[row["MiscCode"], Decimal(row["DocMiscAmt"])] -= 1
        else:
            missing.append(row)
    return missing


def _write(bench: Bench, key: str, body: Body) -> str:
    """The order unless it is there; of a part of one, what is missing, if that makes it what was planned."""
    if bench.standing.get(key, UNSEEN) is UNSEEN and (reference := _find(bench, key, body)):
        return reference
    order = bench.standing.pop(key)
    if order is not None:
        return _completed(bench, order, body)
    if body.get("way", bench.way) == "function":
        return order_function.create(bench, key, _header(bench, key, body), _rows(body))
    return _created(bench, key, body)


def _header(bench: Bench, key: str, body: Body) -> Body:
    marked = {bench.key_column: key} if bench.key_column else {}
    return {**body["header"], **marked, "CustNum": number_of_customer(bench, body["customer"])}


def _created(bench: Bench, key: str, body: Body) -> str:
    answer = bench.systems.epicor.insert(*ORDERS, _header(bench, key, body))
    number = answer.get("OrderNum")
    if not isinstance(number, int) or number <= 0:
        raise LookUpFirst(
            f"sales order {body['header']['PONum']} was accepted without a number; looked up by its PONum"
        )
    for charge in body.get("charges", []):
        add_charge(bench, number, _row(charge["code"], charge["amount"], charge["text"]))
    return str(number)


def _completed(bench: Bench, order: Order, body: Body) -> str:
    number, absent, rows = int(order["OrderNum"]), _missing_lines(order, body), _missing_charges(order, body)
    rest = _worth(absent.values()) + sum((Decimal(row["DocMiscAmt"]) for row in rows), Decimal(0))
    coming = total(bench, order) + to_minor(rest, bench.retailer.currency)
    expect(number, coming, int(body["amount_minor"]))
    for place, line in sorted(absent.items()):
        bench.systems.epicor.insert(SERVICE, "OrderDtls", {**_of(bench, number, place), **line})
    for row in rows:
        add_charge(bench, number, row)
    return str(number)


def _worth(planned: Iterable[Body]) -> Decimal:
    """What lines will come to: quantity times price, rounded to the cent as Epicor does, less the discount."""
    return sum((_extended(line) - Decimal(line.get("DocDiscount", 0)) for line in planned), Decimal(0))


def _extended(line: Body) -> Decimal:
    return (Decimal(line["SellingQuantity"]) * Decimal(line["DocUnitPrice"])).quantize(CENT, ROUND_HALF_UP)


def _of(bench: Bench, order_num: int, line: int) -> Body:
    return {"Company": bench.retailer.epicor.company, "OrderNum": order_num, "OrderLine": line}


def add_charge(bench: Bench, order_num: int, row: Body) -> None:
    """One more charge on an order's header."""
    bench.systems.epicor.insert(SERVICE, "OHOrderMscs", {**_of(bench, order_num, 0), **row})


def _verify_many(bench: Bench, written: Written) -> dict[str, HeSyncError]:
    """The totals read back by number, all in one call; what is not there yet is looked up after the quarantine."""
    numbers = [int(reference) for _, _, reference in written]
    rows = bench.systems.epicor.read_any(*ORDERS, "OrderNum", numbers, select=("OrderNum", "PONum", "OrderAmt"))
    there = {int(row["OrderNum"]): row for row in rows}
    wrong = {}
    for key, body, reference in written:
        if error := _wrong(bench, there.get(int(reference)), body, reference):
            wrong[key] = error
    return wrong


def _wrong(bench: Bench, row: Order | None, body: Body, reference: str) -> HeSyncError | None:
    wanted = body["header"]["PONum"]
    if row is None or str(row["PONum"]).casefold() != wanted.casefold():
        return LookUpFirst(f"sales order {wanted} was accepted as {reference} and cannot be read back yet")
    try:
        expect(int(reference), total(bench, row), int(body["amount_minor"]))
    except BrokenPromise as error:
        return error
    return None


# a charge on an order that is there (the night's corrections)


def _find_charge(bench: Bench, key: str, body: Body) -> str | None:
    """By its text, not by the order's total: a total may have moved for other reasons since."""
    order = numbered(bench, int(body["order_num"]))
    ours = any(mark(key) in str(row.get("Description")) for row in charges(order))
    return str(body["order_num"]) if ours or total(bench, order) == int(body["target_minor"]) else None


def _write_charge(bench: Bench, key: str, body: Body) -> str:
    number, target = int(body["order_num"]), int(body["target_minor"])
    planned_from = target - to_minor(body["amount"], bench.retailer.currency)
    stands = total(bench, numbered(bench, number))
    if stands != planned_from:
        raise Refused(
            f"sales order {number} stands at {show(stands)}, not {show(planned_from)} as planned; close again"
        )
    add_charge(bench, number, _row(body["code"], body["amount"], mark(key)))
    expect(number, total(bench, numbered(bench, number)), target)
    return str(number)


WRITERS = {
    "create_sales_order": Writer(_find, _write, _find_many, _verify_many),
    "add_order_charge": Writer(_find_charge, _write_charge),
}
