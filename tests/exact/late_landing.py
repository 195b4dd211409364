"""Orders over a wire that loses, delays and answers late: how often each way of writing creates twice or not at all.

The ERP's clock is the only clock. Of the requests 3 % are lost, 2 % are served 10 to 300 s after they came while the
client gives up after 30 s, and of the answers 1 % are lost (reference reliability 3.1). Our way is the product's own:
the store's effects and `push`, with a writer that talks to this ERP. The other three are the ways people write first.
"""

from __future__ import annotations

import heapq
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from he_sync.flows.push import push
from he_sync.flows.writers import WRITERS, Bench, Writer
from he_sync.model.errors import LookUpFirst
from he_sync.store import effects
from he_sync.store.database import Store, open_store
from he_sync.store.effects import Effect, effect_key
from tests.exact.walk import in_memory

LOST_REQUEST, LATE, LOST_ANSWER = 0.03, 0.02, 0.01
SERVED_SECONDS, LATE_SECONDS, GIVE_UP_SECONDS = 2.0, (10.0, 300.0), 30.0
MOST_TRIES = 8
BATCH = 2_000
KIND = "create_simulated_order"
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STEP = timedelta(seconds=45)


class NoAnswer(Exception):
    """Nothing came back within GIVE_UP_SECONDS."""


@dataclass
class Erp:
    """Creates a document for every request that reaches it, however often and however late.

    A request's fate hangs on the seed, its order and its number, not on the threads that race to send it.
    """

    seed: int
    now: float = 0.0
    documents: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    look_ups: int = 0
    late: list[tuple[float, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def calls(self) -> int:
        """Requests and look-ups."""
        return self.requests.total() + self.look_ups

    def create(self, key: str) -> None:
        """One request at `now`. Raises NoAnswer when the client gives up."""
        with self.lock:
            self.requests[key] += 1
            chance = random.Random(f"{self.seed} {key} {self.requests[key]}")  # noqa: S311 - a seeded draw
            if chance.random() < LOST_REQUEST:
                raise NoAnswer
            after = chance.uniform(*LATE_SECONDS) if chance.random() < LATE else SERVED_SECONDS
            if after > GIVE_UP_SECONDS or chance.random() < LOST_ANSWER:
                heapq.heappush(self.late, (self.now + after, key))
                raise NoAnswer
            self.documents[key] += 1

    def holds(self, key: str) -> bool:
        """A look-up at `now`: what lands later is not there yet."""
        return self.hold([key]) == {key}

    def hold(self, keys: Iterable[str]) -> set[str]:
        """The same for many in one call."""
        with self.lock:
            self.look_ups += 1
            self._land(self.now)
            return {key for key in keys if self.documents[key]}

    def rest(self) -> None:
        """Until everything under way has landed."""
        self._land(float("inf"))

    def ready_in(self, _target: str) -> float:
        """As a bench of the push: it may always be called."""
        return 0.0

    def _land(self, until: float) -> None:
        while self.late and self.late[0][0] <= until:
            self.documents[heapq.heappop(self.late)[1]] += 1


@dataclass(frozen=True)
class Outcome:
    """What a way of writing left behind: documents too many, orders without one, orders nobody knows the end of."""

    way: str
    orders: int
    duplicates: int
    lost: int
    unresolved: int
    calls: int

    @property
    def calls_an_order(self) -> float:
        """Requests sent for one order, look-ups included."""
        return self.calls / self.orders


Way = Callable[[Erp, str], bool]
"""Writes one order and says whether its end is known."""


def never_again(erp: Erp, key: str) -> bool:
    """One try; without an answer nobody knows."""
    try:
        erp.create(key)
    except NoAnswer:
        return False
    return True


def naive(erp: Erp, key: str) -> bool:
    """Try until an answer comes."""
    for _ in range(MOST_TRIES):
        if never_again(erp, key):
            return True
        erp.now += GIVE_UP_SECONDS
    return False


def look_up_only(erp: Erp, key: str) -> bool:
    """Look it up after every failure and write again at once where it is not there: what is slow lands after that."""
    for _ in range(MOST_TRIES):
        if never_again(erp, key):
            return True
        erp.now += GIVE_UP_SECONDS
        if erp.holds(key):
            return True
    return False


PEERS: dict[str, Way] = {"never retry": never_again, "naive retry": naive, "look up, then retry": look_up_only}


def peer(name: str, orders: int, seed: int) -> Outcome:
    """One of the other ways over the same kind of wire, each order with a clock of its own, as if all ran at once."""
    erp, unknown = Erp(seed), 0
    for number in range(orders):
        erp.now = 0.0
        unknown += not PEERS[name](erp, f"order {number}")
        erp.rest()
    return _outcome(name, erp, orders, unknown)


def ours(orders: int, seed: int) -> Outcome:
    """The product's way. Its store lies in memory; nothing else is spared."""
    erp = Erp(seed)
    with in_memory() as folder, open_store(folder / "store.db") as store, _writer():
        for first in range(0, orders, BATCH):
            some = [_effect(number) for number in range(first, min(first + BATCH, orders))]
            effects.plan(store, some)
            _drive(store, erp)
        unresolved = len(effects.listing(store, states=("planned", "intent", "doubtful", "parked", "rejected")))
    erp.rest()
    return _outcome("he-sync", erp, orders, unresolved)


def _outcome(way: str, erp: Erp, orders: int, unresolved: int) -> Outcome:
    there = erp.documents
    return Outcome(way, orders, there.total() - len(+there), orders - len(+there), unresolved, erp.calls)


def _drive(store: Store, erp: Erp) -> None:
    """Push until nothing is under way. Time passes between pushes only, so what is late gets the least of it."""
    while True:
        moment = START + timedelta(seconds=erp.now)
        push(store, cast("Bench", erp), "simulation", now=lambda moment=moment: moment)
        if not effects.listing(store, states=("planned", "intent", "doubtful")):
            return
        erp.now += STEP.total_seconds()


def _effect(number: int) -> Effect:
    entity = f"order {number}"
    key = effect_key("simulation", "heartland", "order", entity, KIND, "1")
    return Effect(key, KIND, "epicor", entity, "2026-11-20", {"number": number}, limit_ok=True, summary=entity)


def _find(erp: Any, key: str, _body: dict[str, Any]) -> str | None:
    return key if erp.holds(key) else None


def _find_many(erp: Any, asked: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    return {key: key for key in erp.hold(key for key, _ in asked)}


def _write(erp: Any, key: str, _body: dict[str, Any]) -> str:
    try:
        erp.create(key)
    except NoAnswer:
        raise LookUpFirst("no answer in time") from None
    return key


@contextmanager
def _writer() -> Iterator[None]:
    WRITERS[KIND] = Writer(_find, _write, _find_many)
    try:
        yield
    finally:
        del WRITERS[KIND]
