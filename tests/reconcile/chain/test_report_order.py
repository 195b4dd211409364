"""A report that lists deposit after deposit: believed where runs of lines make the deposits, and only there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from he_sync.reconcile.chain.blind_legs import Due, Unit
from he_sync.reconcile.chain.known_paths import KnownPaths
from he_sync.reconcile.chain.report_order import runs

DEPOSITS, EACH = 12, 40
OF_LINE = np.repeat(np.arange(DEPOSITS), EACH)
LINES = np.arange(DEPOSITS * EACH)
LANE = (9001, 0, 0, -1)
AMOUNTS = np.random.default_rng(8).integers(100, 9_000, len(LINES))


def lane(short: int | None = None) -> list[Unit]:
    """A deposit a day, each of the next forty lines; one of them came 5.00 short."""
    sums = np.bincount(OF_LINE, AMOUNTS).astype(int).tolist()
    return [Unit(Due(i, 100 + i, cents - 500 * (i == short)), [(0, 99 + i)], 100 + i) for i, cents in enumerate(sums)]


def slipped() -> np.ndarray:
    """The natural deposit of each line: the first three of a day are sales of the day before that slipped."""
    return np.where(LINES % EACH < 3, np.maximum(OF_LINE - 1, 0), OF_LINE)


def test_each_deposit_is_the_run_of_lines_that_makes_it():
    found = runs(lane(), LINES, slipped(), AMOUNTS)
    assert found is not None
    assert found.ends.tolist() == [EACH * (i + 1) for i in range(DEPOSITS)]
    assert found.exact.all()
    assert len(found.unsure) == 0


def test_a_deposit_that_came_short_lies_between_those_that_did_not():
    found = runs(lane(short=5), LINES, slipped(), AMOUNTS)
    assert found is not None
    assert found.ends.tolist() == [EACH * (i + 1) for i in range(DEPOSITS)]
    assert np.flatnonzero(~found.exact).tolist() == [5]
    assert len(found.unsure) == 0


def test_two_short_deposits_side_by_side_leave_their_lines_unsure():
    units = lane(short=5)
    units[6] = Unit(Due(6, 106, units[6].amount - 700), units[6].batches, 106)
    found = runs([*units, *_later()], *_more())
    assert found is not None
    assert found.unsure.tolist() == list(range(5 * EACH, 7 * EACH))


def test_a_run_never_goes_back_over_lines_of_the_run_before():
    """Money that went back is not explained by lines that an earlier deposit paid, taken off again."""
    units, back = lane(), 6 * EACH - 43
    units[5] = Unit(Due(5, 105, -int(AMOUNTS[back : 5 * EACH].sum())), units[5].batches, 105)
    units[6] = Unit(Due(6, 106, int(AMOUNTS[back : 7 * EACH].sum())), units[6].batches, 106)
    found = runs([*units, *_later()], *_more())
    assert found is not None
    assert (np.diff(found.ends) >= 0).all()
    assert np.flatnonzero(~found.exact).tolist() == [5, 6]


def _later() -> list[Unit]:
    return [Unit(Due(i, 100 + i, 1_000 + i), [(0, 99 + i)], 100 + i) for i in range(DEPOSITS, 2 * DEPOSITS)]


def _more() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One line a deposit more, for a dozen deposits."""
    extra = np.arange(DEPOSITS, 2 * DEPOSITS)
    lines = np.arange(len(LINES) + DEPOSITS)
    return lines, np.concatenate([OF_LINE, extra]), np.concatenate([AMOUNTS, 1_000 + extra])


def test_lines_in_another_order_prove_nothing():
    order = np.random.default_rng(9).permutation(len(LINES))
    assert runs(lane(), LINES, slipped()[order], AMOUNTS[order]) is None


def test_three_deposits_are_too_few_to_prove_an_order():
    first = OF_LINE < 3
    assert runs(lane()[:3], LINES[first], OF_LINE[first], AMOUNTS[first]) is None


@pytest.mark.parametrize("spoiled", ["nothing", "amounts", "due", "natural"])
def test_what_an_earlier_run_cut_is_taken_over_while_all_that_it_hangs_on_is_the_same(spoiled):
    """A first run knows ten deposits; twelve are cut on top of it as without it, and no other way where one changed."""
    first, last = KnownPaths(), 10 * EACH
    natural, amounts, units = slipped(), AMOUNTS.copy(), lane()
    assert runs(units[:10], LINES[:last], np.minimum(natural[:last], 9), amounts[:last], (first, LANE)) is not None
    begun = first.used[LANE]
    if spoiled == "amounts":
        amounts[7], amounts[8] = amounts[8], amounts[7]
    if spoiled == "due":
        units[1] = Unit(Due(1, 101, units[1].amount - 1), units[1].batches, 101)
    if spoiled == "natural":
        natural[EACH] = 1
    elsewhere = np.where(np.arange(len(begun.cost)) == 0, 0, 10**9)  # so that one sees what is taken over
    told = KnownPaths({LANE: replace(begun, cost=elsewhere)})
    found, again, fresh = (
        runs(units, LINES, natural, amounts, known and (known, LANE))
        for known in (None, KnownPaths({LANE: begun}), told)
    )
    assert found is not None
    assert again is not None
    assert found.ends.tolist() == again.ends.tolist()
    taken_over = fresh is None or found.ends.tolist() != fresh.ends.tolist()
    assert taken_over == (spoiled == "nothing")
