"""Units and kits are exact: what is no whole piece is refused, and a kit takes what all its components have."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from he_sync.model.errors import BadRecord
from he_sync.model.quantity import MILLI
from he_sync.stock import grid
from he_sync.stock.available import explain
from he_sync.stock.figures import Item
from he_sync.stock.kits import kit, total
from he_sync.stock.policy import Policy
from he_sync.stock.units import Unit, from_base, to_base
from tests.stock.shelf import TODAY, cell

UNITS = st.builds(Unit, st.just("CS"), st.integers(1, 500), st.integers(1, 12))


@given(whole=st.integers(-10_000, 10_000), unit=UNITS)
def test_whole_units_of_any_size_come_back_as_they_were_or_are_refused(whole, unit):
    pieces = whole * unit.holds
    if pieces.denominator == 1:
        assert to_base(Decimal(whole), unit) == pieces * MILLI
        assert from_base(int(pieces) * MILLI, unit) == whole
    else:
        with pytest.raises(BadRecord, match="the item is sold by whole units"):
            to_base(Decimal(whole), unit)


@given(pieces=st.integers(-100_000, 100_000), holds=st.integers(1, 144))
def test_pieces_that_the_erp_wrote_as_eight_decimals_of_a_case_are_the_same_pieces(pieces, holds):
    written = (Decimal(pieces) / holds).quantize(Decimal("0.00000001"))
    assert to_base(written, Unit("CS", holds)) == pieces * MILLI


@given(quantity=st.decimals(-1000, 1000, places=4), holds=st.integers(1, 144), fractional=st.booleans())
def test_nothing_is_ever_rounded(quantity, holds, fractional):
    exact = Fraction(quantity) * holds * MILLI
    fits = (exact if fractional else exact / MILLI).denominator == 1
    if fits:
        assert to_base(quantity, Unit("CS", holds), fractional=fractional) == exact
    else:
        with pytest.raises(BadRecord):
            to_base(quantity, Unit("CS", holds), fractional=fractional)


def test_pieces_that_are_no_whole_case_are_refused_unless_the_item_allows_it():
    case = Unit("CS", 12)
    with pytest.raises(BadRecord, match="6 is no whole number of CS of 12; send base units"):
        from_base(6 * MILLI, case)
    assert from_base(6 * MILLI, case, fractional=True) == Decimal("0.5")
    with pytest.raises(BadRecord, match="endless decimals"):
        from_base(4 * MILLI, case, fractional=True)


def test_a_unit_of_nothing_is_refused():
    with pytest.raises(BadRecord, match="unit CS holds 0/1"):
        Unit("CS", 0)


# kits

SET = Item("SET", components=(("plate", 4 * MILLI), ("bowl", 4 * MILLI), ("mug", 4 * MILLI)))


def components(**counts):
    """Answers of single goods at a place."""
    return {sku: explain(Item(sku), replace(cell(count), sku=sku), Policy(), TODAY) for sku, count in counts.items()}


def test_ten_plates_twelve_bowls_and_eight_mugs_make_two_sets_of_four():
    assert kit(SET, "S001", components(plate=10, bowl=12, mug=8)).published_milli == 2 * MILLI


def test_a_channel_sells_what_each_place_can_put_together_and_not_what_the_places_could_together():
    here, there = components(plate=7, bowl=4, mug=4), components(plate=1, bowl=4, mug=4)
    assert total([kit(SET, "S001", here), kit(SET, "S002", there)]) == MILLI


def test_a_component_that_is_missing_or_owed_leaves_no_kit_and_says_so():
    answer = kit(SET, "S001", components(plate=-1, bowl=4))
    assert (answer.published_milli, answer.cause) == (
        0,
        "plate: epicor counts -1 on hand; component mug is not kept at S001",
    )


def test_a_component_that_is_named_twice_is_needed_twice():
    pair = Item("PAIR", components=(("mug", MILLI), ("mug", MILLI)))
    assert kit(pair, "S001", components(mug=5)).published_milli == 2 * MILLI


def test_a_kit_of_nothing_is_refused():
    with pytest.raises(BadRecord, match="kit X: each component needs a quantity above zero"):
        kit(Item("X"), "S001", {})


BILLS = st.lists(st.dictionaries(st.integers(0, 3), st.integers(1, 5), min_size=1, max_size=4), min_size=1, max_size=4)


@given(stock=st.lists(st.lists(st.integers(0, 30), min_size=2, max_size=2), min_size=4, max_size=4), bills=BILLS)
def test_kits_sold_out_leave_no_component_below_zero_and_one_more_kit_would(stock, bills):
    published = np.array(stock, np.int64) * MILLI
    component = np.array([item for bill in bills for item in bill])
    per = np.array([count * MILLI for bill in bills for count in bill.values()])
    first = np.cumsum([0, *(len(bill) for bill in bills[:-1])])
    found = grid.kits(published, component, per, first)
    for bill, row in zip(bills, found, strict=True):
        for place, kits in enumerate(row // MILLI):
            left = [stock[item][place] - int(kits) * count for item, count in bill.items()]
            assert min(left) >= 0
            assert min(one - count for one, count in zip(left, bill.values(), strict=True)) < 0
