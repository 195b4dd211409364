"""Checks that a record passes before anything is written of it. A record that breaks one is parked, the others go on.

Each problem names its place: the line and the SKU, the address field. The whole order waits, never a part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from he_sync.flows.case import Case, Desk, Problem, Steps, each, going
from he_sync.mapping import heartland
from he_sync.mapping.addresses import checked
from he_sync.mapping.sales import read_sale
from he_sync.mapping.statuses import DEAD
from he_sync.model.address import Address
from he_sync.model.contract import Contract, frame
from he_sync.model.customer import Customers
from he_sync.model.errors import BadRecord
from he_sync.model.order import Orders
from he_sync.model.retailer import Retailer
from he_sync.model.sale import Sale
from he_sync.model.ticket import TicketLines, Tickets
from he_sync.quality.contracts import Failure, check
from he_sync.store.canonical import canonical_json

PARTS = ("Erp.BO.PartSvc", "Parts")
PART_FIELDS = ("PartNum", "InActive", "OnHold", "RunOut", "IUM")
UNKNOWN_PART = "is a part of the ERP"
FRAMES: Mapping[str, tuple[type[Contract], str]] = {
    "orders": (Orders, "order_id"),
    "tickets": (Tickets, "ticket_id"),
    "sale_lines": (TicketLines, "owner"),
    "customers": (Customers, "customer_id"),
}
"""Canonical frames by name: the contract that the night checks too, and the column that leads back to the case."""


# contract


def contract(cases: list[Case], desk: Desk) -> list[Case]:
    """A sale or a customer is readable, exact and complete. Facts: `sale`, or `person`."""
    read = [case if case.settled else one for case, one in zip(cases, _READ(cases, desk), strict=True)]
    broken = _broken(going(read), desk.retailer)
    return [_told(case, broken[case.entity]) if case.entity in broken else case for case in read]


def _read(case: Case, desk: Desk) -> Case:
    if case.kind == "customer":
        [(_, person)] = heartland.customer(case.document)
        return case.know(person=person)
    if case.document.get("completed?") is False and case.kind == "ticket":
        return case.still(f"{case.entity} is not completed yet")
    sale = read_sale({**case.document, "payments": ()}, desk.retailer, {})
    if desk.flow.not_before and sale.business_date < desk.flow.not_before.isoformat():
        return case.still(f"of {sale.business_date}, before the flow's first day {desk.flow.not_before}")
    return case.know(sale=sale, cancelled=sale.status in DEAD)


_READ = each(_read)


def _broken(cases: Iterable[Case], retailer: Retailer) -> dict[str, Failure]:
    """The first broken rule of each entity, all of a kind checked in one frame."""
    rows: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for case in cases:
        for name, row in _canonical(case, retailer):
            rows.setdefault(name, []).append((case.entity, row))
    found: dict[str, Failure] = {}
    for name, some in rows.items():
        kind, key = FRAMES[name]
        for failure in check(name, kind, frame(kind, (row for _, row in some)), key).failures:
            entity, row = some[max(failure.row, 0)]
            named = f"line {row['line_id']} (SKU {row['sku']}): " if name == "sale_lines" else ""
            found.setdefault(entity, replace(failure, record=f"{entity} {named}".strip()))
    return found


def _canonical(case: Case, retailer: Retailer) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of the night; its payments are the settlement's business and not checked here."""
    if case.kind == "customer":
        yield "customers", dict(case.facts["person"])
    else:
        of_kind = heartland.order if case.kind == "order" else heartland.ticket
        yield from of_kind({**case.document, "payments": ()}, retailer, {})


def _told(case: Case, failure: Failure) -> Case:
    text = f"{failure.record} {failure.column} is {failure.value or 'wrong'}, the contract says {failure.rule}"
    return case.fail(failure.column, failure.rule, text, failure.value)


# lines and parts


def has_lines(case: Case, desk: Desk) -> Case:
    """A sale sells something; a ticket of gift cards or nothing has no place in the ERP."""
    sale: Sale = case.facts["sale"]
    if sale.lines or case.facts["cancelled"]:
        return case
    if sale.counter_sale:
        return case.still(f"{sale.owner} sells no goods")
    del desk
    return replace(case, problem=Problem("lines", "has lines", f"{sale.owner} has no item line; an order needs one"))


def known_parts(cases: list[Case], desk: Desk) -> list[Case]:
    """Every SKU is a part of the ERP. Fact: `parts`, by PartNum as the sale writes it."""
    wanted = [case for case in going(cases) if not case.facts["cancelled"]]
    skus = [line.sku for case in wanted for line in case.facts["sale"].lines]
    found = part_rows(desk, skus)
    return [case if case.settled or case.facts["cancelled"] else _known(case, found) for case in cases]


def part_rows(desk: Desk, skus: Iterable[str]) -> Mapping[str, dict[str, Any] | None]:
    """Parts by SKU, each asked for once a micro-batch; None for one that the ERP does not have."""
    return desk.look_up("parts", skus, lambda some: _parts(desk, some))


def _parts(desk: Desk, skus: list[str]) -> dict[str, dict[str, Any]]:
    """Parts by the SKU that was asked for; the ERP's database may compare without regard to case."""
    rows = desk.systems.epicor.read_any(*PARTS, "PartNum", skus, select=PART_FIELDS)
    folded = {str(row["PartNum"]).casefold(): row for row in rows}
    exact = {str(row["PartNum"]): row for row in rows}
    return {sku: row for sku in skus if (row := exact.get(sku) or folded.get(sku.casefold()))}


def _known(case: Case, found: Mapping[str, dict[str, Any] | None]) -> Case:
    lines = case.facts["sale"].lines
    missing = {line.sku: line.line_id for line in lines if found[line.sku] is None}
    if not missing:
        return case.know(parts={line.sku: found[line.sku] for line in lines})
    named = ", ".join(f"SKU {sku} (line {line})" for sku, line in missing.items())
    text = f"{case.entity}: {named} is no part in Epicor; create the part or correct the line, the whole sale waits"
    return case.fail("PartNum", UNKNOWN_PART, text, next(iter(missing)), "who keeps the parts in Epicor")


# addresses


def deliverable_address(case: Case, desk: Desk) -> Case:
    """The ship-to of an order, in its one form; what cannot be delivered to is parked before it is sold on."""
    sale: Sale = case.facts["sale"]
    if sale.counter_sale or sale.ship_to is None or case.facts["cancelled"]:
        return case
    try:
        tidy = checked(sale.ship_to, desk.retailer.epicor, f"{sale.owner}: ship-to address")
    except BadRecord as error:
        return case.fail("shipping_address", "can be delivered to", str(error), notice="the shop")
    changed = replace(tidy, notes=()) != replace(sale.ship_to, notes=())
    known = case.know(sale=replace(sale, ship_to=tidy))
    return known.told("validated", "ship-to address standardised", desk, _said(tidy)) if changed else known


def _said(address: Address) -> str:
    return canonical_json({**asdict(address), "notes": list(address.notes)})


STEPS = Steps(
    validators={
        "contract": contract,
        "has_lines": each(has_lines),
        "known_parts": known_parts,
        "deliverable_address": each(deliverable_address),
    }
)
