"""Sales that wait for a part go on by themselves once the part is there."""

from __future__ import annotations

from dataclasses import replace

from he_sync.flows.case import Case, Desk, Steps, each, going
from he_sync.flows.steps import waiting as waits
from he_sync.flows.steps.documents import Shelf, look_up
from he_sync.flows.steps.rules import UNKNOWN_PART, part_rows
from he_sync.store.database import Store

ITEMS = Shelf("items")


def _read(cases: list[Case], desk: Desk) -> list[Case]:
    """Fact: `sku`, what a part of the ERP and an item of the POS have in common."""
    wanted = [int(case.number) for case in going(cases) if case.kind == "item" and case.number.isdecimal()]
    items = look_up(desk, ITEMS, wanted)
    found = []
    for case in cases:
        item = items.get(int(case.number)) if case.kind == "item" and case.number.isdecimal() else None
        sku = case.number if case.kind == "erp_part" else str((item or {}).get("public_id") or "")
        found.append(case.know(sku=sku) if sku else case.still("no item number to look for"))
    return found


def decide(cases: list[Case], desk: Desk) -> list[Case]:
    """Events that were parked for a part that is there now are answered again."""
    told = waits.reasons(desk.store, UNKNOWN_PART) if going(cases) else {}
    waiting = {case.entity: _waiting(desk.store, told, case.facts["sku"]) for case in going(cases)}
    asked = [case.facts["sku"] for case in going(cases) if waiting[case.entity]]
    there = part_rows(desk, asked)
    return each(lambda case, at: _decide(case, waiting[case.entity], there.get(case.facts["sku"]) is not None, at))(
        cases, desk
    )


def _decide(case: Case, waiting: tuple[int, ...], there: bool, desk: Desk) -> Case:
    sku = case.facts["sku"]
    if not waiting:
        return case.still(f"no sale waits for part {sku}")
    if not there:
        return case.still(f"{len(waiting)} events wait for part {sku}, which Epicor does not have yet")
    told = f"{len(waiting)} events that waited for part {sku} are answered again"
    return replace(case, reopen=waiting).told("decided", told, desk)


def _waiting(store: Store, told: dict[str, list[str]], sku: str) -> tuple[int, ...]:
    """Parked events of every sale with an open letter that names the SKU."""
    return waits.events(store, told, lambda reason: f"SKU {sku} (" in reason)


STEPS = Steps(readers={"parts": _read}, deciders={"parts": decide})
