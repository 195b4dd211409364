"""Repeatable chance and the small number forms every document uses. No wall clock, no global random state here.

A stream is named by seed, topic and day, so that a change in one topic leaves every other topic as it was.
"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

NAMESPACE = uuid.UUID("6f1d5b0a-7f0e-4c5b-9d3a-2b1c8e4f9a70")
MILLI = 1000


def stream(seed: int, topic: str, day: date | str = "") -> Random:
    """The chance of one topic on one day; a text seed is hashed by SHA-512, so it is equal in every process."""
    return Random(f"{seed}:{topic}:{day}")  # noqa: S311 - a synthetic world must be repeatable, not secret


def uid(seed: int, *parts: object) -> str:
    """A version 5 UUID of what the record is."""
    return str(uuid.uuid5(NAMESPACE, ":".join(map(str, (seed, *parts)))))


def weighted(rng: Random, table: dict[str, int]) -> str:
    """One of the names, as likely as its weight."""
    return rng.choices(list(table), weights=list(table.values()))[0]


def half_up(numerator: int, denominator: int) -> int:
    """Integer division rounded half away from zero."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def money(cents: int) -> Decimal:
    """Cents as a wire amount with two decimals."""
    return Decimal(cents).scaleb(-2)


def quantity(milli: int) -> int | Decimal:
    """Thousandths as a wire quantity: an integer when whole, else the shortest decimal."""
    return milli // MILLI if milli % MILLI == 0 else Decimal(milli).scaleb(-3).normalize()


def stamp(moment: datetime) -> str:
    """Heartland's UTC stamp, seconds and offset: 2026-11-20T18:04:05+00:00."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def zulu(moment: datetime) -> str:
    """The processor's UTC stamp: 2026-11-20T18:04:05.000Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def local(moment: datetime, timezone: str) -> str:
    """Wall time at a place without an offset: 2026-11-20T13:04:05."""
    return moment.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%dT%H:%M:%S")


def at_local(day: date, seconds: int, timezone: str) -> datetime:
    """The UTC instant of a wall-clock second of a day; the earlier of two where the clock repeats an hour."""
    wall = time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    return datetime.combine(day, wall, ZoneInfo(timezone)).astimezone(UTC)


def midnight(day: date) -> str:
    """Epicor's date column: 2026-11-20T00:00:00."""
    return f"{day.isoformat()}T00:00:00"
