"""Sales into Epicor sales orders: mapped, compared to what the ERP was told, decided.

New: create. Same as told: quiet, whether it is our own write coming back or an edit of something that does not travel.
Changed: a create that never left is replaced; one that stands is changed line by line, and where something has left or
is invoiced a person sees the difference. Changed again: a change that never left is replaced too, one that is under way
is waited for, because what Epicor shows until it has landed is neither the old nor the new. Cancelled: what never left
is withdrawn, the rest is voided. Older than what was told: quiet. Nothing here is decided by the time an event came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from he_sync.flows import plan
from he_sync.flows.case import Case, Desk, Steps, each, going
from he_sync.flows.steps.customers import Buyer, found_or_new
from he_sync.flows.steps.in_epicor import order_states
from he_sync.flows.steps.standing import NEVER_SENT, VOID, Standing, standings
from he_sync.mapping import order_changes, to_epicor
from he_sync.mapping.order_state import OrderState
from he_sync.model.errors import BadRecord
from he_sync.model.money import show
from he_sync.model.sale import Sale
from he_sync.store.applied import project
from he_sync.store.canonical import content_hash
from he_sync.store.effects import Effect, Status

CREATE, CHANGE, CANCEL, CONFIRM = "create_sales_order", "change_sales_order", "cancel_sales_order", "confirm_order"
UNDER_WAY = frozenset({"intent", "doubtful", "parked"})
"""States in which something of an effect may be at the other side or may still land there."""


# mapping


def _map(case: Case, desk: Desk) -> Case:
    """Facts: `body`, the sales order that the ERP should have, and `buyer`; a cancelled sale has none."""
    sale: Sale = case.facts["sale"]
    if sale.kind == "return":
        return case.still(f"{sale.owner} brings goods back; there is nothing to order")
    if case.facts["cancelled"]:
        return case
    rules = desk.flow.map
    if rules is None:
        raise BadRecord(f"the flow {desk.flow.name} has no `map`")
    buyer = found_or_new(case, desk)
    body = to_epicor.sales_order(sale, buyer.cust_id, desk.retailer, rules)
    told = f"{len(body['header']['OrderDtls'])} lines, {show(body['amount_minor'], sale.currency)}"
    return case.know(body=body, buyer=buyer).told("mapped", f"sales order of {buyer.cust_id}: {told}", desk)


# deciding


def decide(cases: list[Case], desk: Desk) -> list[Case]:
    """What is to be done about each sale."""
    known = standings(cases, desk)
    looked = [case for case in going(cases) if _must_look(case, known[case.entity])]
    states = order_states(looked, known, CREATE, desk)
    one = each(lambda case, at: _decide(case, known[case.entity], states.get(case.entity), at))
    return one(cases, desk)


def _decide(case: Case, standing: Standing, state: OrderState | None, desk: Desk) -> Case:
    version, applied = case.facts["sale"].updated_at, standing.applied
    if applied and version and version < applied.version:
        return case.still(f"read as of {version}, and the ERP was told of {applied.version} already")
    create = standing.alive(CREATE)
    if case.facts["cancelled"]:
        return _cancelled(case, standing, create, state, desk)
    if create is None or _is_void(standing, create):
        return _new(case, standing, desk)
    return _known(case, standing, create, state, desk)


def _new(case: Case, standing: Standing, desk: Desk) -> Case:
    told = standing.applied
    if told and standing.count(CREATE) and _same(case.facts["body"], told.projection):
        return case.still("a person withdrew its sales order, and it has not changed since")
    return _created(case, standing, desk)


def _known(case: Case, standing: Standing, create: Status, state: OrderState | None, desk: Desk) -> Case:
    body = case.facts["body"]
    if _is_told(body, standing, create):
        return _applied(case, body, desk).still("the ERP was told all of this")
    if create.state in NEVER_SENT:
        return _created(replace(case, withdraw=standing.unsent()), standing, desk)
    return _changed(case, standing, create, state, desk)


def _is_void(standing: Standing, create: Status) -> bool:
    """Whether the order is cancelled in the ERP; a cancellation that waits or is under way has not made it so."""
    cancel = standing.alive(CANCEL)
    return _told(standing, create) == VOID and (cancel is None or cancel.state == "confirmed")


def _must_look(case: Case, standing: Standing) -> bool:
    """Whether what stands in Epicor matters: something is to be changed there."""
    create = standing.alive(CREATE)
    if create is None or create.state in NEVER_SENT:
        return False
    if case.facts["cancelled"]:
        return _told(standing, create) != VOID
    return not _is_told(case.facts["body"], standing, create)


def _told(standing: Standing, create: Status) -> Mapping[str, Any]:
    """What the ERP was told last: what we kept, or the create itself where the night planned it."""
    return standing.applied.projection if standing.applied else create.effect.body


def _is_told(body: Mapping[str, Any], standing: Standing, create: Status) -> bool:
    """What the night planned is told in the night's way (no address, no discounts by line): its amount decides."""
    told = _told(standing, create)
    return _same(body, told) if standing.applied else body["amount_minor"] == told["amount_minor"]


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return content_hash(dict(one)) == content_hash(dict(other))


