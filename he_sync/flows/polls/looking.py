"""One poll of one system: every source in turn, each for a bounded number of pages, from where it stopped last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from he_sync.connect.hurry import hurried
from he_sync.connect.systems import Systems
from he_sync.flows import last_good
from he_sync.flows.fulfilment import stock
from he_sync.flows.mapped.copying import kind_of
from he_sync.flows.polls.keeping import (
    OVERLAP,
    Polled,
    PollResult,
    Sorted,
    Sweep,
    count,
    keep,
    key_of,
    put,
    sort_out,
    sweep_of,
)
from he_sync.flows.polls.sources import EPICOR, FAMILIES, HEARTLAND, Ask, Family, Seen, Set, Source, epicor
from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer
from he_sync.store.database import Store

MOST_PAGES = 4
"""Of a source in one poll, so that a poll of a busy source does not keep the next one waiting."""
LONGEST_WAIT = 10.0
"""Seconds for which a poll waits for a system that is throttled or down; the next poll is not far."""


def poll_heartland(store: Store, systems: Systems, retailer: Retailer, now: datetime) -> PollResult:
    """Tickets, sales orders, customers and items. Raises TryLater where Heartland cannot be read; nothing is lost."""
    with hurried(LONGEST_WAIT):
        return _poll(store, HEARTLAND, Ask(systems, retailer, now))


def poll_epicor(store: Store, systems: Systems, retailer: Retailer, now: datetime) -> PollResult:
    """Our orders, jobs, packs, customers and movements by SysRevID, and tables that a flow with a part `record` names.

    Then open orders and jobs with their children.
    """
    ask = Ask(systems, retailer, now)
    with hurried(LONGEST_WAIT):
        stock.floor(store, systems, now)
        found = _poll(store, (*EPICOR, *_named(store)), ask)
        return PollResult((*found.sources, *(_round(store, family, ask) for family in FAMILIES)))


def _named(store: Store) -> list[Source]:
    """Tables of flows that carry records; nobody announces their rows. None while no flow can run at all."""
    try:
        flows = last_good.usable(store, keep=False).flows
    except FixInput:
        return []
    mine = [(flow, flow.record) for flow in flows if flow.record]
    tables = [
        Set(record.service, record.set, kind_of(flow), record.key, flow.trigger.topics[0].partition("/")[2])
        for flow, record in mine
    ]
    return [replace(epicor(table), announced=False) for table in tables]


def _poll(store: Store, sources: Sequence[Source], ask: Ask) -> PollResult:
    return PollResult(tuple(_Look(store, source, ask).go() for source in sources))


@dataclass
class _Look:
    """One source in one poll."""

    store: Store
    source: Source
    ask: Ask
    rows: int = 0
    new: int = 0
    versions: int = 0
    lost: int = 0

    def go(self) -> Polled:
        """The next pages of the sweep under way, or of a new one."""
        sweep = sweep_of(self.store, self.source)
        if sweep is None:
            return self._first_time()
        sweep = sweep if sweep.place else _begun(self.source, sweep, self.ask.now)
        pages = self.source.pages(self.ask, sweep.place)
        for _ in range(MOST_PAGES):
            page = next(pages, None)
            if page is None:
                return self._polled(self._ended(sweep), complete=True)
            sweep = self._page(sweep, page)
        return self._polled(sweep, complete=False)

    def _first_time(self) -> Polled:
        """What was before the first poll is for a back-fill to bring, not for a poll."""
        newest = self.source.newest(self.ask)
        until = newest.partition("|")[0]
        now = self.ask.now.isoformat()
        fresh = Sweep(until=until, first=until, top=until, was=until, began=now, before=now, marks=((now, until),))
        with self.store.begin() as connection:
            keep(connection, self.source, fresh, self.ask.now)
        return self._polled(fresh, complete=True)

    def _page(self, sweep: Sweep, page: Sequence[Seen]) -> Sweep:
        now = self.ask.now
        with self.store.begin() as connection:
            found = sort_out(connection, self.source, sweep, page, now)
            lost = put(connection, self.source, found.silent, now)
            added = lost + put(connection, self.source, found.perhaps, now)
            if self.source.announced:
                count(connection, self.source, found.versions, lost, now)
            moved = replace(_onward(sweep, page, found, now), until=sweep.until)
            kept = keep(connection, self.source, moved, now)
        self.rows, self.new = self.rows + len(page), self.new + added
        if self.source.announced:
            self.versions, self.lost = self.versions + found.versions, self.lost + lost
        return kept

    def _ended(self, sweep: Sweep) -> Sweep:
        """The high-water moves, as far as nothing below it is still waited for."""
        now = self.ask.now
        oldest = min((key.rpartition("|")[2] for key in sweep.held), default=None)
        marks = (*sweep.marks, (sweep.began, sweep.top))
        done = replace(sweep, place="", until=max(sweep.top, sweep.until), before=sweep.began, marks=_recent(marks))
        with self.store.begin() as connection:
            return keep(connection, self.source, done, now, oldest)

    def _polled(self, sweep: Sweep, *, complete: bool) -> Polled:
        return Polled(self.source.name, self.rows, self.new, self.versions, self.lost, sweep.until, complete)


def _begun(source: Source, sweep: Sweep, now: datetime) -> Sweep:
    """A new sweep, from ten minutes before the last one."""
    began = now.isoformat()
    return replace(sweep, place=_start(source, sweep), was=sweep.top, began=began, waited=sweep.held, held={})


def _start(source: Source, sweep: Sweep) -> str:
    """By the source's own clock where versions have one, else where the sweep of ten minutes before the last stood."""
    if source.timed:
        moment = datetime.fromisoformat(sweep.until) - OVERLAP
        return f"{max(moment.isoformat(timespec='microseconds'), sweep.first)}|{0:020d}"
    return min(sweep.marks[0][1], sweep.until)


