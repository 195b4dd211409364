"""Killed with -9 at any point of the whole way, again and again while recovering: all is there once. On SQLite."""

from tests.exact.tours import in_a_process

KILLS, SEED = 5_000, 20_261_120
"""The other half of ten thousand is on Postgres, in a module of its own, so that both cores work at it."""


def test_five_thousand_kills_on_the_whole_way_lose_nothing_double_nothing_and_leave_no_orphan():
    assert ": 0 findings" in (said := in_a_process(KILLS, SEED)), said
