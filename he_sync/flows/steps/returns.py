"""Goods that came back: a return, or the negative lines of an exchange, become an Epicor return authorisation.

What was posted for a return is never changed: one that is voided at the till afterwards goes to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from he_sync.flows import plan
from he_sync.flows.case import Case, Desk, Steps, each, going
from he_sync.flows.steps.customers import Buyer, found_or_new
from he_sync.flows.steps.originals import known_orders, originals
from he_sync.flows.steps.standing import NEVER_SENT, VOID, Standing, of_entities
from he_sync.mapping.returns import return_authorisation
from he_sync.model.errors import BadRecord
from he_sync.model.money import show
from he_sync.model.sale import Sale
from he_sync.store.applied import project
from he_sync.store.canonical import content_hash
from he_sync.store.effects import Effect

CREATE = "create_rma"
SIDE = "epicor returns"
"""An exchange is an order and a return: two projections of one ticket."""


def _map_all(cases: list[Case], desk: Desk) -> list[Case]:
    """Each return with the order that its goods were sold by, where Epicor has that."""
    sales = originals(going(cases), desk)
    there, soon = known_orders(sorted(set(sales.values())), desk)

    def one(case: Case, at: Desk) -> Case:
        owner = sales.get(case.entity, "")
        if owner in soon:
            return case.postponed(f"{soon[owner]}; the return follows it")
        return _map(case, at, owner if owner in there else None)

    return each(one)(cases, desk)


def _map(case: Case, desk: Desk, original: str | None) -> Case:
    """Facts: `body`, the return that the ERP should have, and `buyer`."""
    sale: Sale = case.facts["sale"]
    if not sale.returned:
        return case.still(f"{sale.owner} brings nothing back")
    if case.facts["cancelled"]:
        return case
    rules = desk.flow.map
    if rules is None:
        raise BadRecord(f"the flow {desk.flow.name} has no `map`")
    buyer = found_or_new(case, desk)
    body = return_authorisation(sale, buyer.cust_id, desk.retailer, rules, original)
    told = f"{len(body['lines'])} lines, {show(body['amount_minor'], sale.currency)}"
    return case.know(body=body, buyer=buyer).told("mapped", f"return of {buyer.cust_id}: {told}", desk)


def decide(cases: list[Case], desk: Desk) -> list[Case]:
    """What is to be done about each return."""
    wanted = [case.entity for case in cases if not case.settled]
    known = of_entities(desk.store, wanted, SIDE)
    return each(lambda case, at: _decide(case, known[case.entity], at))(cases, desk)


def _decide(case: Case, standing: Standing, desk: Desk) -> Case:
    version, told = case.facts["sale"].updated_at, standing.applied
    if told and version and version < told.version:
        return case.still(f"read as of {version}, and the ERP was told of {told.version} already")
    create = standing.alive(CREATE)
    if case.facts["cancelled"]:
        return _cancelled(case, standing, desk)
    body: dict[str, Any] = case.facts["body"]
    if create is None:
        return _created(case, desk)
    if _figures(body) == _figures(create.effect.body):
        return _applied(case, body, desk).still("the ERP was told all of this")
    text = f"{case.entity} changed after its return was {create.state} in Epicor; settle the difference there by hand"
    return case.fail("lines", "stay as returned", text)


def _figures(body: Mapping[str, Any]) -> str:
    """What makes two returns the same: not the order, which Epicor may have got after the return was posted."""
    return content_hash({name: value for name, value in body.items() if name != "order_owner"})


def _cancelled(case: Case, standing: Standing, desk: Desk) -> Case:
    create = standing.alive(CREATE)
    if create is None:
        return _applied(case, VOID, desk).still("voided before the ERP was told of it")
    if create.state in NEVER_SENT:
        gone = _applied(replace(case, withdraw=(create.effect.key,)), VOID, desk)
        return gone.told("decided", "voided before it left; its return is withdrawn", desk)
    number = create.reference or create.state
    text = f"{case.entity} was voided after its return was posted in Epicor ({number}); reverse that one by hand"
    return case.fail("voided?", "is not voided after posting", text)


def _created(case: Case, desk: Desk) -> Case:
    body, sale = case.facts["body"], case.facts["sale"]
    buyer: Buyer = case.facts["buyer"]
    amount = int(body["amount_minor"])
    text = f"take back {case.entity} over {show(amount, desk.retailer.currency)}"
    key, waits_for = plan.key(desk.retailer, CREATE, case.entity), buyer.created.key if buyer.created else None
    effect = Effect(key, CREATE, "epicor", case.entity, sale.business_date, body, True, text, amount, waits_for)
    first = (buyer.created,) if buyer.created else ()
    planned = _applied(replace(case, effects=(*first, effect)), body, desk)
    return planned.told("decided", text, desk, effect_key=key)


def _applied(case: Case, projection: dict[str, Any], desk: Desk) -> Case:
    version = case.facts["sale"].updated_at
    return replace(case, applied=project(case.entity, SIDE, version, projection, desk.now))


STEPS = Steps(mappers={"rma": _map_all}, deciders={"rma": decide})
