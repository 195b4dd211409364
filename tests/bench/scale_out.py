"""Resident workers: how soon a run works beside Dagster's own launcher, and what a second host adds to a drain.

`he-sync up --profile resident` against an `up` whose warm process nobody reaches, so that runs start as Dagster starts
them. Then worker hosts as network namespaces with addresses of their own, on the same cores: one drains a backlog, two
do, and one is killed while it drains. `python -m tests.bench.scale_out` runs it alone; hosts need root.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from rich.console import Console

from resources.runs.warm import address
from tests.bench.figures import Figure, skipped, table
from tests.bench.latency import OFTEN, PHASE, Stage, up, wait_until
from tests.bench.latency_shop import gql
from tests.bench.worker_hosts import HOSTS_NEED, hosts

SAMPLES, BACKLOG = 20, 400
ENTERED_BY_ALL = 0o711
"""Postgres runs as nobody where the bench runs as root."""
SOON_IDLE = {"HE_LINGER_SECONDS": "1"}
"""A drain that is ended from outside leaves work behind, for which the sweep begins another one at once."""
STARTED = """{ runsOrError(filter: {pipelineName: "drain"}, limit: 5) { ... on Runs { results { startTime } } } }"""


@dataclass(frozen=True)
class First:
    """Seconds from a webhook after idle time: until a run works, and until Epicor has the order."""

    start: float
    order: float


def first_after_idle(stage: Stage, samples: int) -> list[First]:
    """As tests.bench.latency has it, with the moment when the run began beside it."""
    found: list[First] = []
    tries = count()
    while len(found) < samples:
        found += _first(stage, next(tries))
    return found


def _first(stage: Stage, number: int) -> list[First]:
    """One sample; none where a drain that a poll or the sweep had begun meanwhile took the order: not from idle."""
    order = stage.shop.order()
    wait_until(lambda: not stage.drains(), pause=0.5)
    time.sleep(1 + number * PHASE % 5)  # the sample's place in the sweep's loop, not a wait for anything
    idle, mark = not stage.drains(), stage.shop.mark()
    began = stage.shop.tell(order)
    wait_until(lambda: order in stage.shop.landed(mark), OFTEN)
    started = [run["startTime"] or 0 for run in gql(stage._dagster, STARTED)["runsOrError"]["results"]]
    since = [moment for moment in started if moment >= began]
    return [First(min(since) - began, stage.shop.landed(mark)[order] - began)] if idle and since else []


def starts(folder: Path, samples: int) -> Iterator[Figure]:
    """From idle: resident workers, then Dagster's default launcher."""
    with up(folder / "resident", {**SOON_IDLE, "HE_UP_PROFILE": "resident"}) as stage:
        ours = first_after_idle(stage, samples)
    with up(folder / "default", SOON_IDLE) as stage:
        address(folder / "default" / "dagster").unlink()
        theirs = first_after_idle(stage, samples)
    name, peer = "first event after idle, resident workers", "default launcher"
    yield Figure(name, "webhook to run at work, p50", _p50(ours, "start"), "s", peer, _p50(theirs, "start"))
    yield Figure(name, "webhook to Epicor order, p50", _p50(ours, "order"), "s", peer, _p50(theirs, "order"))
    yield Figure(name, "webhook to Epicor order, p95", _p95(ours), "s", peer, _p95(theirs))


def scaled(folder: Path, backlog: int) -> Iterator[Figure]:
    """A backlog on one host, on two, and on two of which the one that drains is killed."""
    name = "worker hosts in network namespaces"
    if HOSTS_NEED:
        yield skipped(name, HOSTS_NEED)
        return
    with hosts(folder / "hosts") as there:
        alone = there.drained(backlog, at_once=1)
        with there.another():
            both = there.drained(backlog, at_once=2)
            taken_over = there.killed(backlog)
            lost, doubled = there.lost_and_doubled()
    yield Figure(name, f"backlog of {backlog} orders", both, "orders/s", "one host", alone, better="more")
    yield Figure(name, "host killed: another drains after", taken_over, "s")
    yield Figure(name, "orders lost or doubled", lost + doubled, "")


def scale_out(folder: Path, samples: int = SAMPLES, backlog: int = BACKLOG) -> Iterator[Figure]:
    """All of it."""
    folder.chmod(ENTERED_BY_ALL)
    yield from starts(folder, samples)
    yield from scaled(folder, backlog)


def _p50(some: list[First], what: str) -> float:
    return statistics.median(getattr(one, what) for one in some)


def _p95(some: list[First]) -> float:
    return sorted(one.order for one in some)[round(0.95 * (len(some) - 1))]


def main() -> None:
    """Run it alone."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale_out", description=__doc__)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--backlog", type=int, default=BACKLOG)
    parser.add_argument("--only", choices=("starts", "hosts"))
    asked = parser.parse_args()
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="he-sync-scale-") as name:
        folder = Path(name)
        folder.chmod(ENTERED_BY_ALL)
        if asked.only != "hosts":
            found += starts(folder, asked.samples)
        if asked.only != "starts":
            found += scaled(folder, asked.backlog)
    Console(width=130).print(table(found, f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"))


if __name__ == "__main__":
    main()
