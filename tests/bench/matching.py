"""Matching customers beside splink and pandas' `.str`, and on public sets; worlds are from `tests/customer_world`.

`python -m tests.bench.matching [--sizes 10000 100000 1000000]` runs it alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import polars as pl
from rich.console import Console

from he_sync.match.memory import POLARS
from tests.bench import customer_runs, online, public_sets
from tests.bench.company import ROOT
from tests.bench.environments import HOME, environment, peer
from tests.bench.figures import Figure, said, skipped, table
from tests.bench.measure import Measure, measured
from tests.customer_world import evaluate

SPLINK = ("splink==5.0.0", "duckdb==2.0.0", "pandas==3.1.1", "pyarrow")
MEBIBYTE, SEED = 1024 * 1024, 5
SIZES = (10_000, 100_000, 1_000_000)
"""Records a side."""
PLOT = HOME / "matching-cost.png"
Found = dict[str, Measure]


def figures(folder: Path, sizes: Sequence[int] = SIZES) -> Iterator[Figure]:
    """Public sets, then every size beside the peers, look-ups against the largest, and the plot of cost by size."""
    yield from public_sets.figures(folder)
    python, seen = environment("splink", *SPLINK), {}
    for size in sizes:
        seen[size] = _measures(world(size), python)
        yield from _compared(size, seen[size])
    yield from online.figures(world, sizes)
    _plotted(seen)


def world(size: int) -> Path:
    """The folder of a world of this many records a side, made once: it takes a minute for half a million."""
    folder = HOME / "worlds" / f"{size}-{SEED}"
    if not (folder / "pos.standard.parquet").exists():
        options = ["--size", str(size), "--seed", str(SEED)]
        subprocess.run([sys.executable, "-m", "tests.customer_world.world", folder, *options], cwd=ROOT, check=True)
        for side in customer_runs.SIDES:
            pl.read_parquet(folder / f"{side}.parquet").write_csv(folder / f"{side}.csv")
        customer_runs.standard_files(folder)
    return folder


def _measures(folder: Path, python: Path | None) -> Found:
    works = dict.fromkeys(("whole", "link", "standard"), "customer_runs") | {"pandas_standard": "pandas_runs"}
    as_by_command = dict([POLARS])
    found = {name: measured(f"tests.bench.{at}:{name}", str(folder), as_by_command) for name, at in works.items()}
    if python is not None:
        out = folder / "splink.parquet"
        links = [folder / f"{side}.standard.parquet" for side in customer_runs.SIDES]
        files = [folder / f"{side}.csv" for side in customer_runs.SIDES]
        found["splink"] = peer(python, "peer_splink.py", "link", *links, out)
        found["splink files"] = peer(python, "peer_splink.py", "files", *files, out)
    return found


def _compared(size: int, found: Found) -> Iterator[Figure]:
    name, whole = f"match {size:,} x {size:,}", found["whole"]
    standard, by_pandas = found["standard"], found["pandas_standard"]
    yield Figure(name, "standardise", standard.seconds, "s", "pandas .str", by_pandas.seconds)
    if "splink" in found:
        link, files, own = found["splink"], found["splink files"], found["link"]
        linking, read = whole.figures["linking"], whole.figures["to clusters"]
        yield Figure(name, "link, standard tables to scored pairs", own.seconds, "s", "splink", link.seconds)
        yield Figure(name, "the same, processor time", own.processor_seconds, "s", "splink", link.processor_seconds)
        yield Figure(name, "link, ours with customers and decisions", linking, "s", "splink", link.seconds)
        spent = whole.figures["linking processor"]
        yield Figure(name, "the same, processor time", spent, "s", "splink", link.processor_seconds)
        yield Figure(name, "CSV to clusters", read, "s", "splink, pandas", files.seconds)
        yield Figure(name, "CSV to all files", whole.seconds, "s", "splink, pandas", files.seconds)
        yield Figure(name, "peak memory", whole.peak / MEBIBYTE, "MiB", "splink, pandas", files.peak / MEBIBYTE)
    else:
        yield skipped(name, f"{SPLINK[0]} cannot be installed")
    folder = world(size)
    right, beside = customer_runs.right(folder), _splink_f1(folder) if "splink" in found else None
    yield Figure(name, "F1 of pairs at 0.5", 100 * right["f1"], "%", "splink" if beside else "", beside, "more")
    yield Figure(name, "F1 of clusters", 100 * right["cluster f1"], "%", better="more")


def _splink_f1(folder: Path) -> float:
    """Of splink's pairs at 0.5."""
    pairs = pl.read_parquet(folder / "splink.parquet").filter(pl.col("match_probability") >= 0.5)
    truth = pl.read_parquet(folder / "truth.parquet")
    shown = pairs.select(left_id="id_l", right_id="id_r", score="match_probability")
    found = evaluate.labelled(shown, truth)
    return 100 * evaluate.f1(found["true"].sum(), len(found), evaluate.true_pairs(truth))


def _plotted(seen: dict[int, Found]) -> None:
    """Seconds and memory by records, all on one plot."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    lines = {"he-sync, all files": "whole", "splink + pandas": "splink files"}
    for label, key in lines.items():
        rows = [(2 * size, found[key]) for size, found in sorted(seen.items()) if key in found]
        if rows:
            records = [count for count, _ in rows]
            left.loglog(records, [one.seconds for _, one in rows], marker="o", label=label)
            right.loglog(records, [one.peak / MEBIBYTE for _, one in rows], marker="o", label=label)
    for axis, what in ((left, "seconds, CSV to results"), (right, "peak memory, MiB")):
        axis.set_xlabel("records of both sides")
        axis.set_ylabel(what)
        axis.legend()
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOT, dpi=120)
    plt.close(figure)


def main() -> None:
    """Run, show and name the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="records a side (10000 100000 1000000)")
    asked, console = parser.parse_args(), Console()
    found = []
    for one in figures(HOME / "public", asked.sizes):
        found.append(one)
        console.print(f"[dim]{said(one)}[/]")
    console.print(table(found, "matching customers"))
    console.print(f"cost by size: {PLOT}")


if __name__ == "__main__":
    main()
