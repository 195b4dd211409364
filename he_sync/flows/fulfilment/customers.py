"""From an Epicor customer back to the shop's: account fields are shown there, edits of what it owns are put back.

Whose field is whose: flows/ownership.py. Both sides' last known values are kept together under one name, so that our
own write coming back is told from an edit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from he_sync.connect.strict_json import dumps
from he_sync.flows import echo, ownership, plan
from he_sync.flows.case import Case, Desk, going
from he_sync.flows.echo import Side
from he_sync.flows.steps.customers import ERP_CUSTOMERS, address_of, person_of
from he_sync.flows.steps.documents import CUSTOMERS, look_up
from he_sync.flows.steps.standing import Standing, of_entities
from he_sync.mapping import customers as mapping
from he_sync.mapping.addresses import customer_columns
from he_sync.store import applied, crosswalk
from he_sync.store.canonical import content_hash
from he_sync.store.effects import DONE, Effect
from he_sync.store.tables import effects

Row = Mapping[str, Any]
SIDE = "both"
"""Under this name the agreement of both sides is kept: what each said, what we wrote."""
LINK = re.compile(r"^H(\d+)$")
EPICOR = {
    "name": "Name",
    "email": "EMailAddress",
    "phone": "PhoneNum",
    "cust_id": "CustID",
    "terms": "TermsCode",
    "credit_limit": "CreditLimit",
    "credit_hold": "CreditHold",
}
KINDS = ("update_customer", "update_pos_customer")


def read(cases: list[Case], desk: Desk) -> list[Case]:
    """Both sides of each customer, and what of ours is still on its way to them: asked before the sides are read."""
    numbers = [int(case.number) for case in going(cases) if case.number.isdecimal()]
    rows = desk.systems.epicor.read_any(*ERP_CUSTOMERS, "CustNum", numbers, select=("CustNum", "CustID"))
    ids = {int(row["CustNum"]): _heartland_id(str(row["CustID"]), desk) for row in rows}
    known = sorted({number for number in ids.values() if number})
    standings = of_entities(desk.store, [f"customer {number}" for number in known])
    there = {int(row["CustNum"]): row for row in _erp(desk, [number for number, ours in ids.items() if ours])}
    shop = look_up(desk, CUSTOMERS, known)
    return [case if case.settled else _read(case, ids, there, shop, standings, desk) for case in cases]


def _heartland_id(cust_id: str, desk: Desk) -> int:
    """The shop's customer of a CustID; 0 for one of the ERP's own and for walk-ins."""
    if mapping.is_walk_in(cust_id, desk.retailer):
        return 0
    linked = crosswalk.heartland_ids(desk.store, "customer", cust_id)
    found = LINK.match(cust_id)
    return int(linked[0]) if linked else int(found[1]) if found else 0


def _erp(desk: Desk, numbers: Sequence[int]) -> list[dict[str, Any]]:
    return desk.systems.epicor.read_any(
        *ERP_CUSTOMERS, "CustNum", numbers, select=("CustNum", *EPICOR.values(), *mapping.ADDRESS)
    )


def _read(  # noqa: PLR0913, PLR0917 - one case and everything that was read for all of them
    case: Case,
    ids: Mapping[int, int],
    there: Mapping[int, Row],
    shop: Mapping[int, dict[str, Any] | None],
    standings: Mapping[str, Standing],
    desk: Desk,
) -> Case:
    number = int(case.number) if case.number.isdecimal() else 0
    ours = ids.get(number, 0)
    if not ours or number not in there:
        return case.still("no customer of the shop")
    document = shop.get(ours)
    if document is None:
        text = f"Heartland has no customer {ours}, whom CustID {there[number]['CustID']} in Epicor stands for"
        return case.fail("CustID", "is in Heartland", text, str(ours))
    case = replace(case, document=there[number])
    case = case.know(customer=ours, shop=document, standing=standings[f"customer {ours}"])
    return case.told("read", f"customer {ours} on both sides", desk, dumps([document, there[number]]).decode())


# comparing


@dataclass(frozen=True)
class Compared:
    """Both sides and what is to be done."""

    heartland: Side
    epicor: Side
    decision: ownership.Decision


def compare(cases: list[Case], desk: Desk) -> list[Case]:
    """What each side says against what we left there, as `compared`; nothing new is quiet."""
    entities = [f"customer {case.facts['customer']}" for case in going(cases)]
    known = applied.get_many(desk.store, entities, SIDE)
    return [case if case.settled else _compared(case, known, desk) for case in cases]


def _compared(case: Case, known: Mapping[str, applied.Applied], desk: Desk) -> Case:
    before = known.get(f"customer {case.facts['customer']}")
    memory = before.projection if before else {}
    standing: Standing = case.facts["standing"]
    heartland = Side(_of_shop(case, desk), echo.remembered(memory.get("heartland")), _pending(standing, "heartland"))
    epicor = Side(_of_erp(case.document), echo.remembered(memory.get("epicor")), _pending(standing, "epicor"))
    if all(not side.pending and echo.is_ours(side.memory, side.now) for side in (heartland, epicor)):
        return case.still("both sides are as we left them")
    owners = ownership.owners(desk.flow.map.owners if desk.flow.map else None)
    decision = ownership.decide(owners, heartland, epicor)
    return case.know(compared=Compared(heartland, epicor, decision))


def _of_erp(row: Row) -> dict[str, Any]:
    said = {name: _plain(row.get(column)) for name, column in EPICOR.items()}
    return {**said, "address": mapping.address_in(row)}


def _address(case: Case, desk: Desk) -> dict[str, Any]:
    """The shop's address, where it has one that could be delivered to: without one it says nothing of it."""
    found = address_of(case.facts["shop"], desk)
    if found is None:
        return {}
    where = f"customer {case.facts['customer']}"
    return {"address": mapping.address_in(customer_columns(found, desk.retailer.epicor, where))}


