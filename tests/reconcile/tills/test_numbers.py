"""Ticket numbers that are nowhere, or there twice, are named with the tickets beside them, whoever counts them."""

import pytest

from he_sync.reconcile.tills.numbers import Rung, numbers

DAY, BEFORE, AFTER = "2026-11-20", "2026-11-19", "2026-11-21"


def till(*counted, store="S001", register="1", date=DAY, prefix=""):
    return [Rung(f"{prefix}{one}", store, register, date) for one in counted]


def gaps(found):
    return [(one.scope, one.place, one.first, one.last, one.count) for one in found.gaps]


def test_a_missing_number_of_a_register_that_counts_by_itself_is_named_with_its_neighbours():
    found = numbers(DAY, [*till(*range(1, 5), *range(6, 11)), *till(*range(1, 9), register="2")])
    assert gaps(found) == [("register", "S001 1", "5", "5", 1)]
    assert (found.gaps[0].after, found.gaps[0].before) == (f"4 of S001 1 on {DAY}", f"6 of S001 1 on {DAY}")
    assert found.doubled == ()


def test_registers_that_share_a_store_s_counter_have_no_gap_where_the_other_has_the_number():
    found = numbers(DAY, [*till(1, 3, 5, 7, 9), *till(2, 4, 6, 8, register="2"), *till(*range(1, 8), store="S002")])
    assert gaps(found) == []
    assert {(one.scope, one.place) for one in found.series} == {("store", "S001"), ("store", "S002")}


def test_stores_that_share_the_company_s_counter_have_a_gap_only_where_nobody_has_the_number():
    mine, theirs = till(1, 3, 4, 8, 9), till(2, 5, 7, 10, store="S002")
    assert gaps(numbers(DAY, [*mine, *theirs])) == [("company", "", "6", "6", 1)]


def test_a_voided_ticket_keeps_its_number_and_is_counted():
    rung = [*till(1, 2, 4), Rung("3", "S001", "1", DAY, voided=True)]
    found = numbers(DAY, rung)
    assert (gaps(found), found.series[0].tickets, found.series[0].voided) == ([], 4, 1)


@pytest.mark.parametrize("date", [BEFORE, AFTER])
def test_a_number_that_another_date_has_is_not_missing(date):
    """Opened on one date, completed on another: its number lies among those of the date on which it was opened."""
    assert gaps(numbers(DAY, [*till(1, 2, 3, 5, 6), *till(4, date=date)])) == []


def test_numbers_between_the_date_before_and_this_one_are_missing_too():
    found = numbers(DAY, [*till(1, 2, 3, date=BEFORE), *till(6, 7, 8)])
    assert gaps(found) == [("register", "S001 1", "4", "5", 2)]
    assert found.missing == 2


def test_a_number_that_two_tickets_of_one_series_have_is_doubled_and_that_of_two_series_is_not():
    found = numbers(DAY, [*till(1, 2, 2, 3), *till(1, 2, 3, register="2")])
    assert found.doubled == ("2 S001 1",)


def test_what_stands_before_the_counter_is_a_series_of_its_own_and_zeros_stay():
    found = numbers(DAY, [*till("0008", "0010", prefix="A-"), *till(*range(1, 9), prefix="R")])
    assert gaps(found) == [("company", "", "A-0009", "A-0009", 1)]
    assert {one.prefix for one in found.series} == {"A-", "R"}


def test_a_ticket_whose_name_is_no_number_is_in_no_series():
    assert numbers(DAY, [Rung("layaway", "S001", "1", DAY)]).series == ()


def orders(*counted):
    return [Rung(str(one), "", "", "") for one in counted]


def test_a_number_that_an_order_took_from_the_same_counter_is_not_missing():
    found = numbers(DAY, [*till(1, 2, 3, 5, 8), *orders(4, 7)])
    assert gaps(found) == [("company", "", "6", "6", 1)]
    assert (found.gaps[0].after, found.gaps[0].before) == (f"5 of S001 1 on {DAY}", f"8 of S001 1 on {DAY}")


def test_orders_that_count_by_themselves_fill_no_gap():
    assert gaps(numbers(DAY, [*till(1, 2, 3, 5, 6), *orders(2, 3, 4)])) == [("register", "S001 1", "4", "4", 1)]
