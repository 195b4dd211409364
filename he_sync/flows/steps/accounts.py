"""Customers of the POS as customers of the ERP: created once, and what the POS knows better kept equal."""

from __future__ import annotations

from dataclasses import replace

from he_sync.flows import plan
from he_sync.flows.case import Case, Desk, Steps, each
from he_sync.flows.steps.customers import Buyer, create_effect
from he_sync.flows.steps.standing import Standing, of_entities
from he_sync.mapping import customers as mapping
from he_sync.model.calendar import business_date, read_instant
from he_sync.store.applied import project
from he_sync.store.effects import Effect

CREATE, UPDATE = "create_customer", "update_customer"
FIELDS = {"name": "Name", "email": "EMailAddress", "phone": "PhoneNum"}
ROLLOVER = 4
"""Hour at which the night's day of changed customers begins."""


def _map(case: Case, desk: Desk) -> Case:
    """Fact: `told`, what the ERP should know of the customer."""
    del desk
    return case.know(told={name: case.facts["person"][name] for name in FIELDS})


def decide(cases: list[Case], desk: Desk) -> list[Case]:
    """What is to be done about each customer."""
    known = of_entities(desk.store, [case.entity for case in cases if not case.settled])
    return each(lambda case, at: _decide(case, known[case.entity], at))(cases, desk)


def _decide(case: Case, standing: Standing, desk: Desk) -> Case:
    version, applied = str(case.document.get("updated_at") or ""), standing.applied
    if applied and version and version < applied.version:
        return case.still(f"read as of {version}, and the ERP was told of {applied.version} already")
    buyer: Buyer | None = case.facts.get("buyer")
    if buyer is None:
        return _created(case, standing, desk)
    if buyer.row is None or mapping.is_walk_in(buyer.cust_id, desk.retailer):
        return case.still(f"{buyer.cust_id} stands for many customers; nothing is written to it")
    if buyer.cust_id != case.facts["person"]["link"]:
        return case.still(f"the ERP has this customer as {buyer.cust_id}")
    if applied and applied.projection == case.facts["told"]:
        return _applied(case, desk).still("the ERP was told all of this")
    changed = {name: value for name, value in case.facts["told"].items() if _differs(value, buyer.row[name])}
    return _updated(case, buyer, changed, desk) if changed else _applied(case, desk).still("the ERP knows all of this")


def _differs(ours: str, theirs: str) -> bool:
    """A field that the POS leaves empty says nothing."""
    return bool(ours) and ours != theirs


def _created(case: Case, standing: Standing, desk: Desk) -> Case:
    """Once: a create that stands is followed by an update when its customer changed on the way."""
    create = standing.alive(CREATE)
    if create is None:
        effect = create_effect(case, desk)
        planned = _applied(replace(case, effects=(effect,)), desk)
        return planned.told("decided", effect.summary, desk, effect_key=effect.key)
    if create.state == "confirmed":
        return case.postponed(f"{create.effect.summary} is confirmed, and the ERP does not show it yet")
    sent = {name: create.effect.body.get(column, "") for name, column in FIELDS.items()}
    if sent == case.facts["told"]:
        return _applied(case, desk).still("it is being created")
    return case.postponed("it is being created as it was before; the change follows when that is there")


def _updated(case: Case, buyer: Buyer, changed: dict[str, str], desk: Desk) -> Case:
    """All three fields, as the night writes them and under the night's key."""
    person, row = case.facts["person"], buyer.row or {}
    body = {"CustNum": row["customer_id"], **{column: person[name] for name, column in FIELDS.items()}}
    day = _day(case, desk)
    key = plan.key(desk.retailer, UPDATE, case.entity, f"{day}|{person['name']}|{person['email']}|{person['phone']}")
    text = "; ".join(f"{name}: {row[name]!r} -> {value!r}" for name, value in changed.items())
    effect = Effect(key, UPDATE, "epicor", case.entity, day, body, True, text)
    planned = _applied(replace(case, effects=(effect,)), desk)
    return planned.told("decided", text, desk, effect_key=key)


def _day(case: Case, desk: Desk) -> str:
    changed_at = case.document.get("updated_at")
    moment = read_instant(str(changed_at)) if changed_at else desk.now
    return business_date(moment, desk.retailer.timezone, ROLLOVER).isoformat()


def _applied(case: Case, desk: Desk) -> Case:
    version = str(case.document.get("updated_at") or "")
    return replace(case, applied=project(case.entity, "epicor", version, dict(case.facts["told"]), desk.now))


STEPS = Steps(mappers={"customer": each(_map)}, deciders={"customer": decide})
