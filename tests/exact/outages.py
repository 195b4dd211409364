"""Outages of a site under load: a worker's host, Redis, Postgres, the daemon in turn; then the checkers.

`python -m tests.exact.outages --seed N`. Real programs of the resident profile, a client that sells and announces until
it is acknowledged, a kill of each kind in an order and for a time that the seed decides. When all has come to rest,
inbox, effects and the ERP's own ledger are compared by their ids: every checker of `checkers.py` must be empty.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from kombu.exceptions import OperationalError

from he_sync.store import effects, inbox, lanes
from he_sync.store.clock import store_clock
from tests.exact.announce import CARD, Post
from tests.exact.checkers import REPORT, findings
from tests.exact.history import Log, collect
from tests.exact.shop import Shop
from tests.exact.site import WORKERS, Site, site
from tests.exact.storm import MOVING, OPEN, Client, mend
from tests.resident import LANE, launch_drain

KINDS = ("worker", "redis", "postgres", "daemon")
AWAY_SECONDS = (2.0, 25.0)
"""How long Redis, Postgres or the daemon is gone; a worker's host stays away until another one drains."""
BETWEEN_SECONDS = (1.0, 4.0)
PAUSES = (0.1,) * 15 + (3.0,)
"""Between two sales; in the longest one a drain ends, so that the next sale needs a new run."""
PATIENCE = 180.0
LOOK = 0.02
FAR = timedelta(days=30)
T = TypeVar("T")
TO_THE_POS = "SELECT DISTINCT kind FROM effects WHERE target = 'heartland'"
LOST, DOUBLED = "total:", "unique:"
ORDERS = "origin = 'api' AND collection = 'epicor/OrderHed' AND operation = 'insert'"


@dataclass
class Teller(Client):
    """A client that knows when each event was accepted."""

    moments: list[tuple[float, str]] = field(default_factory=list)

    def acknowledged(self, post: Post) -> None:
        """Note it with its moment."""
        super().acknowledged(post)
        self.moments.append((time.time(), post.sold.owed))

    def work_on(self, over: threading.Event) -> None:
        """Sell, sometimes with a pause, and post, until it is over and everything was accepted."""
        until = float("inf")
        while (not over.is_set() or self.waiting) and time.monotonic() < until:
            if not over.is_set():
                self.sell()
            elif until == float("inf"):
                until = time.monotonic() + PATIENCE
            self.post()
            time.sleep(self.chance.choice(PAUSES))


@dataclass(frozen=True)
class Outage:
    """One kill and what came after, in seconds: from the kill, of Postgres from its return.

    `accepting`: to the first event accepted; `working`: to the first order in the ERP that was accepted after that.
    `taken_over`: from a host's kill to another drain at work; 0 for others.
    """

    kind: str
    accepting: float
    working: float
    taken_over: float = 0.0

    def __str__(self) -> str:
        """One line."""
        taken = f", another drain after {self.taken_over:.1f} s" if self.taken_over else ""
        return f"{self.kind}: accepting after {self.accepting:.1f} s, at work after {self.working:.1f} s{taken}"


@dataclass(frozen=True)
class Outcome:
    """What the outages left behind."""

    seed: int
    orders: int
    acknowledged: int
    outages: tuple[Outage, ...]
    findings: tuple[str, ...]

    def __str__(self) -> str:
        """For people, with the line that does it again."""
        lost, doubled = (sum(one.startswith(kind) for one in self.findings) for kind in (LOST, DOUBLED))
        lines = "".join(f"\n  {one}" for one in (*self.outages, *self.findings))
        return (
            f"seed {self.seed}: {self.orders} sales, {self.acknowledged} acknowledged events, {lost} lost,"
            f" {doubled} doubled, {len(self.findings)} findings{lines}\n"
            f"again with: python -m tests.exact.outages --seed {self.seed}"
        )


@dataclass
class Misfortune:
    """Kills what the seed says, and watches what becomes of it."""

    site: Site
    client: Teller
    chance: random.Random
    away: tuple[float, float] = AWAY_SECONDS
    marks: list[tuple[str, float, float]] = field(default_factory=list)

    def strike(self, kind: str) -> None:
        """One outage to its end: an order that was accepted after it is in the ERP."""
        deeds: dict[str, Callable[[], tuple[float, float]]] = {"worker": self._host, "postgres": self._database}
        began, taken_over = deeds.get(kind, lambda: self._program(kind))()
        self.marks.append((kind, began, taken_over))
        until(lambda: bool(self.outage(kind, began, taken_over)))
        time.sleep(min(self.chance.uniform(*BETWEEN_SECONDS), max(self.away)))

    def outage(self, kind: str, began: float, taken_over: float = 0.0) -> list[Outage]:
        """The outage, if it is over."""
        moments = list(self.client.moments)
        first: dict[str, float] = {}
        for at, owed in moments:
            first.setdefault(owed, at)
        landed = self._landed()
        working = [landed[owed] - began for owed, at in first.items() if at > began and owed in landed]
        accepting = [at - began for at, _ in moments if at > began]
        return [Outage(kind, min(accepting), min(working), taken_over)] if working else []

    def warm(self) -> None:
        """Everybody is there: workers answer, the daemon beats where there is one, an order went through."""
        until(lambda: self._answering() == len(WORKERS))
        if "daemon" in self.site.programs:
            until(lambda: "SENSOR" in self.site.instance.get_daemon_heartbeats())
        until(lambda: bool(self._landed()))

    def _answering(self) -> int:
        """How many workers answer; none where Redis, which starts beside them, does not answer yet."""
        with suppress(OperationalError):
            return len(self.site.instance.run_launcher.celery.control.ping(timeout=0.5))
        return 0

    def _landed(self) -> dict[str, float]:
        rows = self.site.other_side.state.oracle(ORDERS)
        return {str(row["after"]["PONum"]): datetime.fromisoformat(row["at"]).timestamp() for row in reversed(rows)}

    def _program(self, kind: str) -> tuple[float, float]:
        program, began = self.site.programs[kind], time.time()
        program.lose()
        time.sleep(self.chance.uniform(*self.away))
        program.away = False
        return began, 0.0

    def _database(self) -> tuple[float, float]:
        self.site.database.kill()
        time.sleep(self.chance.uniform(*self.away))
        self.site.database.start()
        return time.time(), 0.0

    def _host(self) -> tuple[float, float]:
        """The host whose worker drains at this moment."""
        held, host = until(self._drains)
        began = time.time()
        self.site.programs[host].lose()
        until(lambda: self._holder() not in {"", held})
        taken_over = time.time() - began
        self.site.programs[host].away = False
        return began, taken_over

    def _drains(self) -> tuple[str, str] | None:
        """Who has the lane, and on which host: only a drain that has something to do."""
        holder = self._holder()
        runs = self.site.instance.get_run_ids(limit=5) if holder else []
        host = next((self.site.host_of(run) for run in runs if holder == f"{LANE} {run[:8]}"), "")
        return (holder, host) if host and inbox.listing(self.site.store, OPEN) else None

    def _holder(self) -> str:
        return lanes.holder(self.site.store, LANE, store_clock(self.site.store)())


