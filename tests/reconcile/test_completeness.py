"""A store-day is complete when both sides hold the same things with the same content; count and sum are not enough."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from he_sync.reconcile.completeness import Item, freshness, prove, side


def sale(number, cents, store="S001", group="card"):
    return Item(f"payment {number}", store, cents, group=group)


items = st.lists(
    st.tuples(st.integers(1, 30), st.integers(-500, 500), st.sampled_from(["S001", "S002"])), max_size=20
).map(lambda rows: [sale(*row) for row in {row[0]: row for row in rows}.values()])


@given(items, st.randoms())
def test_the_same_things_in_any_order_are_complete(rows, shuffle):
    other = list(rows)
    shuffle.shuffle(other)
    assert all(proof.complete for proof in prove("sales", rows, other))


@given(items, items)
def test_sides_are_complete_just_where_they_hold_the_same(ours, theirs):
    same = sorted((one.subject, one.amount_minor) for one in ours) == sorted(
        (one.subject, one.amount_minor) for one in theirs
    )
    assert all(proof.complete for proof in prove("sales", ours, theirs)) is same


@given(items, items)
def test_an_incomplete_store_day_names_at_least_one_record(ours, theirs):
    for proof in prove("sales", ours, theirs):
        assert proof.complete is not bool(proof.missing or proof.extra or proof.other)


def test_equal_counts_and_sums_hide_nothing():
    [proof] = prove("sales", [sale(1, 500), sale(2, 300)], [sale(1, 300), sale(2, 500)])
    assert (proof.source.count, proof.source.amount_minor) == (proof.target.count, proof.target.amount_minor)
    assert (proof.complete, proof.other) == (False, ("payment 1", "payment 2"))


def test_a_record_that_is_there_twice_does_not_stand_in_for_one_that_is_missing():
    [proof] = prove("sales", [sale(1, 500), sale(2, 500)], [sale(1, 500), sale(1, 500)])
    assert (proof.missing, proof.extra) == (("payment 2",), ("payment 1",))


def test_what_the_target_has_of_nobody_is_extra_in_the_targets_own_store():
    missing, extra = prove("orders", [Item("ticket 1", "S001", 5)], [Item("ticket 9", "", 5)])[::-1]
    assert (missing.store, missing.missing) == ("S001", ("ticket 1",))
    assert (extra.store, extra.extra) == ("", ("ticket 9",))


def test_the_content_of_a_side_is_the_same_in_every_process():
    rows = [sale(number, number) for number in range(50)]
    random.Random(3).shuffle(rows)  # noqa: S311 - an order, no secret
    assert side(rows).content == side(sorted(rows, key=lambda one: one.subject)).content == "4bf89a85f656cfbe"


def test_freshness_says_the_money_first_and_what_has_no_price_by_count():
    proofs = [
        *prove("sales", [sale(1, 400_000), sale(2, 12_055), sale(3, 900, group="cash")], []),
        *prove("customers", [Item("customer 4", "")], []),
    ]
    assert freshness(proofs, "Epicor") == "4,120.55 of card sales, 9.00 of cash sales, 1 customer not yet in Epicor"


def test_a_refund_that_is_missing_does_not_make_a_missing_sale_look_smaller():
    [proof] = prove("sales", [sale(1, 500), sale(2, -500)], [])
    assert proof.missing_minor == {"card": 1000}


def test_nothing_missing_is_said_too():
    assert freshness(prove("sales", [sale(1, 5)], [sale(1, 5)]), "Epicor") == "everything is in Epicor"
