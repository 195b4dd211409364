"""What the shop's order should say of its fulfilment, and one invoice for every pack that left.

A status is told when it differs from what the order says; an invoice is planned once a pack, line by line, never twice.
What is told already and a person has taken back in the ERP is withdrawn where it never left, else told to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from he_sync.connect.epicor_query import wire_date
from he_sync.flows import plan
from he_sync.flows.case import Case, Desk, going
from he_sync.flows.fulfilment import invoices
from he_sync.flows.fulfilment.reading import Row, Work
from he_sync.flows.fulfilment.statuses import BY_HAND, Stage, open_quantity, stage_of, word
from he_sync.flows.steps.documents import ORDERS, look_up
from he_sync.flows.steps.standing import Standing, of_entities
from he_sync.store import applied
from he_sync.store.applied import Applied
from he_sync.store.canonical import content_hash
from he_sync.store.effects import Effect

SIDE = "epicor"


@dataclass(frozen=True)
class Told:
    """What one order should say: its stage, the custom fields, and a notice for people where one is needed."""

    work: Work
    stage: Stage
    custom: Mapping[str, str]


def say(cases: list[Case], desk: Desk) -> list[Case]:
    """What each order should say of its fulfilment, as `told`."""
    standings = of_entities(desk.store, (work.owner for case in going(cases) for work in case.facts["work"]))
    return [case if case.settled else _said(case, standings, desk) for case in cases]


def _said(case: Case, standings: Mapping[str, Standing], desk: Desk) -> Case:
    told = tuple(_told(work, standings[work.owner], desk) for work in case.facts["work"])
    return case.know(told=told, standings=standings)


def _told(work: Work, standing: Standing, desk: Desk) -> Told:
    stage = stage_of(work.head, work.releases, work.jobs)
    words = desk.flow.map.statuses if desk.flow.map else {}
    by_us = stage == "cancelled" and standing.alive("cancel_sales_order") is not None
    notice = "" if by_us or not _is_by_hand(stage, work) else f"sales order {work.order_num} {BY_HAND[stage]}"
    custom = {
        "epicor_order": str(work.order_num),
        "epicor_status": word(stage, words),
        "epicor_jobs": ", ".join(_job(job) for job in work.jobs),
        "epicor_shipments": ", ".join(_pack(pack) for pack in work.packs if invoices.is_shipped(pack)),
        "epicor_backorder": _backorder(work) if stage == "partly_shipped" else "",
        "epicor_notice": notice,
    }
    return Told(work, stage, custom)


def _is_by_hand(stage: Stage, work: Work) -> bool:
    """An order that is new and held was created so, for a sale that is pending in the shop."""
    return stage in BY_HAND and not (stage == "held" and not work.jobs and not work.packs)


def _job(job: Row) -> str:
    return f"{job['JobNum']} complete" if job.get("JobComplete") else str(job["JobNum"])


def _pack(pack: Row) -> str:
    tracking = str(pack.get("TrackingNumber") or "")
    return f"{pack['PackNum']} ({tracking})" if tracking else str(pack["PackNum"])


def _backorder(work: Work) -> str:
    """What is still to come and when: the promise that the shop gives its customer."""
    parts = []
    for line in work.lines:
        for release in line.get("OrderRels") or ():
            if (left := open_quantity(release)) > 0:
                day = wire_date(release.get("NeedByDate"))
                what = f"{left.normalize():f} {line.get('IUM') or ''} {line['PartNum']}"
                parts.append(f"{what} by {day}" if day else what)
    return "; ".join(parts)


# deciding


def decide(cases: list[Case], desk: Desk) -> list[Case]:
    """Effects for what the orders do not say yet, and for packs that nobody invoiced; `orders` first, then packs."""
    told = [one for case in going(cases) for one in case.facts["told"]]
    orders = look_up(desk, ORDERS, sorted({order_id(one.work) for one in told}))
    known = applied.get_many(desk.store, sorted({_entity(one.work) for one in told}), SIDE)
    return [case if case.settled else _decided(case, orders, known, desk) for case in cases]


def order_id(work: Work) -> int:
    """The Heartland id of an order."""
    return int(work.owner.partition(" ")[2])


def _entity(work: Work) -> str:
    return f"erp_order {work.order_num}"


def _decided(case: Case, orders: Mapping[int, dict[str, Any] | None], known: Mapping[str, Applied], desk: Desk) -> Case:
    told = [one for one in case.facts["told"] if _is_news(one, known.get(_entity(one.work)))]
    for one in told:
        order = orders[order_id(one.work)]
        if order is None:
            text = f"Heartland has no {one.work.owner}, which sales order {one.work.order_num} was created for"
            return case.fail("PONum", "is in Heartland", text, one.work.owner)
        case = _tell(case, one, order, desk)
        case = invoices.plan_packs(case, one.work, order, desk)
        if case.problem:
            return case
    return replace(case, applied=_applied(told[0], desk)) if len(told) == 1 else case


def _is_news(one: Told, before: Applied | None) -> bool:
    """A read that is older than what was told already comes from a server that lags; the newer one stands."""
    return before is None or version(one.work) >= before.version


def version(work: Work) -> str:
    """The newest revision of the order's rows, as text that sorts."""
    return f"{work.revision:020d}"


def _applied(one: Told, desk: Desk) -> Applied:
    projection = {"stage": one.stage, "custom": dict(one.custom)}
    return applied.project(_entity(one.work), SIDE, version(one.work), projection, desk.now)


def _tell(case: Case, one: Told, order: Mapping[str, Any], desk: Desk) -> Case:
    there = order.get("custom") or {}
    if all(str(there.get(name) or "") == value for name, value in one.custom.items()):
        return case
    summary = f"{one.work.owner}: {there.get('epicor_status') or 'no status'} -> {one.custom['epicor_status']}"
    case = case.told("decided", one.custom["epicor_notice"] or summary, desk)
    return replace(case, effects=(*case.effects, _report(one, summary, desk)))


def _report(one: Told, summary: str, desk: Desk) -> Effect:
    work, custom = one.work, dict(one.custom)
    key = plan.key(desk.retailer, "report_status", work.owner, f"{work.revision}|{content_hash(custom)}")
    body = {"order_id": order_id(work), "custom": custom}
    return Effect(
        key, "report_status", "heartland", work.owner, desk.now.date().isoformat(), body, limit_ok=True, summary=summary
    )
