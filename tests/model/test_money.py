"""Money is exact: what cannot be said in minor units is refused, and a split always sums to the whole."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from he_sync.model.errors import BadRecord
from he_sync.model.money import allocate, show, to_major, to_minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (Decimal("72.95"), "USD", 7295),
        (72, "USD", 7200),
        ("-0.05", "EUR", -5),
        (500, "JPY", 500),
        ("1.234", "KWD", 1234),
    ],
)
def test_an_amount_becomes_whole_minor_units_of_its_own_currency(amount, currency, minor):
    assert to_minor(amount, currency) == minor
    assert to_major(minor, currency) == Decimal(amount)


@pytest.mark.parametrize("amount", ["0.005", "1e30", "NaN", "Infinity", "twelve", Decimal("19.999")])
def test_an_amount_finer_than_a_cent_or_out_of_range_is_refused(amount):
    with pytest.raises(BadRecord):
        to_minor(amount, "USD")


def test_a_currency_without_a_known_minor_unit_is_refused():
    with pytest.raises(BadRecord, match="XXX"):
        to_minor(1, "XXX")


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
def test_a_discount_split_over_lines_sums_to_itself_to_the_cent(total, weights):
    parts = allocate(total, weights)
    assert sum(parts) == total
    whole = sum(weights) or len(weights)
    fair = [weight if sum(weights) else 1 for weight in weights]
    assert all(abs(part * whole - total * share) < whole for part, share in zip(parts, fair, strict=True))


def test_a_tie_of_remainders_goes_to_the_earlier_line():
    assert allocate(10, [1, 1, 1]) == [4, 3, 3]
    assert allocate(-10, [1, 1, 1]) == [-4, -3, -3]


def test_nothing_can_only_be_split_over_nothing():
    assert allocate(0, []) == []
    with pytest.raises(BadRecord):
        allocate(5, [])


def test_an_amount_is_shown_with_its_cents_and_grouped():
    assert show(412055) == "4,120.55"
    assert show(-5) == "-0.05"
    assert show(1234567, "JPY") == "1,234,567"
