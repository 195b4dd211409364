"""One transaction for what a micro-batch came to: effects, withdrawals, projections, letters, story, events answered.

It holds or nothing of it does. A worker whose lease ended meanwhile rolls back everything; so does one whose decision
was overtaken, because an effect that it would withdraw has left in between: it reads and decides again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from he_sync.flows.case import Case, Problem, kept_text
from he_sync.flows.run import Ran
from he_sync.model.errors import HeSyncError
from he_sync.store import applied, dead_letters, effects, inbox, story
from he_sync.store.database import Store
from he_sync.store.dead_letters import DeadLetter
from he_sync.store.effects import Effect
from he_sync.store.inbox import Event, Outcome, Taken

WHO = "he-sync"
NOBODY = "no flow reads it"
ANSWERED = "answered by a read of the record"
"""One note for all: the story says what came of each."""


class Overtaken(HeSyncError):
    """What was decided on has moved since: read and decide again."""


@dataclass(frozen=True)
class Answer:
    """What all flows together say of one entity: parked where one of them has a problem, later where one must wait."""

    entity: str
    events: tuple[Event, ...]
    outcome: Outcome | None
    note: str
    cases: tuple[tuple[Ran, Case], ...]

    @property
    def stopped(self) -> bool:
        """Whether it waits for a flow that stands still."""
        return any(case.stopped for _, case in self.cases)

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What to plan, a customer shared by two documents once."""
        return tuple({effect.key: effect for _, case in self.cases for effect in case.effects}.values())


def answers(taken: Taken, ran: Iterable[Ran]) -> list[Answer]:
    """Answers by entity, in the order in which the entities were taken."""
    events: dict[str, list[Event]] = {}
    for event in taken.events:
        events.setdefault(event.entity, []).append(event)
    cases: dict[str, list[tuple[Ran, Case]]] = {entity: [] for entity in events}
    for one in ran:
        for case in one.cases:
            cases[case.entity].append((one, case))
    return [_answer(entity, tuple(some), cases[entity]) for entity, some in events.items()]


def _answer(entity: str, events: tuple[Event, ...], cases: Sequence[tuple[Ran, Case]]) -> Answer:
    """A problem or a wait in one flow leaves the whole entity undone; an order is never half there."""
    outcome, note = _outcome([case for _, case in cases])
    kept = tuple((ran, case if outcome in {"done", "quiet"} else _undone(case)) for ran, case in cases)
    return Answer(entity, events, outcome, note, kept)


def _undone(case: Case) -> Case:
    return replace(case, effects=(), withdraw=(), reopen=(), applied=None)


def _outcome(cases: Sequence[Case]) -> tuple[Outcome | None, str]:
    """None: not now. A flow that had nothing to do does not make quiet what another one did.

    A flow that stands still comes first: nothing is said about a record of which it has seen nothing.
    """
    if stopped := next((case.stopped for case in cases if case.stopped), ""):
        return None, stopped
    if problem := next((case.problem for case in cases if case.problem), None):
        return "parked", problem.plain
    if later := next((case.later for case in cases if case.later), ""):
        return None, later
    busy = [case for case in cases if not case.quiet]
    if busy:
        return "done", ANSWERED
    return "quiet", "; ".join(case.quiet for case in cases) or NOBODY


def commit(store: Store, taken: Taken, answered: Sequence[Answer], now: datetime) -> effects.Planned:
    """Keep the answers; those without an outcome stay taken. Raises inbox.Stale or Overtaken with nothing kept."""
    due = [one for one in answered if one.outcome is not None]
    return store.run(lambda connection: _commit(connection, taken, due, now))


def _commit(connection: Connection, taken: Taken, answered: Sequence[Answer], now: datetime) -> effects.Planned:
    """The events first: a repeat after a lost answer to COMMIT must find that they are no longer ours."""
    _finish(connection, taken, answered, now)
    cases = [case for one in answered for _, case in one.cases]
    for case in cases:
        for key in case.withdraw:
            if not effects.withdraw_in(connection, key, WHO, f"{case.entity} changed before it left"):
                raise Overtaken(f"{case.entity}: effect {key} has left meanwhile")
    planned = effects.plan_in(connection, _once(effect for one in answered for effect in one.effects))
    for case in cases:
        if case.applied and not applied.put(connection, case.applied):
            raise Overtaken(f"{case.entity}: a newer version was applied meanwhile")
    for seqs in filter(None, (case.reopen for case in cases)):
        inbox.reopen_in(connection, seqs, WHO, "what it waited for is there")
    over = [event.seq for one in answered if one.outcome != "parked" for event in one.events]
    dead_letters.answered_in(connection, over, ANSWERED)
    dead_letters.put_in(connection, [letter for one in answered for letter in _letters(one)])
    story.tell(connection, [step for one in answered for step in _steps(one, now)])
    return planned


def _once(planned: Iterable[Effect]) -> list[Effect]:
    return list({effect.key: effect for effect in planned}.values())


def _finish(connection: Connection, taken: Taken, answered: Sequence[Answer], now: datetime) -> None:
    """As few statements as there are different answers."""
    same: dict[tuple[Outcome, str], list[int]] = {}
    for one in answered:
        if one.outcome is not None:
            same.setdefault((one.outcome, one.note), []).extend(event.seq for event in one.events)
    for (outcome, note), seqs in same.items():
        inbox.settle(connection, taken, seqs, outcome, note, now)


def _letters(one: Answer) -> Iterable[DeadLetter]:
    for ran, case in one.cases:
        if case.problem:
            yield _letter(ran, case, case.problem, one.events[-1])


def _letter(ran: Ran, case: Case, problem: Problem, event: Event) -> DeadLetter:
    sale = case.facts.get("sale")
    return DeadLetter(
        source=event.source,
        entity=case.kind,
        record=case.entity,
        row=-1,
        column=problem.column,
        rule=problem.rule,
        payload=kept_text(case.document),
        reason=problem.plain,
        business_date=sale.business_date if sale else event.received_at.date().isoformat(),
        flow=ran.flow.name,
        mapping_version=f"{ran.flow.name} {ran.flow.version}",
        plain=problem.plain,
        notice=problem.notice,
        attempts=event.attempts,
        event_seq=event.seq,
    )


def _steps(one: Answer, now: datetime) -> Iterable[story.Step]:
    seq = one.events[-1].seq
    for ran, case in one.cases:
        yield from case.steps
        if case.problem:
            yield story.Step(one.entity, now, "parked", f"{ran.flow.name}: {case.problem.plain}", "", seq)
    if one.outcome == "quiet":
        yield story.Step(one.entity, now, "decided", f"nothing to do: {one.note}", "", seq)
