"""What is told to Heartland: the ERP number and status of an order, shipments as invoices, fields of a customer."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from he_sync.flows.writers.bench import Asked, Bench, Body, Found, Writer, one_of, refuse_conflict, stored
from he_sync.model.errors import BrokenPromise, Refused

ORDERS, INVOICES, CUSTOMERS = "sales/orders", "sales/invoices", "customers"
NUMBER = "epicor_order"
PACK = "epicor_pack"
"""Keys of the custom fields that carry Epicor's order number and shipment."""


def _customs(bench: Bench, asked: Asked) -> dict[int, Body]:
    """The custom fields of many orders, in one call."""
    rows = bench.systems.heartland.by_ids(ORDERS, [int(body["order_id"]) for _, body in asked], ("custom",))
    return {number: row.get("custom") or {} for number, row in rows.items()}


def _gone(body: Body) -> Refused:
    return Refused(f"Heartland has no order {body['order_id']} any more; withdraw this report")


# the ERP number of a new order


def _find_number(bench: Bench, key: str, body: Body) -> str | None:
    return one_of(_find_numbers(bench, [(key, body)]), key)


def _find_numbers(bench: Bench, asked: Asked) -> Found:
    numbers, customs = bench.numbers(body["owner"] for _, body in asked), _customs(bench, asked)
    found = Found()
    for key, body in asked:
        custom, number = customs.get(int(body["order_id"])), numbers.get(body["owner"])
        if custom is None:
            found[key] = _gone(body)
        elif number and str(custom.get(NUMBER)) == number:
            found[key] = number
        else:
            bench.standing[key] = number
    return found


def _write_number(bench: Bench, key: str, body: Body) -> str:
    number = bench.standing.pop(key, None) or bench.reference_of(body["owner"])
    if number is None:
        raise BrokenPromise(f"{body['owner']} has no ERP number to report")
    bench.systems.heartland.update(f"{ORDERS}/{int(body['order_id'])}", {"custom": {NUMBER: number}})
    return str(number)


# its status


def _find_status(bench: Bench, key: str, body: Body) -> str | None:
    return one_of(_find_statuses(bench, [(key, body)]), key)


def _find_statuses(bench: Bench, asked: Asked) -> Found:
    customs, found = _customs(bench, asked), Found()
    for key, body in asked:
        custom = customs.get(int(body["order_id"]))
        if custom is None:
            found[key] = _gone(body)
        elif stored(custom, body["custom"]):
            found[key] = str(body["order_id"])
    return found


def _write_status(bench: Bench, _key: str, body: Body) -> str:
    """Heartland keeps custom fields that are not sent."""
    bench.systems.heartland.update(f"{ORDERS}/{int(body['order_id'])}", {"custom": body["custom"]})
    return str(body["order_id"])


# a shipment


def _invoice(bench: Bench, body: Body) -> dict[str, Any] | None:
    """The living invoice of a shipment. Raises BrokenPromise where there are several.

    All invoices of the order are read: not every tenant lets a custom field be filtered.
    """
    pages = bench.systems.heartland.walk(INVOICES, {"order_id": int(body["order_id"])})
    rows = [row for page in pages for row in page if not row.get("voided?")]
    found = [row for row in rows if str((row.get("custom") or {}).get(PACK)) == str(body["pack"])]
    if len(found) > 1:
        ids = ", ".join(str(row["id"]) for row in found)
        raise BrokenPromise(f"invoices {ids} of order {body['order_id']} are of pack {body['pack']}; void all but one")
    return found[0] if found else None


def _find_invoice(bench: Bench, _key: str, body: Body) -> str | None:
    """Found means complete: one that was opened only has moved no stock."""
    found = _invoice(bench, body)
    return str(found["id"]) if found and found["status"] == "complete" else None


def _write_invoice(bench: Bench, _key: str, body: Body) -> str:
    """The invoice unless it is there, the lines that it lacks, then its completion, which ships the stock."""
    heartland = bench.systems.heartland
    head = {"order_id": int(body["order_id"]), "custom": {PACK: str(body["pack"])}}
    there = _invoice(bench, body)
    number = int(there["id"]) if there else heartland.create(INVOICES, head)
    path = f"{INVOICES}/{number}"
    there_already = Counter((row["item_id"], Decimal(row["qty"])) for row in heartland.list_all(f"{path}/lines"))
    for line in body["lines"]:
        what = (line["item_id"], Decimal(line["qty"]))
        there_already[what] -= 1
        if there_already[what] < 0:
            asked = {"type": "ItemLine", "item_id": what[0], "qty": what[1], "order_line_id": line["order_line_id"]}
            heartland.create(f"{path}/lines", asked)
    heartland.update(path, {"status": "complete"})
    return str(number)


# a customer


def _customer(bench: Bench, body: Body) -> dict[str, Any]:
    number = int(body["customer_id"])
    row = bench.systems.heartland.by_ids(CUSTOMERS, [number]).get(number)
    if row is None:
        raise Refused(f"Heartland has no customer {number} any more; withdraw this change")
    return row


def _find_customer(bench: Bench, _key: str, body: Body) -> str | None:
    return str(body["customer_id"]) if stored(_customer(bench, body), body["fields"]) else None


def _write_customer(bench: Bench, _key: str, body: Body) -> str:
    if was := body.get("was"):
        refuse_conflict(f"Heartland customer {body['customer_id']}", _customer(bench, body), body["fields"], was)
    bench.systems.heartland.update(f"{CUSTOMERS}/{int(body['customer_id'])}", body["fields"])
    return str(body["customer_id"])


WRITERS = {
    "confirm_order": Writer(_find_number, _write_number, _find_numbers),
    "report_status": Writer(_find_status, _write_status, _find_statuses),
    "invoice_order": Writer(_find_invoice, _write_invoice),
    "update_pos_customer": Writer(_find_customer, _write_customer),
}
