"""Whatever arrives, dies, repeats and is decided: the inbox does what a short model of it says, step by step.

The model is a dict of events and the rules of the law in plain Python; after every step the store must show the same.
In the morning everything that a worker can answer is answered, and nothing that arrived is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete

from he_sync.store import inbox
from he_sync.store.database import Store
from he_sync.store.event_tables import inbox as table
from he_sync.store.event_tables import inbox_conflicts
from he_sync.store.inbox import Outcome, Stored, Taken, finishing, taking
from tests.store.examples import EVENING, arrival, ended, later

LEASE = 60
# Of five and twenty: small enough that a night of forty steps gets there.
LOSSES = 2
FAILURES = 3
ENTITIES = ("order 1", "order 2", "customer 7")
IDS = st.integers(0, 11)
FINISHED = ("done", "quiet", "parked")


@dataclass
class Expected:
    """One event as the model sees it."""

    event_id: str
    entity: str
    own_id: bool
    state: str = "new"
    attempts: int = 0
    failures: int = 0
    again: bool = False
    parked_for: str = ""
    not_before: datetime = EVENING
    lease_until: datetime = EVENING
    token: int = 0

    def afresh(self) -> None:
        self.state, self.attempts, self.failures, self.parked_for, self.not_before = "new", 0, 0, "", EVENING

    def may_open(self) -> bool:
        return self.state in FINISHED and self.parked_for != "poison"


@dataclass
class Model:
    """The law of the inbox without a database."""

    events: dict[int, Expected] = field(default_factory=dict)

    def of(self, entity: str, *states: str) -> list[Expected]:
        return [each for each in self.events.values() if each.entity == entity and each.state in states]

    def put(self, seq: int | None, one: Expected) -> Stored:
        there = next((each for each in self.events.values() if each.event_id == one.event_id), None)
        if there is None:
            assert seq is not None
            for parked in self.of(one.entity, "parked"):
                if parked.may_open():
                    parked.afresh()
            self.events[seq] = one
            return "new"
        if there.own_id or there.state == "new" or there.parked_for == "poison":
            return "known"
        there.again = there.state == "taken"
        if not there.again:
            there.afresh()
        return "again"

    def take(self, limit: int, now: datetime) -> list[int]:
        for each in self.events.values():
            if each.state == "taken" and each.lease_until <= now:
                each.token, each.state = 0, "new"
                if each.attempts >= LOSSES:
                    each.state, each.parked_for = "parked", "poison"
        heads = [seq for seq in sorted(self.events) if self._is_head(seq, now)][:limit]
        alone = heads[:1] if heads and self.events[heads[0]].attempts else []
        chosen = alone or [seq for seq in heads if not self.events[seq].attempts]
        entities = {self.events[seq].entity for seq in chosen}
        return [seq for seq in sorted(self.events) if self._waits(seq) and self.events[seq].entity in entities]

    def _waits(self, seq: int) -> bool:
        return self.events[seq].state == "new"

    def _is_head(self, seq: int, now: datetime) -> bool:
        one = self.events[seq]
        blocked = self.of(one.entity, "taken") or [
            each for each in self.of(one.entity, "parked") if not each.may_open()
        ]
        first = (
            min(other for other in self.events if self.events[other].entity == one.entity and self._waits(other))
            if self._waits(seq)
            else -1
        )
        return first == seq and not blocked and one.not_before <= now


class Night(RuleBasedStateMachine):
    """One store, its model, one clock, any number of workers that come back or do not."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store, self.now, self.model = store, EVENING, Model()
        self.working: list[Taken] = []
        self.lost: list[Taken] = []
        with store.begin() as connection:
            connection.execute(delete(inbox_conflicts))
            connection.execute(delete(table))

    @rule(numbers=st.lists(IDS, min_size=1, max_size=4))
    def arrive(self, numbers: list[int]) -> None:
        """The number of an event decides its entity and whether its sender gives ids of its own.

        What is new is written first, and may open what is parked before a repeat of that is looked at.
        """
        coming = [
            arrival(f"e{number}", ENTITIES[number % 3], own_id=number % 2 == 0, body_hash=f"{number:064}")
            for number in numbers
        ]
        stored = inbox.put(self.store, coming, self.now)
        for each, said in sorted(zip(coming, stored, strict=True), key=lambda pair: pair[1] != "new"):
            seq = inbox.find(self.store, each.event_id)[0].event.seq
            assert self.model.put(seq, Expected(each.event_id, each.entity, each.own_id)) == said

    @rule(limit=st.integers(1, 3))
    def work(self, limit: int) -> None:
        due = inbox.due(self.store, self.now)
        expected = self.model.take(limit, self.now)
        taken = inbox.take(self.store, "worker", None, limit, LEASE, self.now)
        assert [event.seq for event in (taken.events if taken else ())] == expected
        if taken is None:
            return
        assert due
        for event in taken.events:
            one = self.model.events[event.seq]
            one.state, one.attempts, one.again, one.token = "taken", one.attempts + 1, False, taken.token
            one.lease_until = taken.lease_until
            assert event.attempts == one.attempts
        self.working.append(taken)

    @precondition(lambda self: self.working)
    @rule(outcome=st.sampled_from(("done", "done", "quiet", "parked")), which=st.integers(0, 9))
    def answer(self, outcome: Outcome, which: int) -> None:
        self._finish(self.working.pop(which % len(self.working)), outcome)

    @precondition(lambda self: self.working)
    @rule(which=st.integers(0, 9))
    def die(self, which: int) -> None:
        self.lost.append(self.working.pop(which % len(self.working)))

    @rule(limit=st.integers(1, 3))
    def kill_a_worker(self, limit: int) -> None:
        """Take, die, and nobody looks before the lease is over."""
        before = len(self.working)
        self.work(limit)
        self.lost += self.working[before:]
        del self.working[before:]
        self.now = later(self.now, LEASE + 1)

    @precondition(lambda self: self.lost)
    @rule(which=st.integers(0, 9))
    def come_back(self, which: int) -> None:
        """A worker that was stopped and goes on: it holds its events still, or it changes nothing."""
        self._finish(self.lost[which % len(self.lost)], "done")

    @precondition(lambda self: self.working)
    @rule(pause=st.sampled_from((0, 5, 90)))
    def fail_to_read(self, pause: int) -> None:
        taken = self.working.pop()
        inbox.retry_later(self.store, taken, taken.seqs, later(self.now, pause), "the source is down")
        for one in self._mine(taken):
            one.attempts, one.failures, one.token = one.attempts - 1, one.failures + 1, 0
            one.state, one.not_before = "new", later(self.now, pause)
            if one.failures >= FAILURES:
                one.state, one.parked_for, one.not_before = "parked", "failures", EVENING

    @rule(entity=st.sampled_from(ENTITIES))
    def replay(self, entity: str) -> None:
        closed = self.model.of(entity, *FINISHED)
        assert inbox.reopen(self.store, entity, "dana", "mended") == len(closed)
        for one in closed:
            one.afresh()

    @rule(seconds=st.sampled_from((1, LEASE + 1, LEASE + 1, 91)))
    def wait(self, seconds: int) -> None:
        self.now = later(self.now, seconds)

    @invariant()
    def the_store_shows_what_the_model_says(self) -> None:
        kept = inbox.listing(self.store, ("new", "taken", *FINISHED))
        seen = {each.event.seq: (each.state, each.parked_for, each.event.attempts, each.failures) for each in kept}
        said = self.model.events.items()
        assert seen == {seq: (one.state, one.parked_for, one.attempts, one.failures) for seq, one in said}

    @invariant()
    def no_entity_is_in_two_hands(self) -> None:
        for entity in ENTITIES:
            assert len({one.token for one in self.model.of(entity, "taken")}) <= 1

    def teardown(self) -> None:
        """The morning: nobody dies any more, a person opens what is parked, everything that arrived is answered."""
        self.now = later(self.now, 1000)
        for _ in range(2 * len(self.model.events) + 2):
            parked = [each.event.seq for each in inbox.listing(self.store, ("parked",))]
            inbox.reopen(self.store, parked, "dana", "")
            while taken := inbox.take(self.store, "worker", None, 3, LEASE, self.now):
                assert ended(self.store, taken) == len(taken.events)
        kept = inbox.listing(self.store, ("new", "taken", *FINISHED))
        assert {each.event.seq for each in kept} == set(self.model.events)
        assert {each.state for each in kept} <= {"done", "quiet"}

    def _finish(self, taken: Taken, outcome: Outcome) -> None:
        mine = list(self._mine(taken))
        seqs, now = taken.seqs, self.now
        changed = self.store.run(lambda connection: inbox.finish(connection, taken, seqs, outcome, "", now))
        assert changed == len(mine)
        for one in mine:
            again = one.again
            one.afresh()
            one.token, one.state = 0, "new" if again else outcome
            one.parked_for = "input" if outcome == "parked" and not again else ""

    def _mine(self, taken: Taken) -> Iterator[Expected]:
        for event in taken.events:
            one = self.model.events[event.seq]
            if one.state == "taken" and one.token == taken.token:
                yield one


# Every step is a transaction or two: shrinking a failure would take minutes, so the steps are shown as they fell.
THOROUGH = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_nothing_is_lost_nothing_is_in_two_hands_and_poison_is_parked_at_the_last_loss_allowed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "MOST_LOST", LOSSES)
    monkeypatch.setattr(finishing, "MOST_FAILURES", FAILURES)
    run_state_machine_as_test(lambda: Night(store), settings=THOROUGH)
