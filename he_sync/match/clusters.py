"""Customers from pairs: two groups join only when all that is known between them speaks for it together.

A chain of good pairs is no proof (A like B, B like C, A unlike C): every join sums the log odds of all pairs between
the two groups, and a pair that blocking never proposed counts against it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from he_sync.match.blocking import Pairs
from he_sync.match.codes import Bools, Floats, Ints, Places

LINK = 0.5
"""Probability from which a pair proposes a join."""
UNSEEN = -4.0
"""Log odds of a pair that no blocking rule proposed."""
STRONGEST = 9.2
GRAIN = float(1 << 30)
"""Weights are whole parts of 1 / GRAIN: their sums are exact, and of two pairs that are as likely the order decides and
not the last bits of their probabilities, which a run that joins another one may have from it."""


@dataclass(frozen=True)
class Steward:
    """Decisions of people: pairs of positions that are one customer, and pairs that never are."""

    together: Collection[tuple[int, int]] = ()
    apart: Collection[tuple[int, int]] = ()


@dataclass(frozen=True)
class Rules:
    """What holds whatever the pairs say: decisions of people, and `clean` sides, known to hold no duplicates."""

    side: Ints
    clean: frozenset[int] = frozenset()
    said: Steward = field(default_factory=Steward)


def clusters(pairs: Pairs, probability: Floats, rules: Rules) -> Ints:
    """The cluster of each record, numbered by its first member; of a clean side at most one record each."""
    links, count = np.flatnonzero(probability >= LINK), len(rules.side)
    parent = components(pairs.left[links], pairs.right[links], count)
    simple = _complete(parent, pairs, links, rules) & ~_decided(parent, rules)
    found = np.where(simple, parent, np.arange(count))
    grown = _Groups(_inside(pairs, probability, parent, simple), rules)
    rest = links[~simple[pairs.left[links]]]
    order = rest[np.lexsort((pairs.right[rest], pairs.left[rest], -_weights(probability[rest])))]
    for one, other in rules.said.together:
        grown.join(one, other, forced=True)
    for one, other in zip(pairs.left[order].tolist(), pairs.right[order].tolist(), strict=True):
        grown.join(one, other)
    for member, group in grown.owner.items():
        found[member] = group
    return found


def _weights(probability: Floats) -> Floats:
    odds: Floats = np.log(np.maximum(probability, 1e-9)) - np.log(np.maximum(1 - probability, 1e-9))
    weights: Floats = np.round(np.clip(odds, -STRONGEST, STRONGEST) * GRAIN) / GRAIN
    return weights


def _inside(pairs: Pairs, probability: Floats, parent: Ints, simple: Bools) -> dict[tuple[int, int], float]:
    """Weights of the pairs within components that are not complete."""
    inside = np.flatnonzero((parent[pairs.left] == parent[pairs.right]) & ~simple[pairs.left])
    ends = zip(pairs.left[inside].tolist(), pairs.right[inside].tolist(), strict=True)
    return dict(zip(ends, _weights(probability[inside]).tolist(), strict=True))


def components(left: Places, right: Places, count: int) -> Ints:
    """Connected components, each named by its lowest member.

    Ends that are named differently take the lower name, names are followed to their end, and what is joined is left
    out of the next round: as many rounds as the logarithm of the longest chain.
    """
    lowest = np.arange(count)
    while len(left):
        one, other = lowest[left], lowest[right]
        np.minimum.at(lowest, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(lowest, named := lowest[lowest]):
            lowest = named
        apart = lowest[one] != lowest[other]
        left, right = one[apart], other[apart]
    return lowest


def _complete(parent: Ints, pairs: Pairs, links: Ints, rules: Rules) -> Bools:
    """Records of components in which every pair is a link: nothing in them can speak against a join."""
    size = np.bincount(parent, minlength=len(parent))
    edges = np.bincount(parent[pairs.left[links]], minlength=len(parent))
    whole = edges == size * (size - 1) // 2
    for one in rules.clean:
        whole &= np.bincount(parent[rules.side == one], minlength=len(parent)) <= 1
    inside: Bools = whole[parent]
    return inside


def _decided(parent: Ints, rules: Rules) -> Bools:
    """Records of components about which a person said something; the others are as if nobody had."""
    ends = np.array([*rules.said.together, *rules.said.apart], np.int64).ravel()
    return np.isin(parent, parent[ends])


class _Groups:
    """Growing groups of the records whose component is not complete."""

    def __init__(self, weight: Mapping[tuple[int, int], float], rules: Rules) -> None:
        self._weight, self._rules = weight, rules
        self._apart = {(min(pair), max(pair)) for pair in rules.said.apart}
        self.owner: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}

    def join(self, one: int, other: int, *, forced: bool = False) -> None:
        """Join the groups of two records where the sum of weights allows it, or where a person said so."""
        first, second = self._group(one), self._group(other)
        if first == second or not (forced or self._agrees(first, second)):
            return
        low, high = min(first, second), max(first, second)
        self._members[low] = sorted(self._members[low] + self._members.pop(high))
        for member in self._members[low]:
            self.owner[member] = low

    def _group(self, record: int) -> int:
        if record not in self.owner:
            self.owner[record] = record
            self._members[record] = [record]
        return self.owner[record]

    def _agrees(self, first: int, second: int) -> bool:
        total = 0.0
        for one in self._members[first]:
            for other in self._members[second]:
                pair = (one, other) if one < other else (other, one)
                if pair in self._apart or self._both_of_a_clean_side(one, other):
                    return False
                total += self._weight.get(pair, UNSEEN)
        return total > 0

    def _both_of_a_clean_side(self, one: int, other: int) -> bool:
        side = int(self._rules.side[one])
        return side in self._rules.clean and side == int(self._rules.side[other])
