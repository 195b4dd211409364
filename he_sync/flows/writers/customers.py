"""Customers in Epicor: a new one under the CustID that its POS id gives, and changes of fields."""

from __future__ import annotations

from collections.abc import Iterable

from he_sync.connect.epicor_query import equals
from he_sync.flows.writers.bench import Asked, Bench, Body, Found, Writer, refuse_conflict, stored
from he_sync.model.errors import LookUpFirst, Refused

CUSTOMERS = ("Erp.BO.CustomerSvc", "Customers")
NOT_FIELDS = ("CustNum", "CustID", "was")


def know(bench: Bench, ids: Iterable[str]) -> None:
    """Learn the CustNum of customers that this bench does not know yet, in one call."""
    if wanted := [one for one in dict.fromkeys(ids) if one not in bench.customers]:
        rows = bench.systems.epicor.read_any(*CUSTOMERS, "CustID", wanted, select=("CustNum", "CustID"))
        spelt = {row["CustID"].casefold(): int(row["CustNum"]) for row in rows}
        bench.customers.update({one: spelt[one.casefold()] for one in wanted if one.casefold() in spelt})


def number_of_customer(bench: Bench, custom_id: str) -> int:
    """CustNum of a CustID. Raises Refused where there is none."""
    know(bench, [custom_id])
    if custom_id not in bench.customers:
        raise Refused(
            f"customer {custom_id} is not in Epicor; create it or name another walk-in customer in the profile"
        )
    return bench.customers[custom_id]


def _find(bench: Bench, _key: str, body: Body) -> str | None:
    know(bench, [body["CustID"]])
    number = bench.customers.get(body["CustID"])
    return None if number is None else str(number)


def _find_many(bench: Bench, asked: Asked) -> Found:
    know(bench, [body["CustID"] for _, body in asked])
    return {key: str(bench.customers[body["CustID"]]) for key, body in asked if body["CustID"] in bench.customers}


def _create(bench: Bench, key: str, body: Body) -> str:
    created = bench.systems.epicor.insert(*CUSTOMERS, body)
    if reference := str(created.get("CustNum") or "") or _find(bench, key, body):
        return reference
    raise LookUpFirst(f"customer {body['CustID']} was accepted and cannot be read back yet")


def _number(bench: Bench, body: Body) -> int:
    return int(body["CustNum"]) if "CustNum" in body else number_of_customer(bench, body["CustID"])


def _fields(body: Body) -> Body:
    return {name: value for name, value in body.items() if name not in NOT_FIELDS}


def _row(bench: Bench, body: Body) -> Body:
    """The customer as it is. Raises Refused where it is gone."""
    number, fields = _number(bench, body), _fields(body)
    rows = bench.systems.epicor.read(*CUSTOMERS, filter=equals("CustNum", number), select=("CustNum", *fields))
    if not rows:
        raise Refused(f"customer {number} is not in Epicor any more; match the POS customer again")
    return rows[0]


def _find_change(bench: Bench, _key: str, body: Body) -> str | None:
    row = _row(bench, body)
    return str(row["CustNum"]) if stored(row, _fields(body)) else None


def _change(bench: Bench, _key: str, body: Body) -> str:
    fields, number = _fields(body), _number(bench, body)
    if was := body.get("was"):
        refuse_conflict(f"customer {number}", _row(bench, body), fields, was)
    bench.systems.epicor.patch(*CUSTOMERS, {"Company": bench.retailer.epicor.company, "CustNum": number}, fields)
    return str(number)


WRITERS = {
    "create_customer": Writer(_find, _create, _find_many),
    "update_customer": Writer(_find_change, _change),
}
