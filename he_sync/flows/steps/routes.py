"""Typed conditions under which a person is asked before anything is sent. The reason is kept beside the effect.

Only what is written for the first time or changed is asked about; a customer that an order creates goes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from he_sync.flows.case import Case, Desk
from he_sync.flows.spec import AfterPosting, Amount, BlockedPart, Margin, NewCustomer, Route
from he_sync.flows.steps.documents import lines_of
from he_sync.model.money import show, to_minor
from he_sync.model.quantity import MILLI, to_milli
from he_sync.store.effects import Effect

PERCENT = 100
UNASKED = frozenset({"confirm_order", "report_status", "update_pos_customer"})
"""Kinds that only tell the POS what was done; they wait for what they report on anyway."""


def ask(cases: list[Case], desk: Desk) -> list[Case]:
    """Effects of the cases with the first reason to ask a person, where there is one."""
    return [case if case.settled or not case.effects else _asked(case, desk) for case in cases]


def _asked(case: Case, desk: Desk) -> Case:
    for route in desk.flow.route:
        condition = CONDITIONS[route.when]
        if why := condition(route, case, desk):
            because = route.because or why
            effects = tuple(_waits(effect, because) for effect in case.effects)
            return replace(case, effects=effects).told("decided", f"waits for approval: {because}", desk)
    return case


def _waits(effect: Effect, because: str) -> Effect:
    """An effect that waits already keeps its own reason."""
    if effect.kind in UNASKED or not effect.limit_ok:
        return effect
    return replace(effect, limit_ok=False, waits_because=because)


def _worth(case: Case) -> int:
    """The largest amount of the case's effects: what the order comes to, before and after a change."""
    return max((abs(effect.amount_minor) for effect in case.effects), default=0)


def _amount(route: Route, case: Case, desk: Desk) -> str:
    if not isinstance(route, Amount):
        return ""
    worth, currency = _worth(case), desk.retailer.currency
    over = worth > to_minor(route.over, currency)
    return f"value {show(worth, currency)} is over {route.over:,}" if over else ""


def _new_customer(route: Route, case: Case, desk: Desk) -> str:
    buyer = case.facts.get("buyer")
    if not isinstance(route, NewCustomer) or buyer is None or not buyer.is_new:
        return ""
    worth, currency = _worth(case), desk.retailer.currency
    over = worth > to_minor(route.over_amount, currency)
    return f"new customer, value {show(worth, currency)} is over {route.over_amount:,}" if over else ""


def _margin(route: Route, case: Case, desk: Desk) -> str:
    """Of the lines whose cost the POS knows; a line without one says nothing about its margin."""
    if not isinstance(route, Margin) or not case.document:
        return ""
    price = cost = Decimal(0)
    for line in lines_of(case.document):
        if line.get("unit_cost") and line.get("value") is not None and line["qty"] > 0:
            price += Decimal(line["value"])
            cost += Decimal(line["unit_cost"]) * to_milli(line["qty"]) / MILLI
    if not cost or (price > 0 and (price - cost) * PERCENT >= price * route.under_percent):
        return ""
    left = f"{(price - cost) * PERCENT / price:.1f} %" if price > 0 else "nothing"
    del desk
    return f"margin {left} is under {route.under_percent} %"


def _blocked_part(route: Route, case: Case, desk: Desk) -> str:
    if not isinstance(route, BlockedPart):
        return ""
    del desk
    known = case.facts.get("parts") or {}
    blocked = sorted(sku for sku, part in known.items() if part and (part.get("InActive") or part.get("OnHold")))
    return f"part {', '.join(blocked)} is inactive or on hold in Epicor" if blocked else ""


def _after_posting(route: Route, case: Case, desk: Desk) -> str:
    del desk
    return str(case.facts.get("posted") or "") if isinstance(route, AfterPosting) else ""


CONDITIONS: Mapping[str, Callable[[Route, Case, Desk], str]] = {
    "amount": _amount,
    "new_customer": _new_customer,
    "margin": _margin,
    "blocked_part": _blocked_part,
    "changed_after_posting": _after_posting,
}
"""Why a person is asked, "" where nobody has to be."""
