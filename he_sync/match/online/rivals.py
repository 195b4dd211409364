"""Rivals of a new record's pairs, as `match/contest.py` has them: who else it may be, and whom its candidates have.

The run's own pairs are kept for that. What strength a pair without rivals gains is read off the run, by kind of pair.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from he_sync.match.blocking import Pairs
from he_sync.match.codes import Floats, Ints
from he_sync.match.contest import CERTAIN, LIKELY, MOST_RIVALS, STEP, UNSEEN_ERROR, _rivals
from he_sync.match.scoring import Scores

LOWEST = -12
"""Strengths run from LOWEST; odds of LIKELY stand at -11."""
STRENGTHS = 64


@dataclass(frozen=True)
class Book:
    """Likely pairs of the run: `other` and `probability` by record, those of record k from `start[k]` to `start[k+1]`.

    `lift[kind, strength]` is the log of the factor on the odds of such a pair.
    """

    start: Ints
    other: Ints
    probability: Floats
    lift: Floats

    def after(self, who: Ints, record: Ints, probability: Floats, kind: Ints) -> Floats:
        """Probabilities after rivals of pairs sorted by who asks and record; those who ask are no rivals."""
        likely = np.flatnonzero(probability > LIKELY)
        found = probability.copy()
        if len(likely):
            who, record, before = who[likely], record[likely], probability[likely]
            odds = odds_of(before)
            rivals = self._of_asking(who, record, bounded(odds)) + self._of_records(who, record, before)
            rivals *= 1 + UNSEEN_ERROR * odds
            lifted = np.exp(self.lift[kind[likely], strength(odds)]) * odds
            found[likely] = lifted / (1 + lifted + rivals)
        return found

    def _of_asking(self, who: Ints, record: Ints, odds: Floats) -> Floats:
        """Odds of the other candidates of who asks, as far as they are not the same customer as this one."""
        size = np.bincount(who)[who]
        one = np.flatnonzero((size > 1) & (size <= MOST_RIVALS))
        first = np.searchsorted(who, who[one])
        pair, rival = spread(one, first, size[one])
        apart = pair != rival
        pair, rival = pair[apart], rival[apart]
        return summed(pair, odds[rival] * (1 - self.known(record[pair], record[rival])), len(who))

    def _of_records(self, who: Ints, record: Ints, before: Floats) -> Floats:
        """Odds of the record's own pairs in the run, as far as those are not who asks."""
        size = self.start[record + 1] - self.start[record]
        one = np.flatnonzero((size > 0) & (size < MOST_RIVALS))
        pair, place = spread(one, self.start[record[one]], size[one])
        width = len(self.start)
        keys, asked = who * width + record, who[pair] * width + self.other[place]
        at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
        same = np.where(keys[at] == asked, before[at], 0.0)
        return summed(pair, bounded(odds_of(self.probability[place])) * (1 - same), len(who))

    def known(self, one: Ints, other: Ints) -> Floats:
        """Probability of pairs of the run, 0 where they were not likely."""
        low, high = self.start[one], self.start[one + 1]
        pair, place = spread(np.arange(len(one)), low, high - low)
        hit = self.other[place] == other[pair]
        return summed(pair[hit], self.probability[place[hit]], len(one))


def spread(what: Ints, first: Ints, size: Ints) -> tuple[Ints, Ints]:
    """Each of `what` as often as its size, beside the places from its first on."""
    inside = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    return np.repeat(what, size), np.repeat(first, size) + inside


def summed(where: Ints, amounts: Floats, count: int) -> Floats:
    """Amounts by place. Of nothing at all numpy would count in integers."""
    return np.bincount(where, amounts, minlength=count).astype(np.float64)


def odds_of(probability: Floats) -> Floats:
    """Odds as the contest bounds them."""
    odds: Floats = np.minimum(probability / (1 - probability + 1e-6), CERTAIN)
    return odds


def bounded(odds: Floats) -> Floats:
    """Odds of a rival, which may be wrong for a reason that no field shows."""
    return odds / (1 + UNSEEN_ERROR * odds)


def strength(odds: Floats) -> Ints:
    """Row of a pair's strength in `lift`."""
    return np.clip(np.floor(np.log(odds) / STEP).astype(np.int64) - LOWEST, 0, STRENGTHS - 1)


def book(scores: Scores, count: int, known: Floats | None = None) -> Book:
    """The pairs of a run of so many records, before rivals, and what rivals did, where no `known` lift says it."""
    likely = np.flatnonzero(scores.before > LIKELY)
    left, right = scores.pairs.left[likely].astype(np.int64), scores.pairs.right[likely].astype(np.int64)
    before, after = scores.before[likely], scores.probability[likely]
    owner, other = np.r_[left, right], np.r_[right, left]
    order = np.lexsort((other, owner))
    start = np.r_[0, np.cumsum(np.bincount(owner, minlength=count))]
    lift = known
    if lift is None:
        odds, rivals = _weighed(Pairs(left, right), before)
        gained = np.log(after * (1 + rivals) / (1 - after)) - np.log(odds)
        lift = np.zeros((3, STRENGTHS))
        lift[scores.levels["sources"][likely], strength(odds)] = gained
        lift = _filled(lift)
    return Book(start, other[order], np.r_[before, before][order], lift)


def settled_by(lift: Floats, pairs: Pairs, probability: Floats, kind: Ints) -> Floats:
    """Probabilities of all pairs after rivals, with the lift of an earlier run."""
    likely = np.flatnonzero(probability > LIKELY)
    odds, rivals = _weighed(Pairs(pairs.left[likely], pairs.right[likely]), probability[likely])
    lifted = np.exp(lift[kind[likely], strength(odds)]) * odds
    found = probability.copy()
    found[likely] = lifted / (1 + lifted + rivals)
    return found


def _weighed(pairs: Pairs, probability: Floats) -> tuple[Floats, Floats]:
    """Odds of pairs, and of their rivals."""
    odds = odds_of(probability)
    return odds, _rivals(pairs, probability, bounded(odds)) * (1 + UNSEEN_ERROR * odds)


def _filled(lift: Floats) -> Floats:
    """Strengths that the run never saw take the next weaker one's factor."""
    for kind in lift:
        for place in range(1, len(kind)):
            kind[place] = kind[place] or kind[place - 1]
    return lift
