"""Outages of a small site, the servers only; `python -m tests.exact.outages` has all of them, and longer ones."""

from __future__ import annotations

from tests.exact.outages import storm

KINDS = ("redis", "postgres")
SEED, AWAY = 5, (0.5, 1.0)
"""A worker is killed in `tests/dagster/test_resident_workers.py`, which has one already."""


def test_after_redis_and_postgres_were_killed_under_load_nothing_is_lost_or_doubled() -> None:
    outcome = storm(SEED, KINDS, away=AWAY)
    assert outcome.findings == (), str(outcome)
    assert {one.kind for one in outcome.outages} == set(KINDS)
    assert outcome.acknowledged > outcome.orders > 0
