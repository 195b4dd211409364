"""A full push of stock: 200,000 counts, 2 % changed. How many are written, how long it takes, how much memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from he_sync.cli.stock_flows import lines
from he_sync.connect.throttle import Throttle
from he_sync.flows import night
from he_sync.flows.stock import send
from he_sync.flows.stock.sets import Yard
from he_sync.sandbox.state import State
from he_sync.settings import read_settings
from he_sync.stock.policy import Policy
from tests.bench.company import ROOT
from tests.bench.figures import Figure
from tests.bench.measure import Measure, measured
from tests.bench.stock_company import PLACES, STOCK, codes, whse, whse_key

MEBIBYTE = 1024 * 1024
PARTS, SMALLER = 10_000, 2
EVERY = 50
"""One count in so many changed."""
RATE = 100.0
"""Calls a second that the shop takes here; the sandbox answers more, so that the limit is what counts."""


def figures(folder: Path) -> Iterator[Figure]:
    """The push of all counts, held against the limit's own time, and its memory against half of them."""
    few, many = (_pushed(folder / str(parts), parts) for parts in (PARTS // SMALLER, PARTS))
    name, found = f"full push of {many.rows:,} counts", many.figures
    least = (found["calls"] - RATE) / RATE  # as many at once as in a second are let through at the start
    yield Figure(name, "counts written, of those changed", found["lines"], "", "changed", found["changed"], "1.00")
    yield Figure(name, "calls to the shop a line written", found["calls"] / found["lines"], "")
    yield Figure(name, "seconds", many.seconds, "s", "its calls at the limit", least)
    yield Figure(name, "counts a second", many.rate, "counts/s")
    yield Figure(
        name, "peak over baseline", many.growth / MEBIBYTE, "MiB", f"{few.rows:,} counts", few.growth / MEBIBYTE
    )


def _pushed(folder: Path, parts: int) -> Measure:
    with _company(folder, parts) as environment:
        paced = {**environment, "HE_HEARTLAND_RATE": str(RATE)}
        measured("tests.bench.stock:once", str(parts), environment)
        return measured("tests.bench.stock:again", str(parts), paced)


@contextmanager
def _company(folder: Path, parts: int) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "tests.bench.stock_company", str(folder), str(parts)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield json.loads(process.stdout.readline())  # leaving the block closes its stdin, at which it ends


Run = Callable[[], dict[str, Any]]


@contextmanager
def _yard() -> Iterator[Yard]:
    settings = read_settings()
    with night.open_office(settings) as office:
        yield Yard(office.systems, office.store, office.retailer, Policy(), lines(settings))


@contextmanager
def once(_: str) -> Iterator[Run]:
    """The first push: everything is news and equal, nothing is written; then one count in fifty changes."""
    state = State(Path(os.environ["BENCH_STATE"]))
    with _yard() as yard:

        def run() -> dict[str, Any]:
            out = send.push(yard, "bench")
            for n in range(int(out.counted / PLACES)):
                for turn, (_, code) in enumerate(codes()):
                    if (n * PLACES + turn) % EVERY == 0:
                        row = whse(n, code, STOCK + 1 + n % 7, state.next_rev())
                        state.put("epicor/PartWhse", whse_key(n, code), row)
            return {"rows": out.counted, "lines": out.lines}

        yield run


@contextmanager
def again(_: str) -> Iterator[Run]:
    """The push that is measured."""
    with _yard() as yard:

        def run() -> dict[str, Any]:
            with _counting() as taken:
                out = send.push(yard, "bench")
            state = State(Path(os.environ["BENCH_STATE"]))
            written = state.count("heartland/inventory/adjustment_sets.lines")
            return {"rows": out.counted, "lines": written, "changed": out.counted // EVERY, "calls": taken["heartland"]}

        yield run


@contextmanager
def _counting() -> Iterator[Counter[str]]:
    """Calls that the throttle lets through, by system."""
    taken, take = Counter[str](), Throttle.take

    def counted(self: Throttle, system: str, weight: float = 1.0) -> None:
        taken[system] += 1
        take(self, system, weight)

    Throttle.take = counted  # type: ignore[method-assign] # the bench counts, nothing else changes
    try:
        yield taken
    finally:
        Throttle.take = take  # type: ignore[method-assign] # same
