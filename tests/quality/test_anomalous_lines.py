"""Prices, quantities and discounts that are mistakes, and sales posted twice, told from what honest shops do."""

import numpy as np
import pandas as pd
import pytest

from he_sync.quality.anomalies.duplicates import baskets, duplicate_alerts, repeats
from he_sync.quality.anomalies.items import AGREEING, edges_of, item_alerts, scores
from he_sync.quality.anomalies.rules import rule_alerts
from he_sync.quality.anomalies.settings import Settings
from tests.anomaly_world.lines import EXACT, KINDS, lines
from tests.anomaly_world.lines_judged import line_outcome
from tests.anomaly_world.sales import sales

SEEDS = (51, 52)


@pytest.fixture(scope="module")
def worlds():
    return [lines(seed) for seed in SEEDS]


def test_two_in_three_mistakes_are_found_at_two_false_alerts_in_a_thousand(worlds):
    for rows, first in worlds:
        recall, false_share = line_outcome(rows, first)
        assert np.mean([recall[kind] for kind in KINDS]) >= 0.67
        assert false_share <= Settings().line_budget
        assert [recall[kind] for kind in EXACT] == [1, 1, 1]


def test_without_stated_discounts_prices_alone_find_as_many_as_promised(worlds):
    rows, first = worlds[0]
    recall, false_share = line_outcome(rows.drop(columns="discount_minor"), first)
    assert np.mean(list(recall.values())) >= 0.67
    assert false_share <= Settings().line_budget


def line(**changed):
    usual = {"line_id": 1, "owner": "ticket 1", "store": "S001", "business_date": "2026-03-02", "kind": "sale"}
    usual |= {"sku": "A", "quantity_milli": 1000, "unit_price_minor": 995, "discount_minor": 0, "amount_minor": 995}
    return usual | changed


def past(sku="A", count=60, **changed):
    return pd.DataFrame(
        [line(sku=sku, line_id=n, owner=f"ticket {n}", business_date="2026-03-01", **changed) for n in range(count)]
    )


def broken(*rows, before=None):
    return [one.check for one in rule_alerts(pd.DataFrame(rows), past() if before is None else before, Settings())]


def test_signs_are_held_against_the_kind_of_document():
    assert broken(line(quantity_milli=-1000, amount_minor=-995)) == ["sign"]
    assert broken(line(quantity_milli=-1000, amount_minor=-995, kind="Return")) == []
    assert broken(line(kind="return")) == ["sign"]
    assert broken(line(amount_minor=-995)) == ["sign"]
    assert broken(line(quantity_milli=-1000, amount_minor=-995, parent_id=77)) == []


def test_nothing_is_no_price_but_for_what_is_given_away():
    free = line(unit_price_minor=0, amount_minor=0)
    assert broken(free) == ["zero_price"]
    assert broken(free, before=past(unit_price_minor=0, amount_minor=0)) == []


def test_a_discount_at_the_limit_passes_and_a_cent_more_does_not():
    assert broken(line(discount_minor=600, amount_minor=400)) == []
    assert broken(line(discount_minor=601, amount_minor=400)) == ["discount"]


def test_a_new_price_that_a_days_lines_share_is_a_price_change_and_a_tenfold_one_is_not():
    def said(price):
        rows = [
            line(line_id=n, owner=f"ticket {n}", unit_price_minor=price, amount_minor=price) for n in range(900, 906)
        ]
        return scores(pd.DataFrame(rows), past()).far["price"]

    assert said(1149).max() == 0
    assert said(9950)[:AGREEING].min() > 10


def test_a_trade_customer_may_buy_by_the_dozen():
    before = pd.concat([past(customer_id=0), past(customer_id=9, count=8, quantity_milli=24_000, amount_minor=23_880)])
    now = pd.DataFrame([line(customer_id=who, quantity_milli=24_000, amount_minor=23_880) for who in (0, 9)])
    walk_in, trade = scores(now, before.reset_index(drop=True)).far["quantity"]
    assert walk_in > 3 > trade


def test_an_alert_of_a_line_names_line_item_and_both_figures(worlds):
    rows, first = worlds[0]
    now, before = rows[first:].reset_index(drop=True), rows[:first]
    alerts = {one.rows[0]: one for one in item_alerts(now, before, Settings())}
    wrong = now[now["fault"] == "price x 10"]
    shown = alerts[str(wrong["line_id"].iloc[0])]
    assert (shown.check, shown.subject) == ("price", wrong["sku"].iloc[0])
    assert shown.expected.startswith("about ")
    assert f"in {wrong['store'].iloc[0]}" in shown.why


def test_a_past_without_lines_has_no_opinion(worlds):
    rows, _ = worlds[0]
    assert set(edges_of(rows[:0], Settings()).values()) == {np.inf}
    assert list(item_alerts(rows[:50], rows[:0], Settings())) == []


@pytest.fixture(scope="module")
def postings():
    return [sales(seed, count=40_000) for seed in SEEDS]


def test_documents_posted_twice_are_found_and_honest_repeats_survive(postings):
    for orders, rows, first in postings:
        late = (orders["business_date"] >= first).to_numpy()
        found = repeats(orders, baskets(orders, rows), Settings()).twice & late
        twice = orders["twice"].to_numpy() & late
        assert ((orders["business_date"] >= first) & orders["customer_id"].gt(0)).sum() > 1_000
        assert found[twice].mean() >= 0.99
        assert twice[found].mean() >= 0.95


def test_without_tills_honest_sales_of_one_second_stay_below_one_alert_in_twenty(postings):
    """A counter sells the same cup at four tills: of its pairs some are honest, of all alerts few."""
    told, right, planted = 0, 0, 0
    for orders, rows, first in postings:
        late = (orders["business_date"] >= first).to_numpy()
        found = repeats(orders.drop(columns="register"), baskets(orders, rows), Settings()).twice & late
        twice = orders["twice"].to_numpy() & late
        told, right, planted = told + found.sum(), right + (found & twice).sum(), planted + twice.sum()
    assert right >= 0.99 * planted
    assert right >= 0.94 * told  # 0.97 is to be expected; two worlds have 8 honest pairs, and these two had 13


def test_where_nothing_was_posted_twice_no_pair_of_one_second_is_an_alert(postings):
    """Pairs are few in most groups of sales, and by luck some group has one where hardly one was expected."""
    for orders, rows, first in postings:
        honest = orders[~orders["twice"]].drop(columns="register").reset_index(drop=True)
        assert list(duplicate_alerts(honest, rows[rows["owner"].isin(honest["owner"])], first, Settings())) == []


def test_a_duplicate_names_both_documents(postings):
    orders, rows, first = postings[0]
    alert = next(iter(duplicate_alerts(orders, rows, first, Settings())))
    one, two = (orders[orders["order_id"] == int(name)].iloc[0] for name in alert.rows)
    assert (one["completed_at"], one["total_minor"], one["store"]) == (
        two["completed_at"],
        two["total_minor"],
        alert.subject,
    )
    assert "of the same second" in alert.seen


def test_a_clock_that_only_knows_minutes_makes_no_duplicates_of_a_busy_till(postings):
    orders, rows, first = postings[0]
    coarse = orders[~orders["twice"]].assign(completed_at=lambda given: given["completed_at"].dt.floor("min"))
    kept = rows[rows["owner"].isin(coarse["owner"])]
    alerts = list(duplicate_alerts(coarse.reset_index(drop=True), kept, first, Settings()))
    assert len(alerts) <= 10
