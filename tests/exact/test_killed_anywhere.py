"""Killed with -9 at any point of the whole way, again and again while recovering: all is there once. On SQLite."""

import pytest

from tests.exact.checkers import findings
from tests.exact.stand_in import stand_in
from tests.exact.tours import killed_anywhere
from tests.exact.walk import Walk, in_memory

KILLS, SEED = 5_000, 20_261_120
"""The other half of ten thousand is on Postgres, in a module of its own, so that both cores work at it."""


@pytest.fixture(scope="module")
def walk():
    with in_memory() as folder, stand_in(folder / "sandbox") as other_side:
        one = Walk(other_side, folder)
        one.warm()
        yield one
        one.close()


def test_five_thousand_kills_on_the_whole_way_lose_nothing_double_nothing_and_leave_no_orphan(walk):
    toll = killed_anywhere(walk, KILLS, SEED)
    assert toll.killed.total() >= KILLS
    with walk.looking() as store:
        assert findings(walk.history(store)) == [], f"seed {SEED}"
