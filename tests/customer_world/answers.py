"""What people would answer who know the truth: labels for some of the pairs that a finished run left to them.

`python -m tests.customer_world.answers DIR TRUTH LABELS --count 300 --seed 1` writes the file for `--labels`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from tests.customer_world.evaluate import labelled, read, table


def answers(pairs: pl.DataFrame, truth: pl.DataFrame, count: int, seed: int) -> pl.DataFrame:
    """Labels of so many pairs that wait for a person, drawn by chance."""
    waiting = pairs.filter(pl.col("decision") == "review").sort("left_id", "right_id").sample(count, seed=seed)
    label = pl.when("true").then(pl.lit("match")).otherwise(pl.lit("no"))
    return labelled(waiting, truth).select("left_id", "right_id", label.alias("label"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("run", "truth", "labels"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    answers(table(asked.run, "pairs"), read(asked.truth), asked.count, asked.seed).write_csv(asked.labels)


if __name__ == "__main__":
    main()
