"""What other systems get wrong on these books, and ours must not (reference reconciliation 1)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.reconcile.chain.shop import MONDAY, Shop

TUESDAY, WEDNESDAY = MONDAY + timedelta(1), MONDAY + timedelta(2)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def settled_day(shop: Shop, *cents: int, batch: int = 31) -> int:
    """Sales of one day, posted and settled in one batch; the payout."""
    for amount in cents:
        sale = shop.sell(amount)
        shop.settle(sale, batch)
        shop.post(sale)
    return shop.close_batch(batch)


def two_days_later(shop: Shop) -> int:
    """Monday's payments are due now: a sale of Wednesday is settled, posted and paid; that sale."""
    sale = shop.sell(1, day=WEDNESDAY)
    shop.settle(sale, 39, on=WEDNESDAY)
    shop.post(sale, day=WEDNESDAY)
    shop.deposit(shop.close_batch(39, day=WEDNESDAY), day=WEDNESDAY + timedelta(1))
    return sale


def test_the_posting_that_fits_is_paired_whatever_stands_first(shop, tmp_path):
    """datacompy pairs by file order: the wrong posting with the payment, the right one is left as extra."""
    sale = shop.sell(500)
    wrong = shop.post(sale, cents=950, doc=71)
    right = shop.post(sale, doc=71)
    shop.settle(sale, 31)
    shop.deposit(shop.close_batch(31))
    found = shop.run(tmp_path)
    assert found.links("PG") == {(sale, right)}
    assert found.classes() == [("duplicate_posting", wrong, 950)]


def test_a_bank_line_pays_one_deposit_only(shop, tmp_path):
    """blnk leaves a matched row among the candidates: one row may match many."""
    payout = settled_day(shop, 1000, 2000)
    later = shop.sell(1000, day=TUESDAY), shop.sell(2000, day=TUESDAY)
    for sale in later:
        shop.settle(sale, 32, on=TUESDAY)
        shop.post(sale)
    assert shop.close_batch(32, day=TUESDAY) == payout
    line = shop.deposit(payout)
    shop.bank(5, day=WEDNESDAY, memo="INTEREST", account=9009)
    found = shop.run(tmp_path)
    assert found.links("BD") == {(31, line)}
    assert ("missing_deposit", 0, -payout) in found.classes()


def test_a_batch_is_summed_over_all_its_lines(shop, tmp_path):
    """blnk cuts groups at the page of its query: a group's sum is then wrong."""
    payout = settled_day(shop, *[100 + i for i in range(1500)])
    line = shop.deposit(payout)
    found = shop.run(tmp_path)
    assert found.links("BD") == {(31, line)}
    assert len(found.links("LD")) == 1500
    assert found.classes() == []


def test_no_amount_matches_across_currencies(shop, tmp_path):
    """blnk matches mixed-currency groups whatever they sum to."""
    sale = shop.sell(1000, currency="USD")
    shop.line(31, "SALE", 1000, ref=sale * 100, currency="CAD")
    posting = shop.entry("PAY", 1200, 1000, ref=sale, currency="CAD")
    shop.close_batch(31)
    shop.bank(970, currency="USD")
    other = two_days_later(shop)
    found = shop.run(tmp_path)
    assert {left for left, _ in found.links("PL") | found.links("PG")} == {other}
    assert {left for left, _ in found.links("BD")} == {39}
    assert ("unsettled_payment", sale, -1000) in found.classes()
    assert ("missing_gl", sale, -1000) in found.classes()
    assert ("residual_unresolved", posting, 1000) in found.classes()
    assert found.closes


@pytest.mark.parametrize("surplus", [-300, 300])
def test_a_surplus_is_an_exception_as_a_shortfall_is(shop, tmp_path, surplus):
    """Formance takes a positive drift for right and stores amounts without their sign."""
    payout = settled_day(shop, 10_000)
    line = shop.bank(payout + surplus)
    shop.entry("DEPOSIT", 1010, payout, day=TUESDAY)
    found = shop.run(tmp_path)
    kind = "short_deposit" if surplus < 0 else "residual_unresolved"
    assert found.classes() == [(kind, line, surplus)]
    assert found.closes


def test_an_overpayment_is_not_taken_for_a_match(shop, tmp_path):
    """Odoo skips the tolerance test for an over-payment."""
    payout = settled_day(shop, 10_000)
    shop.deposit(payout + 5000)
    found = shop.run(tmp_path)
    assert [one[0] for one in found.classes()] == ["residual_unresolved"]
    assert found.classes()[0][2] == 5000


def test_the_parts_that_fit_are_found_past_one_that_does_not(shop, tmp_path):
    """Odoo's greedy sum keeps the oldest candidate even where it overshoots: the second and third are never tried."""
    payout = settled_day(shop, 100_000)
    oldest = shop.bank(payout - 4_000, memo="MERCHANT DEP", account=9002)
    shop.open_store(2, entity=2, account=9002)
    first, second = shop.deposit(30_000), shop.deposit(payout - 30_000)
    found = shop.run(tmp_path)
    assert found.links("BD") == {(31, first), (31, second)}
    assert oldest not in {right for _, right in found.links("BD")}