def _recent(marks: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Marks of the ten minutes before the last one, and the last before these."""
    last = datetime.fromisoformat(marks[-1][0])
    old = [mark for mark in marks if last - datetime.fromisoformat(mark[0]) >= OVERLAP]
    return (*old[-1:], *marks[len(old) :])


def _onward(sweep: Sweep, page: Sequence[Seen], found: Sorted, now: datetime) -> Sweep:
    """The sweep behind a page."""
    held = {key_of(row): sweep.waited.get(key_of(row), now.isoformat()) for row in found.hold}
    held = {**sweep.held, **held}
    return replace(sweep, place=page[-1].place, top=max(sweep.top, *(row.version for row in page)), held=held)


# children


def _round(store: Store, family: Family, ask: Ask) -> Polled:
    """The next open heads with their children, in turn; after the last the first again.

    A row that is no newer than what was there when the round before began was seen by that round.
    """
    source = Source(f"epicor/open {family.table.topic}", False, family.pages, lambda _: "", timed=False)
    sweep = sweep_of(store, source) or _no_round(family, ask)
    sweep = sweep if sweep.place else _round_begun(sweep, ask.now)
    rows = new = 0
    pages = source.pages(ask, sweep.place)
    for _ in range(MOST_PAGES):
        page = next(pages, None)
        if page is None:
            with store.begin() as connection:
                keep(connection, source, replace(sweep, place=""), ask.now)
            return Polled(source.name, rows, new)
        fresh = [row for row in page if row.version > max(sweep.was, row.place)]
        with store.begin() as connection:
            found = sort_out(connection, source, sweep, fresh, ask.now)
            new += put(connection, source, (*found.silent, *found.perhaps), ask.now)
            top = max(sweep.top, *(row.version for row in page))
            sweep = keep(connection, source, replace(sweep, place=page[-1].place, top=top), ask.now)
        rows += len(page)
    return Polled(source.name, rows, new, complete=False)


def _no_round(family: Family, ask: Ask) -> Sweep:
    """Before the first round: what is there by now is nobody's news."""
    newest = ask.systems.epicor.newest(family.table.service, family.table.name)
    top, now = f"{newest:020d}", ask.now.isoformat()
    return Sweep(until=top, top=top, was=top, began=now, before=now)


def _round_begun(sweep: Sweep, now: datetime) -> Sweep:
    moved = replace(sweep, place=f"{0:020d}", was=sweep.until, until=sweep.top)
    return replace(moved, before=sweep.began, began=now.isoformat())
