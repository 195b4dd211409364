"""Pairing records that share a key: every pair of a few, or by rank where equal ones are interchangeable."""

from __future__ import annotations

import numpy as np

from he_sync.reconcile.chain.keys import AnyInts, Ints, Mask, group


def pairs_of(left: AnyInts, right: AnyInts) -> tuple[Ints, Ints]:
    """Every pair of positions with equal keys; meant for the few keys that repeat."""
    order = np.argsort(left, kind="stable")
    ranked = left[order]
    start, stop = np.searchsorted(ranked, right, "left"), np.searchsorted(ranked, right, "right")
    count = stop - start
    other = np.repeat(np.arange(len(right)), count)
    inside = np.arange(len(other)) - np.repeat(np.cumsum(count) - count, count)
    return order[np.repeat(start, count) + inside], other


def pair_ranked(
    mine: tuple[AnyInts, ...], theirs: tuple[AnyInts, ...], order: AnyInts, other_order: AnyInts
) -> tuple[Ints, Ints, Ints, Mask]:
    """Pair equal keys by rank: positions on both sides, rivals of each pair, and whether both sides were as many."""
    columns = [np.concatenate((a.astype(np.int64), b.astype(np.int64))) for a, b in zip(mine, theirs, strict=True)]
    side = np.repeat((0, 1), (len(order), len(other_order)))
    rows, number, _ = group(columns, np.concatenate((order, other_order)))
    if not len(rows):
        empty = np.empty(0, np.int64)
        return empty, empty, empty, np.empty(0, bool)
    lefts, rights = rows[side[rows] == 0], rows[side[rows] == 1]
    groups = int(number[-1]) + 1
    many = np.bincount(number[side[rows] == 0], minlength=groups)
    others = np.bincount(number[side[rows] == 1], minlength=groups)
    pairs = np.minimum(many, others)
    first = np.cumsum(many) - many
    second = np.cumsum(others) - others
    which = np.repeat(np.arange(groups), pairs)
    rank = np.arange(len(which)) - np.repeat(np.cumsum(pairs) - pairs, pairs)
    one = lefts[first[which] + rank]
    other = rights[second[which] + rank] - len(order)
    return one, other, np.maximum(many, others)[which] - 1, (many == others)[which]
