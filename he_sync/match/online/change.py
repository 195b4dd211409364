"""The records of a run as they are now: which came, changed and went, and the standard forms of those that came."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from he_sync.match.blocking import Keys
from he_sync.match.codes import SEED, Codes, Ints, Small
from he_sync.match.columns import Columns
from he_sync.match.online.index import Index
from he_sync.match.online.splice import Splice


@dataclass(frozen=True)
class Change:
    """`splice` of the run's records; a record that changed left and came. `fresh` are standard forms of what came.

    `side` is of all records as they are now.
    """

    before: Index
    splice: Splice
    fresh: pl.DataFrame
    side: Ints

    @cached_property
    def now(self) -> Ints:
        """The new place of each old record, -1 where it left."""
        return self.splice.now

    def standard(self, places: Ints) -> pl.DataFrame:
        """Standard forms of some records."""
        known, fresh, order = self._origin(places)
        kept = self.before.standard(known)
        return pl.concat([kept, self.fresh[fresh].select(kept.columns)])[order]

    def hashes(self, column: str, places: Ints) -> Keys:
        """Of a column, the hashes of some records' texts."""
        known, fresh, order = self._origin(places)
        texts = pl.concat([self.before.column(column, known), self.fresh[column].gather(fresh)])
        found: Keys = texts.hash(SEED).to_numpy()[order]
        return found

    def _origin(self, places: Ints) -> tuple[Ints, Ints, Ints]:
        """Old records and those that came, by their rows there, and where each place is found among both."""
        source = self.splice.source[places].astype(np.int64)
        kept, order = source < self.splice.old, np.empty(len(places), np.int64)
        order[kept], order[~kept] = np.arange(kept.sum()), kept.sum() + np.arange((~kept).sum())
        return source[kept], source[~kept] - self.splice.old, order

    def renamed(self, group: Small) -> Ints:
        """Groups named by their first record, by its new place; those of what came are to be found."""
        now = np.where(self.now >= 0, self.now[group], -1)
        return self.splice.of(now, np.full(len(self.fresh), -1))


class Late(Mapping[str, Codes]):
    """Columns by number that are made when the first of them is asked for: half a join's time, where nobody asks."""

    def __init__(self, make: Callable[[], Columns]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Columns:
        return self._make()

    def __getitem__(self, name: str) -> Codes:
        """A column."""
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """Their names."""
        return iter(self._made)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._made)
