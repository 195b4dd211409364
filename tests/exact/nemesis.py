"""What a seed does to a storm: who dies or freezes when, what the other side answers, when the database goes."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.exact.cluster import Cluster
from tests.exact.crew import Crew
from tests.exact.stand_in import StandIn
from tests.exact.worker import LEASE, QUARANTINE

BETWEEN = (0.5, 3.0)
FAULT_SECONDS = (1.0, 5.0)
SHARES = (0.1, 0.3, 0.6, 1.0)
LATEST_LANDING = QUARANTINE - LEASE - 1.0
FAULTS: dict[str, dict[str, Any]] = {
    "throttle": {"retry_after": "1"},
    "error_before": {},
    "error_after": {"method": "POST|PUT|PATCH"},
    "lost_request": {},
    "lost_response": {},
    "late_landing": {"method": "POST|PUT|PATCH"},
    "truncated_body": {},
    "latency": {"seconds": 0.5},
}
DEEDS = ("fault",) * 6 + ("kill worker",) * 3 + ("freeze worker", "step clock") * 2 + ("kill receiver", "kill database")
STEPS = (-86_400.0, -3_600.0, -30.0, 0.0, 30.0, 3_600.0, 86_400.0)
"""Seconds by which a worker's wall clock is wrong after a step, until the next one."""
NEEDS_A_SERVER = ("kill database", "step clock")
"""Without a database server: it has no process to kill, and its clock is the workers' own."""


@dataclass(frozen=True)
class Deed:
    """One thing that is done at a moment, in seconds from the start of the storm."""

    at: float
    what: str
    choice: int
    seconds: float
    share: float
    fault: str
    step: float


def schedule(seed: int, seconds: float) -> Iterator[Deed]:
    """The whole storm, decided by its seed alone."""
    chance, at = random.Random(seed), 1.0  # noqa: S311 - a seeded draw, not a secret
    while at < seconds:
        what, fault = chance.choice(DEEDS), chance.choice(sorted(FAULTS))
        yield Deed(
            at,
            what,
            chance.randrange(2),
            chance.uniform(*FAULT_SECONDS),
            chance.choice(SHARES),
            fault,
            chance.choice(STEPS),
        )
        at += chance.uniform(*BETWEEN)


@dataclass
class Nemesis:
    """Does what the schedule says, and heals in the end."""

    crew: Crew
    stand_in: StandIn
    database: Cluster | None
    done: list[str] = field(default_factory=list)

    def rage(self, seed: int, seconds: float) -> None:
        """The storm."""
        started = time.monotonic()
        for deed in schedule(seed, seconds):
            time.sleep(max(0.0, started + deed.at - time.monotonic()))
            deeds: dict[str, Callable[[Deed], None]] = {
                "fault": self._fault,
                "kill worker": lambda deed: self.crew.workers[deed.choice].signal(signal.SIGKILL),
                "freeze worker": self._freeze,
                "step clock": lambda deed: self.crew.workers[deed.choice].step_clock(deed.step),
                "kill receiver": lambda _: self.crew.receiver.signal(signal.SIGKILL),
                "kill database": lambda _: self._database(),
            }
            what = "kill worker" if deed.what in NEEDS_A_SERVER and self.database is None else deed.what
            deeds[what](deed)
            self.done.append(deed.fault if what == "fault" else what)

    def heal(self) -> None:
        """Nothing fails any more."""
        self.stand_in.admin("PUT", "/faults", [])
        for worker in self.crew.workers:
            worker.step_clock(0.0)
            worker.signal(signal.SIGCONT)

    def _fault(self, deed: Deed) -> None:
        """For some seconds; the plan before it is over."""
        seconds = min(deed.seconds, LATEST_LANDING)
        rule = {"name": deed.fault, "probability": deed.share, "seconds": seconds, **FAULTS[deed.fault]}
        self.stand_in.admin("PUT", "/faults", [rule])

    def _freeze(self, deed: Deed) -> None:
        """Past its leases, so that another takes over what it believes to hold."""
        worker = self.crew.workers[deed.choice]
        worker.signal(signal.SIGSTOP)
        thaw = threading.Timer(LEASE + deed.seconds, worker.signal, [signal.SIGCONT])
        thaw.daemon = True
        thaw.start()

    def _database(self) -> None:
        if self.database is not None:
            self.database.kill()
            self.database.start()
