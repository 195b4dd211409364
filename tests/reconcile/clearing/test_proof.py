"""Every watched account equals its open items on every date; each cent that does not is named with what to do."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.reconcile.clearing.shop import BOOKS, Shop, day

UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""A world takes 50 ms: looking for the smallest that fails would take minutes."""
CARD, AMEX = BOOKS.card_clearing, BOOKS.amex_clearing


def differing(found):
    return [(one.date, one.account, one.unit, one.differs_minor) for one in found.rolled if one.differs_minor]


def causes(found):
    return [(one.gap.account, one.gap.unit, one.gap.event, one.gap.amount_minor) for one in found.open_causes]


def closing(found, account, unit="S001"):
    return [one.closing_minor for one in found.rolled if (one.account, one.unit) == (account, unit)]


def week(shop=None):
    """Three dates sold, the first two paid."""
    shop = shop or Shop()
    for turn in range(3):
        shop.sell(turn, 1_000 + turn)
        shop.sell(turn, 300, "AMEX")
        shop.sell(turn, 70, store="S002")
        shop.close(turn)
    shop.fund(2)
    shop.fund(2, "AMEX", fees=12)
    return shop


sale = st.tuples(
    st.integers(-2, 4),
    st.integers(-5_000, 90_000).filter(bool),
    st.sampled_from(["VISA", "AMEX"]),
    st.sampled_from(["S001", "S002"]),
)
"""Some were sold before the first date: what stood open then."""
paid = st.tuples(st.integers(1, 6), st.sampled_from(["VISA", "AMEX"]), st.sampled_from(["S001", "S002"]))
taken = st.fixed_dictionaries(
    {},
    optional={
        "fees": st.integers(1, 99),
        "disputed": st.integers(1, 99),
        "held": st.integers(1, 99),
        "short": st.integers(1, 50),
        "late": st.integers(0, 3),
    },
)


def played(sales, payouts):
    shop = Shop()
    for turn, cents, brand, store in sorted(sales, key=lambda one: one[0]):
        shop.sell(turn, cents, brand, store)
    for turn in range(5):
        shop.close(turn)
    for (turn, brand, store), options in sorted(payouts, key=lambda one: one[0][0]):
        shop.fund(turn, brand, store, **options)
    return shop


worlds = st.builds(played, st.lists(sale, min_size=1, max_size=12), st.lists(st.tuples(paid, taken), max_size=6))


@settings(max_examples=25, deadline=None, phases=UNSHRUNK)
@given(worlds)
def test_whatever_was_sold_and_paid_every_account_equals_its_open_items_on_every_date(shop):
    """Fees, disputes, reserves, shortages and late bank lines in; each date opens where the one before it closed."""
    found = shop.prove(9)
    assert differing(found) == []
    assert found.causes == ()
    for place in {(one.account, one.unit) for one in found.rolled}:
        rows = [one for one in found.rolled if (one.account, one.unit) == place]
        assert [one.closing_minor for one in rows[:-1]] == [one.opening_minor for one in rows[1:]]
        left = [one for one in found.items if (one.account, one.unit) == place]
        assert sum(one.amount_minor for one in left) == rows[-1].closing_minor
        assert len(left) == rows[-1].items


@settings(max_examples=25, deadline=None, phases=UNSHRUNK)
@given(worlds, st.integers(1, 10**6), st.integers(0, 9), st.integers(0, 99))
def test_any_line_more_less_or_moved_shows_as_a_difference_whose_causes_are_all_of_it(shop, cents, kind, place):
    if kind == 0 or not shop.ledger:
        shop.add(day(2), CARD, cents, "typed in")
    elif kind % 3 == 0:
        del shop.ledger[place % len(shop.ledger)]
    elif kind % 3 == 1:
        shop.ledger[place % len(shop.ledger)]["amount_minor"] += cents
    else:
        shop.ledger[place % len(shop.ledger)]["posting_date"] = day(8)
    found = shop.prove(9)
    for one in found.rolled:
        mine = [each.gap for each in found.causes if (each.gap.account, each.gap.unit) == (one.account, one.unit)]
        assert sum(gap.amount_minor for gap in mine if gap.on(one.date)) == one.differs_minor


