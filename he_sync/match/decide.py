"""Decisions from scores: link alone, ask a person, leave apart; and the rules that no score overrides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from he_sync.match.codes import Bools, Floats, Ints
from he_sync.match.compare import Levels
from he_sync.match.levels import ADDRESS, BIRTH, EMAIL, FIRM, FIRST, GENERATION, LAST, MIDDLE, PHONE, Field

NO, REVIEW, MATCH = 0, 1, 2
WORDS = ("no", "review", "match")
FLOOR, DOUBT = 0.004, 1.5
"""Expected error of a pair of probability p: FLOOR + DOUBT * (1 - p). The model is over-confident at its top end,
because two people who agree in everything it sees do exist; both figures were read off generated worlds."""
CALM, CROWD, CONTACT = 2.0, 3.0, 3.0
"""Where more than CALM pairs of a household stand beside each match, errors grow by CROWD for each more; by a third of
that with a mailbox in common, a ninth with a phone, a 27th with both. Read off generated files of 300 to 10,000 records
with few duplicates: of links by name and street alone a third were wrong, by mailbox and phone too one in a hundred."""
LOWEST_MATCH = 0.9
REVIEW_FROM = 0.05
HOME = (
    "same street and place", "same street, other unit", "street misspelt", "same ZIP, street missing",
    "same town, street missing",
)  # fmt: skip
ELSEWHERE = (
    "same ZIP, other street", "same town, other street", "same state", "different", "same state, street missing",
    "other state, street missing",
)  # fmt: skip


Decisions = npt.NDArray[np.int8]
"""NO, REVIEW or MATCH of each pair."""


@dataclass(frozen=True)
class Policy:
    """What the user accepts: the precision of automatic links, and the score from which a person looks."""

    precision: float = 0.99
    review_from: float = REVIEW_FROM


def settled(probability: Floats, together: Bools) -> Floats:
    """Scores that agree with the clusters: a pair that its cluster judged otherwise crosses 0.5, and stays near."""
    joined = np.flatnonzero(together & (probability < 0.5))  # noqa: PLR2004 - even odds
    parted = np.flatnonzero(~together & (probability >= 0.5))  # noqa: PLR2004 - even odds
    found = probability.copy()
    found[joined] = 0.5 + probability[joined] / 5
    found[parted] = 0.5 - (1 - probability[parted]) / 5 - 1e-3
    return found


def decisions(
    score: Floats, levels: Mapping[str, Levels], together: Bools, policy: Policy, crowd: Sequence[float]
) -> tuple[Decisions, float]:
    """A decision for each pair, and the certainty from which pairs link by themselves. A person's answer is 1 or 0.

    `crowd` is the household pairs beside each match, by kind of pair (levels of the field sources).
    """
    alone = np.flatnonzero(together & ~(by_hand(levels) & (score < 1.0)))
    threshold = match_from(certainty(score, levels, crowd, alone), policy.precision)
    return decided(score, levels, together, (policy, crowd, threshold)), threshold


def decided(
    score: Floats, levels: Mapping[str, Levels], together: Bools, by: tuple[Policy, Sequence[float], float]
) -> Decisions:
    """The decisions from a known threshold on."""
    policy, crowd, threshold = by
    alone = np.flatnonzero(together & ~(by_hand(levels) & (score < 1.0)))
    found = np.full(len(score), NO, np.int8)
    found[(score >= policy.review_from) | always_asked(levels)] = REVIEW
    found[alone[certainty(score, levels, crowd, alone) >= threshold]] = MATCH
    return found


def certainty(score: Floats, levels: Mapping[str, Levels], crowd: Sequence[float], some: Ints) -> Floats:
    """The score of some pairs, less where a household may be taken for a match: many such, few contacts in common."""
    told = {name: levels[name][some] for name in (EMAIL.name, PHONE.name, FIRM.name, "sources")}
    contacts = _is(told, EMAIL, "same", "misspelt") + 2 * _is(told, PHONE, "same", "one digit off")
    over = CROWD * np.maximum(np.asarray(crowd) - CALM, 0.0)[:, None] / CONTACT ** np.arange(4)
    more, likely = over[told["sources"], contacts], score[some]
    more[_is(told, FIRM, "same", "misspelt", "different") | (likely >= 1.0)] = 0.0
    certain: Floats = likely - more * (1 - likely + FLOOR / DOUBT)
    return certain


def by_hand(levels: Mapping[str, Levels]) -> Bools:
    """Pairs that only a person joins: two generations, given names that plainly differ, a firm of two places or names.

    What such a pair has in common, a household or a company has in common too; no number of customers teaches more.
    """
    firms = _is(levels, FIRM, "same", "misspelt", "different")
    spouses = ~firms & _is(levels, FIRST, "different")
    branches = firms & (_is(levels, ADDRESS, *ELSEWHERE) | _is(levels, FIRM, "different"))
    return generations(levels) | signs(levels) | spouses | branches


def always_asked(levels: Mapping[str, Levels]) -> Bools:
    """Two of one name in one house where one says Jr or Sr, or with signs of two generations: never a silent no."""
    beside = _is(levels, GENERATION, "only one says", "namesake in the house has one")
    return signs(levels) | (_namesakes(levels) & beside)


def generations(levels: Mapping[str, Levels]) -> Bools:
    """Pairs of which one or both say Jr or Sr and not the same, or a namesake in the house does."""
    return _is(levels, GENERATION, "different", "only one says", "namesake in the house has one")


def signs(levels: Mapping[str, Levels]) -> Bools:
    """Two of one name in one house, nothing said of Jr or Sr, who may be two people.

    No contact in common, another initial, or born a generation apart. Without a contact in common one in ten was
    two people where one in sixty of their like was, in generated worlds and in the samples.
    """
    contacts = _is(levels, PHONE, "different", "different, same area") & _is(levels, EMAIL, "different")
    silent = _is(levels, GENERATION, "none")
    apart = _is(levels, MIDDLE, "different") | _is(levels, BIRTH, "a generation apart")
    return _namesakes(levels) & silent & (contacts | apart)


def _namesakes(levels: Mapping[str, Levels]) -> Bools:
    given, family = _is(levels, FIRST, "same", "short form", "misspelt"), _is(levels, LAST, "same", "misspelt")
    return given & family & _is(levels, ADDRESS, *HOME) & ~_is(levels, FIRM, "same", "misspelt", "different")


def _is(levels: Mapping[str, Levels], field: Field, *names: str) -> Bools:
    return field.among(levels[field.name], *names)


def match_from(score: Floats, precision: float) -> float:
    """The lowest score at which the pairs from it upward are expected to be right that often."""
    ordered = -np.sort(-score)
    expected = np.cumsum(FLOOR + DOUBT * (1 - ordered)) / np.arange(1, len(ordered) + 1)
    enough = np.flatnonzero(expected <= 1 - precision)
    return max(LOWEST_MATCH, float(ordered[enough[-1]])) if len(enough) else 2.0
