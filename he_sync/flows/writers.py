"""How each kind of effect is written, and how it is looked up when nobody knows whether it was.

`find` only reads: it asks the other side for what carries the effect's key and is complete, and gives its reference, or
None. `write` gives the reference too; it may be begun again after it broke off anywhere, because it reads what is there
first and adds only what is missing. A look-up reads header sets only: a child set answers from a window of parents
(reference epicor 2.1).
"""

from __future__ import annotations

from base64 import b32encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from he_sync.connect.epicor_query import equals
from he_sync.connect.epicor_sequences import (
    Adjustment,
    JournalLine,
    adjust_quantity,
    find_adjustment,
    find_posted,
    post_journal,
)
from he_sync.connect.systems import Systems
from he_sync.model.errors import BrokenPromise, LookUpFirst, Refused
from he_sync.model.money import show, to_major, to_minor
from he_sync.model.retailer import Retailer

ORDERS = ("Erp.BO.SalesOrderSvc", "SalesOrders")
CUSTOMERS = ("Erp.BO.CustomerSvc", "Customers")


@dataclass(frozen=True)
class Bench:
    """What a writer works with: the systems, the profile, and the ERP number of a sale by its owner."""

    systems: Systems
    retailer: Retailer
    reference_of: Callable[[str], str | None]


@dataclass(frozen=True)
class Writer:
    """One kind of effect."""

    find: Callable[[Bench, str, dict[str, Any]], str | None]
    write: Callable[[Bench, str, dict[str, Any]], str]


def mark(key: str) -> str:
    """The part of an effect's key that fits into a reference text of the other side."""
    return f"HE {key[:20]}"


def group_id(key: str) -> str:
    """The journal group of an effect: nine characters are all that Epicor's GroupID holds.

    Forty bits of the key meet by chance once in about a million journals; a found group counts as ours only when its
    lines carry our text too.
    """
    return "H" + b32encode(bytes.fromhex(key)).decode()[:8]


# customers


def _find_customer(bench: Bench, _key: str, body: dict[str, Any]) -> str | None:
    rows = bench.systems.epicor.read(*CUSTOMERS, filter=equals("CustID", body["CustID"]), select=("CustNum", "CustID"))
    return str(rows[0]["CustNum"]) if rows else None


def _write_customer(bench: Bench, key: str, body: dict[str, Any]) -> str:
    created = bench.systems.epicor.insert(*CUSTOMERS, body)
    if reference := str(created.get("CustNum") or "") or _find_customer(bench, key, body):
        return reference
    raise LookUpFirst(f"customer {body['CustID']} was accepted and cannot be read back yet")


def _find_update(bench: Bench, _key: str, body: dict[str, Any]) -> str | None:
    rows = bench.systems.epicor.read(*CUSTOMERS, filter=equals("CustNum", int(body["CustNum"])), select=tuple(body))
    done = rows and all(rows[0].get(name) == value for name, value in body.items())
    return str(body["CustNum"]) if done else None


def _update_customer(bench: Bench, _key: str, body: dict[str, Any]) -> str:
    fields = {name: value for name, value in body.items() if name != "CustNum"}
    bench.systems.epicor.patch(
        *CUSTOMERS, {"Company": bench.retailer.epicor.company, "CustNum": int(body["CustNum"])}, fields
    )
    return str(body["CustNum"])


# sales orders


def _order(bench: Bench, asked: str) -> dict[str, Any] | None:
    """The one living sales order of a filter, with its charges. Raises BrokenPromise where there are several."""
    rows = bench.systems.epicor.read(
        *ORDERS,
        filter=f"{asked} and VoidOrder eq false",
        select=("OrderNum", "PONum", "OrderAmt"),
        expand="OHOrderMscs($select=MiscCode,DocMiscAmt,Description,SeqNum)",
    )
    if len(rows) > 1:
        numbers = ", ".join(sorted(str(row["OrderNum"]) for row in rows))
        raise BrokenPromise(f"sales orders {numbers} carry the same {rows[0]['PONum']}; void all but one")
    return rows[0] if rows else None


def _charges(order: dict[str, Any]) -> list[dict[str, Any]]:
    return order.get("OHOrderMscs") or []