def test_a_short_line_explains_only_what_came(shop, tmp_path):
    """ERPNext allocates the larger of both sides."""
    payout = settled_day(shop, 50_000)
    line = shop.bank(payout - 1_234)
    shop.entry("DEPOSIT", 1010, payout, day=TUESDAY)
    found = shop.run(tmp_path)
    assert found.classes() == [("short_deposit", line, -1_234)]
    assert found.summary.identities["bank_minus_expected"]["USD"].difference == -1_234


def test_the_reference_decides_between_equal_amounts(shop, tmp_path):
    """ERPNext's automatic matching ignores the reference."""
    for store, account in ((2, 9001), (3, 9001)):
        shop.open_store(store, account=account)
    for batch, store in ((41, 2), (42, 3)):
        sale = shop.sell(7_000, store=store)
        shop.settle(sale, batch)
        shop.post(sale)
    payout = shop.close_batch(41)
    shop.close_batch(42)
    one = shop.deposit(payout, memo="MERCHANT DEP 42")
    other = shop.deposit(payout, memo="MERCHANT DEP 41")
    found = shop.run(tmp_path)
    assert found.links("BD") == {(42, one), (41, other)}


def test_an_entry_of_the_same_amount_absorbs_no_other(shop, tmp_path):
    """GnuCash takes an unrelated or already matched entry of the same amount in a date window."""
    sale, twin = shop.sell(2_500), shop.sell(2_500)
    first, second = shop.post(sale), shop.post(twin)
    for payment in (sale, twin):
        shop.settle(payment, 31)
    shop.deposit(shop.close_batch(31))
    found = shop.run(tmp_path)
    assert found.links("PG") == {(sale, first), (twin, second)}
    assert found.classes() == []


def test_equal_purchases_are_no_duplicates(shop, tmp_path):
    """Actual drops identical purchases; here lines without a reference stay two, and are said to be interchangeable."""
    pair = shop.sell(900), shop.sell(900)
    lines = [shop.settle(payment, 31, ref=0) for payment in pair]
    known = shop.sell(100)
    shop.settle(known, 31)
    for payment in (*pair, known):
        shop.post(payment)
    shop.deposit(shop.close_batch(31))
    found = shop.run(tmp_path)
    assert {right for _, right in found.links("PL")} >= set(lines)
    assert {row["alternatives"] for row in found.rows if row["rel"] == "PL" and row["right_id"] in lines} == {1}
    assert found.classes() == []


def test_who_was_left_out_of_equal_ones_is_suggested_not_asserted(shop, tmp_path):
    pair = shop.sell(900), shop.sell(900)
    shop.settle(pair[0], 31, ref=0)
    known = shop.sell(100)
    shop.settle(known, 31)
    for payment in (*pair, known):
        shop.post(payment)
    shop.deposit(shop.close_batch(31))
    other = two_days_later(shop)
    found = shop.run(tmp_path)
    (left,) = {left for left, _ in found.links("PL")} - {known, other}
    assert found.strength("PL", left) == {"suggested"}
    assert [one[0] for one in found.classes()] == ["unsettled_payment"]


def test_a_deposit_paid_in_parts_is_found_without_the_ledger(shop, tmp_path):
    payout = settled_day(shop, 100_000)
    parts = shop.bank(30_000), shop.bank(payout - 30_000, day=WEDNESDAY)
    found = shop.run(tmp_path)
    assert found.links("BD") == {(31, line) for line in parts}
    assert {kind for kind, _, cents in found.classes() if cents} == set()


def test_a_reference_that_names_another_stores_payment_is_doubted(shop, tmp_path):
    """One wrong digit makes it an existing reference of the same amount; the store says whose line it is."""
    shop.open_store(2)
    for store in (1, 2, 1, 2):  # what tells which merchant number is whose
        shop.settle(shop.sell(100 + store, store=store), 30 + store)
    theirs = shop.sell(700, ref=880_001, store=1)
    mine = shop.sell(700, ref=880_002, store=2)
    line = shop.settle(mine, 32, ref=880_001)
    two_days_later(shop)
    found = shop.run(tmp_path)
    assert (mine, line) in found.links("PL")
    assert ("unsettled_payment", theirs, -700) in found.classes()


def test_what_was_sold_on_the_last_known_day_is_under_way_and_no_exception(shop, tmp_path):
    """Sold after the cut-off, or slipped by a day: it may settle until two days later; its cents are explained."""
    sale = shop.sell(900)
    shop.post(sale)
    shop.deposit(settled_day(shop, 500))
    found = shop.run(tmp_path)
    assert found.classes() == []
    assert found.closes
    two_days_later(shop)
    later = shop.run(tmp_path)
    assert later.classes() == [("unsettled_payment", sale, -900)]
