"""Two short storms over real processes, at once; `make chaos` has twenty long ones."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.exact.storm import storm

SEEDS, SECONDS = (2, 23), 20.0
"""One on SQLite, and one on Postgres in which clocks step and the database is killed."""


@pytest.fixture(scope="module")
def outcomes():
    with ThreadPoolExecutor(len(SEEDS)) as pool:
        return list(pool.map(lambda seed: storm(seed, SECONDS), SEEDS))


@pytest.mark.parametrize("place", range(len(SEEDS)))
def test_after_a_storm_of_kills_freezes_and_faults_every_checker_is_empty(outcomes, place):
    outcome = outcomes[place]
    assert outcome.findings == (), str(outcome)
    assert outcome.acknowledged > outcome.orders > 0


def test_the_storms_have_every_deed_of_the_nemesis(outcomes):
    done = {what for outcome in outcomes for what in outcome.deeds}
    assert done >= {"kill worker", "freeze worker", "kill receiver", "kill database", "step clock", "late_landing"}