def _created(case: Case, standing: Standing, desk: Desk) -> Case:
    """The first create has the night's key; one that replaces a withdrawn or void one counts on from there."""
    body, buyer = case.facts["body"], case.facts["buyer"]
    again = standing.count(CREATE)
    amount = int(body["amount_minor"])
    effect = Effect(
        plan.key(desk.retailer, CREATE, case.entity, str(again + 1)),
        CREATE,
        "epicor",
        case.entity,
        case.facts["sale"].business_date,
        body,
        True,
        f"create sales order for {case.entity} over {show(amount, desk.retailer.currency)}",
        amount,
        _waits_for(buyer),
    )
    planned = _applied(_with(case, buyer, effect), body, desk)
    return planned.told("decided", effect.summary, desk, effect_key=effect.key)


def _waits_for(buyer: Buyer) -> str | None:
    return buyer.created.key if buyer.created else None


def _with(case: Case, buyer: Buyer, effect: Effect) -> Case:
    first = (buyer.created,) if buyer.created else ()
    return replace(case, effects=(*first, effect))


def _applied(case: Case, projection: Mapping[str, Any], desk: Desk) -> Case:
    version = case.facts["sale"].updated_at
    return replace(case, applied=project(case.entity, "epicor", version, dict(projection), desk.now))


# what stands already


def _changed(case: Case, standing: Standing, create: Status, state: OrderState | None, desk: Desk) -> Case:
    last = standing.alive(CHANGE, CANCEL)
    if state is None or (last and last.state in UNDER_WAY):
        return _unsettled(case, last if last and last.state in UNDER_WAY else create)
    body, before = case.facts["body"], _before(standing, create)
    change = order_changes.changes(before, body, state)
    replaced = replace(case, withdraw=standing.unsent(CHANGE, CANCEL))
    if change is None:
        return _applied(replaced, body, desk).still("nothing of it is the ERP's business")
    asked = {name: value for name, value in change.items() if name != "decide"}
    effect = _effect(case, CHANGE, {**asked, "before": before}, standing, desk)
    planned = _applied(replace(replaced, effects=(effect,)), body, desk)
    return _asked(planned, change["decide"], _diff(change), desk)


def _before(standing: Standing, create: Status) -> Mapping[str, Any]:
    """What the ERP was told by what left: what the first change that did not leave was compared to."""
    unsent = [one for one in standing.effects if one.effect.kind in {CHANGE, CANCEL} and one.state in NEVER_SENT]
    kept: Mapping[str, Any] = unsent[0].effect.body.get("before", {}) if unsent else {}
    return kept or _told(standing, create)


