"""Why a pair has its score, in words and weights: what each field says for the same customer, and against it.

A weight is the decimal log of how much likelier the level is for the same customer than for the most likely other
class; +2 is a hundred times. Weights are made once a pattern, not once a pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter, getitem

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

    @cached_property
    def said(self) -> str:
        """In words, with its weight; nothing where it hardly weighs."""
        return f"{self.field} {self.level} {self.weight:+.1f}" if abs(self.weight) >= WORTH_SAYING else ""

    @cached_property
    def rank(self) -> tuple[float, str]:
        """Strongest first."""
        return -abs(self.weight), self.field


_RANK = attrgetter("rank")


@dataclass(frozen=True)
class Waterfall:
    """Steps from the start (how common the classes are) to the sum, against the most likely other class."""

    against: str
    start: float
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        """One line, strongest first."""
        parts = [step.said for step in sorted(self.steps, key=_RANK) if step.said]
        return "; ".join([*parts, f"start {self.start:+.1f}, against {self.against}"])


def waterfalls(model: Model, seen: Patterns, rows: Ints | Small) -> list[Waterfall]:
    """The waterfalls of some patterns."""
    return Explainer(model).falls(seen, rows)


class Explainer:
    """Waterfalls of one model; who asks again and again keeps it, and the steps that it has made."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: dict[tuple[int, int], _Against] = {}

    def falls(self, seen: Patterns, rows: Ints | Small) -> list[Waterfall]:
        """The waterfalls of some patterns."""
        classes, matching = self._model.classes_of_each(seen.levels[:, rows]), self._model.matching
        ours = matching[np.argmax(classes[matching], axis=0)]
        classes[matching] = -1.0
        theirs = np.argmax(classes, axis=0)
        found = []
        for levels, one, other in zip(seen.levels[:, rows].T.tolist(), ours.tolist(), theirs.tolist(), strict=True):
            if (one, other) not in self._known:
                self._known[one, other] = _Against(self._model, one, other)
            found.append(self._known[one, other].fall(levels))
        return found


class _Against:
    """All steps that patterns of one class can have against another: they are made once, not once a pattern."""

    def __init__(self, model: Model, one: int, other: int) -> None:
        self._against = model.kinds[other].name
        self._start = float(np.log10(model.shares[one] / model.shares[other]))
        self._steps = [
            [
                None if field.blank and not level else Step(field.name, field.levels[level], weight)
                for level, weight in enumerate(np.log10(ratio).tolist())
            ]
            for field, ratio in zip(model.fields, map(np.divide, model.tables[one], model.tables[other]), strict=True)
        ]

    def fall(self, levels: Sequence[int]) -> Waterfall:
        """The waterfall of a pattern; a level that says nothing is no step."""
        return Waterfall(self._against, self._start, tuple(filter(None, map(getitem, self._steps, levels))))


def lines(model: Model, seen: Patterns, used: Ints | Small) -> pl.Series:
    """One line for each pattern: its waterfall if it is used, else nothing."""
    place = np.zeros(len(seen), np.int64)
    place[used] = np.arange(1, len(used) + 1)
    return pl.Series("reasons", ["", *map(str, waterfalls(model, seen, used))], dtype=pl.String).gather(place)


def reasons(said: pl.Series, rivals: Floats) -> pl.Series:
    """One line a pair: what its pattern says, and what rivals or its cluster changed (log10 odds)."""
    frame = pl.DataFrame([said.alias("reasons"), pl.Series("changed", rivals.round(1))])
    amount = (
        pl.when(pl.col("changed") > 0).then(pl.format("+{}", "changed")).otherwise(pl.col("changed").cast(pl.String))
    )
    both = (
        pl.when(pl.col("changed").abs() < WORTH_A_WORD)
        .then("reasons")
        .otherwise(pl.format("{}; rivals and cluster {}", "reasons", amount))
    )
    return frame.select(both.alias("reasons"))["reasons"]
