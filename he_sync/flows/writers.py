"""How each kind of effect is written, and how it is looked up when nobody knows whether it was.

`find` asks the other side for what carries the effect's key and gives its reference, or None; `write` sends it once and
gives the reference. A look-up reads header sets only: a child set answers from a window of parents (reference epicor
2.1).
"""

from __future__ import annotations

from base64 import b32encode
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
from he_sync.model.errors import BrokenPromise, Refused
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
    return str(created.get("CustNum") or _find_customer(bench, key, body))


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


def _orders_of(bench: Bench, po_number: str) -> list[dict[str, Any]]:
    wanted = f"{equals('PONum', po_number)} and VoidOrder eq false"
    rows = bench.systems.epicor.read(
        *ORDERS,
        filter=wanted,
        select=("OrderNum", "PONum", "OrderAmt"),
        expand="OHOrderMscs($select=MiscCode,DocMiscAmt,SeqNum)",
    )
    return sorted((row for row in rows if row["PONum"] == po_number), key=lambda row: int(row["OrderNum"]))


def _find_order(bench: Bench, _key: str, body: dict[str, Any]) -> str | None:
    """Found means complete: a header whose charges are missing is completed here, never created again."""
    rows = _orders_of(bench, body["header"]["PONum"])
    return _complete(bench, rows[0], body) if rows else None


def _write_order(bench: Bench, _key: str, body: dict[str, Any]) -> str:
    customer = _find_customer(bench, "", {"CustID": body["customer"]})
    if customer is None:
        raise Refused(
            f"customer {body['customer']} is not in Epicor; create it or name another walk-in customer in the profile"
        )
    bench.systems.epicor.insert(*ORDERS, {**body["header"], "CustNum": int(customer)})
    rows = _orders_of(bench, body["header"]["PONum"])
    if not rows:
        raise BrokenPromise(f"sales order {body['header']['PONum']} was accepted but cannot be read back")
    return _complete(bench, rows[0], body)


def _complete(bench: Bench, order: dict[str, Any], body: dict[str, Any]) -> str:
    """Add the charges that are not there yet, then read the total back."""
    there = [(row["MiscCode"], Decimal(row["DocMiscAmt"])) for row in order.get("OHOrderMscs") or ()]
    for charge in body["charges"]:
        if (charge["code"], Decimal(charge["amount"])) not in there:
            _charge(bench, int(order["OrderNum"]), charge)
    _verify(bench, int(order["OrderNum"]), int(body["amount_minor"]))
    return str(order["OrderNum"])


def _charge(bench: Bench, order_num: int, charge: dict[str, Any]) -> None:
    row = {
        "Company": bench.retailer.epicor.company,
        "OrderNum": order_num,
        "OrderLine": 0,
        "MiscCode": charge["code"],
        "Description": charge["text"],
        "DocMiscAmt": Decimal(charge["amount"]),
        "Type": "A",
        "FreqCode": "F",
    }
    bench.systems.epicor.insert("Erp.BO.SalesOrderSvc", "OHOrderMscs", row)


def _total(bench: Bench, order_num: int) -> int:
    rows = bench.systems.epicor.read(*ORDERS, filter=equals("OrderNum", order_num), select=("OrderNum", "OrderAmt"))
    if not rows:
        raise BrokenPromise(f"sales order {order_num} cannot be read back")
    return to_minor(rows[0]["OrderAmt"], bench.retailer.currency)


def _verify(bench: Bench, order_num: int, wanted: int) -> None:
    total = _total(bench, order_num)
    if total != wanted:
        raise BrokenPromise(
            f"sales order {order_num} came to {show(total)} instead of {show(wanted)}; a person must look at it"
        )


def _find_charge(bench: Bench, _key: str, body: dict[str, Any]) -> str | None:
    done = _total(bench, int(body["order_num"])) == int(body["target_minor"])
    return str(body["order_num"]) if done else None


def _write_charge(bench: Bench, _key: str, body: dict[str, Any]) -> str:
    _charge(bench, int(body["order_num"]), body)
    _verify(bench, int(body["order_num"]), int(body["target_minor"]))
    return str(body["order_num"])


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
    return _find_erp_stock(bench, key, body) or mark(key)


def _find_pos_stock(bench: Bench, key: str, body: dict[str, Any]) -> str | None:
    """A set that was opened but not completed is completed here: its one line is looked at first."""
    heartland = bench.systems.heartland
    for page in heartland.walk("inventory/adjustment_sets", {"description": mark(key)}):
        for found in page:
            if found["status"] != "complete":
                _finish_set(bench, int(found["id"]), body)
            return str(found["id"])
    return None


def _write_pos_stock(bench: Bench, key: str, body: dict[str, Any]) -> str:
    head = {"location_id": body["location_id"], "adjustment_reason_id": body["reason_id"], "description": mark(key)}
    number = bench.systems.heartland.create("inventory/adjustment_sets", head)
    _finish_set(bench, number, body)
    return str(number)


def _finish_set(bench: Bench, number: int, body: dict[str, Any]) -> None:
    path = f"inventory/adjustment_sets/{number}"
    if not bench.systems.heartland.list_all(f"{path}/lines", []):
        bench.systems.heartland.create(f"{path}/lines", {"item_id": body["item_id"], "qty": Decimal(body["delta"])})
    bench.systems.heartland.update(path, {"status": "complete"})


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
