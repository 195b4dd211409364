"""Late landings: no order twice, none without an end, while the ways that people write first create some twice."""

import pytest

from tests.exact.late_landing import PEERS, ours, peer

ORDERS, SEED = 5_000, 20_261_120
AGAIN = f"again with: python -m tests.bench.exactly_once --orders {ORDERS} --seed {SEED}"


def test_five_thousand_orders_over_a_wire_that_lands_late_are_there_once_and_none_is_left_open():
    found = ours(ORDERS, SEED)
    assert (found.duplicates, found.lost, found.unresolved) == (0, 0, 0), AGAIN


@pytest.mark.parametrize("name", [name for name in PEERS if name != "never retry"])
def test_on_the_same_wire_a_way_without_quarantine_creates_orders_twice(name):
    assert peer(name, ORDERS, SEED).duplicates > 0, AGAIN


def test_on_the_same_wire_one_try_alone_loses_orders_and_leaves_others_unknown():
    found = peer("never retry", ORDERS, SEED)
    assert found.duplicates == 0
    assert found.lost > 0
    assert found.unresolved > found.lost
