"""From signs to scores: learned weights, one target a field, and how likely the first candidate is right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from he_sync.mapping.suggest.profiles import Floats
from he_sync.mapping.suggest.signs import Signs

FILE = Path(__file__).with_name("weights.json")
WIDTH = 100
"""Targets at which the weight of `none` was written down; of a wider table more targets are alike by chance."""
NARROWEST = 20
"""Targets of the narrowest table that was learned from."""
TAKEN = 2.0
"""What a target loses in log odds where it is assigned to another field."""
RELUCTANT = -2.0
"""Log odds below `none` down to which the assignment still gives a field a target: to rank by, not to accept."""
DRESS = frozenset({"document", "display", "base", "report"})
"""Words by which Epicor and others name one amount in several currencies: DocUnitPrice is UnitPrice."""
LITTLE_KNOWN = 0.2
"""Share of fields with a value above which values are counted; of Epicor's order header 0.4 have one."""
FAR = 6.0
SETTLED = 50.0
"""Log odds of a pair that a person decided; learned ones stay below 20."""
Decided = Mapping[tuple[int, int], bool]


@dataclass(frozen=True)
class Weights:
    """`signs` by name, `none` as constant and slope by log width, `calibration` for odds, margin, rivals, constant."""

    signs: dict[str, float]
    none: tuple[float, float]
    calibration: tuple[float, float, float, float]


@cache
def weights(kind: str, path: Path = FILE) -> Weights:
    """Those that ship, `valued` or `named`; `python -m tests.suggest_world.learn` writes them."""
    given: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))[kind]
    none, calibration = tuple(given["none"]), tuple(given["calibration"])
    return Weights(given["signs"], (none[0], none[1]), (calibration[0], calibration[1], calibration[2], calibration[3]))


def fitting(given: Signs) -> Weights:
    """`valued` where most fields of both sides have values, else `named`, learned from names and types alone."""
    known = min(np.mean([one.figures[1] > 0 for one in side.profiles]) for side in (given.source, given.target))
    return weights("valued" if known > LITTLE_KNOWN else "named")


@dataclass(frozen=True)
class Scored:
    """`order`: targets of each source field, the likeliest first; `chance`: of that first; `share`: of every pair."""

    order: np.ndarray[tuple[int, int], np.dtype[np.int64]]
    chance: Floats
    share: Floats


def utilities(given: Signs, by: Weights) -> tuple[Floats, float]:
    """Log odds of every pair up to a constant, and those of `none`."""
    found = sum(given.arrays[name] * weight for name, weight in by.signs.items())
    width = max(NARROWEST, len(given.target.words))
    return np.asarray(found), by.none[0] + by.none[1] * float(np.log(width / WIDTH))


def scored(given: Signs, by: Weights, decided: Decided | None = None) -> Scored:
    """Rank and calibrate. Source fields compete for targets; ties go by the targets' order.

    `decided` holds places of pairs (source, target): what is accepted is out of reach for other fields.
    """
    pairs, none = utilities(given, by)
    for place, right in (decided or {}).items():
        pairs[place] = SETTLED if right else -SETTLED
    ranked = assigned(pairs, none)
    order = np.argsort(-ranked.round(9), axis=1, kind="stable")
    evidence = facts(pairs, none, order[:, 0], twins(given))
    chance = 1 / (1 + np.exp(-(evidence @ np.array(by.calibration[:3]) + by.calibration[3])))
    return Scored(order, chance, _shares(pairs, none))


def assigned(pairs: Floats, none: float) -> Floats:
    """Utilities with the best one-to-one assignment first and taken targets set back."""
    rows, columns = pairs.shape
    choice = np.hstack([pairs, np.full((rows, rows), none + RELUCTANT)])
    found = pairs.copy()
    for row, column in zip(*linear_sum_assignment(-choice), strict=True):
        if column < columns:
            found[:, column] -= TAKEN
            found[row, column] = pairs[row, column] + pairs.max() - pairs.min() + TAKEN
    return found


def twins(given: Signs) -> list[int]:
    """A number for each target, the same for names of one amount in several currencies."""
    seen: dict[frozenset[str], int] = {}
    cores = [frozenset(words) - DRESS or frozenset(words) for words in given.target.words]
    return [seen.setdefault(core, len(seen)) for core in cores]


def facts(pairs: Floats, none: float, first: np.ndarray[Any, np.dtype[np.int64]], same: list[int]) -> Floats:
    """What calibration goes by: log odds with twins together, margin to the next target, margin to the next rival."""
    group, found = np.array(same), []
    share = _shares(pairs, none)
    for row, column in enumerate(first):
        mine = group == group[column]
        odds = np.log((share[row, mine].sum() + 1e-6) / (1 - share[row, mine].sum() + 1e-6))
        others = np.where(mine, -np.inf, pairs[row]).max(initial=none)
        rivals = np.delete(pairs[:, column], row).max(initial=none)
        margins = np.clip([pairs[row, column] - others, pairs[row, column] - rivals], -FAR, FAR)
        found.append([odds, *margins])
    return np.array(found)


def _shares(pairs: Floats, none: float) -> Floats:
    top = np.maximum(pairs.max(axis=1, keepdims=True), none)
    each = np.exp(pairs - top)
    return np.asarray(each / (each.sum(axis=1, keepdims=True) + np.exp(none - top)))
