"""What the receiver takes: durable accepts a second and their times, beside one sync a request, and under a slow crowd.

`python -m tests.bench.receiver` prints a table; `figures(folder)` is what `make bench` shows. The whole application in
its own process, SQLite with synchronous FULL, the load tool as another process on the same cores.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from he_sync.cli.receiver import command
from he_sync.connect.strict_json import loads
from he_sync.model.card_numbers.sweep import sweep
from he_sync.store.database import open_store
from tests.bench.figures import Figure, table
from tests.bench.receiver_load import SECRET, body_of
from tests.receiver.running import Running, wait_until_up, whsec

REQUESTS, ONE_BY_ONE = 20_000, 3_000
CONNECTIONS, SLOW = 32, 500
CUT_WITHIN = 11.0
ROUNDS = 3
"""In turn; the best is shown, all are printed: other work on the machine only takes away."""
NAME = "receiver, 2 kB signed bodies, synced before the answer"
MILLI, MICRO = 1_000, 1_000_000


def figures(folder: Path, requests: int = REQUESTS) -> Iterator[Figure]:
    """Rate and times against one sync a request, and the times while slow connections are held and cut."""
    with receiving(folder / "grouped") as running:
        rounds = [load(running, requests, f"r{number}", folder) for number in range(ROUNDS)]
        crowded, cut = under_a_crowd(running, requests, folder)
        require_the_same(folder, folder / "grouped")
    with receiving(folder / "single", {"HE_RECEIVER_BATCH": "1"}) as running:
        single = load(running, min(requests, ONE_BY_ONE), "s", folder)
    best = max(rounds, key=lambda one: float(one["rate"]))
    spread = ", ".join(f"{one['rate']:,.0f}" for one in rounds)
    sys.stderr.write(f"receiver: accepts a second by round: {spread}\n")
    yield Figure(NAME, "accepts a second", best["rate"], "/s", "one sync a request", single["rate"], "more")
    yield Figure(NAME, "p99", best["p99"] * MILLI, "ms", "one sync a request", single["p99"] * MILLI)
    yield Figure(
        NAME, f"p99 beside {SLOW} slow connections", crowded["p99"] * MILLI, "ms", "alone", best["p99"] * MILLI
    )
    yield Figure(NAME, "slow connections cut after", cut, "s", "allowed", CUT_WITHIN)
    yield from _scanning()


def _scanning() -> Iterator[Figure]:
    """What looking for card numbers costs, beside reading the same body strictly."""
    body = body_of(1)
    document = loads(body)
    scan, read = _best(lambda: sweep(document)), _best(lambda: loads(body))
    yield Figure(NAME, "card number scan", scan * MICRO, "us", "strict JSON read", read * MICRO)


def _best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of many."""
    took = []
    for _ in range(300):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return min(took)


@contextmanager
def receiving(folder: Path, more: Mapping[str, str] | None = None) -> Iterator[Running]:
    """A receiver in a process of its own."""
    folder.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {**os.environ, "HE_HOOK_SHOP_SECRETS": whsec(SECRET), **(more or {})}
    log = folder / "receiver.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command("127.0.0.1", port, folder), env=environment, stdout=output, stderr=output)
    try:
        running = Running(port, process, log)
        wait_until_up(running)
        yield running
    finally:
        process.terminate()
        process.wait()


def start_load(running: Running, count: int, prefix: str, folder: Path) -> subprocess.Popen[str]:
    """The load tool, started."""
    kept = ["--acknowledged", str(folder / f"acknowledged.{prefix}")]
    line = [sys.executable, "-m", "tests.bench.receiver_load", str(running.port), "--requests", str(count)]
    line += ["--prefix", prefix, "--connections", str(CONNECTIONS), *kept]
    return subprocess.Popen(line, stdout=subprocess.PIPE, text=True)


def load(running: Running, count: int, prefix: str, folder: Path) -> dict[str, Any]:
    """One load and what came of it; every request must have been accepted."""
    output, _ = start_load(running, count, prefix, folder).communicate()
    found: dict[str, Any] = json.loads(output)
    if found["accepted"] != count:
        raise RuntimeError(f"not all accepted: {found['statuses']}")
    return found


def under_a_crowd(running: Running, requests: int, folder: Path) -> tuple[dict[str, Any], float]:
    """The same load while slow connections drip; and after how many seconds the last of them was cut."""
    slow = [running.connect() for _ in range(SLOW)]
    started = time.monotonic()
    for connection in slow:
        connection.setblocking(False)
        connection.send(b"POST /hooks/shop/order.created HTTP/1.1\r\nhost: x\r\n")
    busy = start_load(running, requests, "crowd", folder)
    while slow:
        slow = [connection for connection in slow if not is_cut(connection)]
        time.sleep(0.2)
        if time.monotonic() - started > 2 * CUT_WITHIN:
            raise RuntimeError(f"{len(slow)} slow connections are still open")
    cut = time.monotonic() - started
    output, _ = busy.communicate()
    return json.loads(output), cut


def is_cut(connection: socket.socket) -> bool:
    """Drip a letter; whether the other side has ended the connection."""
    with suppress(BlockingIOError):
        try:
            connection.send(b"x")
            connection.recv(4096)
        except ConnectionError:
            pass
        connection.close()
        return True
    return False


def require_the_same(folder: Path, home: Path) -> None:
    """Raise unless what was acknowledged is what is stored."""
    acknowledged = {line for path in folder.glob("acknowledged.*") for line in path.read_text().split()}
    with open_store(home / "he_sync.db") as store, store.begin() as connection:
        stored = set(connection.exec_driver_sql("SELECT event_id FROM inbox").scalars())
    if acknowledged != stored:
        raise RuntimeError(f"{len(acknowledged - stored)} lost, {len(stored - acknowledged)} never acknowledged")


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="in one round")
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4_096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    started = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="he-sync-bench-") as folder:
        found = list(figures(Path(folder), asked.requests))
    Console().print(
        table(found, f"{os.cpu_count()} cores, load {started:.1f} at the start, {os.getloadavg()[0]:.1f} at the end")
    )


if __name__ == "__main__":
    main()
