"""Patterns: pairs with the same levels in all fields are one row with a count. A million pairs are some 30,000 rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from he_sync.match.codes import Ints, Small, numbered, taken
from he_sync.match.compare import Levels
from he_sync.match.levels import Field
from he_sync.match.side_by_side import side_by_side

CHUNK = 1 << 18
"""Pairs whose patterns are looked for at a time."""


@dataclass(frozen=True)
class Patterns:
    """`levels[f, row]` of each field, pairs by row, and the row of each pair."""

    fields: tuple[Field, ...]
    levels: Ints
    counts: Ints
    row: Small

    def __len__(self) -> int:
        """Rows."""
        return len(self.counts)


def patterns(fields: Sequence[Field], levels: Mapping[str, Levels], take: Ints) -> Patterns:
    """Patterns of the pairs at the positions `take`."""
    distinct, row, counts = _rows(fields, levels, take)
    found = np.empty((len(fields), len(distinct)), np.int64)
    for place, one in reversed(list(enumerate(fields))):
        distinct, found[place] = np.divmod(distinct, len(one))
    return Patterns(tuple(fields), found, counts, row)


def _rows(fields: Sequence[Field], levels: Mapping[str, Levels], take: Ints) -> tuple[Ints, Small, Ints]:
    """Distinct patterns as one number each, in order, the place of each pair's among them, and pairs by pattern."""

    def distinct(start: int) -> tuple[Ints, Small]:
        some = take[start : start + CHUNK]
        code = np.zeros(len(some), np.int64)
        for one in fields:
            code *= len(one)
            code += taken(levels[one.name], some)
        row, place = numbered(code)
        return code[place], row

    found = side_by_side(distinct, range(0, max(len(take), 1), CHUNK))
    every, rank = np.unique(np.concatenate([some for some, _ in found]), return_inverse=True)
    ends = np.cumsum([len(some) for some, _ in found])
    ranks = np.split(rank.astype(np.int32), ends[:-1])
    row = np.concatenate([taken(own, rows) for own, (_, rows) in zip(ranks, found, strict=True)])
    return every, row, np.bincount(row, minlength=len(every))
