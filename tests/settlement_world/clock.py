"""Days since 1970, seconds since 1970, and the two calendars: local time of a store and the bank's days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

HOUR, DAY = 3_600, 86_400
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
HOLIDAYS = ("2025-02-17", "2025-05-26", "2025-06-19")
POS_DAY_STARTS = 4
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall-clock time of a zone that is named beside it


def to_utc(local: np.ndarray, zone: np.ndarray) -> np.ndarray:
    """Seconds of a store's wall clock as UTC; an hour that the clock skips counts as before the change."""
    return local - _offset(local, zone, of_wall_clock=True)


def to_local(utc: np.ndarray, zone: np.ndarray) -> np.ndarray:
    """Seconds UTC as the store's wall clock shows them."""
    return utc + _offset(utc, zone, of_wall_clock=False)


def _offset(seconds: np.ndarray, zone: np.ndarray, *, of_wall_clock: bool) -> np.ndarray:
    hours = seconds // HOUR
    first = int(hours.min()) if len(hours) else 0
    last = int(hours.max()) if len(hours) else 0
    table = np.array([[_at(one, name, of_wall_clock) for one in range(first, last + 1)] for name in ZONES])
    return table[zone, hours - first]


def _at(hour: int, name: str, of_wall_clock: bool) -> int:
    zone, moment = ZoneInfo(name), EPOCH + timedelta(hours=hour)
    aware = moment.replace(tzinfo=zone) if of_wall_clock else moment.replace(tzinfo=UTC).astimezone(zone)
    offset = aware.utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def business_day(local: np.ndarray) -> np.ndarray:
    """The store day that a moment belongs to."""
    return (local - POS_DAY_STARTS * HOUR) // DAY


def bank_day(day: np.ndarray, lag: int) -> np.ndarray:
    """The bank day `lag` bank days after a day; weekends and holidays count as the bank day before them."""
    return as_days(np.busday_offset(_dates(day), lag, roll="backward", holidays=HOLIDAYS))


def month_start(day: np.ndarray, months: int = 0) -> np.ndarray:
    """First day of the day's month, or of a later one."""
    return as_days((_dates(day).astype("datetime64[M]") + months).astype("datetime64[D]"))


def as_days(dates: np.ndarray) -> np.ndarray:
    """Days since 1970 of numpy dates."""
    return dates.astype("datetime64[D]").astype(np.int64)


def _dates(day: np.ndarray) -> np.ndarray:
    return np.asarray(day).astype("datetime64[D]")
