"""`make bench`: every benchmark as one table, each held against a peer measured in the same run.

A part that fails is named with its error and the others go on; the end is then 1. What each part took is said last.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from rich.console import Console

from tests.bench import (
    anomalies,
    close_night,
    close_world,
    exactly_once,
    inferring,
    latency,
    mapping_language,
    matching,
    pages,
    receiver,
    scale_out,
    settlements,
    stock,
    store,
    suggesting,
)
from tests.bench.company import company
from tests.bench.figures import Figure, failed, said, table
from tests.bench.measure import Measure, measured

MEBIBYTE = 1024 * 1024
OURS, LOOP, FRAME = (
    "tests.bench.pulling:into_lake",
    "tests.bench.peer_loop:to_lines",
    "tests.bench.peer_frame:to_parquet",
)
ENTITIES = {"heartland/tickets": "tickets with lines and payments", "epicor/parts": "parts with PartWhses and PartUOMs"}
NIGHT, DAYS = "2026-11-20", 2  # a Friday, and the Thursday whose batches its deposits pay
WIDTH = 130  # the table's columns side by side, where the output is no terminal
ROUNDS = 2  # in turn: the server is cold in the first, and other processes come and go
RECONCILE = {f"reconcile_{name}": part for name, part in settlements.PARTS.items()}
PARTS = (
    *("pulls", "night", "store", "stock", "exactly_once", "receiver", "latency", "matching", "suggesting", "pages"),
    *("scale_out", "mapping_language", "anomalies"),
    "inferring",
    *RECONCILE,
    *("close_world", "close_night"),
)
ORDERS, SEED = 200_000, 7  # of the late-landing simulation
SMALLER = 10  # memory is compared over a tenfold growth


def main() -> None:
    """Run, show, and write `--json`."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    parser.add_argument("--rows", type=int, default=100_000, help="tickets and parts in the large pull (100,000)")
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    asked = parser.parse_args()
    console, started = Console(width=max(Console().width, WIDTH)), os.getloadavg()[0]
    figures: list[Figure] = []
    minutes: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="he-sync-bench-") as folder:
        for name, part in _parts(Path(folder), asked.rows).items():
            if asked.only in {None, name}:
                began = time.monotonic()
                for one in _figures(name, part):
                    figures.append(one)
                    console.print(f"[dim]{said(one)}[/]")
                minutes[name] = (time.monotonic() - began) / 60
    load = f"load {started:.1f} at the start, {os.getloadavg()[0]:.1f} at the end"
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {load}"
    console.print(table(figures, machine))
    console.print("minutes: " + ", ".join(f"{name} {took:.1f}" for name, took in minutes.items()))
    if asked.json:
        found = {"machine": machine, "minutes": minutes, "figures": [one.plain() for one in figures]}
        asked.json.write_text(json.dumps(found, indent=2) + "\n")
    raise SystemExit(any(one.has_failed for one in figures))


def _figures(name: str, part: Callable[[], Iterator[Figure]]) -> Iterator[Figure]:
    """A part's figures; after an error those that it gave and the error."""
    try:
        yield from part()
    except Exception as error:  # noqa: BLE001 - whatever ends one part, hours of others need not be lost with it
        yield failed(name, error)


def _parts(folder: Path, rows: int) -> dict[str, Callable[[], Iterator[Figure]]]:
    return {
        "pulls": lambda: pulls(folder, rows),
        "night": lambda: night(folder),
        "store": lambda: store.figures(folder),
        "stock": lambda: stock.figures(folder / "stock"),
        "exactly_once": lambda: exactly_once.figures(ORDERS, SEED),
        "receiver": lambda: receiver.figures(folder),
        "latency": lambda: latency.latency(folder),
        "scale_out": lambda: scale_out.scale_out(folder),
        "matching": lambda: matching.figures(folder),
        "pages": lambda: pages.figures(folder / "pages"),
        "suggesting": lambda: suggesting.figures(folder),
        "anomalies": lambda: anomalies.figures(folder / "anomalies"),
        "mapping_language": lambda: mapping_language.figures(folder / "mapping"),
        "inferring": inferring.figures,
        **{name: partial(part, folder) for name, part in RECONCILE.items()},
        "close_world": lambda: close_world.figures(folder / "close-world"),
        "close_night": lambda: close_night.figures(folder / "close-night"),
    }