def until(there: Callable[[], T | None]) -> T:
    """What is there in the end. Raises TimeoutError after PATIENCE."""
    end = time.monotonic() + PATIENCE
    while not (found := there()):
        if time.monotonic() > end:
            raise TimeoutError(f"not so after {PATIENCE:.0f} s")
        time.sleep(LOOK)
    return found


def storm(
    seed: int,
    kinds: Sequence[str] = KINDS,
    rounds: int = 1,
    keep: Path | None = None,
    away: tuple[float, float] = AWAY_SECONDS,
) -> Outcome:
    """Each of `kinds` once a round, in an order of the seed; without "daemon" Dagster's own programs are left out."""
    chance = random.Random(seed)  # noqa: S311 - a seeded draw, not a secret
    with _folder(keep) as folder, site(folder, dagster="daemon" in kinds) as there:
        log, shop = Log(), Shop(there.other_side.state)
        client = Teller(shop, log, f"http://127.0.0.1:{there.port}", random.Random(seed))  # noqa: S311 - seeded
        misfortune = Misfortune(there, client, chance, away)
        with _beside(client):
            misfortune.warm()
            for _ in range(rounds):
                for kind in chance.sample(kinds, len(kinds)):
                    misfortune.strike(kind)
        log.sold = shop.sold
        rested = _rest(there, log)
        outages = tuple(one for mark in misfortune.marks for one in misfortune.outage(*mark))
        texts = [(path.name, path.read_text(errors="replace")) for path in folder.glob("*.log")]
        history = collect(there.store, there.other_side.state, log, datetime.now(UTC) + FAR, texts=texts, cards=[CARD])
        polled = _polled(there)
        found = findings(replace(history, deeds=tuple(one for one in history.deeds if one.kind not in polled)))
        return Outcome(seed, len(log.sold), len(log.acknowledged), outages, (*rested, *found))


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """One that others may enter: Postgres is another account's."""
    with tempfile.TemporaryDirectory(prefix="he-sync-outages-") as name:
        folder = keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        yield folder


@contextmanager
def _beside(client: Teller) -> Iterator[None]:
    """The client works while the block does, and until everything it announced was accepted."""
    over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(client.work_on, over)
        try:
            yield
        finally:
            over.set()
        working.result()


def _rest(there: Site, log: Log) -> list[str]:
    """Until nothing moves any more. Leases and quarantines end while nobody works: none is cut off in a write."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        run = launch_drain(there.instance, 0.0)
        until(partial(_ended, there, run))
        mend(there.store, log)
        if not effects.listing(there.store, states=MOVING) and not inbox.listing(there.store, OPEN):
            return []
        there.database.later()
    return [f"rest: something still moved {PATIENCE:.0f} s after the outages"]


def _ended(there: Site, run: str) -> bool:
    """Whether a drain is over, and no other one goes on."""
    found = there.instance.get_run_by_id(run)
    at_rest = not lanes.holder(there.store, LANE, store_clock(there.store)())
    return found is not None and found.is_finished and at_rest


def _polled(there: Site) -> set[str]:
    """What the daemon's polls bring back to the POS: it names what is there, and no checker knows where to look."""
    with there.store.begin() as connection:
        return {str(kind) for (kind,) in connection.exec_driver_sql(TO_THE_POS)} - {REPORT}


def main() -> None:
    """Outages of one seed or of several; exit 1 where a checker found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.exact.outages", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--rounds", type=int, default=1, help="each kind so many times, on one site")
    parser.add_argument("--kinds", default=",".join(KINDS), help="which of them")
    parser.add_argument("--keep", type=Path, help="a folder that keeps stores and logs")
    asked = parser.parse_args()
    outcome = storm(asked.seed, asked.kinds.split(","), asked.rounds, asked.keep)
    sys.stdout.write(f"{outcome}\n")
    raise SystemExit(int(bool(outcome.findings)))


if __name__ == "__main__":
    main()
