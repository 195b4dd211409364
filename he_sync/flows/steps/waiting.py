"""What was parked for want of something goes on by itself once that is there: no person has to replay it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import select

from he_sync.flows.case import Case, Desk
from he_sync.mapping.statuses import DEAD, PENDING
from he_sync.store import inbox
from he_sync.store.database import Store
from he_sync.store.tables import dead_letters

NOT_OPEN = "is open"
"""The rule of a letter about a pack whose order takes no invoice in the shop."""


def not_open(entity: str, status: str) -> str:
    """How such a letter names the order."""
    return f"{entity} is {status} in Heartland"


def reasons(store: Store, rule: str) -> dict[str, list[str]]:
    """What the open letters of a rule say, by record. One look for all cases of a micro-batch: mostly there is none."""
    mine = (dead_letters.c.rule == rule, dead_letters.c.resolved_at.is_(None))
    found: dict[str, list[str]] = {}
    with store.begin() as connection:
        for row in connection.execute(select(dead_letters.c.record, dead_letters.c.reason).where(*mine)):
            found.setdefault(row.record, []).append(row.reason)
    return found


def events(store: Store, told: dict[str, list[str]], about: Callable[[str], bool]) -> tuple[int, ...]:
    """Numbers of the parked events of every record of which a letter says it."""
    records = [record for record, said in told.items() if any(map(about, said))]
    there = [kept for record in records for kept in inbox.by_entity(store, record)]
    return tuple(sorted(kept.event.seq for kept in there if kept.state == "parked" and kept.parked_for == "input"))


def packs(cases: list[Case], desk: Desk) -> list[Case]:
    """Packs that left while their order was pending in the shop are answered again with the order that was opened."""
    told = reasons(desk.store, NOT_OPEN) if any(map(_is_open, cases)) else {}
    return [_with_packs(case, told, desk) if told and _is_open(case) else case for case in cases]


def _is_open(case: Case) -> bool:
    """An order that was read now, in a status in which Heartland takes an invoice."""
    status = str(case.document.get("status") or "").lower()
    undone = case.problem is not None or bool(case.later or case.stopped)
    return case.kind == "order" and bool(status) and not undone and status not in {PENDING, *DEAD}


def _with_packs(case: Case, told: dict[str, list[str]], desk: Desk) -> Case:
    words = [not_open(case.entity, status) for status in (PENDING, *DEAD)]
    found = events(desk.store, told, lambda reason: any(f" {one}" in reason for one in words))
    if not found:
        return case
    text = f"{len(found)} events of packs that waited for {case.entity} to be opened are answered again"
    return replace(case, reopen=tuple(sorted({*case.reopen, *found}))).told("decided", text, desk)
