"""Sending a plan: each effect once, looked up first whatever is known about it (reference reliability 3.3).

A look-up only reads. A write may be begun again after it broke off anywhere: it reads what is there and goes on.
Effects go in batches: claimed in one transaction, looked up in one call a kind, written by a few threads, read back in
one call, confirmed in one transaction. What each step means for one effect does not hang on the others.
"""

from he_sync.flows.push.outcome import (
    LEASE_SECONDS,
    MOST_FAILURES,
    NOT_ALLOWED,
    PAUSE_SECONDS,
    Clock,
    Pushed,
    wall_clock,
)
from he_sync.flows.push.send import push, threads

__all__ = [
    "LEASE_SECONDS",
    "MOST_FAILURES",
    "NOT_ALLOWED",
    "PAUSE_SECONDS",
    "Clock",
    "Pushed",
    "push",
    "threads",
    "wall_clock",
]
