"""What a drain tells of a micro-batch, flow by flow, for whoever shows it: events, entities, outcomes, latency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from he_sync.flows.commit import Answer
from he_sync.flows.run import Ran
from he_sync.flows.steps import standing
from he_sync.store.database import Store

UNREAD = "unread"
"""In place of a flow's name, for events that none listens to."""


@dataclass(frozen=True)
class MicroBatch:
    """What one flow did with one micro-batch.

    `stopped`: why the flow stands still as a whole, its events waiting; "" for one that runs.
    `latencies`: seconds from receipt to confirmation of each entity whose effects are all confirmed by now.
    """

    flow: str
    version: int
    events: tuple[str, ...]
    entities: tuple[str, ...]
    outcomes: Counter[str]
    effects: Counter[str]
    latencies: tuple[float, ...]
    problems: tuple[str, ...]
    stopped: str = ""


def observed(store: Store, ran: Sequence[Ran], answered: Iterable[Answer], now: datetime) -> list[MicroBatch]:
    """A micro-batch by flow, as it stands after its push."""
    by_entity = {one.entity: one for one in answered}
    told = {case.entity for one in ran for case in one.cases}
    keys = [effect.key for one in by_entity.values() for effect in one.effects]
    stand = standing.states(store, keys) if keys else {}
    found = []
    for one in ran:
        mine = [by_entity[case.entity] for case in one.cases]
        effects = [effect.key for case in one.cases if not case.problem for effect in case.effects]
        found.append(
            MicroBatch(
                one.flow.name,
                one.flow.version,
                tuple(event.event_id for answer in mine for event in answer.events),
                tuple(answer.entity for answer in mine),
                Counter(answer.outcome or "later" for answer in mine),
                Counter(stand[key] for key in effects if key in stand),
                tuple(_latency(answer, now) for answer in mine if _confirmed(answer, stand)),
                tuple(f"{case.entity}: {case.problem.plain}" for case in one.cases if case.problem),
                one.stopped,
            )
        )
    unread = [answer for entity, answer in by_entity.items() if entity not in told]
    return [*found, _unread(unread)] if unread else found


def _unread(answers: list[Answer]) -> MicroBatch:
    """Events that no flow asked for: named too, so that none is missing in the lineage."""
    events = tuple(event.event_id for answer in answers for event in answer.events)
    outcomes: Counter[str] = Counter(answer.outcome or "later" for answer in answers)
    return MicroBatch(UNREAD, 0, events, tuple(answer.entity for answer in answers), outcomes, Counter(), (), ())


def _confirmed(answer: Answer, stand: dict[str, str]) -> bool:
    to_erp = [effect.key for effect in answer.effects if effect.target == "epicor"]
    return bool(to_erp) and all(stand.get(key) == "confirmed" for key in to_erp)


def _latency(answer: Answer, now: datetime) -> float:
    return (now - min(event.received_at for event in answer.events)).total_seconds()
