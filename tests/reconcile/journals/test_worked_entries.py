"""The worked entries of settlement accounting (reference accounting 4.5): each fact gives its lines, to the cent."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from he_sync.model.errors import BadRecord, BrokenPromise
from he_sync.model.money import to_minor
from he_sync.model.retailer import Accounts
from he_sync.reconcile.journals.disputes import Dispute, declined_offline, dispute, tolerance
from he_sync.reconcile.journals.entry import At, Entry, Line
from he_sync.reconcile.journals.funding import Deposit, accrual, cash_deposit, deposit, fee_bill
from he_sync.reconcile.journals.sales import StoreDay, breakage, store_day

BOOKS = Accounts()
MID = ("ACME", "MID1", "2026-11-04")
DAY = ("ACME", "S001", "2026-11-02")
BANK = ("ACME", "MID1", "T1", "2026-11-04")


def case(amount: str, stage, fee: str = "0"):
    return dispute(Dispute("ACME", "MID1", "C7", "2026-11-20", stage, to_minor(amount), "1150", to_minor(fee)), BOOKS)


WORKED = {
    "J1 store-day": (
        store_day(
            StoreDay(
                *DAY,
                tenders={"1150": 70000, "1151": 20000, "1155": 15000},
                sales=100000,
                tax={"": 8000},
                tips=2000,
                gift_cards_sold=5000,
                redeemed=7500,
                deposits_applied=2500,
            ),
            BOOKS,
        ),
        (
            "1150 700.00, 1151 200.00, 1155 150.00, 2300 75.00, 2310 25.00, "
            "4000 -1000.00, 2200 -80.00, 2330 -20.00, 2300 -50.00"
        ),
    ),
    "J2 gross deposit": (deposit(Deposit(*BANK, 70000, {"1150": 70000}), BOOKS), "1010 700.00, 1150 -700.00"),
    "J3 net deposit": (
        deposit(Deposit(*BANK, 19420, {"1151": 20000}, fees=580), BOOKS),
        "1010 194.20, 6400 5.80, 1151 -200.00",
    ),
    "J4a fees accrued": (
        accrual(At(*MID), 70000, Fraction(25, 1000), BOOKS),
        "6400 17.50, 2390 -17.50",
    ),
    "J4b fees billed": (
        fee_bill(At(*MID), 31245, 30500, BOOKS),
        "2390 305.00, 6400 7.45, 1010 -312.45",
    ),
    "J5 refund": (
        store_day(StoreDay(*DAY, tenders={"1150": -4320}, returns=4000, tax={"": -320}), BOOKS),
        "4010 40.00, 2200 3.20, 1150 -43.20",
    ),
    "J6a chargeback": (case("120.00", "received", "25.00"), "1165 120.00, 6410 25.00, 1150 -145.00"),
    "J6b won": (case("120.00", "won"), "1150 120.00, 1165 -120.00"),
    "J6c lost": (case("120.00", "lost"), "6420 120.00, 1165 -120.00"),
    "J7a reserve held": (
        deposit(Deposit(*BANK, 92100, {"1150": 100000}, fees=2900, reserve_held=5000), BOOKS),
        "1010 921.00, 1160 50.00, 6400 29.00, 1150 -1000.00",
    ),
    "J7b reserve released": (deposit(Deposit(*BANK, 5000, reserve_released=5000), BOOKS), "1010 50.00, 1160 -50.00"),
    "J8 currency": (
        deposit(Deposit(*BANK, 7100, {"1152": 7400}, fees=200, exchange_loss=100), BOOKS),
        "1010 71.00, 6400 2.00, 7100 1.00, 1152 -74.00",
    ),
    "J9 tolerance": (
        tolerance(At(*MID), "M9", 2, "1150", BOOKS),
        "6495 0.02, 1150 -0.02",
    ),
    "J10 cash short": (
        cash_deposit(At(*DAY), 15000, 14700, BOOKS),
        "1010 147.00, 6490 3.00, 1155 -150.00",
    ),
    "J11 layaway": (
        store_day(StoreDay(*DAY, tenders={"1150": 2500}, deposits_taken=2500), BOOKS),
        "1150 25.00, 2310 -25.00",
    ),
    "J12 breakage": (breakage("ACME", "2026-11-30", 1000, 50000, BOOKS), "2300 10.00, 4900 -10.00"),
    "J13 declined": (
        declined_offline(At(*MID), "payment 8", 6000, "1150", BOOKS),
        "1170 60.00, 1150 -60.00",
    ),
    "J14 even exchange": (
        store_day(StoreDay(*DAY, tenders={}, sales=5000, returns=5000), BOOKS),
        "4010 50.00, 4000 -50.00",
    ),
}


def lines(text: str) -> list[tuple[str, int]]:
    found = (part.split() for part in text.split(", "))
    return sorted((account, to_minor(Decimal(amount))) for account, amount in found)


@pytest.mark.parametrize("name", WORKED)
def test_each_worked_entry_has_exactly_its_lines(name):
    entry, expected = WORKED[name]
    assert sorted((line.account, line.amount_minor) for line in entry.lines) == lines(expected)


def test_all_eighteen_are_there():
    assert len(WORKED) == 18


def test_sold_and_redeemed_gift_cards_are_two_lines_of_one_account():
    """Netted, nobody could prove sales of cards against the cards' own list."""
    entry, _ = WORKED["J1 store-day"]
    assert [(line.amount_minor, line.about) for line in entry.lines if line.account == "2300"] == [
        (7500, "redeemed"),
        (-5000, "sold"),
    ]


def test_a_store_day_whose_tenders_do_not_meet_its_sales_is_refused_with_the_cents():
    with pytest.raises(BrokenPromise, match=r"ACME\|S001\|2026-11-02\|store_day: 1\.00 too much credit"):
        store_day(StoreDay(*DAY, tenders={"1155": 9900}, sales=10000), BOOKS)


def test_a_drawer_that_is_short_balances_through_over_and_short():
    entry = store_day(StoreDay(*DAY, tenders={"1155": 9700}, sales=10000, over_short=-300), BOOKS)
    assert Line("6490", 300) in entry.lines


def test_a_deposit_that_is_not_gross_less_deductions_is_explained_before_it_is_posted():
    with pytest.raises(BrokenPromise, match=r"the bank has 700\.00, gross less deductions is 699\.50"):
        deposit(Deposit(*BANK, 70000, {"1150": 70000}, fees=50), BOOKS)


def test_a_day_on_which_nothing_moved_is_no_journal():
    with pytest.raises(BadRecord, match="without an amount"):
        store_day(StoreDay(*DAY, tenders={}), BOOKS)


def test_a_lost_dispute_of_refunded_money_is_not_booked_as_a_loss():
    with pytest.raises(BadRecord, match="double payment"):
        dispute(Dispute("ACME", "MID1", "C7", "2026-11-20", "lost", 12000, "1150", refunded=12000), BOOKS)


def test_breakage_takes_no_more_than_cards_are_owed():
    with pytest.raises(BadRecord, match="cards owe"):
        breakage("ACME", "2026-11-30", 1001, 1000, BOOKS)


def test_a_daily_net_deposit_and_the_months_bill_live_side_by_side():
    """Daily net billing takes discount only; transaction fees still come at month end (reference accounting 4.4)."""
    net = deposit(Deposit(*BANK, 19420, {"1151": 20000}, fees=580), BOOKS)
    bill = fee_bill(At(*MID), 4000, 3900, BOOKS)
    assert net.name != bill.name
    assert {type(one) for one in (net, bill)} == {Entry}