def _missing(order: dict[str, Any], body: dict[str, Any]) -> list[dict[str, Any]]:
    """The charges of the plan that the order does not carry yet, each counted."""
    there = Counter((row["MiscCode"], Decimal(row["DocMiscAmt"])) for row in _charges(order))
    missing = []
    for charge in body["charges"]:
        if there[charge["code"], Decimal(charge["amount"])]:
            there[charge["code"], Decimal(charge["amount"])] -= 1
        else:
            missing.append(charge)
    return missing


def _find_order(bench: Bench, _key: str, body: dict[str, Any]) -> str | None:
    """Found means complete: a header whose charges are missing still has to be written."""
    order = _order(bench, equals("PONum", body["header"]["PONum"]))
    return str(order["OrderNum"]) if order and _total(bench, order) == int(body["amount_minor"]) else None


def _write_order(bench: Bench, _key: str, body: dict[str, Any]) -> str:
    """The header with its lines unless it is there, then the charges that are missing, then the total read back."""
    order = _order(bench, equals("PONum", body["header"]["PONum"])) or _new_order(bench, body)
    number, missing = int(order["OrderNum"]), _missing(order, body)
    amounts = sum(to_minor(charge["amount"], bench.retailer.currency) for charge in missing)
    _expect(number, _total(bench, order) + amounts, int(body["amount_minor"]))
    for charge in missing:
        _charge(bench, number, charge, charge["text"])
    return _verified(bench, number, int(body["amount_minor"]))


def _new_order(bench: Bench, body: dict[str, Any]) -> dict[str, Any]:
    customer = _find_customer(bench, "", {"CustID": body["customer"]})
    if customer is None:
        raise Refused(
            f"customer {body['customer']} is not in Epicor; create it or name another walk-in customer in the profile"
        )
    bench.systems.epicor.insert(*ORDERS, {**body["header"], "CustNum": int(customer)})
    order = _order(bench, equals("PONum", body["header"]["PONum"]))
    if order is None:
        raise LookUpFirst(f"sales order {body['header']['PONum']} was accepted and cannot be read back yet")
    return order


def _charge(bench: Bench, order_num: int, charge: dict[str, Any], text: str) -> None:
    row = {
        "Company": bench.retailer.epicor.company,
        "OrderNum": order_num,
        "OrderLine": 0,
        "MiscCode": charge["code"],
        "Description": text,
        "DocMiscAmt": Decimal(charge["amount"]),
        "Type": "A",
        "FreqCode": "F",
    }
    bench.systems.epicor.insert("Erp.BO.SalesOrderSvc", "OHOrderMscs", row)


def _numbered(bench: Bench, order_num: int) -> dict[str, Any]:
    order = _order(bench, equals("OrderNum", order_num))
    if order is None:
        raise BrokenPromise(f"sales order {order_num} is gone or void")
    return order


def _total(bench: Bench, order: dict[str, Any]) -> int:
    return to_minor(order["OrderAmt"], bench.retailer.currency)


def _verified(bench: Bench, order_num: int, wanted: int) -> str:
    """The order's number, once its total reads back as wanted."""
    _expect(order_num, _total(bench, _numbered(bench, order_num)), wanted)
    return str(order_num)


def _expect(order_num: int, total: int, wanted: int) -> None:
    """Raises BrokenPromise for an order that is not, or would not become, what was planned: it may not be ours."""
    if total != wanted:
        raise BrokenPromise(
            f"sales order {order_num} comes to {show(total)} instead of {show(wanted)}; a person must look at it"
        )


def _find_charge(bench: Bench, key: str, body: dict[str, Any]) -> str | None:
    """By its text, not by the order's total: a total may have moved for other reasons since."""
    order = _numbered(bench, int(body["order_num"]))
    ours = any(mark(key) in str(row.get("Description")) for row in _charges(order))
    return str(body["order_num"]) if ours or _total(bench, order) == int(body["target_minor"]) else None


def _write_charge(bench: Bench, key: str, body: dict[str, Any]) -> str:
    number, target = int(body["order_num"]), int(body["target_minor"])
    planned_from = target - to_minor(body["amount"], bench.retailer.currency)
    total = _total(bench, _numbered(bench, number))
    if total != planned_from:
        raise Refused(f"sales order {number} stands at {show(total)}, not {show(planned_from)} as planned; close again")
    _charge(bench, number, body, mark(key))
    return _verified(bench, number, target)


def _find_confirmation(bench: Bench, _key: str, body: dict[str, Any]) -> str | None:
    number = bench.reference_of(body["owner"])
    order = bench.systems.heartland.get(f"sales/orders/{int(body['order_id'])}")
    return number if number and str((order.get("custom") or {}).get("epicor_order")) == number else None


