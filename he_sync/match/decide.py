"""Decisions from scores: link alone, ask a person, leave apart; and the one rule that no score overrides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from he_sync.match.codes import Bools, Floats, Ints
from he_sync.match.compare import Levels
from he_sync.match.levels import GENERATION

NO, REVIEW, MATCH = 0, 1, 2
WORDS = ("no", "review", "match")
FLOOR, DOUBT = 0.006, 3.0
"""Expected error of a pair of probability p: FLOOR + DOUBT * (1 - p). The model is over-confident at its top end,
because two people who agree in everything it sees do exist; both figures were read off generated worlds."""
LOWEST_MATCH = 0.9
REVIEW_FROM = 0.05


@dataclass(frozen=True)
class Policy:
    """What the user accepts: the precision of automatic links, and the score from which a person looks."""

    precision: float = 0.99
    review_from: float = REVIEW_FROM


def settled(probability: Floats, together: Bools) -> Floats:
    """Scores that agree with the clusters: a pair that its cluster judged otherwise crosses 0.5, and stays near."""
    joined = together & (probability < 0.5)  # noqa: PLR2004 - even odds
    parted = ~together & (probability >= 0.5)  # noqa: PLR2004 - even odds
    return np.select([joined, parted], [0.5 + probability / 5, 0.5 - (1 - probability) / 5 - 1e-3], probability)


def decisions(score: Floats, levels: Mapping[str, Levels], together: Bools, policy: Policy) -> tuple[Ints, float]:
    """A decision for each pair, and the score from which pairs link by themselves. A person's answer scores 1 or 0."""
    held = generations(levels) & (score < 1.0)
    threshold = match_from(score[together & ~held], policy.precision)
    cases = [together & ~held & (score >= threshold), (score >= policy.review_from)]
    return np.select(cases, [MATCH, REVIEW], NO), threshold


def generations(levels: Mapping[str, Levels]) -> Bools:
    """Pairs of one name where only one says Jr or Sr, or a namesake in the house does: half of them are two people."""
    asked = [GENERATION.at(level) for level in ("only one says", "namesake in the house has one")]
    return np.isin(levels["generation"], asked)


def match_from(score: Floats, precision: float) -> float:
    """The lowest score at which the pairs from it upward are expected to be right that often."""
    ordered = -np.sort(-score)
    expected = np.cumsum(FLOOR + DOUBT * (1 - ordered)) / np.arange(1, len(ordered) + 1)
    enough = np.flatnonzero(expected <= 1 - precision)
    return max(LOWEST_MATCH, float(ordered[enough[-1]])) if len(enough) else 2.0
