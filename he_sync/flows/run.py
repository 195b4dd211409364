"""A micro-batch through its flows: read by id, check, match, map, decide, route, all entities of a flow at once.

Nothing is written here; commit.py keeps what comes out in one transaction. A sale may concern two flows (an exchange is
an order and a return): all of them read the same document once, and one problem parks the whole entity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from he_sync.connect.systems import Systems
from he_sync.flows import registry
from he_sync.flows.case import Case, Desk
from he_sync.flows.spec import Flow
from he_sync.flows.steps import routes, waiting
from he_sync.model.errors import BrokenPromise, FixSettings, HeSyncError, NotAllowed, TryLater
from he_sync.model.retailer import Retailer
from he_sync.store.database import Store
from he_sync.store.inbox import Event

Still = Mapping[str, str]
"""Flows that stand still, by name, each with the reason."""
NOTHING: Still = MappingProxyType({})


@dataclass(frozen=True)
class Works:
    """What an installation's flows run with."""

    store: Store
    systems: Systems
    retailer: Retailer
    flows: tuple[Flow, ...]

    def desk(self, flow: Flow, now: datetime, run_id: str = "") -> Desk:
        """A desk for one micro-batch; `replace(desk, flow=...)` keeps what was looked up."""
        return Desk(self.store, self.systems, self.retailer, flow, now, run_id)

    def flow(self, name: str) -> Flow | None:
        """A flow by its name."""
        return next((flow for flow in self.flows if flow.name == name), None)


@dataclass(frozen=True)
class Ran:
    """One flow over one micro-batch."""

    flow: Flow
    cases: tuple[Case, ...]

    @property
    def stopped(self) -> str:
        """Why the flow stands still as a whole; "" for one that runs."""
        return next((case.stopped for case in self.cases if case.stopped), "")


def run_all(
    works: Works, events: Sequence[Event], now: datetime, run_id: str = "", still: Still = NOTHING
) -> list[Ran]:
    """Every flow that an event of the micro-batch triggers, over the entities of those events.

    `still`: flows that stand still, with the reason; they are not tried. A flow that lacks something which only a
    person can put in place (a query in Epicor) comes to stand still: its records are not at fault, so none is parked.

    Raises TryLater where a system cannot be read, NotAllowed where it refuses our account: then nothing was decided.
    """
    grouped: dict[str, list[Event]] = {}
    for event in events:
        grouped.setdefault(event.entity, []).append(event)
    ran: list[Ran] = []
    remembered: dict[str, dict[object, object]] = {}
    for flow in works.flows:
        topics = frozenset(flow.trigger.topics)
        mine = {entity: some for entity, some in grouped.items() if any(one.address in topics for one in some)}
        if mine:
            desk = replace(works.desk(flow, now, run_id), remembered=remembered)
            cases = [Case(entity, tuple(some)) for entity, some in mine.items()]
            ran.append(Ran(flow, tuple(_unless_still(flow, cases, desk, still.get(flow.name, "")))))
    return ran


def _unless_still(flow: Flow, cases: Sequence[Case], desk: Desk, why: str) -> list[Case]:
    if not why:
        try:
            return run(flow, cases, desk)
        except FixSettings as error:
            why = str(error)
    return [replace(case, stopped=why) for case in cases]


def run_apart(
    works: Works, events: Sequence[Event], now: datetime, run_id: str = "", still: Still = NOTHING
) -> list[Ran]:
    """The same, where one record that trips a system or ourselves is parked alone and holds up no other.

    Raises TryLater, NotAllowed and BrokenPromise, which are about a system and not about a record.
    """
    try:
        return run_all(works, events, now, run_id, still)
    except (TryLater, NotAllowed, BrokenPromise):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is found by running each record alone
        apart = [[one for one in events if one.entity == name] for name in dict.fromkeys(e.entity for e in events)]
        if len(apart) > 1:
            return [ran for some in apart for ran in run_apart(works, some, now, run_id, still)]
        return _tripped(works, events, error)


def _tripped(works: Works, events: Sequence[Event], error: Exception) -> list[Ran]:
    """The one record's flows with its problem."""
    known = isinstance(error, HeSyncError)
    text = str(error) if known else f"a fault of ours, {type(error).__name__}: {error}; report it with this record"
    topics = {event.address for event in events}
    case = Case(events[0].entity, tuple(events)).fail("document", "can be worked on", f"{events[0].entity}: {text}")
    return [Ran(flow, (case,)) for flow in works.flows if topics & set(flow.trigger.topics)][:1]


def run(flow: Flow, cases: Iterable[Case], desk: Desk) -> list[Case]:
    """The cases through one flow's steps, in the same order."""
    found = list(cases)
    read = registry.STEPS.readers[flow.read]
    for step in (
        read,
        *registry.steps_of(flow),
        routes.ask,
        *(registry.STEPS.reports[name] for name in flow.report_back),
        waiting.packs,
    ):
        found = step(found, desk)
    return found
