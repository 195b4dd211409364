"""A store-day balances to the cent or is named with the cents; the ledger is held against it by account."""

from __future__ import annotations

import pandas as pd
import pytest

from he_sync.model.retailer import Retailer
from he_sync.reconcile.journals.days import against, store_days
from tests.reconcile.journals.shop import DAY, PROFILE


@pytest.fixture
def retailer():
    return Retailer.model_validate(PROFILE)


SOLD = {"store": "S001", "kind": "Ticket", "subtotal_minor": 10_000, "tax_minor": 800, "voided": False}
PAID = {"payment_id": 1, "store": "S001", "owner": "ticket 1", "voided": False}
TYPES = {"cash": "Cash", "card": "Card", "gift_card": "Gift card", "deposit": "Deposit"}


def ticket(**other):
    return SOLD | {"tip_minor": 0, "gift_card_minor": 0} | other


def payment(cents, kind="cash", **other):
    return PAID | {"kind": kind, "payment_type": TYPES[kind], "amount_minor": cents} | other


def found(retailer, tickets, payments, accounts=None):
    return store_days(DAY, pd.DataFrame(tickets), pd.DataFrame(payments), accounts or {}, retailer)


def test_a_day_of_sales_tips_cards_and_a_layaway_is_one_balanced_journal(retailer):
    [day] = found(
        retailer,
        [ticket(tip_minor=500, gift_card_minor=2_000), ticket(kind="Return", subtotal_minor=-1_000, tax_minor=-80)],
        [payment(8_000, "card"), payment(4_220), payment(2_500, "card", owner="order 4"), payment(0, "gift_card")],
    )
    assert day.off_minor == 0
    assert sorted((line.account, line.amount_minor) for line in day.entry.lines) == [
        ("1150", 10_500),
        ("1155", 4_220),
        ("2200", -720),
        ("2300", -2_000),
        ("2310", -2_500),
        ("2330", -500),
        ("4000", -10_000),
        ("4010", 1_000),
    ]


def test_a_card_whose_brand_is_known_goes_to_its_own_clearing_account(retailer):
    paid = [payment(10_800, "card", payment_id=7)]
    [day] = found(retailer, [ticket()], paid, {7: frozenset({"1151"})})
    assert {line.account for line in day.entry.lines} == {"1151", "4000", "2200"}


def test_a_gift_card_and_a_deposit_that_pay_shorten_what_is_owed_and_fill_no_clearing(retailer):
    [day] = found(retailer, [ticket()], [payment(10_000, "gift_card"), payment(800, "deposit")])
    assert ("2300", 10_000, "redeemed") in [(line.account, line.amount_minor, line.about) for line in day.entry.lines]
    assert ("2310", 800, "applied") in [(line.account, line.amount_minor, line.about) for line in day.entry.lines]


def test_a_store_that_took_too_little_is_named_with_the_cents_and_has_no_journal(retailer):
    bad, good = found(retailer, [ticket(), ticket(store="S002")], [payment(10_799), payment(10_800, store="S002")])
    assert (bad.store, bad.off_minor, bad.entry) == ("S001", -1, None)
    assert (good.off_minor, good.entry is None) == (0, False)


def test_voided_tickets_and_payments_are_no_part_of_the_day(retailer):
    [day] = found(retailer, [ticket(), ticket(voided=True)], [payment(10_800), payment(10_800, voided=True)])
    assert (day.tickets, day.tendered_minor, day.off_minor) == (1, 10_800, 0)


def ledger(*rows):
    return pd.DataFrame(rows, columns=["store", "account", "amount_minor", "posting_date"])


def test_the_ledger_is_held_against_the_journal_by_account_and_other_dates_do_not_count(retailer):
    days = found(retailer, [ticket()], [payment(10_800)])
    booked = ledger(
        ("S001", "1155", 10_700, DAY),
        ("S001", "4000", -10_000, DAY),
        ("S001", "2200", -800, DAY),
        ("S001", "1199", 100, DAY),
        ("S001", "1155", 100, "2026-11-21"),
    )
    differs = {one.account: one.differs_minor for one in against(DAY, days, booked) if one.differs_minor}
    assert differs == {"1155": -100, "1199": 100}


def test_a_store_that_does_not_balance_is_not_held_against_the_ledger(retailer):
    days = found(retailer, [ticket()], [payment(1)])
    assert against(DAY, days, ledger(("S001", "1155", 5, DAY))) == ()


def test_a_counted_drawer_books_cash_as_counted_and_the_rest_on_over_and_short(retailer):
    frames = (pd.DataFrame([ticket()]), pd.DataFrame([payment(10_800)]))
    [day] = store_days(DAY, *frames, {}, retailer, {"S001": -300})
    assert (day.off_minor, day.tendered_minor) == (0, 10_800)
    assert {("1155", 10_500), ("6490", 300)} <= {(line.account, line.amount_minor) for line in day.entry.lines}
