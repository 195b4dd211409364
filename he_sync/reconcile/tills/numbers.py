"""Missing and doubled ticket numbers by register and business date (reference accounting 5, "Missing ticket numbers").

Who counts is not documented: a register, a store, or the whole company may number its tickets in one series. The
narrowest scope in which a date's numbers are nearly without a gap is taken; else the company's. A voided ticket keeps
its number. Numbers of the dates beside fill what only seems to be missing: tickets that were opened on one date and
completed on another, and stores of other time zones.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Scope = Literal["register", "store", "company"]
SCOPES: tuple[Scope, ...] = ("register", "store", "company")
NUMBER = re.compile(r"^(.*?)(\d{1,18})$")
"""What stands before the counter is the series' own: T-9001 is number 9001 of T-."""
DENSE = 0.8
"""Share of a series' span that is there, from which on its scope counts by itself; two tills that share a counter have
half of it each."""


@dataclass(frozen=True)
class Rung:
    """A ticket as a till numbered it. Without a date it is an order, which may share the tickets' counter or not."""

    number: str
    store: str
    register: str
    date: str
    voided: bool = False

    def place(self, scope: Scope) -> str:
        """Whose series it is in: `S001 100070`, `S001`, or "" for the company's."""
        return {"register": f"{self.store} {self.register}", "store": self.store, "company": ""}[scope]


Counted = Mapping[int, Sequence[Rung]]


@dataclass(frozen=True)
class Series:
    """One counter on a date: how many tickets, of these voided, from which number to which."""

    scope: Scope
    place: str
    prefix: str
    tickets: int
    voided: int
    first: int
    last: int


@dataclass(frozen=True)
class Gap:
    """Numbers that are nowhere, both ends in, and the tickets on both sides with their store and register."""

    scope: Scope
    place: str
    first: str
    last: str
    count: int
    after: str
    before: str


@dataclass(frozen=True)
class Numbers:
    """What a date's ticket numbers say. `doubled` are numbers that two tickets of a series have."""

    series: tuple[Series, ...]
    gaps: tuple[Gap, ...]
    doubled: tuple[str, ...]

    @property
    def missing(self) -> int:
        """How many numbers are nowhere."""
        return sum(one.count for one in self.gaps)


def numbers(day: str, rung: Iterable[Rung]) -> Numbers:
    """Judge a date's numbers; `rung` may hold tickets of the dates beside it, which only fill."""
    by_prefix: dict[str, dict[int, list[Rung]]] = defaultdict(lambda: defaultdict(list))
    for one in rung:
        if found := NUMBER.match(one.number):
            by_prefix[found[1]][int(found[2])].append(one)
    by_prefix = {prefix: _without_other_orders(counted) for prefix, counted in by_prefix.items()}
    series: list[Series] = []
    gaps: list[Gap] = []
    doubled: list[str] = []
    for prefix, counted in sorted(by_prefix.items()):
        scope = _scope(day, counted)
        for place, mine in sorted(_places(scope, counted).items()):
            if today := _of(day, mine):
                series.append(_series(scope, place, prefix, today))
                gaps += _gaps(day, scope, place, mine)
                doubled += [f"{some[0].number} {place}".strip() for some in today.values() if len(some) > 1]
    return Numbers(tuple(series), tuple(gaps), tuple(doubled))


def _without_other_orders(counted: Counted) -> dict[int, list[Rung]]:
    """Orders with a number that a ticket has as well count by themselves: none of them fills a gap then."""
    apart = any(len({bool(one.date) for one in some}) > 1 for some in counted.values())
    kept = {number: [one for one in some if one.date or not apart] for number, some in counted.items()}
    return {number: some for number, some in kept.items() if some}


def _scope(day: str, counted: Counted) -> Scope:
    for scope in SCOPES[:-1]:
        spans = [(len(today), max(today) - min(today) + 1) for today in _todays(day, scope, counted)]
        if spans and sum(count for count, _ in spans) >= DENSE * sum(span for _, span in spans):
            return scope
    return "company"


def _todays(day: str, scope: Scope, counted: Counted) -> Iterator[Counted]:
    for mine in _places(scope, counted).values():
        if today := _of(day, mine):
            yield today


def _places(scope: Scope, counted: Counted) -> dict[str, dict[int, list[Rung]]]:
    found: dict[str, dict[int, list[Rung]]] = defaultdict(lambda: defaultdict(list))
    for number, some in counted.items():
        for one in some:
            if one.date:
                found[one.place(scope)][number].append(one)
    orders = [number for number, some in counted.items() if not some[0].date]
    for mine in found.values():
        for number in orders:
            mine[number] = []
    return found


def _of(day: str, mine: Counted) -> dict[int, list[Rung]]:
    today = {number: [one for one in some if one.date == day] for number, some in mine.items()}
    return {number: some for number, some in today.items() if some}


def _series(scope: Scope, place: str, prefix: str, today: Counted) -> Series:
    tickets = [one for some in today.values() for one in some]
    voided = sum(one.voided for one in tickets)
    return Series(scope, place, prefix, len(tickets), voided, min(today), max(today))


def _gaps(day: str, scope: Scope, place: str, mine: Counted) -> Iterator[Gap]:
    """Between the last number of an earlier date and the date's own last, where both ends are known tickets."""
    today = _of(day, mine)
    earlier = [number for number, some in mine.items() if some and number < min(today) and some[0].date < day]
    first = max(earlier, default=min(today))
    there = sorted(number for number in mine if first <= number <= max(today))
    for low, high in pairwise(there):
        if high - low > 1:
            before, after = _ends(low, high, mine)
            first_missing, last_missing = (_numbered(before, number) for number in (low + 1, high - 1))
            yield Gap(scope, place, first_missing, last_missing, high - low - 1, _told(before), _told(after))


def _ends(low: int, high: int, mine: Counted) -> tuple[Rung, Rung]:
    """The tickets on both sides of a gap, past orders."""
    below = max(number for number, some in mine.items() if some and number <= low)
    above = min(number for number, some in mine.items() if some and number >= high)
    return mine[below][0], mine[above][0]


def _numbered(like: Rung, number: int) -> str:
    """A number as this till writes it, leading zeros in."""
    found = NUMBER.match(like.number)
    prefix, width = (found[1], len(found[2])) if found else ("", 0)
    return f"{prefix}{number:0{width}d}" if like.number[len(prefix)] == "0" else f"{prefix}{number}"


def _told(one: Rung) -> str:
    return f"{one.number} of {one.store} {one.register} on {one.date}"
