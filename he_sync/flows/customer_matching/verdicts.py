"""What is looked at before a run is taken: five figures beside those of the last run that was taken.

A figure that no shop's customers show in a day means that something else changed: half a roster, a field that is filled
with one value, new software. Such a run waits until a person says that it is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from he_sync.flows.customer_matching.running import Run
from he_sync.match.drift import drift

RATE_MOVES = 0.1
"""Share of a side's records by which those with a customer on the other side may move from run to run."""
ASKED, ASKED_MOVES = 0.5, 0.2
"""Of the pairs that are one customer or may be, the share left to people; and by how much it may grow."""
LARGE, TOO_LARGE = 20, 100
"""Records of one customer. Four systems' worth of duplicates stay below 20; 100 are a value that many share."""
DRIFT, FAR_DRIFT = 0.1, 0.3
"""Largest distance (total variation) between what two fits say of a field in pairs of one customer."""
SHOWN = 20


@dataclass(frozen=True)
class Verdict:
    """Whether something is as usual, whether a run is held for it, what to say, the figures, and the cases.

    Cases name nobody: Dagster keeps them longer than a customer may want to be kept.
    """

    name: str
    passed: bool
    holds: bool
    said: str
    figures: Mapping[str, float]
    cases: Sequence[Mapping[str, Any]] = field(default_factory=list)


def verdicts(run: Run) -> list[Verdict]:
    """All figures of a run, in the order of NAMES."""
    return [_match_rate(run), _review_share(run), _largest(run), _drift(run), _skipped(run)]


NAMES: Mapping[str, str] = {
    "match_rate": f"Each side's share of matched records is within {RATE_MOVES:.0%} of the last run's.",
    "review_share": f"At most {ASKED:.0%} of the pairs wait for people, and no {ASKED_MOVES:.0%} more than last time.",
    "largest_customer": f"No customer has more than {LARGE} records; above {TOO_LARGE} the run is held.",
    "model_drift": f"What matches agree in moved below {DRIFT:.0%} in each field; a run is held at {FAR_DRIFT:.0%}.",
    "oversize_blocks": "Every block was compared whole or in parts; what was too large is named, with its rule.",
}


def _match_rate(run: Run) -> Verdict:
    now, was = run.summary["match_rate"], run.before.summary["match_rate"] if run.before else {}
    sides = dict(zip(("left", "right"), run.sides, strict=False))
    cases = [
        {"side": sides[side], "matched": f"{rate:.1%}", "last run": f"{was[side]:.1%}" if side in was else ""}
        for side, rate in now.items()
    ]
    moved = max((abs(rate - was[side]) for side, rate in now.items() if side in was), default=0.0)
    lost = bool(was) and set(was) != set(now)
    told = ", ".join(f"{case['side']} {case['matched']}" for case in cases)
    figures = {f"matched of {sides[side]}": rate for side, rate in now.items()}
    return Verdict("match_rate", moved <= RATE_MOVES and not lost, True, told, figures, cases)


def _review_share(run: Run) -> Verdict:
    now, was = _asked(run), _asked(run.before) if run.before else None
    grown = was is not None and now > was + ASKED_MOVES
    waits = run.summary["decisions"]["review"]
    told = f"{waits:,} pairs wait for people, {now:.1%}"
    return Verdict("review_share", now <= ASKED and not grown, grown, told, {"review share": now})


def _asked(run: Run) -> float:
    told = run.summary["decisions"]
    return float(told["review"] / max(1, told["review"] + told["match"]))


def _largest(run: Run) -> Verdict:
    golden = run.table("golden").sort("records", "cluster_id", descending=[True, False]).head(SHOWN)
    most = run.summary["largest_cluster"]
    cases = golden.filter(pl.col("records") > LARGE).select("cluster_id", "records", "left", "right").to_dicts()
    told, figures = f"the largest has {most:,} records", {"records of the largest": most}
    return Verdict("largest_customer", most <= LARGE, most > TOO_LARGE, told, figures, cases)


def _drift(run: Run) -> Verdict:
    if run.before is None or run.same:
        return Verdict("model_drift", True, False, "no earlier run to compare with", {})
    rows = drift(run.before.model, run.model)
    most = rows[0]["moved"] if rows else 0.0
    cases = [{**row, "moved": f"{row['moved']:.1%}"} for row in rows[:SHOWN]]
    told = f"the most that a field moved is {most:.1%}"
    return Verdict("model_drift", most <= DRIFT, most > FAR_DRIFT, told, {"moved": round(most, 6)}, cases)


def _skipped(run: Run) -> Verdict:
    large = (
        run.table("blocking")
        .filter((pl.col("skipped") > 0) | (pl.col("split") > 0))
        .sort("skipped_pairs", descending=True)
    )
    cases = large.select("rule", "largest", "split", "skipped", "skipped_pairs").to_dicts()
    blocks, pairs = run.summary["skipped_blocks"], run.summary["skipped_pairs"]
    told = f"{blocks:,} blocks with {pairs:,} pairs were too large"
    return Verdict(
        "oversize_blocks", not blocks, False, told, {"blocks skipped": blocks, "pairs skipped": pairs}, cases
    )