def test_a_day_sold_a_deposit_and_what_is_in_transit_roll_forward():
    found = week().prove(2)
    assert closing(found, CARD) == [1_000, 2_001, 1_002]
    assert closing(found, AMEX) == [300, 600, 300]
    last = next(one for one in found.last if (one.account, one.unit) == (CARD, "S001"))
    assert (last.opening_minor, last.added_minor, last.cleared_minor, last.items) == (2_001, 1_002, 2_001, 1)
    assert [(one.item, one.since) for one in found.items if one.account == CARD and one.unit == "S001"] == [
        ("payment 7", day(2))
    ]


def test_an_entry_by_hand_is_named_with_its_document_date_and_words():
    shop = week()
    document = shop.add(day(1), CARD, -250, "month end adj")
    found = shop.prove(2)
    assert differing(found) == [(day(1), CARD, "S001", -250), (day(2), CARD, "S001", -250)]
    [one] = found.open_causes
    assert (one.entries, one.gap.since) == ((document,), day(1))
    assert one.why == "-2.50 was entered by hand: month end adj"
    assert found.by_hand["document"].tolist() == [document]


def test_each_merchant_id_is_proven_apart():
    """A surplus of one never hides what another lacks."""
    shop = week()
    for store, cents in (("S001", 500), ("S002", -500)):
        shop.add(day(1), CARD, cents, store=store)
    assert sorted(one.gap.amount_minor for one in shop.prove(2).open_causes) == [-500, 500]


def test_a_deposit_that_nobody_booked_is_named_with_what_to_book():
    shop = week()
    shop.ledger = [row for row in shop.ledger if "DEP1" not in row["description"]]
    found = shop.prove(2)
    assert causes(found) == [(CARD, "S001", "deposit DEP1", 2_001)]
    assert found.open_causes[0].action == f"book deposit DEP1 of {day(2)}: -20.01 on {CARD}"


def test_a_deposit_booked_twice_is_named_with_both_documents():
    shop = week()
    shop.ledger += [
        row | {"line_id": f"2026-GJ-99-{turn}"} for turn, row in enumerate(shop.ledger) if "DEP1" in row["description"]
    ]
    [one] = shop.prove(2).open_causes
    assert (one.gap.amount_minor, one.why) == (-2_001, "should be -20.01, the ledger has -40.02")
    assert one.action.endswith(" and 2026-GJ-99 but one")


def test_a_deposit_without_its_name_is_known_by_its_amount_on_the_bank_account():
    shop = Shop()
    shop.sell(0, 4_000)
    shop.close(0)
    shop.fund(2, named=False, fees=80)
    assert shop.prove(2).causes == ()


def test_a_short_deposit_leaves_the_shortage_open_on_clearing_since_it_came():
    shop = Shop()
    shop.sell(0, 4_000)
    shop.close(0)
    shop.fund(1, short=100)
    found = shop.prove(4)
    assert found.causes == ()
    assert [(one.item, one.since, one.amount_minor) for one in found.items] == [
        ("deposit DEP1 at the bank", day(1), 100)
    ]


def test_a_deposit_that_never_came_leaves_its_payments_open():
    shop = Shop()
    shop.sell(0, 4_000)
    shop.close(0)
    shop.fund(1, short=4_000)
    found = shop.prove(4)
    assert (found.causes, [one.item for one in found.items]) == ((), ["payment 1"])


def test_a_sale_of_before_the_first_date_opens_the_account_and_its_deposit_clears_it():
    shop = Shop()
    shop.sell(-1, 900)
    shop.fund(1)
    assert closing(shop.prove(2), CARD) == [900, 0, 0]


def test_a_store_day_posted_late_is_a_difference_until_then_and_right_from_then_on():
    shop = week()
    for row in shop.ledger:
        if f"S001 {day(1)}" in row["description"]:
            row["posting_date"] = day(4)
    found = shop.prove(5)
    assert found.open_causes == ()
    spans = {(one.gap.account, one.gap.since, one.gap.until, one.gap.amount_minor) for one in found.causes}
    assert spans == {(CARD, day(1), day(4), -1_001), (AMEX, day(1), day(4), -300)}
    assert found.causes[0].action == f"none, it is right from {day(4)} on"


