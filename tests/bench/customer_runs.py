"""Our side of matching as works for `measured`: whole runs, standardising alone, and look-ups against a master.

The argument is the folder of a world: pos and erp as CSV and Parquet, with the truth.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from he_sync.match.online import index, match_one
from he_sync.match.profile import without_shared
from he_sync.match.reading import customers, joined
from he_sync.match.run import match
from he_sync.match.standardise import standardised
from he_sync.match.writing import write
from tests.bench import peer_pandas
from tests.bench.pulling import Run
from tests.customer_world import evaluate

SIDES = ("pos", "erp")
NEW = 1_000
SINGLE = 300


@contextmanager
def whole(folder: str) -> Iterator[Run]:
    """CSV in, all results out. Figures: seconds of every step, of reading to clusters, of linking alone, and F1."""
    world = Path(folder)

    def run() -> dict[str, Any]:
        marks = [("reading", time.perf_counter())]
        left, right = (customers(world / f"{side}.csv") for side in SIDES)
        outcome = match(left, right, tell=lambda step: marks.append((step, time.perf_counter())))
        marks.append(("writing", time.perf_counter()))
        write(outcome, world / "out", "parquet")
        marks.append(("done", time.perf_counter()))
        steps = {name: after - at for (name, at), (_, after) in zip(marks[:-1], marks[1:], strict=True)}
        at = dict(marks)
        spent = {"linking": at["writing"] - at["coding"], "to clusters": at["writing"] - at["reading"]}
        return {"rows": len(outcome.table), "pairs": len(outcome.score), "steps": steps, **spent}

    yield run


@contextmanager
def standard(folder: str) -> Iterator[Run]:
    """All records of both sides in standard form, from frames in memory."""
    records = joined(*(customers(Path(folder) / f"{side}.csv") for side in SIDES))
    yield lambda: {"rows": len(standardised(records))}


@contextmanager
def pandas_standard(folder: str) -> Iterator[Run]:
    """The same records with pandas' `.str`."""
    frames = [pd.read_csv(Path(folder) / f"{side}.csv", dtype=str, keep_default_na=False) for side in SIDES]
    records = pd.concat(frames, ignore_index=True)
    yield lambda: {"rows": len(peer_pandas.standardised(records))}


@contextmanager
def look_ups(folder: str) -> Iterator[Run]:
    """New records against a master of all others, its index resident: one batch, and each alone."""
    left, right = (customers(Path(folder) / f"{side}.csv") for side in SIDES)
    new = left.sample(NEW, seed=1)
    outcome = match(left.join(new, on="id", how="anti"), right)
    at = time.perf_counter()
    known = index(outcome)
    built = time.perf_counter() - at
    rows = new.to_dicts()
    match_one(known, rows[0])

    def run() -> dict[str, Any]:
        took = []
        for row in rows[:SINGLE]:
            at = time.perf_counter()
            match_one(known, row)
            took.append(time.perf_counter() - at)
        return {"rows": len(known.customers), "index": built, "p50": _at(took, 50), "p95": _at(took, 95)}

    yield run


def _at(took: list[float], percent: int) -> float:
    return float(np.percentile(took, percent))


def right(folder: Path) -> dict[str, float]:
    """F1 and the rest of a finished run, against the world's truth."""
    return evaluate.figures(folder / "out", pl.read_parquet(folder / "truth.parquet"))


def standard_files(folder: Path) -> None:
    """The columns that ours compares, one Parquet a side, for a peer that is to get the same."""
    records = joined(*(customers(folder / f"{side}.csv") for side in SIDES))
    columns, _ = without_shared(standardised(records))
    columns = columns.insert_column(0, records["id"])
    for number, side in enumerate(SIDES):
        columns.filter(records["side"] == number).write_parquet(folder / f"{side}.standard.parquet")
