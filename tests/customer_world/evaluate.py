"""Right and wrong of a run against the truth: pairs, clusters, calibration, decisions, traps.

`python -m tests.customer_world.evaluate DIR TRUTH` prints the figures of a finished run.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl

PRECISE = 0.985


def read(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)


def table(folder: Path, name: str) -> pl.DataFrame:
    return read(next(folder.glob(f"{name}.*")))


def true_pairs(truth: pl.DataFrame) -> int:
    """Cross-source pairs of one customer, those that blocking lost included; of one side, its duplicates."""
    if truth["side"].n_unique() == 1:
        size = truth.group_by("entity_id").len()["len"].cast(pl.Int64)
        return int((size * (size - 1) // 2).sum())
    sides = truth.group_by("entity_id").agg(pl.col("side").value_counts()).explode("side").unnest("side")
    counts = sides.group_by("entity_id").agg(pl.col("count").cast(pl.Int64).product(), n=pl.len())
    return int(counts.filter(pl.col("n") == 2)["count"].sum())


def labelled(pairs: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    of = truth.select("id", "entity_id", "trap")
    found = pairs.join(of, left_on="left_id", right_on="id").join(
        of, left_on="right_id", right_on="id", suffix="_right"
    )
    return found.with_columns(pl.col("score").cast(pl.Float64), true=pl.col("entity_id") == pl.col("entity_id_right"))


def f1(right: float, found: float, wanted: float) -> float:
    return 2 * right / (found + wanted) if found + wanted else 0.0


def by_pair(pairs: pl.DataFrame, wanted: int) -> dict[str, float]:
    linked = pairs.filter(pl.col("score") >= 0.5)
    ranked = pairs.sort("score", descending=True)["true"].to_numpy()
    right, seen = np.cumsum(ranked), np.arange(1, len(ranked) + 1)
    match = pairs.filter(pl.col("decision") == "match")
    review = pairs.filter(pl.col("decision") == "review")
    at_half = f1(linked["true"].sum(), len(linked), wanted)
    best = float((2 * right / (seen + wanted)).max()) if len(ranked) else 0.0
    precise = np.flatnonzero(right / seen >= PRECISE)
    return {
        "f1": at_half,
        "precision": float(linked["true"].mean() or 0),
        "recall": linked["true"].sum() / wanted,
        "oracle gap": best - at_half,
        "recall at .985": float(right[precise[-1]] / wanted) if len(precise) else 0.0,
        "match precision": float(match["true"].mean() or 0),
        "match recall": match["true"].sum() / wanted,
        "match+review recall": (match["true"].sum() + review["true"].sum()) / wanted,
        "review share": len(review) / wanted,
    }


def by_cluster(clusters: pl.DataFrame, truth: pl.DataFrame) -> dict[str, float]:
    both = clusters.join(truth.select("id", "entity_id"), on="id")

    def pairs(*keys: str) -> int:
        size = both.group_by(keys).len()["len"].cast(pl.Int64)
        return int((size * (size - 1) // 2).sum())

    return {"cluster f1": f1(pairs("cluster_id", "entity_id"), pairs("cluster_id"), pairs("entity_id"))}


def by_trap(pairs: pl.DataFrame, truth: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """Precision at 0.5 of the pairs that touch a trap; recall of its true pairs, those that blocking lost included."""
    found, named = {}, truth.with_columns(pl.col("trap").fill_null(""))
    for trap in sorted(named["trap"].unique().to_list()):
        touched = pairs.filter((pl.col("trap").fill_null("") == trap) | (pl.col("trap_right").fill_null("") == trap))
        linked = touched.filter(pl.col("score") >= 0.5)
        wanted = true_pairs(named.filter(pl.col("trap") == trap))
        found[trap or "plain"] = float(linked["true"].mean() or 0), linked["true"].sum() / max(1, wanted)
    return found


def figures(folder: Path, truth: pl.DataFrame) -> dict[str, float]:
    pairs = labelled(table(folder, "pairs"), truth)
    return by_pair(pairs, true_pairs(truth)) | by_cluster(table(folder, "clusters"), truth)


def main() -> None:
    folder, truth = Path(sys.argv[1]), read(Path(sys.argv[2]))
    pairs = labelled(table(folder, "pairs"), truth)
    told = {name: round(value, 4) for name, value in figures(folder, truth).items()}
    told |= {
        trap: f"precision {right:.3f} recall {found:.3f}" for trap, (right, found) in by_trap(pairs, truth).items()
    }
    sys.stdout.write(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
