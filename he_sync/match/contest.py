"""Rivals: a customer is at most one of several others, so candidates that exclude each other share the probability.

The model judges each pair alone and is calibrated over all pairs of a strength. Here what a pair with rivals loses goes
to the pairs of the same strength that have none, as far as having none says something: where few records have a match
at all, a namesake has no rival either.
"""

from __future__ import annotations

import numpy as np

from he_sync.match.blocking import Pairs
from he_sync.match.codes import Floats, Ints
from he_sync.match.compare import Levels

LIKELY = 0.02
"""Probability from which a pair is a rival, and is corrected for rivals."""
MOST_RIVALS = 40
"""Candidates of one record that are weighed against each other; a record with more keeps what the model said."""
STEP = 0.35
"""Width of a strength in log odds."""
RELIEF = 2.5
"""How much more having no rival says than the share of matched records alone: between 1 and 3 was best on every
generated world; this leaves the automatic links on the safe side."""
SURE = 0.5
"""Probability from which a record counts as having a match."""
CERTAIN = 1e4
UNSEEN_ERROR = 0.003
"""Odds of an error that no field shows: between two strong rivals the weaker one is right more often than the ratio of
their odds says. Chosen on generated worlds, where scores from 0.7 to 0.99 were too high."""
ENOUGH = 50
"""Pairs of like strength that share what rivals take; a smaller file shares over wider strengths."""


def contested(pairs: Pairs, probability: Floats, across: Levels, side: Ints) -> Floats:
    """Probabilities after rivals. `across` is the kind of pair (levels of the field sources), `side` the record's."""
    likely = np.flatnonzero(probability > LIKELY)
    some, before, kind = Pairs(pairs.left[likely], pairs.right[likely]), probability[likely], across[likely].astype(int)
    odds = np.minimum(before / (1 - before + 1e-6), CERTAIN)
    rivals = _rivals(some, before, odds / (1 + UNSEEN_ERROR * odds)) * (1 + UNSEEN_ERROR * odds)
    lift = _lift(some, before, side)
    after = before.copy()
    groups = _alike(odds, kind)
    if groups:
        every = np.concatenate(groups)
        start = np.cumsum([0, *map(len, groups[:-1])])
        after[every] = _shared(odds[every], rivals[every], before[every], start, lift[kind[every[start]]])
    found = probability.copy()
    found[likely] = after
    return found


def _alike(odds: Floats, kind: Ints) -> list[Ints]:
    """Positions of the pairs of one kind and like strength, weak ones first, at least ENOUGH in all but the last."""
    strength = np.floor(np.log(odds) / STEP).astype(np.int64)
    order = np.lexsort((strength, kind))
    cut = np.flatnonzero(np.diff(strength[order]) | np.diff(kind[order])) + 1
    groups: list[Ints] = []
    for group in np.split(order, cut) if len(order) else []:
        if groups and len(groups[-1]) < ENOUGH and kind[groups[-1][0]] == kind[group[0]]:
            groups[-1] = np.r_[groups[-1], group]
        else:
            groups.append(group)
    return groups


def _lift(pairs: Pairs, probability: Floats, side: Ints) -> Floats:
    """The most that having no rival speaks for a pair (log odds), by kind of pair.

    A true pair seldom has a rival; a false one has none where both records have no match: (1 - rate) squared.
    """
    sure = probability > SURE
    rates = []
    for kind in (0, 1, 2):
        mine = sure & (side[pairs.left] + side[pairs.right] == kind)
        met = np.zeros(len(side), bool)
        met[pairs.left[mine]] = met[pairs.right[mine]] = True
        rates.append([float(met[side == one].mean()) if (side == one).any() else 0.0 for one in (0, 1)])
    missing = [(1 - rates[0][0]) ** 2, (1 - rates[1][0]) * (1 - rates[1][1]), (1 - rates[2][1]) ** 2]
    return -RELIEF * np.log(np.maximum(missing, 0.01))


def _shared(odds: Floats, rivals: Floats, before: Floats, start: Ints, lift: Floats) -> Floats:
    """Probabilities with rivals, group by group: their mean as before, if a factor on all odds of the group allows it.

    Groups begin at `start`; `lift` is the most that the log of the factor may be.
    """
    size = np.diff(np.r_[start, len(odds)])
    wanted = np.add.reduceat(before, start)
    low, high = np.full(len(start), -8.0), lift
    for _ in range(30):
        middle = (low + high) / 2
        few = np.add.reduceat(_share(middle, size, odds, rivals), start) < wanted
        low, high = np.where(few, middle, low), np.where(few, high, middle)
    return _share(middle, size, odds, rivals)


def _share(factor: Floats, size: Ints, odds: Floats, rivals: Floats) -> Floats:
    """What a factor (log, one a group) on the odds leaves beside the rivals."""
    lifted = np.repeat(np.exp(factor), size) * odds
    share: Floats = lifted / (1 + lifted + rivals)
    return share


def _rivals(pairs: Pairs, probability: Floats, odds: Floats) -> Floats:
    """Odds of the other candidates of both records, each counted as far as it is not the same customer as this one."""
    every = np.arange(len(pairs))
    owner, other = np.r_[pairs.left, pairs.right], np.r_[pairs.right, pairs.left]
    pair = np.r_[every, every]
    order = np.argsort((owner.astype(np.int64) << 32) | other)
    owner, other, pair = owner[order], other[order], pair[order]
    start = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]]) if len(owner) else np.zeros(0, np.int64)
    size = np.diff(np.r_[start, len(owner)])
    ones, rivals = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for length in np.unique(size[(size > 1) & (size <= MOST_RIVALS)]):
        mine, theirs = np.triu_indices(int(length), 1)
        starts = start[size == length][:, None]
        ones.append((starts + mine).ravel())
        rivals.append((starts + theirs).ravel())
    one, rival = np.concatenate(ones), np.concatenate(rivals)
    apart = 1 - known(pairs, probability, other[one], other[rival])
    one, rival = pair[one], pair[rival]
    total: Floats = np.zeros(len(probability))
    for mine, theirs in ((one, rival), (rival, one)):
        total += np.bincount(mine, odds[theirs] * apart, minlength=len(probability))
    return total


def known(pairs: Pairs, probability: Floats, one: Ints, other: Ints) -> Floats:
    """Probability of the pair of two records, 0 where they were no candidates."""
    width = int(max(pairs.right.max(initial=0), one.max(initial=0), other.max(initial=0))) + 1
    keys, asked = (
        pairs.left.astype(np.int64) * width + pairs.right,
        np.minimum(one, other).astype(np.int64) * width + np.maximum(one, other),
    )
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[place] == asked, probability[place], 0.0)
