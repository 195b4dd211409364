"""Counts by store and day as one matrix, from records with a store and a business date."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from he_sync.quality.anomalies.known_days import Dates

Whole = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Daily:
    """`counts[store, day]` of consecutive days; a day without a record is 0."""

    stores: tuple[str, ...]
    dates: Dates
    counts: Whole

    @property
    def opened(self) -> Whole:
        """Place of each store's first day with a record; the number of days where it has none."""
        some = self.counts > 0
        return np.where(some.any(axis=1), some.argmax(axis=1), len(self.dates)).astype(np.int64)

    @property
    def alive(self) -> Flags:
        """Whether a store had opened by a day."""
        return np.asarray(np.arange(len(self.dates))[None, :] >= self.opened[:, None])

    def until(self, day: int) -> Daily:
        """The days before that place."""
        return Daily(self.stores, self.dates[:day], self.counts[:, :day])


def daily(records: pd.DataFrame, last: str = "", weight: str = "") -> Daily:
    """Records (or the sum of an int64 column, `weight`) by `store` and `business_date`, up to the date `last`."""
    if records.empty:
        return Daily((), np.zeros(0, dtype="datetime64[D]"), np.zeros((0, 0), dtype=np.int64))
    days = records["business_date"].to_numpy(dtype="datetime64[D]")
    stores, row = np.unique(records["store"].astype(str).to_numpy(dtype=str), return_inverse=True)
    end = np.datetime64(last, "D") if last else days.max()
    dates = np.arange(days.min(), end + 1)
    inside, column = days <= end, (days - dates[0]).astype(np.int64)
    counts = np.zeros((len(stores), len(dates)), dtype=np.int64)
    add = records[weight].to_numpy(dtype=np.int64)[inside] if weight else 1
    np.add.at(counts, (row[inside], column[inside]), add)
    return Daily(tuple(map(str, stores)), dates, counts)
