"""Exceptions as tables of the evidence: where each stands, and every step with who took it and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from he_sync.flows.books.ground import Books
from he_sync.flows.exceptions.finding import desk
from he_sync.model.money import to_major
from he_sync.reconcile.evidence.sheets import Cell, Sheet
from he_sync.store.exceptions import Break, Desk

EXCEPTIONS = (
    *("id", "date", "store", "class", "subject", "amount", "status", "owner", "rule", "because"),
    *("evidence", "action"),
)
STEPS = ("id", "audit_row", "at", "who", "what", "owner", "rule", "reason")


def sheets(office: Books, days: Sequence[str], stores: Collection[str]) -> Iterator[Sheet]:
    """Of some dates and stores; what belongs to no store is with every one."""
    with desk(office.store, office.lake) as at:
        found = [one for day in days for one in at.listing(first=day, last=day)]
        mine = [one for one in found if not stores or one.found.store in {*stores, ""}]
        rows = tuple(_exception(one, office.retailer.currency) for one in mine)
        steps = tuple(row for one in mine for row in _steps(at, one))
    yield Sheet("exceptions", EXCEPTIONS, rows)
    yield Sheet("exception_steps", STEPS, steps)


def _exception(one: Break, currency: str) -> tuple[Cell, ...]:
    facts, state = one.found, (one.status, one.owner, one.rule, one.because)
    amount = to_major(facts.minor, currency)
    return (one.id, facts.day, facts.store, facts.klass, facts.subject, amount, *state, facts.evidence, facts.action)


def _steps(at: Desk, one: Break) -> Iterator[tuple[Cell, ...]]:
    for step in at.steps(one.id):
        told = (str(step.detail.get(name, "")) for name in ("owner", "rule", "reason"))
        yield (one.id, step.seq, f"{step.at:%Y-%m-%d %H:%M:%S} UTC", step.who, step.what, *told)
