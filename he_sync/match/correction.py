"""What answers of people correct in doubtful scores: a logistic regression on top of the model's own log odds.

It is drawn towards changing nothing, and it changes a score only as far as pairs of about that score were answered: who
was asked about links alone says nothing about the pairs below a half.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from he_sync.match.codes import Bools, Floats, Ints
from he_sync.match.compare import Levels
from he_sync.match.levels import FIELDS

DOUBT = (0.02, 0.98)
"""Scores that answers correct; outside, the few answers that there are would speak for thousands of pairs."""
CAUTION = 10.0
"""Strength of the pull towards the uncorrected score (ridge, in answers)."""
NEAR, TRUSTED = 0.7, 20.0
"""Log odds that count as about the same score, and answers there from which half of a correction is made."""
STEP = 0.35
"""Width of a strength, in log odds."""
NEWTON = 12
_STARTS = np.cumsum([0, *(len(field) for field in FIELDS)])
_EDGES = np.arange(np.log(DOUBT[0] / DOUBT[1]), -np.log(DOUBT[0] / DOUBT[1]) + STEP, STEP)


@dataclass(frozen=True)
class Correction:
    """`weights` by level of FIELDS, then of the log odds beyond 1, then the constant; `trust` (0 to 1) by strength."""

    weights: Floats
    trust: Floats

    def applied(self, probability: Floats, levels: Mapping[str, Levels]) -> Floats:
        """Probabilities with the doubtful ones corrected."""
        some = np.flatnonzero(doubtful(probability))
        odds = _log_odds(probability[some])
        change = self.weights[-2] * odds + self.weights[-1]
        for start, field in zip(_STARTS, FIELDS, strict=False):
            change += self.weights[start + levels[field.name][some].astype(np.int64)]
        found = probability.copy()
        found[some] = 1 / (1 + np.exp(-(odds + change * self.trust[np.digitize(odds, _EDGES)])))
        return found


def doubtful(probability: Floats) -> Bools:
    """Scores that answers correct."""
    found: Bools = (probability > DOUBT[0]) & (probability < DOUBT[1])
    return found


def correction(probability: Floats, levels: Mapping[str, Levels], place: Ints, same: Bools) -> Correction:
    """Learned from answers to the pairs at `place`; those that were in no doubt teach nothing."""
    used = doubtful(probability[place])
    odds = _log_odds(probability[place[used]])
    design = np.zeros((len(odds), int(_STARTS[-1]) + 2))
    rows = np.arange(len(odds))
    for start, field in zip(_STARTS, FIELDS, strict=False):
        design[rows, start + levels[field.name][place[used]].astype(np.int64)] = 1.0
    design[:, -2], design[:, -1] = odds, 1.0
    return Correction(_fitted(odds, design, same[used]), _trust(odds))


def _log_odds(probability: Floats) -> Floats:
    likely = np.clip(probability, *DOUBT)
    odds: Floats = np.log(likely / (1 - likely))
    return odds


def _trust(odds: Floats) -> Floats:
    """Of each strength, by the answers near its middle."""
    ordered, middle = np.sort(odds), np.r_[_EDGES[0] - STEP, _EDGES] + STEP / 2
    near = np.searchsorted(ordered, middle + NEAR) - np.searchsorted(ordered, middle - NEAR)
    trust: Floats = near / (near + TRUSTED)
    return trust


def _fitted(odds: Floats, design: Floats, same: Bools) -> Floats:
    """Newton's steps on the ridge likelihood."""
    weights = np.zeros(design.shape[1])
    for _ in range(NEWTON):
        chance = 1 / (1 + np.exp(-np.clip(odds + design @ weights, -30, 30)))
        slope = design.T @ (same - chance) - CAUTION * weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + CAUTION * np.eye(len(weights))
        weights = weights + np.linalg.solve(curve, slope)
    return weights
