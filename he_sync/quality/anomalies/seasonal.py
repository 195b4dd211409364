"""What a series usually does: level, trend, weekday, month end, time of year and known days, fitted robustly.

A ridge on the logarithm; rows far off weigh less (Huber), so that a fault of the past teaches little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from he_sync.quality.anomalies.daily import Flags, Numbers
from he_sync.quality.anomalies.known_days import Dates, Names, distinct, names_of

YEAR = 365.2425
WAVES = {"chain": 9, "store": 2}
"""Sines and cosines of the year: a chain's season is sharp, a store's answer to it is not. Needs SEASONS_FROM days."""
SEASONS_FROM = 400
HUBER = 1.5
ROUNDS = 4
LOOSE, NAMED, TIGHT = 1e-3, 0.1, 2.0
"""Ridge penalties, in days of evidence: of the level, of a chain's known days, of what a store does otherwise. Weather
moves a chain by a tenth and a holiday by half or more: two Black Fridays are believed, not halved."""
TO_SIGMA = 1.4826
"""What makes a median of absolute deviations the standard deviation of a normal distribution."""


@dataclass(frozen=True)
class Calendar:
    """Columns of `features` for consecutive days; `penalty` has one entry a column."""

    features: Numbers
    penalty: Numbers
    named: Flags


def calendar(dates: Dates, known: Names, learned: int, whose: str) -> Calendar:
    """Features of all days; names and seasons are taken from the first `learned` days, so that later ones add none."""
    names = names_of(dates, known)
    columns, penalty = [np.ones(len(dates))], [LOOSE]
    age = np.arange(len(dates)) / YEAR
    weekday = (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7
    parts = [weekday == day for day in range(1, 7)]
    parts += [(dates + 1).astype("datetime64[M]") != dates.astype("datetime64[M]")]
    if learned >= SEASONS_FROM:
        place = 2 * np.pi * ((dates - dates.astype("datetime64[Y]")).astype(np.int64) / YEAR)
        parts += [
            age - age[learned - 1],
            *(wave(n * place) for n in range(1, WAVES[whose] + 1) for wave in (np.sin, np.cos)),
        ]
    penalty += [TIGHT] * len(parts)
    for one in distinct(names[:learned]):
        parts += [np.array([name == one for name in names])]
        penalty += [NAMED if whose == "chain" else TIGHT]
    columns += [np.asarray(part, dtype=np.float64) for part in parts]
    return Calendar(np.column_stack(columns), np.array(penalty), np.array([name != "" for name in names]))


@dataclass(frozen=True)
class Fit:
    """Coefficients, the spread of residuals as a standard deviation, and how far each learned row leans on itself."""

    coefficients: Numbers
    sigma: float
    leverage: Numbers


def fit(features: Numbers, penalty: Numbers, wanted: Numbers, use: Flags) -> Fit:
    """`wanted` by `features` over the rows of `use`; a row's leverage is 0 where it was not used."""
    rows, goal = features[use], wanted[use]
    weights = np.ones(len(goal))
    for _ in range(ROUNDS):
        gram = rows.T @ (rows * weights[:, None]) + np.diag(penalty)
        found = np.linalg.solve(gram, rows.T @ (goal * weights))
        off = np.abs(goal - rows @ found)
        sigma = max(float(np.median(off)) * TO_SIGMA, 1e-3) if len(off) else 1.0
        weights = np.minimum(1.0, HUBER * sigma / np.maximum(off, 1e-12))
    leverage = np.zeros(len(features))
    leverage[use] = weights * np.einsum("ij,ji->i", rows, np.linalg.solve(gram, rows.T))
    return Fit(np.asarray(found, dtype=np.float64), sigma, np.minimum(leverage, 0.9))