def test_a_payment_dated_into_the_next_month_is_the_same_difference_from_whichever_date_it_is_asked():
    """Named from its own evening on, with the date from which it is right and what to do before its month closes."""
    shop, month = single_postings(), "2026-12-01"
    shop.ledger[1]["posting_date"] = month
    causes = {turn: shop.prove(turn).causes for turn in (0, 4, 15)}
    assert causes[0] == causes[4] == causes[15]
    [one] = causes[0]
    assert (one.gap.since, one.gap.until, one.entries) == (day(0), month, ("payment 2 -7.00",))
    assert one.why == f"should be 21.00, the ledger has 14.00 until {month}"
    assert one.action == f"it is right from {month} on; have it dated {day(0)} if 2026-11 is open"
    assert [len(shop.prove(turn).open_causes) for turn in (0, 14, 15)] == [1, 1, 0]


def test_what_still_differs_after_a_later_posting_is_not_said_to_be_right_then():
    shop = single_postings()
    shop.ledger[1] |= {"posting_date": day(3), "amount_minor": 70}
    [first, then] = shop.prove(4).causes
    assert (first.gap.until, first.gap.amount_minor, then.gap.amount_minor) == (day(3), -700, -630)
    assert first.action == then.action == f"he-sync close propose {day(0)} --store S001 --preview shows the correction"


def test_an_amount_on_the_wrong_account_is_missing_on_one_and_too_much_on_the_other():
    shop = week()
    row = next(row for row in shop.ledger if row["account"] == AMEX and f"S001 {day(0)}" in row["description"])
    row["account"] = CARD
    assert causes(shop.prove(2)) == [
        (CARD, "S001", f"store-day {day(0)} S001", 300),
        (AMEX, "S001", f"store-day {day(0)} S001", -300),
    ]


def single_postings():
    """A ledger in which something else posts each payment."""
    shop = Shop()
    for cents in (500, 700, 900):
        number = shop.sell(0, cents)
        shop.add(day(0), CARD, cents, f"HR PAY {number}", payment=number)
    return shop


def test_payments_posted_one_by_one_are_the_store_day_together():
    assert single_postings().prove(1).causes == ()


def test_a_payment_posted_with_another_amount_is_named_itself():
    shop = single_postings()
    shop.ledger[1]["amount_minor"] = 70
    [one] = shop.prove(1).open_causes
    assert (one.gap.amount_minor, one.entries) == (-630, ("payment 2 -6.30",))
    assert one.action == f"he-sync close propose {day(0)} --store S001 --preview shows the correction"


def test_a_posting_of_a_payment_that_the_pos_does_not_have_is_named():
    shop = single_postings()
    document = shop.add(day(0), CARD, 123, "HR PAY 99", payment=99)
    [one] = shop.prove(1).open_causes
    assert (one.why, one.action) == (
        "1.23 is posted for payment 99, which the POS does not have",
        f"reverse {document}",
    )


@pytest.mark.parametrize(
    ("options", "account", "balances"),
    [
        ({"gift": 1_000, "kind": "cash"}, BOOKS.gift_cards, [-1_000, -600]),
        ({"owner": "order 9", "kind": "cash"}, BOOKS.deposits, [-1_000, -600]),
    ],
)
def test_gift_cards_and_customers_deposits_equal_what_was_sold_or_taken_less_what_was_used(options, account, balances):
    shop = Shop()
    shop.sell(0, 1_000, **options)
    used = "gift_card" if account == BOOKS.gift_cards else "deposit"
    shop.sell(1, 400, kind=used, owner="ticket 2")
    for turn in (0, 1):
        shop.close(turn)
    found = shop.prove(1)
    assert (found.causes, closing(found, account)) == ((), balances)
    used_up = found.last[[one.account for one in found.last].index(account)]
    assert (used_up.added_minor, used_up.cleared_minor) == (0, -400)


def test_disputes_and_reserves_equal_what_deposits_withheld():
    shop = Shop()
    shop.sell(0, 9_000)
    shop.close(0)
    shop.fund(1, disputed=700, held=450, fees=30)
    found = shop.prove(2)
    assert found.causes == ()
    assert {one.item: one.amount_minor for one in found.items} == {"dispute of deposit DEP1": 700, "tranche TDEP1": 450}
