"""From a webhook to an Epicor order, on a real `he-sync up` with its sandbox on the same cores.

First event after idle, orders at a steady rate, a burst; beside it the sensor-only way: nobody rings, a drain does not
linger, and the sweep finds what waits. The moment before the webhook leaves against the moment Epicor committed the
order, by the sandbox's ledger. `python -m tests.bench.latency` runs it alone.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from json import loads
from pathlib import Path

from rich.console import Console

from tests.bench.company import ROOT
from tests.bench.figures import Figure, table
from tests.bench.latency_shop import Shop, gql

SAMPLES, RATE, SECONDS, BURST = 20, 5, 60, 5_000
SENSOR_ONLY = {"HE_DAGSTER_URL": "", "HE_LINGER_SECONDS": "0"}
PHASE = 1.37
"""Between samples beyond the wait for quiet, so that they do not all meet the sweep's 5 s loop at one point of it."""
OFTEN, SELDOM = 0.02, 0.5
"""Seconds between two looks. When an order landed is read from the ledger; counting 5,000 of them costs a few ms."""
PATIENCE = 300.0
RUNS = """{ runsOrError(filter: {pipelineName: "drain", statuses: [STARTED, STARTING, QUEUED, CANCELING]}) {
  ... on Runs { results { runId status tags { key value } } } } }"""
TERMINATE = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Steady:
    """Seconds from webhook to order at a steady rate."""

    p50: float
    p95: float


@dataclass(frozen=True)
class Burst:
    """Orders a second, and the drain process's own milliseconds of processor an order."""

    rate: float
    cpu_ms: float


class Stage:
    """A running installation, looked at from outside."""

    def __init__(self, urls: dict[str, str], home: Path) -> None:
        self.shop, self._dagster = Shop(urls, home), urls["dagster"]

    def drains(self) -> list[dict[str, str]]:
        """Drain runs that are not over: run id and the worker that its tag names."""
        runs = gql(self._dagster, RUNS)["runsOrError"]["results"]
        tags = [{tag["key"]: tag["value"] for tag in run["tags"]} for run in runs]
        return [{"id": run["runId"], "worker": tag.get("he/worker", "")} for run, tag in zip(runs, tags, strict=True)]

    def idle(self) -> None:
        """Every drain ended, as after a quiet night."""
        for run in self.drains():
            gql(self._dagster, TERMINATE, id=run["id"])
        wait_until(lambda: not self.drains())

    def first_after_idle(self, samples: int) -> list[float]:
        """Seconds of the first event each time nobody is at it."""
        return [self._first(number) for number in range(samples)]

    def _first(self, number: int) -> float:
        order = self.shop.order()
        self.idle()
        time.sleep(1 + number * PHASE % 5)  # the sample's place in the sweep's loop, not a wait for anything
        mark = self.shop.mark()
        began = self.shop.tell(order)
        wait_until(lambda: bool(self.shop.count(mark)))
        return self.shop.landed(mark)[order] - began

    def steady(self, rate: int, seconds: int) -> Steady:
        """Orders placed and told at a rate, whether earlier ones are through or not."""
        mark, told, start = self.shop.mark(), {}, time.monotonic()
        for number in range(rate * seconds):
            time.sleep(max(0.0, start + number / rate - time.monotonic()))
            order = self.shop.order()
            told[order] = self.shop.tell(order)
        landed = self._landed(mark, len(told))
        waits = sorted(landed[order] - began for order, began in told.items())
        return Steady(statistics.median(waits), waits[int(0.95 * (len(waits) - 1))])

    def burst(self, orders: int) -> Burst:
        """Orders that wait in Heartland, all told at once."""
        some = [self.shop.order() for _ in range(orders)]
        self._warm(some.pop())
        before, mark = self._spent(), self.shop.mark()
        began = min([self.shop.tell(order) for order in some])
        landed = self._landed(mark, len(some), pause=SELDOM)
        seconds = max(landed.values()) - began
        return Burst(len(some) / seconds, 1000 * (self._spent() - before) / len(some))

    def _warm(self, order: int) -> None:
        mark = self.shop.mark()
        self.shop.tell(order)
        self._landed(mark, 1)

    def _landed(self, mark: int, orders: int, pause: float = OFTEN) -> dict[int, float]:
        wait_until(lambda: self.shop.count(mark) >= orders, pause)
        return self.shop.landed(mark)

    def _spent(self) -> float:
        """Processor seconds of the drain that runs, threads included."""
        [pid] = [run["worker"].split()[0] for run in self.drains() if run["worker"]]
        facts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(facts[11]) + int(facts[12])) / TICK


def wait_until(true: Callable[[], bool], pause: float = OFTEN) -> None:
    """Raises RuntimeError after PATIENCE."""
    until = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > until:
            raise RuntimeError(f"not so after {PATIENCE:.0f} s")
        time.sleep(pause)


@contextmanager
def up(home: Path, settings: dict[str, str] | None = None) -> Iterator[Stage]:
    """An installation of its own, stopped with the block."""
    words = [sys.executable, "-m", "he_sync.cli", "up", "--home", str(home), "--port", "0", "--ports", "0", "--json"]
    process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, **(settings or {})}, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        told = process.stdout.readline()
        if not told:
            raise RuntimeError("`he-sync up` did not start")
        stage = Stage(loads(told), home)
        try:
            yield stage
        finally:
            stage.shop.close()
    finally:
        process.terminate()
        process.wait()


def latency(folder: Path, samples: int = SAMPLES, seconds: int = SECONDS, burst: int = BURST) -> Iterator[Figure]:
    """Both ways, one after the other, each on an installation of its own."""
    with up(folder / "doorbell") as stage:
        ours = stage.first_after_idle(samples)
        steady = stage.steady(RATE, seconds)
        much = stage.burst(burst)
    with up(folder / "sensor", SENSOR_ONLY) as stage:
        theirs = stage.first_after_idle(samples)
        slow = stage.steady(RATE, seconds)
    name, peer = "webhook to Epicor order, sandbox included", "sensor only"
    yield Figure(name, "first after idle, p50", statistics.median(ours), "s", peer, statistics.median(theirs))
    yield Figure(name, "first after idle, p95", _p95(ours), "s", peer, _p95(theirs))
    yield Figure(name, f"{RATE} orders/s for {seconds} s, p50", steady.p50, "s", peer, slow.p50)
    yield Figure(name, f"{RATE} orders/s for {seconds} s, p95", steady.p95, "s", peer, slow.p95)
    yield Figure(name, f"burst of {burst:,} orders", much.rate, "orders/s", better="more")
    yield Figure(name, "engine's processor time an order", much.cpu_ms, "ms")


def _p95(values: list[float]) -> float:
    return sorted(values)[round(0.95 * (len(values) - 1))]


def main() -> None:
    """Run it alone."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.latency", description=__doc__)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--burst", type=int, default=BURST)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="he-sync-latency-") as folder:
        found = list(latency(Path(folder), asked.samples, asked.seconds, asked.burst))
    Console(width=130).print(table(found, f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"))


if __name__ == "__main__":
    main()
