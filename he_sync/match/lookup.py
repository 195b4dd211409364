"""Chances of patterns under all classes at once, and sums back from patterns to levels: what a round of EM is made of.

Fields are looked up in bundles, by those combinations of their levels that are there: of 27,000 patterns the first four
fields have 600. Chances are multiplied, not their logs added: twelve of them stay far above the least float.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import chain

import numpy as np

from he_sync.match.codes import Floats, Ints, numbered, taken

MOST = 1_000
"""Combinations of a bundle: of so many, the chances under ten classes stay in the processor's nearest cache."""

ByField = list[Floats]
"""`tables[field][class, level]`."""


class _Bundle:
    """Fields looked up together: `levels[field]` of each combination, and the combination of each pattern."""

    def __init__(self, levels: Mapping[int, Ints], code: Ints) -> None:
        self.levels, self.code = levels, code
        self._order = np.argsort(code, kind="stable")
        self._start = np.flatnonzero(np.diff(code[self._order], prepend=-1))
        self._ordered = not np.any(np.diff(code) < 0)

    def chances(self, tables: ByField) -> Floats:
        """Probability of each combination, a row a class."""
        return reduce(np.multiply, [taken(tables[at], level) for at, level in self.levels.items()])

    def sums(self, weights: Floats, room: Floats) -> Floats:
        """Weights of patterns by combination, a row a class: brought in order and summed, a third of counting them."""
        ordered = weights if self._ordered else taken(weights, self._order, room)
        found: Floats = np.add.reduceat(ordered, self._start, axis=1)
        return found


class Lookup:
    """The patterns (columns of `levels`) with fields of these sizes, under so many classes.

    It works in two arrays of its own: fresh ones every round would cost as much again, for the pages that the system
    clears.
    """

    def __init__(self, sizes: Sequence[int], levels: Ints, classes: int) -> None:
        self._bundles = list(_bundles(sizes, levels))
        self._shapes = [(classes, size) for size in sizes]
        self._found, self._room = np.empty((classes, levels.shape[1])), np.empty((classes, levels.shape[1]))
        self._cells = [
            (np.arange(classes)[:, None] * sizes[at] + level).ravel()
            for bundle in self._bundles
            for at, level in bundle.levels.items()
        ]

    def chances(self, tables: ByField, shares: Floats) -> Floats:
        """Probability of each pattern and class, a row a class; the next call overwrites it."""
        first, *others = self._bundles
        taken(first.chances(tables) * shares[:, None], first.code, self._found)
        for bundle in others:
            self._found *= taken(bundle.chances(tables), bundle.code, self._room)
        return self._found

    def sums(self, weights: Floats) -> ByField:
        """Weights of patterns by field, class and level."""
        joints = ([bundle.sums(weights, self._room).ravel()] * len(bundle.levels) for bundle in self._bundles)
        return [
            np.bincount(cell, joint, minlength=classes * size).astype(np.float64).reshape(classes, size)
            for cell, joint, (classes, size) in zip(self._cells, chain(*joints), self._shapes, strict=True)
        ]


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
