"""Readers of Heartland: every entity of a micro-batch read again by id, many a request. An event is only a hint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from he_sync.connect.heartland import HeartlandClient
from he_sync.flows.case import Case, Desk, Steps, going, kept_text
from he_sync.model.errors import NotFound

MOST_IDS = 100
"""Ids in one address: about 1,500 bytes of the 7,500 that every gateway takes."""


@dataclass(frozen=True)
class Shelf:
    """Where a kind of entity lives in Heartland and what is read with it."""

    path: str
    include: tuple[str, ...] = ()


ORDERS = Shelf("sales/orders", ("lines", "subtotal", "tax_total", "taxes", "discounts"))
TICKETS = Shelf("sales/tickets", ("lines", "subtotal", "tax_total"))
CUSTOMERS = Shelf("customers", ("addresses",))
SALES: Mapping[str, Shelf] = {"order": ORDERS, "ticket": TICKETS}


def by_ids(heartland: HeartlandClient, shelf: Shelf, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Documents by id; an id that is not there is not in the answer. One request for every MOST_IDS of them."""
    if len(ids) == 1:
        try:
            return {ids[0]: heartland.get(f"{shelf.path}/{ids[0]}", shelf.include)}
        except NotFound:
            return {}
    found: dict[int, dict[str, Any]] = {}
    for first in range(0, len(ids), MOST_IDS):
        found |= _some(heartland, shelf, ids[first : first + MOST_IDS])
    return found


def _some(heartland: HeartlandClient, shelf: Shelf, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """A walk ends with an empty page; once every id is there, that page is not worth a request."""
    found: dict[int, dict[str, Any]] = {}
    for rows in heartland.walk(shelf.path, {"id": {"$in": list(ids)}}, shelf.include, page_size=len(ids)):
        found |= {int(row["id"]): row for row in rows}
        if len(found) == len(ids):
            break
    return found


def look_up(desk: Desk, shelf: Shelf, ids: Iterable[int]) -> Mapping[int, dict[str, Any] | None]:
    """Documents by id, each read once a micro-batch whoever asks."""
    return desk.look_up(shelf.path, ids, lambda some: by_ids(desk.systems.heartland, shelf, some))


def read(cases: list[Case], desk: Desk, shelves: Mapping[str, Shelf]) -> list[Case]:
    """The cases with their documents; kinds without a shelf have nothing to do here."""
    for kind, shelf in shelves.items():
        ids = [int(case.number) for case in going(cases) if case.kind == kind and case.number.isdecimal()]
        if ids:
            look_up(desk, shelf, ids)
    return [case if case.settled else _with_document(case, desk, shelves) for case in cases]


def _with_document(case: Case, desk: Desk, shelves: Mapping[str, Shelf]) -> Case:
    shelf = shelves.get(case.kind)
    if shelf is None:
        return case.still(f"{desk.flow.name} has nothing to do with {case.entity}")
    found = desk.remembered.get(shelf.path, {}).get(int(case.number)) if case.number.isdecimal() else None
    if found is None:
        text = f"Heartland has no {case.entity}; it was deleted there, or the event names a record of another account"
        return case.fail("id", "is in Heartland", text, case.number)
    version = str(found.get("updated_at") or "")
    known = replace(case, document=found)
    return known.told("read", f"as of {version}" if version else "read", desk, kept_text(found))


def _sales(cases: list[Case], desk: Desk) -> list[Case]:
    found = read(cases, desk, SALES)
    wanted = {int(one.document["customer_id"]) for one in going(found) if one.document.get("customer_id")}
    people = look_up(desk, CUSTOMERS, sorted(wanted))
    return [case if case.settled else _with_addresses(case, people) for case in found]


ADDRESSES = {"shipping_address": "shipping_address_id", "billing_address": "billing_address_id"}


def _with_addresses(case: Case, people: Mapping[int, dict[str, Any] | None]) -> Case:
    """The sale with the addresses that it names by id; they are the customer's (reference heartland 1.5, Address)."""
    wanted = {name: case.document[key] for name, key in ADDRESSES.items() if case.document.get(key)}
    owner = people.get(int(case.document.get("customer_id") or 0)) or {}
    found = {name: _address(owner.get("addresses") or (), key) for name, key in wanted.items()}
    return replace(case, document={**case.document, **{name: one for name, one in found.items() if one}})


def _address(addresses: Sequence[Mapping[str, Any]], key: Any) -> Mapping[str, Any] | None:
    """By `address_id`, which sales orders mean; by the id of the link for tenants whose orders carry that one."""
    rows = [row for name in ("address_id", "id") for row in addresses if row.get(name) == key]
    return rows[0] if rows else None


def _returns(cases: list[Case], desk: Desk) -> list[Case]:
    return read(cases, desk, {"ticket": TICKETS})


def _customers(cases: list[Case], desk: Desk) -> list[Case]:
    return read(cases, desk, {"customer": CUSTOMERS})


def lines_of(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The item lines of a sale as they are on the wire."""
    return (line for line in document.get("lines") or () if line.get("type", "ItemLine") == "ItemLine")


STEPS = Steps(readers={"heartland_sales": _sales, "heartland_returns": _returns, "heartland_customers": _customers})
