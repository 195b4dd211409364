"""A drawer is over or short by what its count has beyond what was taken, paid in and paid out."""

from he_sync.reconcile.tills.drawers import Count, drawers, over_by_store

TAKEN = {("S001", "1"): 15_000, ("S001", "2"): 4_000, ("S002", "1"): 900}


def test_each_register_is_judged_by_its_own_count():
    short = Count("S001", "1", 24_700, opening=10_000)
    over = Count("S001", "2", 13_550, opening=10_000, paid_in=500, paid_out=1_000)
    found = drawers(TAKEN, [short, over])
    assert [(one.register, one.expected, one.over) for one in found[:2]] == [("1", 25_000, -300), ("2", 13_500, 50)]
    assert over_by_store(found) == {"S001": -250}


def test_a_register_that_nobody_counted_is_named_and_never_taken_for_right():
    [*_, last] = drawers(TAKEN, [])
    assert (last.store, last.expected, last.counted, last.over) == ("S002", 900, None, None)
    assert over_by_store([last]) == {}


def test_a_counted_drawer_that_took_no_cash_is_judged_as_well():
    [*_, found] = drawers({}, [Count("S009", "3", 9_990, opening=10_000)])
    assert found.over == -10
