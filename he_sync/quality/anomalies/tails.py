"""How far a count is from its mean, in standard deviations, and where the line of a false-alert budget runs."""

from __future__ import annotations

import numpy as np
from scipy import optimize, stats

from he_sync.quality.anomalies.daily import Numbers, Whole

FAR = 37.0
"""Beyond it a double holds no probability."""
INNER, OUTER = 0.75, 0.91
"""Quantiles from which a tail is drawn on: days with faults of the past are rarer than that and hardly move it."""
ENOUGH, CAUTIOUS = 100, 1.25
"""Past deviations from which a tail can be drawn; with fewer the line is a normal distribution's, this much further."""
HEAVIEST, LIGHTEST = 2.5, 60.0
"""Degrees of freedom of a tail."""


def deviations(counts: Whole, mean: Numbers, spread: Numbers) -> Numbers:
    """Normal deviates of counts that vary by counting (Poisson) and by `spread` of the mean's logarithm.

    The middle of the count's own probability is taken, so that a small store's steps are not read as jumps.
    """
    size = 1 / np.maximum(spread, 1e-3) ** 2
    chance = size / (size + np.maximum(mean, 1e-9))
    at = stats.nbinom.pmf(counts, size, chance)
    below, above = stats.nbinom.cdf(counts, size, chance) - at / 2, stats.nbinom.sf(counts, size, chance) + at / 2
    low, high = stats.norm.ppf(np.clip(below, 1e-300, 1)), stats.norm.isf(np.clip(above, 1e-300, 1))
    return np.asarray(np.clip(np.where(below < above, low, high), -FAR, FAR))


def line(past: Numbers, budget: float, days: int) -> float:
    """The deviation that `budget` of clean days exceed, drawn on from the inner part of past deviations of one side.

    Never nearer than a normal distribution's. `past` holds deviations of `days` days, positive on the side in question.
    """
    sides = 1 if (past >= 0).all() else 2
    normal = float(stats.norm.isf(budget * sides / 2))
    beyond = past[past > 0]
    if len(beyond) < ENOUGH:
        return CAUTIOUS * normal
    inner, outer = (float(np.quantile(beyond, share)) for share in (INNER, OUTER))
    freedom = _freedom(outer / max(inner, 1e-9))
    scale = inner / float(stats.t.isf((1 - INNER) / 2, freedom))
    share = min(budget * days / len(beyond), 0.5)
    return max(normal, scale * float(stats.t.isf(share / 2, freedom)))


def _freedom(ratio: float) -> float:
    """Of the Student distribution whose outer quantile is `ratio` times its inner one."""

    def wide(freedom: float) -> float:
        return float(stats.t.isf((1 - OUTER) / 2, freedom) / stats.t.isf((1 - INNER) / 2, freedom)) - ratio

    if wide(LIGHTEST) >= 0:
        return LIGHTEST
    if wide(HEAVIEST) <= 0:
        return HEAVIEST
    return float(optimize.brentq(wide, HEAVIEST, LIGHTEST))
