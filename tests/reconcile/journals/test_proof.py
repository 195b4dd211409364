"""A balance is proven when it equals the list of what stands open, unit by unit, to the cent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from he_sync.model.retailer import Accounts
from he_sync.reconcile.journals.funding import Deposit, deposit
from he_sync.reconcile.journals.proof import Booked, Item, direct_entries, gift_cards, prove
from he_sync.reconcile.journals.sales import StoreDay, store_day

BOOKS = Accounts()


def booked(entry, unit):
    return [Booked(line.account, unit, entry.date, entry.name, line.amount_minor, entry.name) for line in entry.lines]


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=12), st.integers(0, 12))
def test_clearing_after_any_sales_and_deposits_equals_the_sales_that_are_not_funded(sales, funded):
    lines, items = [], []
    for number, cents in enumerate(sales):
        day = StoreDay("ACME", "S001", f"2026-11-{number + 1:02}", {"1150": cents}, sales=cents)
        lines += booked(store_day(day, BOOKS), "MID1")
        if number < funded:
            paid = Deposit("ACME", "MID1", str(number), day.business_date, cents, {"1150": cents})
            lines += booked(deposit(paid, BOOKS), "MID1")
        else:
            items.append(Item("1150", "MID1", day.business_date, cents))
    [proof] = prove(["1150"], {}, lines, items)
    assert proof.unexplained == 0
    assert proof.balance == sum(sales[funded:])


def test_an_entry_by_hand_breaks_the_proof_and_is_named():
    lines = [Booked("1150", "MID1", "2026-11-03", "GJ88", -250)]
    [proof] = prove(["1150"], {("1150", "MID1"): 1000}, lines, [Item("1150", "MID1", "payment 5", 1000)])
    assert proof.unexplained == -250
    assert (
        proof.text == "1150 MID1: 10.00 + -2.50 = 7.50, 2.50 less than its open items; -2.50 of it was entered by hand"
    )
    assert direct_entries(lines, ["1150"]) == tuple(lines)


def test_each_merchant_id_is_proven_apart():
    """A surplus of one never hides what another lacks."""
    items = [Item("1150", "MID1", "a", 100), Item("1150", "MID2", "b", 100)]
    found = prove(["1150"], {("1150", "MID1"): 150, ("1150", "MID2"): 50}, [], items)
    assert [proof.unexplained for proof in found] == [50, -50]


def test_an_open_item_without_any_line_is_a_gap_too():
    [proof] = prove(["1160"], {}, [], [Item("1160", "MID1", "tranche 3", 5000)])
    assert proof.unexplained == -5000


def test_gift_cards_roll_forward():
    moves = {"sold": 500, "issued": 20, "refunded": 30, "redeemed": 240, "expired": 10}
    assert gift_cards(1000, moves) == 1300
