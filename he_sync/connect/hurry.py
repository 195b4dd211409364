"""Hurry: within it a call of this thread that cannot be made soon is refused, not waited for.

A pull may wait a quarter of an hour for a throttled system. A push may not: other systems' effects wait behind it, and
its own are safe in the store, which knows when to come again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LONGEST: ContextVar[float | None] = ContextVar("longest wait", default=None)


@contextmanager
def hurried(longest: float) -> Iterator[None]:
    """Within the block no throttle, pause or patience of this thread holds a call for longer than `longest` seconds."""
    token = _LONGEST.set(longest)
    try:
        yield
    finally:
        _LONGEST.reset(token)


def longest_wait() -> float | None:
    """The longest wait allowed in seconds; None where nobody is in a hurry."""
    return _LONGEST.get()
