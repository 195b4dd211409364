"""Our side of matching as works for `measured`: whole runs, and standardising alone. It loads no peer.

The argument is the folder of a world: pos and erp as CSV and Parquet, with the truth.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from he_sync.match.blocking import candidates
from he_sync.match.columns import texts_of
from he_sync.match.pages import kept_pages
from he_sync.match.profile import without_shared
from he_sync.match.reading import customers, joined
from he_sync.match.run import matched
from he_sync.match.scoring import scored
from he_sync.match.standardise import STANDARD, standard_columns
from he_sync.match.table import table
from he_sync.match.writing import WORTH, write
from tests.customer_world import evaluate

if TYPE_CHECKING:
    from tests.bench.pulling import Run

SIDES = ("pos", "erp")


@contextmanager
def whole(folder: str) -> Iterator[Run]:
    """CSV in, all results out: wall and processor seconds of every step, of reading to clusters, of linking."""
    world = Path(folder)
    shutil.rmtree(world / "out", ignore_errors=True)

    def run() -> dict[str, Any]:
        marks = {"reading": _now()}
        records = joined(*(customers(world / f"{side}.csv") for side in SIDES))
        outcome = matched(records, tell=lambda step: marks.update({step: _now()}))
        marks["writing"] = _now()
        write(outcome, world / "out")
        marks["done"] = _now()
        steps = {
            name: (after - at).tolist() for (name, at), after in zip(marks.items(), [*marks.values()][1:], strict=False)
        }
        linking, processor = (marks["writing"] - marks["coding"]).tolist()
        found = {
            "to clusters": (marks["writing"] - marks["reading"])[0],
            "linking": linking,
            "linking processor": processor,
        }
        return {"rows": len(outcome.table), "pairs": len(outcome.score), "steps": steps, **found}

    yield run


@contextmanager
def standard(folder: str) -> Iterator[Run]:
    """All records of both sides in standard form, from frames in memory."""
    records = joined(*(customers(Path(folder) / f"{side}.csv") for side in SIDES))
    yield lambda: {"rows": len(standard_columns(records)["first"].at)}


@contextmanager
def link(folder: str) -> Iterator[Run]:
    """What splink is asked for: the standard tables of both sides in memory in, scored pairs in a file out."""
    world = Path(folder)
    sides = [pl.read_parquet(world / f"{side}.standard.parquet") for side in SIDES]

    @kept_pages()
    def run() -> dict[str, Any]:
        records, side = pl.concat(sides), np.repeat((0, 1), [len(one) for one in sides])
        known = table(records.drop("id"), side)
        pairs = candidates(known)
        score = scored(known, pairs).probability
        take = np.flatnonzero((score >= WORTH) & (side[pairs.left] != side[pairs.right]))
        ids = {
            f"{end}_id": records["id"].gather(at[take]) for end, at in (("left", pairs.left), ("right", pairs.right))
        }
        pl.DataFrame({**ids, "score": score[take]}).write_parquet(world / "linked.parquet")
        return {"rows": len(records), "pairs": len(pairs)}

    yield run


def _now() -> Any:
    """Wall and processor seconds."""
    return np.array([time.perf_counter(), time.process_time()])


def right(folder: Path) -> dict[str, float]:
    """F1 and the rest of a finished run, against the world's truth."""
    return evaluate.figures(folder / "out", pl.read_parquet(folder / "truth.parquet"))


def standard_files(folder: Path) -> None:
    """The columns that ours compares, one Parquet a side, for a peer that is to get the same."""
    records = joined(*(customers(folder / f"{side}.csv") for side in SIDES))
    standard, _ = without_shared(standard_columns(records))
    columns = texts_of(standard, STANDARD).insert_column(0, records["id"])
    for number, side in enumerate(SIDES):
        columns.filter(records["side"] == number).write_parquet(folder / f"{side}.standard.parquet")
