"""Functional dependencies: one column decides another, as an item decides its department."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from he_sync.quality.rules.rule import KEY, Flags, Frames, Rule, Tested, proposed

Codes = npt.NDArray[np.int64]
REPEATED = 30
"""Rows that must share their value with another row: below, there is nothing that could have differed."""
REPEATED_SHARE = 0.05
LABELS = 50
"""Different numbers from which a column holds amounts or counts; below, a number may be a class."""
BY_CHANCE = 0.05
"""Share of rows that differ from their group once the decided column is shuffled; below, one value is everywhere."""
BETTER = 0.2
"""What a dependency may have of the differences that chance gives."""


def dependencies(entity: str, frame: pd.DataFrame) -> Iterator[Rule]:
    """Every pair of columns; what repeats nowhere decides nothing."""
    codes = {str(name): coded(frame[name]) for name in frame.columns}
    shuffled = np.random.default_rng(7).permutation(len(frame))
    for left, one in codes.items():
        if not _repeats(one) or _measured(frame[left]):
            continue
        for right, two in codes.items():
            tested = _tested(entity, (left, right), one, two, two[shuffled]) if left != right else None
            if tested is not None and tested.holds:
                yield proposed(entity, "dependency", (left, right), f"{left} decides {right}", tested)


def coded(column: pd.Series) -> Codes:
    """Numbers for a column's values, in order of their texts; empty ones are one value."""
    return np.asarray(pd.factorize(column.astype(str), sort=True)[0], dtype=np.int64)


def _measured(column: pd.Series) -> bool:
    """Amounts and counts decide nothing, though few are the same: only numbers by which things are called do."""
    numbers = pd.api.types.is_numeric_dtype(column) and not KEY.search(str(column.name))
    return bool(numbers and (pd.api.types.is_float_dtype(column) or column.nunique() > LABELS))


def _repeats(codes: Codes) -> bool:
    counts = np.bincount(codes) if len(codes) else np.zeros(0)
    repeated = int(counts[counts > 1].sum())
    return len(counts) > 1 and repeated >= max(REPEATED, REPEATED_SHARE * len(codes))


def _tested(entity: str, names: tuple[str, str], one: Codes, two: Codes, chance: Codes) -> Tested | None:
    """None where chance alone would look like a dependency."""
    broken, by_chance = differing(one, two), float(differing(one, chance).mean())
    if by_chance < BY_CHANCE or float(broken.mean()) > BETTER * by_chance:
        return None
    repeated = int((np.bincount(one)[one] > 1).sum())
    return Tested(broken, repeated, partial(_breaks, entity, names))


def _breaks(entity: str, names: tuple[str, str], frames: Frames) -> Flags:
    frame = frames[entity]
    return differing(coded(frame[names[0]]), coded(frame[names[1]]))


def differing(one: Codes, two: Codes) -> Flags:
    """Rows whose second value is not the commonest of their group; of two as common the smaller one is taken."""
    if not len(one):
        return np.zeros(0, dtype=bool)
    width = int(two.max()) + 1
    pairs, place, counts = np.unique(one * width + two, return_inverse=True, return_counts=True)
    group = pairs // width
    order = np.lexsort((pairs, -counts, group))
    first = order[np.r_[True, group[order][1:] != group[order][:-1]]]
    best = np.zeros(len(pairs), dtype=bool)
    best[first] = True
    return ~best[place]