def _cancelled(case: Case, standing: Standing, create: Status | None, state: OrderState | None, desk: Desk) -> Case:
    if create is None:
        return _applied(case, VOID, desk).still("cancelled before the ERP was told of it")
    if create.state in NEVER_SENT:
        gone = _applied(replace(case, withdraw=standing.unsent()), VOID, desk)
        return gone.told("decided", "cancelled before it left; its sales order is withdrawn", desk)
    if _told(standing, create) == VOID:
        return _applied(case, VOID, desk).still("the ERP was told that it is cancelled")
    if state is None:
        return _unsettled(case, create)
    cancel = order_changes.cancellation(case.entity, state)
    body = {"owner": case.entity, "reason": cancel["reason"], "before": _before(standing, create)}
    effect = _effect(case, CANCEL, body, standing, desk)
    planned = _applied(replace(case, effects=(effect,), withdraw=standing.unsent(CHANGE)), VOID, desk)
    return _asked(planned, cancel["decide"], f"sales order {state.number} is to be void", desk)


def _effect(case: Case, kind: str, body: dict[str, Any], standing: Standing, desk: Desk) -> Effect:
    """The key names the sale's own version and what is asked for: planned again from the same read, it is the same.

    What was withdrawn and is asked for again within one version of the sale counts on from there.
    """
    sale: Sale = case.facts["sale"]
    version = f"{sale.updated_at}|{content_hash(body)}"
    key = plan.key(desk.retailer, kind, case.entity, version)
    if any(one.effect.key == key and one.state == "withdrawn" for one in standing.effects):
        key = plan.key(desk.retailer, kind, case.entity, f"{version}|{standing.count(kind)}")
    amount = int(body.get("amount_minor") or 0)
    text = f"{'change' if kind == CHANGE else 'cancel'} the sales order of {case.entity}"
    return Effect(key, kind, "epicor", case.entity, sale.business_date, body, True, text, amount)


def _diff(change: Mapping[str, Any]) -> str:
    return "; ".join(f"{row['what']}: {row['old'] or 'nothing'} -> {row['new'] or 'nothing'}" for row in change["diff"])


def _asked(case: Case, decide_on: list[str], told: str, desk: Desk) -> Case:
    """What is posted is never overwritten unseen: such a change waits for a person whatever the flow's routes say."""
    [effect] = case.effects
    summary = f"{effect.summary}: {told}"[:MOST_SUMMARY]
    why = "; ".join(decide_on)
    held = replace(effect, summary=summary, limit_ok=not why, waits_because=why)
    return replace(case, effects=(held,)).know(posted=why).told("decided", summary, desk, effect_key=held.key)


MOST_SUMMARY = 500


def _unsettled(case: Case, last: Status) -> Case:
    """Nobody knows yet what stands in the ERP: the change is decided when what is under way is settled."""
    about = UNSETTLED[last.effect.kind]
    if last.state == "confirmed":
        number = last.reference
        text = f"{case.entity} changed, and sales order {number} is no longer in Epicor: somebody deleted it there"
        return case.fail("sales order", "is there", f"{text}; restore it, or settle the change by hand")
    if last.state == "parked":
        text = f"{case.entity} changed, but {about} is parked ({last.reason}); release or withdraw that first"
        return case.fail("sales order", "is settled", f"{text}, then replay it")
    return case.postponed(f"{about} is {last.state}; this is decided when that is settled")


UNSETTLED = {CREATE: "its sales order", CHANGE: "its change before this one", CANCEL: "its cancellation"}


# reporting back


def _report_number(case: Case, desk: Desk) -> Case:
    """The ERP's number back to the POS, once the order is there; a till's ticket has no field for it."""
    create = next((one for one in case.effects if one.kind == CREATE), None)
    if create is None or case.kind != "order":
        return case
    version = "" if create.key == plan.key(desk.retailer, CREATE, case.entity) else create.key
    key = plan.key(desk.retailer, CONFIRM, case.entity, *([version] if version else []))
    body = {"order_id": int(case.number), "owner": case.entity}
    told = Effect(
        key,
        CONFIRM,
        "heartland",
        case.entity,
        create.business_date,
        body,
        True,
        "write the ERP number back",
        0,
        create.key,
    )
    return replace(case, effects=(*case.effects, told))


STEPS = Steps(
    mappers={"sales_order": each(_map)},
    deciders={"sales_order": decide},
    reports={"epicor_order": each(_report_number)},
)
