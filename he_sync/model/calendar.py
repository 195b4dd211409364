"""The four dates of retail money: business date, batch date, funding date, posting date.

Business date: the store's day in its own zone, from its roll-over hour to the next (reference: accounting, the four
dates). Computed once when a record is read, stored beside the UTC time, never guessed again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from he_sync.model.errors import BadRecord, FixSettings

SATURDAY = 5


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The IANA time zone, or FixSettings naming the unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise FixSettings(f"time zone {name!r} is unknown; use an IANA name such as America/Chicago") from None


def read_instant(text: str) -> datetime:
    """A UTC instant from ISO 8601 with an offset or Z. A text without an offset is refused, not guessed."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise BadRecord(f"{text!r} is not an ISO 8601 time") from None
    if moment.tzinfo is None:
        raise BadRecord(f"time {text!r} has no offset; local times are not instants")
    return moment.astimezone(UTC)


def business_date(instant: datetime, timezone: str, rollover_hour: int) -> date:
    """The store day an instant belongs to: the local date, or the day before when it is earlier than the roll-over."""
    local = instant.astimezone(zone(timezone))
    return local.date() if local.hour >= rollover_hour else local.date() - timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """A half-open span of UTC time, `start` included, `end` not."""

    start: datetime
    end: datetime


def business_window(day: date, timezone: str, rollover_hour: int) -> Window:
    """The UTC span of a store day; 23 or 25 hours long where the clocks change."""
    here = zone(timezone)
    start = datetime.combine(day, time(rollover_hour), here)
    end = datetime.combine(day + timedelta(days=1), time(rollover_hour), here)
    return Window(start.astimezone(UTC), end.astimezone(UTC))


def is_bank_day(day: date, holidays: Collection[date] = ()) -> bool:
    """Monday to Friday and no bank holiday."""
    return day.weekday() < SATURDAY and day not in holidays


def add_bank_days(day: date, count: int, holidays: Collection[date] = ()) -> date:
    """The date `count` bank days after `day`; a funding date never falls on a weekend or holiday."""
    current = day
    for _ in range(count):
        current += timedelta(days=1)
        while not is_bank_day(current, holidays):
            current += timedelta(days=1)
    return current