def _write_confirmation(bench: Bench, _key: str, body: dict[str, Any]) -> str:
    number = bench.reference_of(body["owner"])
    if number is None:
        raise BrokenPromise(f"{body['owner']} has no ERP number to report")
    bench.systems.heartland.update(f"sales/orders/{int(body['order_id'])}", {"custom": {"epicor_order": number}})
    return number


# stock


def _adjustment(bench: Bench, key: str, body: dict[str, Any]) -> Adjustment:
    return Adjustment(
        part=body["part"],
        warehouse=body["warehouse"],
        bin=body["bin"],
        delta=Decimal(body["delta"]),
        unit=body["unit"],
        reason=bench.retailer.epicor.adjust_reason,
        day=date.fromisoformat(body["date"]),
        reference=mark(key),
    )


def _find_erp_stock(bench: Bench, key: str, body: dict[str, Any]) -> str | None:
    found = find_adjustment(bench.systems.epicor, _adjustment(bench, key, body))
    return str(found["TranNum"]) if found else None


def _write_erp_stock(bench: Bench, key: str, body: dict[str, Any]) -> str:
    adjust_quantity(bench.systems.epicor, _adjustment(bench, key, body))
    if reference := _find_erp_stock(bench, key, body):
        return reference
    raise LookUpFirst(f"the adjustment of {body['part']} was accepted and cannot be read back yet")


def _set(bench: Bench, key: str) -> dict[str, Any] | None:
    """The adjustment set that carries the key. Raises BrokenPromise where there are several."""
    pages = bench.systems.heartland.walk("inventory/adjustment_sets", {"description": mark(key)})
    found = [row for page in pages for row in page]
    if len(found) > 1:
        raise BrokenPromise(f"{len(found)} adjustment sets are called {mark(key)}; void all but one")
    return found[0] if found else None


def _find_pos_stock(bench: Bench, key: str, _body: dict[str, Any]) -> str | None:
    """Found means complete: a set that was opened only still has to be written."""
    found = _set(bench, key)
    return str(found["id"]) if found and found["status"] == "complete" else None


def _write_pos_stock(bench: Bench, key: str, body: dict[str, Any]) -> str:
    """The set unless it is there, its one line unless it is there, then its completion."""
    heartland = bench.systems.heartland
    head = {"location_id": body["location_id"], "adjustment_reason_id": body["reason_id"], "description": mark(key)}
    there = _set(bench, key)
    number = int(there["id"]) if there else heartland.create("inventory/adjustment_sets", head)
    path = f"inventory/adjustment_sets/{number}"
    if not heartland.list_all(f"{path}/lines"):
        heartland.create(f"{path}/lines", {"item_id": body["item_id"], "qty": Decimal(body["delta"])})
    heartland.update(path, {"status": "complete"})
    return str(number)


# ledger


def _find_journal(bench: Bench, key: str, body: dict[str, Any]) -> str | None:
    texts = {line["text"] for line in body["lines"]}
    posted = find_posted(bench.systems.epicor, group_id(key))
    return next((str(row["JournalNum"]) for row in posted if row["Description"] in texts), None)


def _write_journal(bench: Bench, key: str, body: dict[str, Any]) -> str:
    books, currency = bench.retailer.epicor, bench.retailer.currency
    lines = [
        JournalLine(line["account"], to_major(int(line["amount_minor"]), currency), line["text"])
        for line in body["lines"]
    ]
    header = {
        "BookID": books.book,
        "JournalCode": books.journal_code,
        "JEDate": f"{body['date']}T00:00:00",
        "Description": body["text"],
    }
    return str(post_journal(bench.systems.epicor, group_id(key), header, lines).journal_num)


WRITERS: dict[str, Writer] = {
    "create_customer": Writer(_find_customer, _write_customer),
    "update_customer": Writer(_find_update, _update_customer),
    "create_sales_order": Writer(_find_order, _write_order),
    "add_order_charge": Writer(_find_charge, _write_charge),
    "confirm_order": Writer(_find_confirmation, _write_confirmation),
    "adjust_erp_stock": Writer(_find_erp_stock, _write_erp_stock),
    "adjust_pos_stock": Writer(_find_pos_stock, _write_pos_stock),
    "post_journal": Writer(_find_journal, _write_journal),
}
