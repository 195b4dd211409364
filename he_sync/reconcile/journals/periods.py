"""On which date a journal may be posted: closed periods are asked before anything is proposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from he_sync.model.errors import FixInput


@dataclass(frozen=True)
class Period:
    """A fiscal period of the ERP, both days within it."""

    first: date
    last: date
    closed: bool


@dataclass(frozen=True)
class Calendar:
    """The ERP's fiscal calendar, and its earliest apply date: nothing may be posted before it."""

    periods: Sequence[Period]
    earliest_apply: date | None = None


@dataclass(frozen=True)
class Posting:
    """Where an entry goes. `late` says that its own date was no longer open; the text then names that date."""

    on: date
    late: bool
    text: str


def place(wanted: date, text: str, calendar: Calendar) -> Posting:
    """The first open day from `wanted` on. Raises FixInput where the calendar has no open period after it."""
    day = max(wanted, calendar.earliest_apply or wanted)
    for period in sorted(calendar.periods, key=lambda one: one.first):
        if period.last < day:
            continue
        day = max(day, period.first)
        if not period.closed:
            late = day != wanted
            return Posting(day, late, f"{text} (of {wanted.isoformat()})" if late else text)
        day = period.last + timedelta(days=1)
    raise FixInput(f"{text}: no fiscal period is open on {wanted} or later; open one in the ERP, then propose again")
