"""Patterns: pairs with the same levels in all fields are one row with a count. A million pairs are some 30,000 rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from he_sync.match.codes import Ints
from he_sync.match.compare import Levels
from he_sync.match.levels import Field


@dataclass(frozen=True)
class Patterns:
    """`levels[f, row]` of each field, pairs by row, and the row of each pair."""

    fields: tuple[Field, ...]
    levels: Ints
    counts: Ints
    row: Ints

    def __len__(self) -> int:
        """Rows."""
        return len(self.counts)


def patterns(fields: Sequence[Field], levels: Mapping[str, Levels], take: Ints) -> Patterns:
    """Patterns of the pairs at the positions `take`."""
    code = np.zeros(len(take), np.int64)
    for one in fields:
        code = code * len(one) + levels[one.name][take]
    distinct, row, counts = np.unique(code, return_inverse=True, return_counts=True)
    found = np.empty((len(fields), len(distinct)), np.int64)
    for place, one in reversed(list(enumerate(fields))):
        distinct, found[place] = np.divmod(distinct, len(one))
    return Patterns(tuple(fields), found, counts, row.ravel())


def grouped(fields: Sequence[Field], most: int = 800) -> tuple[tuple[int, ...], ...]:
    """Fields bundled so that a bundle's table stays below `most` levels: the fit looks up bundles, not fields."""
    bundles: list[tuple[int, ...]] = []
    size = most + 1
    for place, one in enumerate(fields):
        if size * len(one) > most:
            bundles.append(())
            size = 1
        bundles[-1] = (*bundles[-1], place)
        size *= len(one)
    return tuple(bundles)
