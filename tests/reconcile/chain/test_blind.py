"""Cut-offs and slipped lines: what is found, and that nothing is asserted which another set explains as well."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from he_sync.reconcile.chain.blind_lines import CUTS
from he_sync.reconcile.chain.cutoffs import by_deposits, by_fees
from he_sync.reconcile.chain.known_odds import KnownOdds
from he_sync.reconcile.chain.levels import levels
from he_sync.reconcile.chain.slip_odds import SlipOdds, usual_share
from he_sync.reconcile.chain.slips import Candidates, slipped


def batch(amounts: list[int], fees: list[int], target: int | None, first: int = 0) -> Candidates:
    lines = np.arange(first, first + len(amounts), dtype=np.int64)
    return Candidates(lines, np.array(amounts, np.int64), np.array(fees, np.int64), target)


def test_one_line_that_explains_fee_and_money_is_found():
    found = slipped([batch([900, 2500, 4100], [28, 60, 92], 60)], 2500)
    assert (found.lines, found.sure, found.doubtful) == ((1,), True, ())


def test_two_lines_of_two_stores_are_found_by_their_sum():
    stores = [batch([900, 2500], [28, 60], 28), batch([1200, 3300, 777], [34, 34, 25], 34, first=10)]
    found = slipped(stores, 900 + 3300)
    assert (found.lines, found.sure) == ((0, 11), True)


def test_equal_lines_are_doubtful_though_the_money_is_sure():
    found = slipped([batch([2500, 2500, 900], [60, 60, 28], 60)], 2500)
    assert found.sure
    assert set(found.doubtful) == {0, 1}


def test_two_explanations_assert_nothing():
    found = slipped([batch([100, 400, 200, 300, 999], [12, 18, 14, 16, 40], 30)], 500)
    assert (found.lines, found.sure) == ((), False)
    assert set(found.doubtful) == {0, 1, 2, 3}


def test_no_slip_where_fees_agree_and_money_that_differs_is_nobodys():
    assert slipped([batch([100, 200], [12, 14], 0)], 0).sure
    assert not slipped([batch([100, 200], [12, 14], 0)], 50).sure


def test_the_chance_gate_holds_back_a_set_that_luck_would_give():
    """A hundred lines of equal fees within two dollars: one of them makes any amount, which proves nothing."""
    amounts = list(range(1000, 1200, 2))
    assert not slipped([batch(amounts, [30] * 100, 30)], 1100).sure
    assert slipped([batch([*amounts, 90_000], [30] * 101, 30)], 90_000).sure


def test_a_lines_chance_to_have_slipped_is_its_share_of_all_sets_that_make_the_sum():
    """Held against every set of up to four of twelve lines, counted one by one."""
    amounts = np.array([100, 250, 350, 350, 600, 700, 850, 900, 1000, 1250, 1600, 2000], np.int64)
    share, total = 0.01, 1600
    every = [chosen for many in range(1, 5) for chosen in combinations(range(12), many)]
    fits = [chosen for chosen in every if amounts[list(chosen)].sum() == total]
    odds = [(share / (1 - share)) ** len(chosen) for chosen in fits]
    wanted = [sum(w for w, chosen in zip(odds, fits, strict=True) if i in chosen) / sum(odds) for i in range(12)]
    assert SlipOdds(amounts, share).lines(total) == pytest.approx(wanted, abs=1e-4)


def test_of_a_rare_amount_one_line_is_meant_and_of_equal_lines_none():
    amounts = np.array([*range(1000, 1400), 90_001, 55_555, 55_555], np.int64)
    odds = SlipOdds(amounts, 0.002)
    assert odds.lines(90_001)[400] > 0.99
    assert odds.lines(55_555)[401:].tolist() == pytest.approx([0.5, 0.5], abs=0.01)


def test_odds_known_from_an_earlier_run_hold_for_the_same_lines_and_sums_alone():
    lines, sums = np.array([12, 30, 30, 45], np.int64), np.array([60, 0, 45, 60, -12], np.int64)
    first = KnownOdds()
    assert first.at(lines, 0.002, 1 << 13, sums).of(sums).tolist() == SlipOdds(lines, 0.002, 1 << 13).of(sums).tolist()
    told = KnownOdds({key: odds + 1 for key, odds in first.used.items()})  # so that one sees which are taken over
    assert told.at(lines, 0.002, 1 << 13, sums).of(45) == first.at(lines, 0.002, 1 << 13, sums).of(45) + 1
    for other in ((lines[:3], 0.002, sums), (lines + 1, 0.002, sums), (lines, 0.003, sums), (lines, 0.002, sums + 1)):
        some, share, asked = other
        wanted = SlipOdds(some, share, 1 << 13).of(asked)
        assert told.at(some, share, 1 << 13, asked).of(asked).tolist() == wanted.tolist()


def test_what_no_slip_can_make_is_unlike_one():
    odds = SlipOdds(np.full(20, 5_000, np.int64), 0.002)
    assert odds.unlike(5_000) < 1e-3
    assert odds.unlike(4_999) > 0.9


def test_lines_slip_as_often_as_boundaries_are_crossed():
    """A thousand boundaries of 200 lines; four in five crossed by nothing: 0.1 % of lines slip."""
    quiet = np.arange(1_000) % 5 != 0
    assert usual_share(np.full(1_000, 200), quiet) == pytest.approx(0.0011, rel=0.15)


def test_money_that_comes_back_is_no_level_and_a_shortfall_is_one():
    """A slip of 40.00 back with the next deposit; then 70.00 short for good, with another slip of 12.00 on top."""
    running = np.array([0, -4_000, 0, 0, -7_000, -7_000, -8_200, -7_000, -7_000], np.int64)
    wanted = [0, 0, 0, 0, -7_000, -7_000, -7_000, -7_000, -7_000]
    paid = np.zeros(9, bool)
    assert levels(running, np.full(9, 100), 60_000, paid).tolist() == wanted


def test_what_slipped_into_a_deposit_that_never_came_is_missing_with_it():
    running = np.array([0, -4_000, -4_000, -4_000, -4_000], np.int64)
    unpaid = np.array([False, False, True, False, False])
    assert levels(running, np.full(5, 100), 60_000, unpaid).tolist() == [0, 0, -4_000, -4_000, -4_000]


def days(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums by candidate cut-off and day of a store whose sales come around the clock."""
    times = np.sort(rng.integers(86_400 * 3, 86_400 * (3 + count), 40 * count))
    amounts = rng.integers(100, 9_000, len(times))
    edges = np.arange(count + 6) * 86_400
    sums = []
    for cut in CUTS:
        place = np.searchsorted(times, edges + cut * 900)
        running = np.concatenate(([0], np.cumsum(amounts)))
        sums.append(np.diff(running[place]))
    return np.array(sums), amounts


def test_the_cut_off_is_the_one_that_makes_the_days_exact():
    rng = np.random.default_rng(5)
    sums, _ = days(rng, 20)
    for true in (-8, 0, 8, 16):
        at = CUTS.tolist().index(true)
        fees = sums[at].copy()
        fees[7] += 33  # a slip: one day lacks what the next has
        fees[8] -= 33
        found = by_fees(sums, fees)
        assert found.steps == true
        assert found.exact >= found.days - 2


def test_stores_of_one_deposit_are_told_apart():
    rng = np.random.default_rng(6)
    stores = [days(rng, 30)[0] for _ in range(5)]
    true = [0, -8, 8, 16, 0]
    total = sum(part[CUTS.tolist().index(cut)] for part, cut in zip(stores, true, strict=True))
    assert [cut.steps for cut in by_deposits(stores, total, 9_000)] == true
