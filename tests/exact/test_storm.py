"""A short storm over real processes; `make chaos` has twenty long ones."""

from tests.exact.storm import storm

SEED, SECONDS = 2, 20.0


def test_after_a_storm_of_kills_freezes_and_faults_every_checker_is_empty():
    outcome = storm(SEED, SECONDS)
    assert outcome.findings == (), str(outcome)
    assert outcome.acknowledged > outcome.orders > 0
