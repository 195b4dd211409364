"""The drain: one process takes events as they come, answers them in micro-batches, and pushes what comes of them.

It holds the lane `drain` while it runs, lingers when there is nothing to do, and lets go only when nothing is due: an
event is seen by the drain or rings for another. What cannot be read now is taken again later; credentials that are
refused stop it, because asking on with them locks the account.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import timedelta

from he_sync.connect.hurry import hurried
from he_sync.flows.benches import bench
from he_sync.flows.commit import Answer, Overtaken, answers, commit
from he_sync.flows.observed import MicroBatch, observed
from he_sync.flows.push import Clock, Pushed, push, threads
from he_sync.flows.run import Ran, Works, run_apart
from he_sync.flows.spec import Flow
from he_sync.flows.writers import Bench
from he_sync.model.errors import BrokenPromise, NotAllowed, Throttled, TryLater
from he_sync.store import inbox, lanes
from he_sync.store.clock import store_clock
from he_sync.store.inbox import Taken
from he_sync.store.lanes import Lane
from he_sync.store.watch import Watch

LANE = "drain"
LANE_SECONDS = 30.0
ENTITIES = 50
"""Entities of a micro-batch: few enough that a newcomer waits for less than a second of pushing."""
BACKLOG = 200
"""The same after a full one: a newcomer waits behind the others anyway, and each batch has costs of its own."""
LEASE_SECONDS = 120.0
"""Longest a micro-batch may take from its take to its commit; reads give up long before."""
READ_SECONDS = 10.0
"""Longest wait for one system's throttle or patience; events wait safely in the inbox, the other systems' do not."""
PUSH_SECONDS = 0.01
"""Of pushing between two micro-batches for each entity of the first; what is left goes after the next one."""
REPORTS_EVERY = 8
"""Micro-batches after which reports go back to the POS although events wait: orders first, but not for ever."""
EFFECTS_SECONDS = 1.0
"""Between two looks for effects that became due by themselves: quarantines that are over, decisions of people."""
LATER_SECONDS = 30.0
"""After which an event that cannot be decided yet is taken again: 20 times of it are longer than a quarantine."""
STILL_SECONDS = 25.0
"""After which a flow that stands still is tried again; its events are due after 30."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
TROUBLE_SECONDS = 120.0
"""Of failed reads without one that worked; the drain then ends with an alarm, and the sweep begins another."""
OVERTAKEN = 3
MOST_PROBLEMS = 1000
STEP_SECONDS = 0.25


@dataclass
class Drained:
    """What one drain did. `held`: another one has the lane. `alarm`: why it stopped before its time, for a person."""

    held: bool = False
    alarm: str = ""
    batches: int = 0
    events: Counter[str] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def drain(  # noqa: PLR0913 - one drain with all that it takes
    works: Works,
    worker: str,
    lane: str = LANE,
    *,
    linger_seconds: float,
    poll_seconds: float = 0.03,
    stop: Callable[[], bool] = lambda: False,
    observe: Callable[[MicroBatch], None] = lambda _: None,
    run_id: str = "",
    now: Clock | None = None,
    flows: Callable[[], tuple[Flow, ...]] | None = None,
) -> Drained:
    """Drain the inbox until it has been idle for a while, `stop` says so, or a person is needed.

    Args:
        works: store, systems, profile and flows.
        worker: who takes events and effects, for people.
        lane: the name of the lane; only one drain holds it.
        linger_seconds: idle time after which it lets go.
        poll_seconds: between two looks at the inbox; a look is a read and writes nothing.
        stop: asked between micro-batches and while idle.
        observe: hears what each flow did with each micro-batch, after its push.
        run_id: named in every line of the story.
        now: the clock of leases and quarantines; the store's without one.
        flows: asked before each micro-batch for the flows to run it with, so that an edit counts from the next one on
            and never within one; without it those of `works` are used.
    """
    clock = now or store_clock(works.store)
    held = lanes.take(works.store, lane, worker, LANE_SECONDS, clock())
    if held is None:
        return Drained(held=True)
    try:
        with Watch(works.store) as watch, threads() as pool:
            one = _Drain(works, worker, held, watch, observe, run_id, clock, pool, flows)
            one.run(linger_seconds, poll_seconds, stop)
            return one.done
    finally:
        lanes.release(works.store, held)


def bench_of(works: Works) -> Bench:
    """The bench of an installation; sales orders go the stronger way where a flow asks for it."""
    strong = any(flow.push and flow.push.way == "function" for flow in works.flows)
    return bench(works.store, works.systems, works.retailer, "function" if strong else "composite")


