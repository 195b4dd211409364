"""Asking again: for reads only. A failed write is an effect in doubt; the store decides about it, never a loop here."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from he_sync.connect.hurry import longest_wait
from he_sync.model.errors import Throttled, TryLater

T = TypeVar("T")
HURRIED_ATTEMPTS = 2
LONGEST_WISH = 900.0  # seconds; a Retry-After beyond a quarter of an hour is a mistake or an outage, not a pace


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds asked for by a Retry-After header, in seconds or as a date, at most LONGEST_WISH; None for garbage."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WISH)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    wish = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(max(wish, 0.0), LONGEST_WISH)


@dataclass(frozen=True)
class Patience:
    """How long a read is tried: exponential growth with full jitter, and what the other side asked for on top.

    Attributes:
        attempts: calls in all.
        first: upper bound of the first pause in seconds; it doubles with every attempt.
        longest: upper bound of any pause that the other side did not ask for.
        budget: seconds after which no new attempt starts, pauses included.
    """

    attempts: int = 6
    first: float = 0.5
    longest: float = 30.0
    budget: float = 300.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[float, float], float] = random.uniform

    def read(self, operation: Callable[[], T]) -> T:
        """Run an operation that changes nothing until it answers. Raises the last TryLater when patience ends.

        In a hurry it is tried twice, and no pause is longer than the hurry allows.
        """
        hurry = longest_wait()
        end = self.clock() + (self.budget if hurry is None else hurry)
        attempts = self.attempts if hurry is None else min(self.attempts, HURRIED_ATTEMPTS)
        for attempt in range(1, attempts + 1):
            try:
                return operation()
            except TryLater as error:
                pause = self._pause(attempt, error)
                if attempt == attempts or self.clock() + pause > end:
                    raise
                self.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _pause(self, attempt: int, error: TryLater) -> float:
        """A wish is kept in full; jitter comes on top of it, so that many waiting readers do not return at once."""
        wish = error.retry_after or 0.0 if isinstance(error, Throttled) else 0.0
        return wish + self.draw(0.0, min(self.first * 2 ** (attempt - 1), self.longest))
