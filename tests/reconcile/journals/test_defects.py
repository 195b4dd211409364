"""What others get wrong in a close, and ours must not (reference accounting 4.2, 4.6, 4.7 and 5).

Synder: a roll-back deletes rows, breaks the reconciled period, and syncing again does not restore it. A2X: journals
carry forward at month end, a wrong payout is deleted from the books, split tenders and edited orders do not match.
ERPNext: a close over midnight posts on the wrong side of it and fails on the order of stock, a failed close locks its
inputs. Heartland's QuickBooks posting: the number alone is compared, and each event is a journal. What needs a ledger
over HTTP is in tests/flows/test_books.py: a failed close locks nothing, a killed one posts nothing twice, a journal
that somebody took from the ledger or changed there is named, a late ticket leaves both trails.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from he_sync.model.calendar import business_date
from he_sync.model.retailer import Retailer
from he_sync.reconcile.journals.correction import Posted, correct, key
from he_sync.reconcile.journals.days import store_days
from he_sync.reconcile.journals.entry import Entry, lines_of, standing
from he_sync.reconcile.journals.parts import chart, lacking
from he_sync.reconcile.journals.periods import Calendar, Period, place
from tests.reconcile.clearing.shop import Shop, day
from tests.reconcile.journals.shop import DAY, PROFILE
from tests.reconcile.journals.test_days import payment, ticket

RETAILER = Retailer.model_validate(PROFILE)


def closed(tickets, payments):
    """The only store's day."""
    [one] = store_days(DAY, pd.DataFrame(tickets), pd.DataFrame(payments), {}, RETAILER)
    return one


def entry(cents, on=DAY):
    return Entry("store_day", "ACME", "S001", on, "business", lines_of(("1155", cents), ("4000", -cents)))


# Synder


def test_taking_a_posting_back_adds_a_reversal_and_deletes_no_row_of_the_ledger():
    ledger = [entry(1000)]
    [undo] = correct(None, [Posted(ledger[0], 1, "GJ1")])
    assert undo.what == "reverse"
    assert standing([*ledger, undo.entry]) == {}
    assert len({one.content for one in (*ledger, undo.entry)}) == 2


def test_what_was_taken_back_is_restored_by_asking_again():
    first = Posted(entry(1000), 1, "GJ1", undone_by=f"{key(entry(1000), 1)}|reversal")
    [again] = correct(entry(1000), [first])
    assert (again.what, again.version, again.replaces) == ("post", 2, key(entry(1000), 1))


def test_a_reconciled_period_stays_as_it_was_and_the_correction_is_in_an_open_one():
    october = Period(date(2026, 10, 1), date(2026, 10, 31), closed=True)
    november = Period(date(2026, 11, 1), date(2026, 11, 30), closed=False)
    for step in correct(entry(900, "2026-10-30"), [Posted(entry(1000, "2026-10-30"), 1, "GJ1")]):
        put = place(date.fromisoformat(step.entry.date), step.key, Calendar([october, november]))
        assert put.on >= november.first
        assert put.text.endswith("(of 2026-10-30)")


# A2X


def test_the_clearing_balance_of_a_month_end_is_its_unfunded_items_without_any_journal_carried_forward():
    shop, last = Shop(), 14
    assert day(last) == "2026-11-30"
    for turn, cents in ((last - 1, 700), (last, 1_900)):
        shop.sell(turn, cents)
        shop.close(turn)
    shop.fund(last + 2)
    found = shop.prove(last + 2)
    balance = {one.date: one.closing_minor for one in found.rolled if one.account == "1150" and one.unit == "S001"}
    assert (balance[day(last)], balance[day(last + 1)], balance[day(last + 2)]) == (2_600, 2_600, 0)
    assert shop.prove(last).items[0].amount_minor + shop.prove(last).items[1].amount_minor == 2_600
    assert {row["description"].split(" ")[0] for row in shop.ledger} == {"HE", "DEPOSIT"}
    assert found.causes == ()


def test_a_ticket_paid_by_three_tenders_is_sold_once_and_each_tender_has_its_own_amount():
    paid = [payment(5_000, "card"), payment(4_000), payment(1_800, "gift_card")]
    found = closed([ticket()], paid)
    assert found.off_minor == 0
    sums = Counter()
    for line in found.entry.lines:
        sums[line.account] += line.amount_minor
    assert sums == {"1150": 5_000, "1155": 4_000, "2300": 1_800, "4000": -10_000, "2200": -800}


def test_an_order_edited_after_it_was_posted_is_reversed_and_posted_anew_linked_and_not_a_payment_of_its_own():
    before, edited = (
        closed([ticket()], [payment(10_800)]),
        closed([ticket(subtotal_minor=9_000, tax_minor=720)], [payment(9_720)]),
    )
    undo, anew = correct(edited.entry, [Posted(before.entry, 1, "GJ1")])
    assert (undo.undoes, anew.replaces) == (key(before.entry, 1),) * 2
    assert standing([before.entry, undo.entry, anew.entry]) == standing([edited.entry])


# ERPNext


@pytest.mark.parametrize(("hour", "minute", "of"), [(23, 59, DAY), (0, 1, DAY), (3, 59, DAY), (4, 0, "2026-11-21")])
def test_a_ticket_around_midnight_is_of_its_business_date_and_its_journal_too(hour, minute, of):
    on = date.fromisoformat(DAY) if hour > 12 else date(2026, 11, 21)
    local = datetime(on.year, on.month, on.day, hour, minute, tzinfo=ZoneInfo("America/Chicago"))
    assert business_date(local, "America/Chicago", 4).isoformat() == of
    found = closed([ticket()], [payment(10_800)])
    assert (found.entry.date, found.entry.basis) == (DAY, "business")


@given(st.permutations([ticket(), ticket(kind="Return", subtotal_minor=-500, tax_minor=-40), ticket(tip_minor=300)]))
def test_the_order_in_which_tickets_came_changes_no_journal_and_fails_none(tickets):
    """Goods sold before their receipt was booked are for the stock checks; they stop no store-day."""
    paid = [payment(10_800), payment(-540), payment(11_100, "card")]
    assert closed(tickets, paid).entry.content == closed(sorted(tickets, key=str), paid[::-1]).entry.content


# Heartland's QuickBooks posting


def test_a_posting_with_the_right_number_and_another_amount_is_found():
    stands = Posted(entry(1000), 1, "GJ7")
    assert correct(entry(1000), [stands]) == ()
    assert [step.what for step in correct(entry(1001), [stands])] == ["reverse", "post"]
    moved = replace(entry(1000), lines=lines_of(("1150", 1000), ("4000", -1000)))
    assert len(correct(moved, [stands])) == 2


@given(st.lists(st.integers(1, 9_000), min_size=1, max_size=60))
def test_however_many_tickets_a_day_has_cash_in_and_change_out_it_is_one_journal_a_tender_and_one_for_the_sales(sales):
    tickets = [ticket(subtotal_minor=cents, tax_minor=0) for cents in sales]
    handed = [cents - cents % -10_000 for cents in sales]
    paid = [one for cents, given in zip(sales, handed, strict=True) for one in (payment(given), payment(cents - given))]
    found = closed(tickets, paid)
    parts = lacking(found.entry, {}, chart(RETAILER))
    assert [one.part for one in parts] == ["1155", "sales"]
    [cash] = [line for line in found.entry.lines if line.account == "1155"]
    assert cash.amount_minor == sum(sales)
