"""Which sale goods come back from: the ticket, or the sales order of the invoice, that a return names as its parent.

A return names a transaction by its bare id (reference heartland 1.5), so both kinds are asked for. A return without
receipt names none; of a sale that Epicor never had, the goods come back without an order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from he_sync.flows.case import Case, Desk
from he_sync.flows.steps.documents import TICKETS, Shelf, lines_of, look_up
from he_sync.flows.steps.standing import Standing, of_entities
from he_sync.store import inbox

INVOICES = Shelf("sales/invoices", ("lines",))
WAITING = frozenset({"new", "taken"})
Document = Mapping[str, Any]


def originals(cases: Iterable[Case], desk: Desk) -> dict[str, str]:
    """The sale behind each return that has one, by the return's entity."""
    parents = {case.entity: case for case in cases if case.facts["sale"].parent}
    ids = sorted({case.facts["sale"].parent for case in parents.values()})
    if not ids:
        return {}
    tickets, invoices = look_up(desk, TICKETS, ids), look_up(desk, INVOICES, ids)
    found = {}
    for entity, case in parents.items():
        number = case.facts["sale"].parent
        if owner := _owner(case.document, tickets.get(number), invoices.get(number)):
            found[entity] = owner
    return found


def _owner(back: Document, ticket: Document | None, invoice: Document | None) -> str:
    """Of a ticket and an invoice with the same id, the one that sold the goods to the customer; none where both did."""
    there = [(f"ticket {one['id']}", one) for one in (ticket,) if one]
    there += [(f"order {one['order_id']}", one) for one in (invoice,) if one and one.get("order_id")]
    if len(there) > 1:
        there = [(owner, one) for owner, one in there if _sold(one, back)]
    if len(there) > 1:
        there = [(owner, one) for owner, one in there if one.get("customer_id") == back.get("customer_id")]
    return there[0][0] if len(there) == 1 else ""


def _sold(sale: Document, back: Document) -> bool:
    """Whether all that comes back was on the sale."""
    sold = {line.get("item_id") for line in lines_of(sale)}
    return all(line.get("item_id") in sold for line in lines_of(back) if _comes_back(line))


def _comes_back(line: Document) -> bool:
    return Decimal(str(line.get("qty") or 0)) < 0


def known_orders(owners: Sequence[str], desk: Desk) -> tuple[set[str], dict[str, str]]:
    """Sales that have their order in Epicor, and why others may have theirs soon; the rest has none."""
    standings = of_entities(desk.store, owners)
    there, soon = set(), {}
    for owner, standing in standings.items():
        create = standing.alive("create_sales_order")
        if create is not None and create.state == "confirmed":
            there.add(owner)
        elif why := _coming(owner, standing, desk):
            soon[owner] = why
    return there, soon


def _coming(owner: str, standing: Standing, desk: Desk) -> str:
    create = standing.alive("create_sales_order")
    if create is not None:
        return f"the sales order of {owner} is {create.state}"
    waits = any(kept.state in WAITING for kept in inbox.by_entity(desk.store, owner))
    return f"{owner} was announced and is not read yet" if waits else ""
