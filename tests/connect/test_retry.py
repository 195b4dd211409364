"""Patience with reads: growing pauses with jitter, what the other side asks for, and an end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from he_sync.connect.retry import Patience, retry_after
from he_sync.model.errors import LookUpFirst, Throttled, TryLater

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now, self.pauses = 1000.0, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def failing(*errors: Exception) -> Callable[[], str]:
    """An operation that fails so and then answers."""
    waiting = list(errors)

    def operation() -> str:
        if waiting:
            raise waiting.pop(0)
        return "answer"

    return operation


def patience(clock: Clock, **settings: float) -> Patience:
    return Patience(clock=clock, sleep=clock.sleep, draw=lambda _low, high: high, **settings)  # type: ignore[arg-type]


def test_pauses_double_up_to_the_longest() -> None:
    clock = Clock()
    answer = patience(clock, attempts=6, first=1, longest=5).read(failing(*[TryLater("down")] * 5))
    assert (answer, clock.pauses) == ("answer", [1, 2, 4, 5, 5])


def test_the_pause_is_drawn_from_its_whole_range() -> None:
    drawn: list[tuple[float, float]] = []
    clock = Clock()
    some = Patience(clock=clock, sleep=clock.sleep, draw=lambda low, high: drawn.append((low, high)) or 0.0)  # type: ignore[func-returns-value]
    some.read(failing(TryLater("down"), TryLater("down")))
    assert drawn == [(0.0, 0.5), (0.0, 1.0)]


def test_a_wish_of_the_other_side_is_kept_in_full() -> None:
    clock = Clock()
    patience(clock, first=1).read(failing(Throttled("slow down", 30.0)))
    assert clock.pauses == [31.0]


def test_the_last_error_is_raised_when_attempts_end() -> None:
    clock = Clock()
    with pytest.raises(TryLater, match="third"):
        patience(clock, attempts=3).read(failing(TryLater("first"), TryLater("second"), TryLater("third")))
    assert len(clock.pauses) == 2


def test_no_pause_begins_that_would_pass_the_budget() -> None:
    clock = Clock()
    with pytest.raises(Throttled):
        patience(clock, budget=100).read(failing(Throttled("maintenance", 900.0)))
    assert clock.pauses == []


def test_an_unknown_outcome_is_never_tried_again() -> None:
    clock = Clock()
    with pytest.raises(LookUpFirst):
        patience(clock).read(failing(LookUpFirst("lost")))
    assert clock.pauses == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("86400", 900.0),
        ("9" * 400, 900.0),
        ("Fri, 20 Nov 2026 18:01:00 GMT", 60.0),
        ("Fri, 20 Nov 2026 17:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 18:00:00 GMT", 900.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("²", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_capped_and_garbage_is_ignored(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after(header, NOW) == seconds
