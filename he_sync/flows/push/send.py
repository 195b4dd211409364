"""The push itself: batch after batch to each system in turn, until nothing may be sent or the time is over."""

from __future__ import annotations

import time
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field

from he_sync.flows.push.batch import HURRY_SECONDS, Batch
from he_sync.flows.push.lane import WORKERS, Lane
from he_sync.flows.push.outcome import LEASE_SECONDS, NOT_ALLOWED, Clock, Pushed
from he_sync.flows.push.teller import Teller
from he_sync.flows.writers import Bench
from he_sync.store import effects
from he_sync.store.clock import store_clock
from he_sync.store.database import Store
from he_sync.store.effects import Claimed

TARGETS = ("epicor", "heartland")
BATCH = 64
"""Effects claimed at a time: where a write takes two seconds, six threads are through with them in 22 s of 30."""


def push(  # noqa: PLR0913 - one push with all that it takes
    store: Store,
    bench: Bench,
    worker: str,
    target: str | None = None,
    now: Clock | None = None,
    *,
    budget_seconds: float = float("inf"),
    limit: int = BATCH,
    ask_again: bool = True,
    pool: Executor | None = None,
) -> Pushed:
    """Settle what is in doubt, then send every effect that may be sent now, to one target or to all.

    Args:
        store: where the effects are.
        bench: the systems to write to.
        worker: who claims them, for people.
        target: "epicor" or "heartland"; None for both, neither of which waits for the other's pauses.
        now: the clock of leases and quarantines; the store's without one.
        budget_seconds: time after which no further batch is begun; `more` then says that some may be left.
        limit: effects a batch.
        ask_again: send once more what an earlier push was not allowed; a caller that pushes many times a minute asks
            for it once.
        pool: threads of a caller that pushes often, `threads()`; without one the push has its own.
    """
    if ask_again:
        _ask_again(store, target)
    end, done = time.monotonic() + budget_seconds, Pushed()
    with nullcontext(pool) if pool else threads() as writing:
        one = _Push(store, bench, worker, now or store_clock(store), limit, writing, done)
        one.lanes = [Lane(name) for name in ([target] if target else TARGETS)]
        while one.round():
            if time.monotonic() >= end:
                done.more = True
                break
    done.stops = {lane.target: lane.stopped for lane in one.lanes if lane.stopped}
    return done


def threads() -> ThreadPoolExecutor:
    """Threads for pushes; each keeps its own connection to the shared file of the throttle."""
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="push")


def _ask_again(store: Store, target: str | None) -> None:
    """What the account was not allowed goes again: the right may have been granted since."""
    for status in effects.listing(store, states=["rejected"]):
        if status.reason.startswith(NOT_ALLOWED) and target in {None, status.effect.target}:
            effects.release(store, status.effect.key, "he-sync", "the account is asked again")


@dataclass
class _Push:
    """One push under way."""

    store: Store
    bench: Bench
    worker: str
    now: Clock
    limit: int
    pool: Executor
    done: Pushed
    lanes: list[Lane] = field(default_factory=list)

    def round(self) -> bool:
        """A batch for every system that is not left alone. False when there was nothing for any of them."""
        claimed = [self._batch(lane) for lane in self.lanes if not lane.stopped]
        return any(claimed)

    def _batch(self, lane: Lane) -> bool:
        if (wait := self.bench.ready_in(lane.target)) > HURRY_SECONDS:
            lane.stop(f"{lane.target} may be called again in {wait:.0f} s")
            return False
        claimed = self._claim(lane)
        if claimed:
            teller = Teller(self.store, self.now, lane, self.done)
            Batch(self.store, self.bench, self.now, self.pool, lane, teller).run(claimed)
        return bool(claimed)

    def _claim(self, lane: Lane) -> list[Claimed]:
        """What is in doubt first, until nothing of it is due; then what is new."""
        take = effects.resume_doubtful_many if lane.settling else effects.claim_many
        claimed = take(self.store, self.worker, LEASE_SECONDS, self.now(), target=lane.target, limit=self.limit)
        if not claimed and lane.settling:
            lane.settling = False
            return self._claim(lane)
        return claimed
