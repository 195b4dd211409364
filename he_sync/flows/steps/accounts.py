"""Customers of the POS as customers of the ERP: created once, and what the POS knows better kept equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from he_sync.flows import ownership, plan
from he_sync.flows.case import Case, Desk, Steps, each
from he_sync.flows.steps.customers import Buyer, Person, address_of, create_effect
from he_sync.flows.steps.standing import Standing, of_entities
from he_sync.mapping import customers as mapping
from he_sync.mapping.addresses import customer_columns
from he_sync.model.calendar import business_date, read_instant
from he_sync.store.applied import project
from he_sync.store.canonical import content_hash
from he_sync.store.effects import DONE, Effect, Status

CREATE, UPDATE, SHOW = "create_customer", "update_customer", "update_pos_customer"
FIELDS = {"name": "Name", "email": "EMailAddress", "phone": "PhoneNum"}
ROLLOVER = 4
"""Hour at which the night's day of changed customers begins."""


def _map(case: Case, desk: Desk) -> Case:
    """Facts: `told`, what the ERP should know; `asked`, of whose edits a person is asked; `shown`, the ERP's to say."""
    whose = ownership.owners(desk.flow.map.owners if desk.flow.map else None)
    told = {name: case.facts["person"][name] for name in FIELDS if whose[name] == "heartland"}
    asked = {name: case.facts["person"][name] for name in FIELDS if whose[name] == "ask"}
    shown = tuple(name for name in FIELDS if name not in told and name not in asked)
    if address := address_of(case.document, desk):
        where, codes = case.entity, desk.retailer.epicor
        told["address"] = mapping.address_in(customer_columns(address, codes, where))
    return case.know(told=told, asked=asked, shown=shown)


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
    return _compared(_put_back(case, buyer.row, desk), buyer, standing, desk)


def _compared(case: Case, buyer: Buyer, standing: Standing, desk: Desk) -> Case:
    """What the shop owns against what the ERP was told and has."""
    applied, row = standing.applied, buyer.row or {}
    if applied and applied.projection == _projection(case):
        return _quiet(_applied(case, desk), "the ERP was told all of this")
    changed = {name: value for name, value in case.facts["told"].items() if _differs(value, row[name])}
    if changed:
        case = _updated(case, buyer, changed, standing, desk)
    case = _asked(case, row, standing, desk)
    return _applied(case, desk) if case.effects else _quiet(_applied(case, desk), "the ERP knows all of this")


def _asked(case: Case, row: Person, standing: Standing, desk: Desk) -> Case:
    """An edit of a field that nobody owns waits for a person, who sees both values; a newer edit replaces it."""
    before = standing.applied.projection if standing.applied else {}
    edited = {
        name: value
        for name, value in case.facts["asked"].items()
        if _differs(value, row[name]) and before.get(name) != value
    }
    if not edited:
        return case
    both = (f"{name} is {value!r} in the shop and {row[name]!r} in Epicor" for name, value in edited.items())
    why = "; ".join(both)
    was = {FIELDS[name]: row[name] for name in edited}
    body = {"CustNum": row["customer_id"], **{FIELDS[name]: value for name, value in edited.items()}, "was": was}
    day = _day(case, desk)
    key = plan.key(desk.retailer, UPDATE, case.entity, f"{day}|{content_hash(edited)}|{standing.count(UPDATE)}")
    effect = Effect(key, UPDATE, "epicor", case.entity, day, body, False, why, waits_because=f"nobody owns it: {why}")
    waits = tuple(one.effect.key for one in standing.effects if _waits_for_the_same(one, edited))
    planned = replace(case, effects=(*case.effects, effect), withdraw=(*case.withdraw, *waits))
    return planned.told("decided", f"a person is asked: {why}", desk, effect_key=key)


def _waits_for_the_same(one: Status, edited: Mapping[str, Any]) -> bool:
    columns = {FIELDS[name] for name in edited}
    return one.state == "waiting_approval" and one.effect.kind == UPDATE and bool(columns & one.effect.body.keys())


def _quiet(case: Case, why: str) -> Case:
    return case if case.effects else case.still(why)


