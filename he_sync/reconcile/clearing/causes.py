"""A gap in words: what the ledger has and what it should have, which entries, and what to do next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from he_sync.model.contract import records
from he_sync.model.money import show
from he_sync.reconcile.clearing import words
from he_sync.reconcile.clearing.proof import Gap

NAMED = 5
"""Entries that a cause names; more are counted."""


@dataclass(frozen=True)
class Cause:
    """A gap with its reason. `entries` are documents of the ledger, or payments that stand there with other cents."""

    gap: Gap
    why: str
    entries: tuple[str, ...]
    action: str


@dataclass(frozen=True)
class _Case:
    """A gap with what should have moved the account and what did, up to the date on which it opened.

    `right_then`: from the date on which it ends nothing of its event differs.
    """

    gap: Gap
    wanted: list[Any]
    lines: list[Any]
    currency: str
    right_then: bool

    @property
    def should(self) -> int:
        return sum(int(row.amount_minor) for row in self.wanted)

    @property
    def has(self) -> int:
        return sum(int(row.amount_minor) for row in self.lines)

    @property
    def documents(self) -> tuple[str, ...]:
        return tuple(sorted({row.document for row in self.lines}))

    @property
    def subject(self) -> tuple[str, ...]:
        """The event's words: its kind, then what it is of."""
        return tuple(self.gap.event.split(" "))

    def money(self, cents: int) -> str:
        return show(cents, self.currency)

    @property
    def against(self) -> str:
        has = self.money(self.has) if self.lines else "nothing of it"
        return f"should be {self.money(self.should)}, the ledger has {has}"


def explain(found: Iterable[Gap], moves: pd.DataFrame, booked: pd.DataFrame, currency: str) -> list[Cause]:
    """Each gap with its cause, in the order given. The frames are those that the gaps were found in."""
    gaps = list(found)
    wanted, lines = _of(moves, gaps), _of(booked, gaps)
    return [_cause(_case(gap, wanted, lines, currency)) for gap in gaps]


Place = tuple[str, str, str]


def _of(rows: pd.DataFrame, gaps: Sequence[Gap]) -> dict[Place, list[Any]]:
    """Rows of what differs, by account, unit and event: few, whatever the books hold."""
    found: dict[Place, list[Any]] = defaultdict(list)
    keys = {(gap.account, gap.unit, gap.event) for gap in gaps}
    for row in records(rows[rows["event"].isin({gap.event for gap in gaps})]):
        if (place := (row.account, row.unit, row.event)) in keys:
            found[place].append(row)
    return found


def _case(gap: Gap, wanted: dict[Place, list[Any]], lines: dict[Place, list[Any]], currency: str) -> _Case:
    place = (gap.account, gap.unit, gap.event)
    due, there = ([row for row in rows.get(place, ()) if row.date <= gap.since] for rows in (wanted, lines))
    left = (_until(gap, lines.get(place, ())), _until(gap, wanted.get(place, ())))
    return _Case(gap, due, there, currency, bool(gap.until) and left[0] == left[1])


def _until(gap: Gap, rows: Iterable[Any]) -> int:
    return sum(int(row.amount_minor) for row in rows if row.date <= gap.until)


def _cause(case: _Case) -> Cause:
    if case.right_then:
        return _dated_later(case)
    kinds = {words.STORE_DAY: _store_day, words.DEPOSIT: _deposit, words.PAYMENT: _stranger}
    return kinds.get(case.subject[0], _by_hand)(case)


def _dated_later(case: _Case) -> Cause:
    """Right from a later posting on; in another month the one that it belongs to is closed without it."""
    month, right = case.gap.since[:7], f"it is right from {case.gap.until} on"
    todo = (
        f"none, {right}"
        if case.gap.until[:7] == month
        else f"{right}; have it dated {case.gap.since} if {month} is open"
    )
    return Cause(case.gap, f"{case.against} until {case.gap.until}", _payments(case) or case.documents, todo)


def _by_hand(case: _Case) -> Cause:
    text = next((row.text for row in case.lines if row.text), "")
    why = f"{case.money(case.has)} was entered by hand" + (f": {text}" if text else ", without a word")
    return Cause(case.gap, why, case.documents, "ask who entered it; reverse it, or book what it stands for")


def _stranger(case: _Case) -> Cause:
    why = f"{case.money(case.has)} is posted for {case.gap.event}, which the POS does not have"
    return Cause(case.gap, why, case.documents, f"reverse {' and '.join(case.documents)}")


def _store_day(case: _Case) -> Cause:
    """By payment where the postings name theirs; a summary is told as a whole."""
    date, store = case.subject[1:3]
    if store != case.gap.unit or not case.wanted:
        why = f"the ledger has {case.money(case.has)} of {case.gap.event}, which moves nothing here"
        return Cause(case.gap, why, case.documents, f"find the right account; then he-sync close propose {date}")
    todo = f"he-sync close propose {date} --store {store} --preview shows the correction"
    return Cause(case.gap, case.against, _payments(case) or case.documents, todo)


def _payments(case: _Case) -> tuple[str, ...]:
    """Payments whose own postings differ, where these are the whole of the gap."""
    posted: Counter[str] = Counter()
    for row in case.lines:
        posted[words.payment(row.payment_id) if row.payment_id else ""] += int(row.amount_minor)
    due = {row.item: int(row.amount_minor) for row in case.wanted}
    off = {name: posted[name] - due.get(name, 0) for name in sorted({*posted, *due}) if name}
    differing = {name: cents for name, cents in off.items() if cents}
    if posted[""] or sum(differing.values()) != case.gap.amount_minor:
        return ()
    told = [f"{name} {case.money(cents)}" for name, cents in differing.items()]
    return (*told[:NAMED], *([f"and {len(told) - NAMED} more"] if len(told) > NAMED else []))


def _deposit(case: _Case) -> Cause:
    both = " and ".join(case.documents)
    if not case.wanted:
        why = f"the ledger has {case.money(case.has)} of {case.gap.event}, which has not reached the bank"
        return Cause(case.gap, why, case.documents, f"reverse {both}, or find its bank line")
    if not case.lines:
        todo = f"book {case.gap.event} of {case.wanted[0].date}: {case.money(case.should)} on {case.gap.account}"
        return Cause(case.gap, case.against, (), todo)
    todo = f"reverse all of {both} but one" if case.has == 2 * case.should else f"correct {both}"
    return Cause(case.gap, case.against, case.documents, todo)
