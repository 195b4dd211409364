"""Records against a master that is kept on disk: one, a thousand, and a thousand that join the run.

The master is half of a world, so a world of a million a side gives one of a million records; neighbours of the invented
town are a household and stay together.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from he_sync.match.online.again import again
from he_sync.match.online.asking import match_many, match_one
from he_sync.match.online.index import Index, index
from he_sync.match.online.keeping import Joined
from he_sync.match.online.patching import patched
from he_sync.match.online.stored import opened, save, stamp
from he_sync.match.reading import customers
from he_sync.match.run import match
from he_sync.match.writing import write
from tests.bench.figures import Figure
from tests.bench.measure import measured
from tests.bench.pulling import Run

LEAST = 100_000
"""Records a side from which a look-up is worth measuring."""
NEW, SINGLE, ROUNDS = 1_000, 500, 7
SIDES = ("pos", "erp")


def figures(world: Callable[[int], Path], sizes: Sequence[int]) -> Iterator[Figure]:
    """Figures by size; the run over everything beside the one that joins a thousand records to it."""
    for size in (one for one in sizes if one >= LEAST):
        found = measured("tests.bench.online:look_ups", str(world(size)), {}).figures
        name = f"look-ups, master of {found['rows']:,}"
        yield Figure(name, "one record, median", found["p50"] * 1000, "ms")
        yield Figure(name, "one record, p95", found["p95"] * 1000, "ms")
        yield Figure(name, f"{NEW:,} records", found["many"] * 1000, "ms")
        yield Figure(name, "opening the index", found["opening"] * 1000, "ms")
        yield Figure(name, f"{NEW:,} records join the run", found["joining"], "s", "a whole run", found["whole"])
        joined, whole = found["joining"] + found["patching"], found["whole"] + found["writing"]
        yield Figure(name, "the same with all files as CSV", joined, "s", "a whole run", whole)
        yield Figure(name, "of that, copying the files' bytes", found["copying"], "s")


@contextmanager
def look_ups(folder: str) -> Iterator[Run]:
    """Works on new records of one side; the index is the one on disk."""
    half = pl.read_parquet(Path(folder) / "truth.parquet").filter(pl.col("entity_id").cast(pl.Int64) // 50 % 2 == 0)
    left, right = (customers(Path(folder) / f"{side}.csv").join(half, on="id", how="semi") for side in SIDES)
    new = left.sample(NEW, seed=1)
    with tempfile.TemporaryDirectory() as kept:
        outcome = match(left.join(new, on="id", how="anti"), right)
        save(index(outcome), Path(kept))
        write(outcome, Path(kept))
        stamp(Path(kept))
        del outcome
        opening, known = _timed(lambda: opened(Path(kept)))
        match_many(known, new)

        def run() -> dict[str, Any]:
            one = [_timed(lambda row=row: match_one(known, row))[0] for row in new.head(SINGLE).to_dicts()]
            many = [_timed(lambda: match_many(known, new))[0] for _ in range(ROUNDS)]
            p50, p95 = np.percentile(one, (50, 95)).tolist()
            found = {"p50": p50, "p95": p95, "many": float(np.median(many))}
            return {"rows": len(known), "opening": opening} | found | _joins(known, Path(kept), left, right)

        yield run


def _joins(known: Index, run: Path, left: pl.DataFrame, right: pl.DataFrame) -> dict[str, float]:
    """Seconds of joining the run and of writing its files, and of a run over everything and its files."""
    joining, (outcome, _) = _timed(lambda: again(known, left, right))
    own = partial(patched, outcome, run) if isinstance(outcome, Joined) else lambda _: set()
    patching = _timed(lambda: write(outcome, run / "joined", patched=own))[0]
    del outcome
    whole, outcome = _timed(lambda: match(left, right))
    writing = _timed(lambda: write(outcome, run / "whole"))[0]
    tables = list((run / "whole").glob("*.csv"))
    copying = _timed(lambda: [shutil.copyfile(path, run / path.name) for path in tables])[0]
    return {"joining": joining, "patching": patching, "whole": whole, "writing": writing, "copying": copying}


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    at = time.perf_counter()
    found = work()
    return time.perf_counter() - at, found