def _of_shop(case: Case, desk: Desk) -> dict[str, Any]:
    """The shop's customer in the form that the ERP would keep it in: a name cut to its length is the same name."""
    person = person_of(case.facts["shop"])
    body = mapping.customer(case.facts["customer"], person["name"], person["email"], person["phone"], desk.retailer)
    custom = case.facts["shop"].get("custom") or {}
    said = {name: body[EPICOR[name]] for name in ("name", "email", "phone")}
    said |= _address(case, desk)
    return {**said, **{name: _plain(custom.get(key)) for name, key in mapping.SHOP_CUSTOM.items()}}


def _plain(value: Any) -> str:
    """One text for one value: the shop keeps custom fields as text."""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, int | Decimal):
        return f"{Decimal(value).normalize():f}" if value else ""
    return str(value or "").strip()


def _pending(standing: Standing, target: str) -> frozenset[str]:
    """Fields that writes of ours set which nobody has confirmed yet."""
    names = {column: name for name, column in EPICOR.items()} | {key: name for name, key in mapping.SHOP_CUSTOM.items()}
    names |= {key: name for name, key in mapping.SHOP_FIELDS.items()} | dict.fromkeys(mapping.ADDRESS, "address")
    found = set()
    for one in standing.effects:
        if one.effect.kind in KINDS and one.effect.target == target and one.state not in DONE:
            fields = one.effect.body.get("fields", one.effect.body)
            found |= {names[key] for key in (*fields, *fields.get("custom", {})) if key in names}
    return frozenset(found)


# deciding


def decide(cases: list[Case], desk: Desk) -> list[Case]:
    """Effects for what each side is to be told; a conflict or a loop goes to a person."""
    return [case if case.settled else _decided(case, desk) for case in cases]


def _decided(case: Case, desk: Desk) -> Case:
    compared: Compared = case.facts["compared"]
    decision, entity = compared.decision, f"customer {case.facts['customer']}"
    asked = [one for one in decision.conflicts if _is_asked(one, compared, desk)]
    if left := [one for one in decision.conflicts if one not in asked]:
        one = left[0]
        text = f"{entity}: {one.field} is {one.heartland!r} in the shop and {one.epicor!r} in Epicor; {one.reason}"
        return case.fail(one.field, ownership.PERSON_DECIDES, text, str(one.epicor))
    told = (*_effects(case, compared, entity, desk), *_approvals(case, compared, asked, entity, desk))
    if told and echo.too_often(_written_at(desk, entity), desk.now):
        text = f"{entity} was written {echo.RATE_MOST} times in ten minutes; find the program that keeps changing it"
        return case.fail("customer", "is not written in a loop", text)
    agreement = {
        "heartland": compared.heartland.after(decision.to_heartland).document(),
        "epicor": compared.epicor.after(decision.to_epicor).document(),
    }
    case = replace(case, effects=told, applied=applied.project(entity, SIDE, "", agreement, desk.now))
    for effect in told:
        case = case.told("decided", effect.summary, desk)
    return case if told else case.still("both sides agree")


