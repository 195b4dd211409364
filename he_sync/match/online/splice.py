"""Sorted arrays of which some rows leave and others come: what is kept is copied, not computed again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from he_sync.match.codes import Bools, Ints, Small, taken

One = TypeVar("One", bound=np.generic)


@dataclass(frozen=True)
class Splice:
    """Where the rows of a new array come from: row k is row `source[k]` of the old rows followed by those that come.

    `came` are the places of what came.
    """

    source: Small
    came: Ints
    old: int

    def __len__(self) -> int:
        """Rows of the new array."""
        return len(self.source)

    def of(self, old: npt.NDArray[One], fresh: npt.NDArray[One]) -> npt.NDArray[One]:
        """The new array; rows are the last axis."""
        return taken(np.concatenate((old, fresh), axis=-1), self.source)

    def texts(self, old: pl.Series, fresh: pl.Series) -> pl.Series:
        """The same of texts."""
        return pl.concat([old, fresh]).gather(self.source)

    @property
    def now(self) -> Ints:
        """The new place of each old row, -1 where it left."""
        found = np.full(self.old, -1, np.int64)
        kept = self.source < self.old
        found[self.source[kept]] = np.flatnonzero(kept)
        return found


def spliced(stay: Bools, at: Ints) -> Splice:
    """Old rows that `stay`, and new ones before the kept row `at` (ascending)."""
    kept = np.flatnonzero(stay)
    came = at + np.arange(len(at))
    source = np.empty(len(kept) + len(at), np.int32)
    old = np.ones(len(source), bool)
    old[came] = False
    source[old], source[came] = kept, len(stay) + np.arange(len(at))
    return Splice(source, came, len(stay))


def among(ordered: npt.NDArray[One], asked: npt.NDArray[One]) -> Ints:
    """Where each number that is asked for stands in ordered ones, -1 where it does not."""
    if not len(ordered):
        return np.full(len(asked), -1)
    at = np.minimum(np.searchsorted(ordered, asked), len(ordered) - 1)
    return np.where(ordered[at] == asked, at, -1)
