"""Why a pair has its score, in words and weights: what each field says for the same customer, and against it.

A weight is the decimal log of how much likelier the level is for the same customer than for the most likely other
class; +2 is a hundred times. Weights are made once a pattern, not once a pair.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from he_sync.match.codes import Floats, Ints, Small
from he_sync.match.latent import Model
from he_sync.match.patterns import Patterns

WORTH_SAYING = 0.05
WORTH_A_WORD = 0.2
"""A fifth of a decade by rivals is nothing to read."""


@dataclass(frozen=True)
class Step:
    """One step of a waterfall: the field, its level, and the weight for (+) or against (-) the same customer."""

    field: str
    level: str
    weight: float


@dataclass(frozen=True)
class Waterfall:
    """Steps from the start (how common the classes are) to the sum, against the most likely other class."""

    against: str
    start: float
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        """One line, strongest first."""
        said = sorted(self.steps, key=lambda step: (-abs(step.weight), step.field))
        parts = [f"{step.field} {step.level} {step.weight:+.1f}" for step in said if abs(step.weight) >= WORTH_SAYING]
        return "; ".join([*parts, f"start {self.start:+.1f}, against {self.against}"])


def waterfalls(model: Model, seen: Patterns, rows: Ints | Small) -> list[Waterfall]:
    """The waterfalls of some patterns."""
    classes = model.classes(seen.levels[:, rows])
    matching = model.matching
    ours = matching[np.argmax(classes[matching], axis=0)]
    others = classes.copy()
    others[matching] = -1.0
    theirs = np.argmax(others, axis=0)
    return [
        _fall(model, seen.levels[:, row], int(one), int(other))
        for row, one, other in zip(rows, ours, theirs, strict=True)
    ]


def _fall(model: Model, levels: Ints, one: int, other: int) -> Waterfall:
    steps = []
    for place, (field, level) in enumerate(zip(model.fields, levels, strict=True)):
        ratio = model.tables[one][place][level] / model.tables[other][place][level]
        if not (field.blank and level == 0):
            steps.append(Step(field.name, field.levels[level], float(np.log10(ratio))))
    start = float(np.log10(model.shares[one] / model.shares[other]))
    return Waterfall(model.kinds[other].name, start, tuple(steps))


def reasons(model: Model, seen: Patterns, rows: Ints | Small, rivals: Floats) -> pl.Series:
    """One line a pair: its pattern's waterfall, and what rivals or its cluster changed (log10 odds)."""
    used, place = np.unique(rows.astype(np.int64), return_inverse=True)
    lines = pl.Series("reasons", [str(fall) for fall in waterfalls(model, seen, used)], dtype=pl.String)
    changed = pl.Series("changed", rivals.round(1))
    frame = pl.DataFrame([lines.gather(place), changed])
    amount = (
        pl.when(pl.col("changed") > 0).then(pl.format("+{}", "changed")).otherwise(pl.col("changed").cast(pl.String))
    )
    both = (
        pl.when(pl.col("changed").abs() < WORTH_A_WORD)
        .then("reasons")
        .otherwise(pl.format("{}; rivals and cluster {}", "reasons", amount))
    )
    return frame.select(both.alias("reasons"))["reasons"]