def _effects(case: Case, compared: Compared, entity: str, desk: Desk) -> tuple[Effect, ...]:
    decision, number = compared.decision, int(case.document["CustNum"])
    found = []
    if fields := _columns(decision.to_epicor):
        body = {"CustNum": number, **fields}
        if was := _as_read(compared.epicor, decision.to_epicor, case.document):
            body["was"] = was
        found.append(
            _effect("update_customer", "epicor", entity, body, f"put back {', '.join(decision.to_epicor)}", desk)
        )
    if decision.to_heartland:
        body = {"customer_id": case.facts["customer"], "fields": mapping.shop_fields(decision.to_heartland)}
        text = f"show {', '.join(decision.to_heartland)} in the shop"
        found.append(_effect("update_pos_customer", "heartland", entity, body, text, desk))
    version = content_hash([compared.heartland.after({}).document(), compared.epicor.after({}).document()])
    return tuple(replace(one, key=plan.key(desk.retailer, one.kind, entity, f"{version}|{one.key}")) for one in found)


def _is_asked(one: ownership.Conflict, compared: Compared, desk: Desk) -> bool:
    """An edit of a field of whose edits a person is asked, on one side only; the shop's own has its own flow."""
    said = desk.flow.map.owners if desk.flow.map else {}
    moved = [side.moved(one.field) for side in (compared.heartland, compared.epicor)]
    return ownership.owners(said).get(one.field) == "ask" and sum(moved) == 1


def _approvals(
    case: Case, compared: Compared, asked: Sequence[ownership.Conflict], entity: str, desk: Desk
) -> list[Effect]:
    """What was edited in Epicor, for the shop, when a person has approved it with both values before them."""
    edited = {one.field: one.epicor for one in asked if compared.epicor.moved(one.field)}
    if not edited:
        return []
    why = "; ".join(f"{one.field} is {one.epicor!r} in Epicor and {one.heartland!r} in the shop" for one in asked)
    body = {"customer_id": case.facts["customer"], "fields": mapping.shop_fields(edited)}
    one = _effect("update_pos_customer", "heartland", entity, body, f"show {', '.join(edited)} in the shop", desk)
    version = content_hash([compared.heartland.after({}).document(), compared.epicor.after({}).document()])
    key = plan.key(desk.retailer, one.kind, entity, f"{version}|{one.key}|asked")
    return [replace(one, key=key, limit_ok=False, waits_because=f"nobody owns it: {why}")]


def _as_read(side: Side, names: Iterable[str], row: Row) -> dict[str, Any]:
    """What each column held when it was read: a person's edit since then is no write of ours to go over.

    A column that a write of ours is on its way to will hold something else, and is not guarded.
    """
    guarded = [name for name in names if name not in side.pending]
    columns = [column for name in guarded for column in (mapping.ADDRESS if name == "address" else (EPICOR[name],))]
    return {column: row.get(column) for column in columns}


def _columns(said: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as columns of Epicor."""
    return {
        column: inner
        for name, value in said.items()
        for column, inner in (value.items() if name == "address" else ((EPICOR[name], value),))
    }


def _effect(kind: str, target: str, entity: str, body: dict[str, Any], text: str, desk: Desk) -> Effect:  # noqa: PLR0913, PLR0917 - an effect's parts
    summary = f"{entity}: {text}"
    day = desk.now.date().isoformat()
    return Effect(content_hash(body), kind, target, entity, day, body, limit_ok=True, summary=summary)


def _written_at(desk: Desk, entity: str) -> list[datetime]:
    mine = (effects.c.entity == entity, effects.c.kind.in_(KINDS), effects.c.planned_at > desk.now - echo.RATE_SPAN)
    with desk.store.begin() as connection:
        return list(connection.execute(select(effects.c.planned_at).where(*mine)).scalars())