def pulls(folder: Path, rows: int) -> Iterator[Figure]:
    """Speed and memory of the large pulls against their peers, and memory against a pull of a tenth of the rows."""
    with company(folder / "few", "bulk", rows // SMALLER) as environment:
        few = {entity: _three(entity, environment) for entity in ENTITIES}
    with company(folder / "many", "bulk", rows) as environment:
        for entity, name in ENTITIES.items():
            yield from _pull(f"pull {rows:,} {name}", few[entity], _three(entity, environment))
        yield from _frames(measured("tests.bench.pulling:to_frames", "sales", environment), rows)
        yield from _parsing(measured("tests.bench.parsing:of_a_page", "heartland/tickets", environment))


def _three(entity: str, environment: dict[str, str]) -> tuple[Measure, Measure, Measure]:
    """Our pull and its two peers, over the same pages of the same server; the fastest of the rounds of those two."""
    rounds = [[measured(work, entity, environment) for work in (OURS, LOOP)] for _ in range(ROUNDS)]
    ours, loop = (min(some, key=lambda one: one.seconds) for some in zip(*rounds, strict=True))
    frame = measured(FRAME, entity, environment)
    if not ours.rows == loop.rows == frame.rows:
        raise RuntimeError(f"{entity}: {ours.rows}, {loop.rows} and {frame.rows} rows: not the same pages")
    return ours, loop, frame


def _pull(name: str, few: tuple[Measure, ...], many: tuple[Measure, ...]) -> Iterator[Figure]:
    ours, loop, frame = many
    yield Figure(name, "rows a second", ours.rate, "rows/s", "urllib loop", loop.rate, "more")
    yield Figure(name, "processor time", ours.processor_seconds, "s", "urllib loop", loop.processor_seconds)
    yield Figure(name, "peak memory", ours.peak / MEBIBYTE, "MiB", "DataFrame", frame.peak / MEBIBYTE)
    yield Figure(name, "peak over baseline", ours.growth / MEBIBYTE, "MiB", "DataFrame", frame.growth / MEBIBYTE)
    smaller = f"{few[0].rows:,} rows"
    yield Figure(name, "the same, ours", ours.growth / MEBIBYTE, "MiB", smaller, few[0].growth / MEBIBYTE, "1.00")
    yield Figure(name, "the same, DataFrame", frame.growth / MEBIBYTE, "MiB", smaller, few[2].growth / MEBIBYTE, "1.00")


def _frames(one: Measure, tickets: int) -> Iterator[Figure]:
    """The step that holds a whole day's rows: its memory grows with them, and this says by how much."""
    name = f"canonical frames of {tickets:,} tickets"
    yield Figure(name, "rows of all frames a second", one.rate, "rows/s", better="more")
    yield Figure(name, "peak over baseline", one.growth / MEBIBYTE, "MiB")


def _parsing(one: Measure) -> Iterator[Figure]:
    name, found = "a page of 500 tickets", one.figures
    size = found["bytes"] / MEBIBYTE
    yield Figure(name, "read", size / found["strict_loads"], "MiB/s", "json.loads", size / found["loads"], "more")
    yield Figure(name, "write", size / found["strict_dumps"], "MiB/s", "json.dumps", size / found["dumps"], "more")


def night(folder: Path) -> Iterator[Figure]:
    """Stages of one compare of the medium world, and canonicalisation against reading the JSON at all."""
    with company(folder / "medium", "medium", NIGHT, DAYS) as environment:
        found = measured("tests.bench.night:by_stage", NIGHT, environment)
    name, figures = "compare of the medium world", found.figures
    for stage in ("pull", "canonical", "reconcile"):
        yield Figure(name, stage, figures[stage], "s")
    rows = found.rows
    read, bare = rows / figures["canonical"], rows / figures["json"]
    yield Figure(name, "canonical, documents a second", read, "rows/s", "json.loads", bare, "more")
    yield Figure(name, "peak memory", found.peak / MEBIBYTE, "MiB")


if __name__ == "__main__":
    main()
