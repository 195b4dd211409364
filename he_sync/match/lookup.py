"""Chances of patterns under all classes at once, and sums back from patterns to levels: what a round of EM is made of.

Fields are looked up in bundles, by those combinations of their levels that are there: of 27,000 patterns the first four
fields have 600. Chances are multiplied, not their logs added: twelve of them stay far above the least float.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

import numpy as np

from he_sync.match.codes import Floats, Ints, numbered, taken

MOST = 1_000
"""Combinations of a bundle: of so many, the chances under ten classes stay in the processor's nearest cache."""

ByField = list[Floats]
"""`tables[field][class, level]`."""


class _Bundle:
    """Fields looked up together: `levels[field]` of each combination, and the combination of each pattern."""

    def __init__(self, levels: Mapping[int, Ints], code: Ints) -> None:
        self.levels, self._code = levels, code
        self._order = np.argsort(code, kind="stable")
        self._start = np.flatnonzero(np.diff(code[self._order], prepend=-1))

    def chances(self, tables: ByField) -> Floats:
        """Probability of each pattern's combination, a row a class."""
        return taken(reduce(np.multiply, [taken(tables[at], level) for at, level in self.levels.items()]), self._code)

    def sums(self, weights: Floats) -> Floats:
        """Weights of patterns by combination, a row a class: brought in order and summed, a third of counting them."""
        return np.add.reduceat(taken(weights, self._order), self._start, axis=1)


class Lookup:
    """The patterns (columns of `levels`) with fields of these sizes."""

    def __init__(self, sizes: Sequence[int], levels: Ints) -> None:
        self._sizes = sizes
        self._bundles = list(_bundles(sizes, levels))

    def chances(self, tables: ByField) -> Floats:
        """Probability of each pattern under each class, a row a class."""
        return reduce(_times, [bundle.chances(tables) for bundle in self._bundles])

    def sums(self, weights: Floats) -> ByField:
        """Weights of patterns by field, class and level."""
        found: dict[int, Floats] = {}
        for bundle in self._bundles:
            joint = bundle.sums(weights)
            found |= {at: _counted(level, joint, self._sizes[at]) for at, level in bundle.levels.items()}
        return [found[at] for at in range(len(self._sizes))]


def _bundles(sizes: Sequence[int], levels: Ints) -> Iterator[_Bundle]:
    """Neighbouring fields, as many as have at most MOST combinations."""
    first = 0
    while first < len(sizes):
        code, place = numbered(levels[first])
        end = first + 1
        while end < len(sizes):
            more, where = numbered(code.astype(np.int64) * sizes[end] + levels[end])
            if len(where) > MOST:
                break
            code, place, end = more, where, end + 1
        yield _Bundle({at: levels[at][place] for at in range(first, end)}, code.astype(np.int64))
        first = end


def _times(one: Floats, other: Floats) -> Floats:
    one *= other
    return one


def _counted(code: Ints, weights: Floats, size: int) -> Floats:
    """Sums by code, row by row."""
    return np.array([np.bincount(code, row, minlength=size) for row in weights])