@dataclass
class _Drain:
    """One drain under way."""

    works: Works
    worker: str
    lane: Lane
    watch: Watch
    observe: Callable[[MicroBatch], None]
    run_id: str
    now: Clock
    pool: Executor
    flows: Callable[[], tuple[Flow, ...]] | None = None
    done: Drained = field(default_factory=Drained)
    entities: int = ENTITIES
    failures: int = 0
    failing_since: float | None = None
    effects_looked: float = 0.0
    reports_due: int = 0
    asked_again: bool = False
    still: dict[str, tuple[float, str]] = field(default_factory=dict)
    owed: list[tuple[Taken, list[Answer], list[Ran]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bench = bench_of(self.works)
        self.lane_until = self.now() + timedelta(seconds=LANE_SECONDS)

    def run(self, linger: float, poll: float, stop: Callable[[], bool]) -> None:
        """Turn after turn. The lane is let go of in the transaction that finds nothing due."""
        last_busy = time.monotonic()
        while not (stop() or self.done.alarm or self._lane_lost()):
            if self._turn(stop):
                last_busy = time.monotonic()
            elif time.monotonic() - last_busy < linger:
                time.sleep(poll)
            elif lanes.release_if_idle(
                self.works.store, self.lane, lambda connection: not inbox.due_in(connection, self.now())
            ):
                return

    def _turn(self, stop: Callable[[], bool]) -> bool:
        """A micro-batch with its push, or what became due by itself. False when there was neither."""
        if self.watch.events_due(self.now()) and self._micro_batch(stop):
            return True
        if self.reports_due or self._effects_due():
            return self._push_all()
        return False

    def _lane_lost(self) -> bool:
        """Renewed at a third of its time; lost to another drain means that this one was taken for dead."""
        if self.lane_until - self.now() > timedelta(seconds=LANE_SECONDS * 2 / 3):
            return False
        now = self.now()
        self.lane_until = now + timedelta(seconds=LANE_SECONDS)
        return not lanes.renew(self.works.store, self.lane, now)

    # events

    def _micro_batch(self, stop: Callable[[], bool]) -> bool:
        """Take, run, commit, push. While reads fail, one entity at a time asks whether they work again."""
        if self._down(stop):
            return True
        limit = 1 if self.failures else self.entities
        taken = inbox.take(self.works.store, self.worker, None, limit, LEASE_SECONDS, self.now())
        if taken is None:
            return False
        self.entities = BACKLOG if len({event.entity for event in taken.events}) >= limit > 1 else ENTITIES
        self.done.batches += 1
        try:
            self._reload()
            ran, answered = self._answer(taken)
        except NotAllowed as error:
            self._again(taken, taken.seqs, LONGEST_PAUSE, str(error))
            self.done.alarm = f"{error}; the drain stopped, nothing is lost"
        except inbox.Stale as error:
            self._note(str(error))
        except (TryLater, BrokenPromise) as error:
            self._failed(taken, error, stop)
        else:
            self.failures, self.failing_since = 0, None
            self._after(taken, ran, answered)
        return True

    def _reload(self) -> None:
        """Flows that were edited since; what is taken is answered by one version of them."""
        flows = self.flows() if self.flows else self.works.flows
        if flows is not self.works.flows:
            self.works = replace(self.works, flows=flows)
            self.bench = bench_of(self.works)

    def _answer(self, taken: Taken) -> tuple[list[Ran], list[Answer]]:
        """Run and commit; what was overtaken meanwhile is read and decided again."""
        for left in reversed(range(OVERTAKEN)):
            with hurried(READ_SECONDS):
                ran = run_apart(self.works, taken.events, self.now(), self.run_id, self._still())
            answered = answers(taken, ran)
            try:
                commit(self.works.store, taken, answered, self.now())
            except Overtaken as error:
                if not left:
                    raise TryLater(str(error)) from error
            else:
                return ran, answered
        raise AssertionError

    def _after(self, taken: Taken, ran: list[Ran], answered: list[Answer]) -> None:
        """Push what came of it: to the ERP now, back to the POS when no event waits."""
        for one in answered:
            self.done.events[one.outcome or "later"] += len(one.events)
            if one.outcome is None:
                self._later(taken, one)
        self._stand_still(ran)
        self.reports_due += 1
        planned = {effect.target for one in answered for effect in one.effects}
        if "epicor" in planned:
            self._push("epicor")
        if self.reports_due >= REPORTS_EVERY or not self.watch.events_due(self.now()):
            self._push_all()
        for batch in observed(self.works.store, ran, answered, self.now()):
            self.done.effects.update(batch.effects)
            self._note(*batch.problems)
            self.observe(batch)

    def _later(self, taken: Taken, one: Answer) -> None:
        """What cannot be decided yet counts as a failure of its events; a flow that stands still counts for nothing."""
        seqs, not_before = [event.seq for event in one.events], self.now() + timedelta(seconds=LATER_SECONDS)
        back = inbox.hold if one.stopped else inbox.retry_later
        back(self.works.store, taken, seqs, not_before, one.note)

    def _still(self) -> dict[str, str]:
        """Flows that are not tried now: a while after it came to stand still, one micro-batch asks whether it goes."""
        now = time.monotonic()
        return {name: why for name, (until, why) in self.still.items() if now < until}

    def _stand_still(self, ran: Iterable[Ran]) -> None:
        known = self._still()
        for one in ran:
            if not one.stopped:
                self.still.pop(one.flow.name, None)
            elif one.flow.name not in known:
                self.still[one.flow.name] = (time.monotonic() + STILL_SECONDS, one.stopped)
                self._note(f"flow {one.flow.name} stands still: {one.stopped}")

    def _down(self, stop: Callable[[], bool]) -> bool:
        """Whether a system may not be called now; events stay untaken, so that an outage counts against none.

        What is planned for the other system still goes.
        """
        systems = self.works.systems
        waits = {"Heartland": systems.heartland.ready_in(), "Epicor": systems.epicor.ready_in()}
        name, wait = max(waits.items(), key=lambda one: one[1])
        if wait <= READ_SECONDS:
            return False
        self._in_trouble(f"{name} does not answer or asked for a pause")
        if self._effects_due():
            self._push_all()
        self._wait(min(wait, LONGEST_PAUSE), stop)
        return True

    def _in_trouble(self, reason: str) -> None:
        self.failures += 1
        self.failing_since = self.failing_since or time.monotonic()
        self._note(reason)
        if time.monotonic() - self.failing_since > TROUBLE_SECONDS:
            self.done.alarm = f"{reason}; so for {TROUBLE_SECONDS:.0f} s, the events wait"

    def _note(self, *problems: str) -> None:
        self.done.problems = [*self.done.problems, *problems][-MOST_PROBLEMS:]

    def _failed(self, taken: Taken, error: TryLater | BrokenPromise, stop: Callable[[], bool]) -> None:
        """Wait as long as was asked for, else longer each time and never in step with others."""
        self._in_trouble(str(error))
        ceiling = min(FIRST_PAUSE * 2**self.failures, LONGEST_PAUSE)
        wish = error.retry_after or 0.0 if isinstance(error, Throttled) else 0.0
        pause = wish + random.uniform(ceiling / 2, ceiling)  # noqa: S311 - spreads callers, no secret
        self._again(taken, taken.seqs, pause, str(error))
        self._wait(0.0 if self.done.alarm else pause, stop)

    def _wait(self, seconds: float, stop: Callable[[], bool]) -> None:
        end = time.monotonic() + seconds
        while not stop() and (left := end - time.monotonic()) > 0 and not self._lane_lost():
            time.sleep(min(left, STEP_SECONDS))

    def _again(self, taken: Taken, seqs: Iterable[int], seconds: float, reason: str) -> None:
        not_before = self.now() + timedelta(seconds=seconds)
        inbox.retry_later(self.works.store, taken, list(seqs), not_before, reason)

    # effects

    def _effects_due(self) -> bool:
        """Looked at once a second while nothing else happens."""
        if time.monotonic() - self.effects_looked < EFFECTS_SECONDS:
            return False
        self.effects_looked = time.monotonic()
        return self.watch.effects_due(self.now())

    def _push_all(self) -> bool:
        """Both systems, the ERP first, because reports wait for it. True when something went."""
        sent, back = self._push("epicor"), self._push("heartland")
        self.reports_due = int(sent.more or back.more)
        return bool(sent.states or back.states)

    def _push(self, target: str) -> Pushed:
        ask_again, self.asked_again = not self.asked_again, True
        pushed = push(
            self.works.store,
            self.bench,
            self.worker,
            target,
            self.now,
            budget_seconds=PUSH_SECONDS * self.entities,
            ask_again=ask_again,
            pool=self.pool,
        )
        self._note(*pushed.problems)
        return pushed
