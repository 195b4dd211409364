"""Value dates by the banking calendar, as days since 1970, computed once for the span of the books."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from he_sync.model.calendar import add_bank_days
from he_sync.reconcile.chain.keys import AnyInts, Ints

EPOCH = date(1970, 1, 1)


class BankDays:
    """Funding dates: `lag` bank days after a batch date, for whole arrays."""

    def __init__(self, holidays: frozenset[date]) -> None:
        self._holidays = holidays
        self._tables: dict[int, tuple[int, Ints]] = {}
        self._known: dict[tuple[int, int], int] = {}

    def after(self, days: AnyInts, lag: int) -> Ints:
        """Value dates; a result never falls on a weekend or holiday."""
        if not len(days):
            return np.empty(0, np.int64)
        low, high = int(days.min()), int(days.max())
        first, table = self._tables.get(lag, (0, np.empty(0, np.int64)))
        if low < first or high >= first + len(table):
            first = low
            table = np.array([self.one(day, lag) for day in range(low, high + 1)], np.int64)
            self._tables[lag] = first, table
        return table[days.astype(np.int64) - first]

    def one(self, day: int, lag: int) -> int:
        """The value date of one day."""
        if (day, lag) not in self._known:
            value = add_bank_days(EPOCH + timedelta(days=int(day)), lag, self._holidays)
            self._known[day, lag] = (value - EPOCH).days
        return self._known[day, lag]


def month_end_next(day: int) -> int:
    """The first day of the month after `day`."""
    when = EPOCH + timedelta(days=int(day))
    return (date(when.year + when.month // 12, when.month % 12 + 1, 1) - EPOCH).days