def _put_back(case: Case, row: Person, desk: Desk) -> Case:
    """An edit in the shop of what the ERP owns is undone there."""
    person = case.facts["person"]
    said = {name: row[name] for name in case.facts["shown"] if _differs(row[name], person[name])}
    if not said:
        return case
    body = {"customer_id": int(case.document["id"]), "fields": mapping.shop_fields(said)}
    text = f"{case.entity}: show {', '.join(said)} as Epicor has it"
    version = f"{case.document.get('updated_at') or ''}|{content_hash(body)}"
    key = plan.key(desk.retailer, SHOW, case.entity, version)
    effect = Effect(key, SHOW, "heartland", case.entity, _day(case, desk), body, limit_ok=True, summary=text)
    return replace(case, effects=(effect,)).told("decided", text, desk, effect_key=key)


def _differs(ours: Any, theirs: Any) -> bool:
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
    sent = {name: create.effect.body.get(FIELDS[name], "") for name in FIELDS if name in case.facts["told"]}
    sent |= {"address": place} if (place := mapping.address_in(create.effect.body)) else {}
    if sent == case.facts["told"]:
        return _applied(case, desk).still("it is being created")
    return case.postponed("it is being created as it was before; the change follows when that is there")


def _updated(case: Case, buyer: Buyer, changed: dict[str, Any], standing: Standing, desk: Desk) -> Case:
    """Every field that is the shop's, as the night writes them and under the night's key.

    With what each was when it was read: somebody who edits it before our write is not overwritten unseen.
    """
    row, day = buyer.row or {}, _day(case, desk)
    told = {name: value for name, value in case.facts["told"].items() if name != "address" or name in changed}
    body = {"CustNum": row["customer_id"], **_columns(told)}
    if not _under_way(standing):
        body["was"] = _columns({name: row[name] for name in told})
    key = _key(case, standing, changed, day, desk)
    text = "; ".join(f"{name}: {_shown(row[name])} -> {_shown(value)}" for name, value in changed.items())
    effect = Effect(key, UPDATE, "epicor", case.entity, day, body, True, text)
    planned = _applied(replace(case, effects=(*case.effects, effect)), desk)
    return planned.told("decided", text, desk, effect_key=key)


def _key(case: Case, standing: Standing, changed: Mapping[str, Any], day: str, desk: Desk) -> str:
    """The night's key for what the night would write; one of its own for an address, or a value that comes again."""
    person = case.facts["person"]
    nights = f"{day}|{person['name']}|{person['email']}|{person['phone']}"
    key = plan.key(desk.retailer, UPDATE, case.entity, nights)
    if "address" not in changed and all(one.effect.key != key or one.state not in DONE for one in standing.effects):
        return key
    again = f"{nights}|{content_hash(case.facts['told'])}|{standing.count(UPDATE)}"
    return plan.key(desk.retailer, UPDATE, case.entity, again)


def _columns(said: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as columns of Epicor; an address is several, none of which is left as it was."""
    found = {FIELDS[name]: value for name, value in said.items() if name in FIELDS}
    return {**found, **(said.get("address") or dict.fromkeys(mapping.ADDRESS[:-1] if "address" in said else (), ""))}


def _shown(value: Any) -> str:
    """A value for people; an address in one line."""
    return repr(", ".join(str(one) for one in value.values() if one) if isinstance(value, dict) else value)


def _under_way(standing: Standing) -> bool:
    """Whether a write of ours may still change what was read."""
    return any(one.effect.kind == UPDATE and one.state not in DONE for one in standing.effects)


def _day(case: Case, desk: Desk) -> str:
    changed_at = case.document.get("updated_at")
    moment = read_instant(str(changed_at)) if changed_at else desk.now
    return business_date(moment, desk.retailer.timezone, ROLLOVER).isoformat()


def _applied(case: Case, desk: Desk) -> Case:
    version = str(case.document.get("updated_at") or "")
    return replace(case, applied=project(case.entity, "epicor", version, _projection(case), desk.now))


def _projection(case: Case) -> dict[str, Any]:
    return {**case.facts["told"], **case.facts["asked"]}


STEPS = Steps(mappers={"customer": each(_map)}, deciders={"customer": decide})
