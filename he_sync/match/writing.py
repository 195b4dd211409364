"""Results out: pairs, duplicates, clusters, households, golden records, blocking and a summary, in one folder.

Files are written beside their final names and moved at the end, report last: a folder with a report is complete.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from he_sync.match.blocking import listed
from he_sync.match.codes import Bools, Floats, Ints
from he_sync.match.decide import MATCH, REVIEW, WORDS
from he_sync.match.explain import reasons
from he_sync.match.preflight import filled
from he_sync.match.report import page
from he_sync.match.run import Outcome

WORTH = 0.01
"""Score from which a candidate is written."""
SIDES = ("left", "right")


def write(outcome: Outcome, folder: Path, kind: str = "csv") -> dict[str, Any]:
    """Write all files of a run; `kind` is csv or parquet. Returns the summary."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = frames(outcome)
    for name, frame in tables.items():
        part = folder / f".{name}.{kind}.part"
        _ = frame.write_csv(part) if kind == "csv" else frame.write_parquet(part)
    told = summary(outcome, tables)
    (folder / ".summary.json.part").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (folder / ".report.html.part").write_text(page(outcome, told), encoding="utf-8")
    for name in (*(f"{name}.{kind}" for name in tables), "summary.json", "report.html"):
        (folder / f".{name}.part").replace(folder / name)
    return told


def frames(outcome: Outcome) -> dict[str, pl.DataFrame]:
    """The tables of a run by file name."""
    side = outcome.table.side
    pairs = outcome.scores.pairs
    across = side[pairs.left] != side[pairs.right]
    worth = outcome.score >= WORTH
    shown = {"pairs": across & worth, "duplicates": ~across & worth} if outcome.linked else {"pairs": worth}
    sides = pl.Series("side", SIDES).gather(side)
    ids = outcome.records.select("id", sides)
    grouped = {
        "clusters": ids.with_columns(outcome.names(outcome.cluster, "C-").alias("cluster_id")),
        "households": ids.with_columns(
            outcome.names(outcome.household, "H-").alias("household_id"),
            outcome.names(outcome.cluster, "C-").alias("cluster_id"),
        ),
    }
    listing = {name: _pairs(outcome, np.flatnonzero(take)) for name, take in shown.items()}
    if "duplicates" in listing:
        own = sides.gather(pairs.left[shown["duplicates"]])
        listing["duplicates"] = listing["duplicates"].with_columns(own.alias("side"))
    return {**listing, **grouped, "golden": outcome.golden(), "blocking": listed(outcome.costs)}


def _pairs(outcome: Outcome, take: Ints) -> pl.DataFrame:
    pairs, ids = outcome.scores.pairs, outcome.records["id"]
    return pl.DataFrame(
        {
            "left_id": ids.gather(pairs.left[take]),
            "right_id": ids.gather(pairs.right[take]),
            "score": outcome.score[take].round(6),
            "decision": pl.Series(WORDS).gather(outcome.decision[take]),
            "reasons": explained(outcome, take),
        }
    )


def explained(outcome: Outcome, take: Ints) -> pl.Series:
    """The reasons of some pairs, people and companies by their own model."""
    found = np.full(len(take), "", object)
    for name, model in outcome.scores.models.items():
        mine = np.flatnonzero(outcome.scores.strata[take] == (name == "companies"))
        seen, row = outcome.scores.seen[name], outcome.scores.row[take[mine]]
        changed = _log10_odds(outcome.score[take[mine]]) - _log10_odds(outcome.scores.before[take[mine]])
        found[mine] = reasons(model, seen, row, changed).to_numpy()
    return pl.Series("reasons", found.tolist(), dtype=pl.String)


def _log10_odds(score: Floats) -> Floats:
    clipped = np.clip(score, 1e-9, 1 - 1e-9)
    odds: Floats = np.log10(clipped / (1 - clipped))
    return odds


def summary(outcome: Outcome, tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Counts, rates, thresholds and the fitted model's shares; no times, so that a second run writes the same bytes."""
    side, sizes = outcome.table.side, np.bincount(outcome.cluster, minlength=len(outcome.table))
    pairs = tables["pairs"]
    linked = _linked(outcome)
    return {
        "records": {SIDES[k]: int((side == k).sum()) for k in range(1 + int(outcome.linked))},
        "filled": filled(outcome.records),
        "candidates": len(outcome.scores.pairs),
        "decisions": {word: int((pairs["decision"] == word).sum()) for word in WORDS},
        "expected_matches": round(float(outcome.score.sum()), 1),
        "match_from": round(outcome.threshold, 6),
        "review_from": outcome.options.policy.review_from,
        "customers": int((sizes > 0).sum()),
        "largest_cluster": int(sizes.max()),
        "match_rate": {SIDES[k]: round(float(linked[side == k].mean()), 4) for k in range(1 + int(outcome.linked))},
        "households": len(np.unique(outcome.household)),
        "contacts": [asdict(contact) for contact in outcome.contacts],
        "skipped_blocks": sum(cost.skipped for cost in outcome.costs),
        "skipped_pairs": sum(cost.skipped_pairs for cost in outcome.costs),
        "model": {
            name: {kind.name: round(float(share), 5) for kind, share in zip(model.kinds, model.shares, strict=True)}
            for name, model in outcome.scores.models.items()
        },
    }


def _linked(outcome: Outcome) -> Bools:
    """Records with a customer on the other side, or with a duplicate where there is only one."""
    side, cluster, count = outcome.table.side, outcome.cluster, len(outcome.table)
    by_side = [np.bincount(cluster[side == k], minlength=count) for k in (0, 1)]
    found: Bools = (by_side[0][cluster] > 0) & (by_side[1][cluster] > 0) if outcome.linked else by_side[0][cluster] > 1
    return found


def decided(outcome: Outcome) -> dict[str, int]:
    """Pairs that link by themselves and pairs for a person."""
    return {"match": int((outcome.decision == MATCH).sum()), "review": int((outcome.decision == REVIEW).sum())}
