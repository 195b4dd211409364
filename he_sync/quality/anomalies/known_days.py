"""Known days: holidays, sales, closures. A day's name ties it to the same day of other years, whatever its date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.tseries.holiday import (
    AbstractHolidayCalendar,
    Holiday,
    USColumbusDay,
    USLaborDay,
    USMartinLutherKingJr,
    USMemorialDay,
    USPresidentsDay,
    USThanksgivingDay,
)
from pandas.tseries.offsets import Day, Easter

Dates = npt.NDArray[np.datetime64]
Names = Mapping[date, str]
NEIGHBOURS = {-1: "day before {}", 1: "day after {}"}
"""Shops feel a holiday a day early and a day late."""


class _Retail(AbstractHolidayCalendar):
    rules = [  # noqa: RUF012 - the base class declares a list
        Holiday("New Year's Day", month=1, day=1),
        USMartinLutherKingJr,
        Holiday("Valentine's Day", month=2, day=14),
        USPresidentsDay,
        Holiday("Easter Sunday", month=1, day=1, offset=[Easter()]),
        Holiday("Mother's Day", month=5, day=1, offset=[pd.offsets.WeekOfMonth(week=1, weekday=6)]),
        USMemorialDay,
        Holiday("Juneteenth", month=6, day=19, start_date="2021-06-18"),
        Holiday("Independence Day", month=7, day=4),
        USLaborDay,
        USColumbusDay,
        Holiday("Halloween", month=10, day=31),
        USThanksgivingDay,
        Holiday("Black Friday", month=11, day=1, offset=[pd.offsets.WeekOfMonth(week=3, weekday=3), Day(1)]),
        Holiday("Christmas Eve", month=12, day=24),
        Holiday("Christmas Day", month=12, day=25),
        Holiday("New Year's Eve", month=12, day=31),
    ]
    """The days on which shops of the United States sell much or little; not those of banks."""


def us_retail(first: date, last: date) -> dict[date, str]:
    """Names by date, both ends included."""
    found = _Retail().holidays(pd.Timestamp(first), pd.Timestamp(last), return_name=True)
    return {day.date(): str(name) for day, name in found.items()}  # type: ignore[attr-defined] # its index holds days


def with_neighbours(known: Names) -> dict[date, str]:
    """The day before and the day after each known day too, where they are not known themselves."""
    more: dict[date, str] = {}
    for day, name in known.items():
        for step, text in NEIGHBOURS.items():
            more.setdefault(day + timedelta(days=step), text.format(name))
    return more | dict(known)


def names_of(dates: Dates, known: Names) -> list[str]:
    """A name or "" for each date."""
    return [known.get(day, "") for day in dates.astype("datetime64[D]").tolist()]


def distinct(names: Iterable[str]) -> list[str]:
    """Names in alphabetical order, "" left out."""
    return sorted(set(names) - {""})
