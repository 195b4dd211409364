"""Outages of a small site, those that need no daemon; `python -m tests.exact.outages` has all of them, and longer."""

from tests.exact.outages import storm

KINDS = ("worker", "redis", "postgres")
SEED, AWAY = 5, (0.5, 1.0)


def test_after_a_worker_host_redis_and_postgres_were_killed_under_load_nothing_is_lost_or_doubled():
    outcome = storm(SEED, KINDS, away=AWAY)
    assert outcome.findings == (), str(outcome)
    assert {one.kind for one in outcome.outages} == set(KINDS)
    assert outcome.acknowledged > outcome.orders > 0
