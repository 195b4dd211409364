"""A store-day's journals by tender are together its entry less what stands; each balances on one contra account."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from he_sync.model.retailer import Accounts, Retailer
from he_sync.reconcile.journals.entry import standing
from he_sync.reconcile.journals.parts import SALES, chart, lacking
from he_sync.reconcile.journals.sales import StoreDay, store_day
from tests.reconcile.journals.shop import PROFILE

CHART = chart(Retailer.model_validate(PROFILE))
BOOKS = Accounts()
J1 = StoreDay(
    "ACME",
    "S001",
    "2026-11-20",
    {"1150": 70_000, "1151": 20_000, "1155": 15_000},
    sales=100_000,
    tax={"": 8_000},
    tips=2_000,
    gift_cards_sold=5_000,
    redeemed=7_500,
    deposits_applied=2_500,
)
ENTRY = store_day(J1, BOOKS)
cents = st.integers(-10_000, 10_000)
accounts = st.sampled_from(["1150", "1151", "1155", "1199", "2200", "2300", "2310", "4000", "6490"])


def test_the_worked_store_day_is_one_journal_a_tender_and_one_for_the_other_side():
    parts = {one.part: {line.account: line.amount_minor for line in one.lines} for one in lacking(ENTRY, {}, CHART)}
    assert parts == {
        "1150": {"1150": 70_000, "1199": -70_000},
        "1151": {"1151": 20_000, "1199": -20_000},
        "1155": {"1155": 15_000, "1199": -15_000},
        "2300": {"2300": 7_500, "1199": -7_500},
        "2310": {"2310": 2_500, "1199": -2_500},
        SALES: {"4000": -100_000, "2200": -8_000, "2330": -2_000, "2300": -5_000, "1199": 115_000},
    }
    assert standing(lacking(ENTRY, {}, CHART)) == standing([ENTRY])


@given(st.dictionaries(accounts, cents))
def test_whatever_stands_the_parts_bring_every_account_to_the_entry(stands):
    """The contra account too, where what stands balanced."""
    parts = lacking(ENTRY, stands, CHART)
    ends = Counter(standing(parts)) + Counter()
    ends = {account: standing(parts).get(account, 0) + stands.get(account, 0) for account in {*stands, *ends, "4000"}}
    wanted = standing([ENTRY])
    for account, balance in ends.items():
        if account != CHART.contra:
            assert balance == wanted.get(account, 0)
    rest = sum(cents for account, cents in stands.items() if account != CHART.contra)
    assert standing(parts).get(CHART.contra, 0) == rest


@given(st.dictionaries(accounts, cents))
def test_a_tenders_journal_moves_its_own_account_and_the_contra_account_alone(stands):
    for one in lacking(ENTRY, stands, CHART):
        if one.part != SALES:
            assert {line.account for line in one.lines} == {one.part, CHART.contra}
        else:
            assert not {line.account for line in one.lines} & CHART.tenders


def test_a_ledger_that_says_it_all_needs_no_journal():
    assert lacking(ENTRY, standing([ENTRY]), CHART) == ()
    assert lacking(ENTRY, {**standing([ENTRY]), CHART.contra: 500}, CHART) == ()


@pytest.mark.parametrize(("account", "short"), [("1155", 100), ("4000", -100)])
def test_only_the_part_that_is_short_is_corrected(account, short):
    stands = standing([ENTRY])
    stands[account] -= short
    [one] = lacking(ENTRY, stands, CHART)
    assert {line.account: line.amount_minor for line in one.lines} == {account: short, "1199": -short}
