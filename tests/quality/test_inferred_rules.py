"""Rules proposed from records with planted rules and faults: nearly all are found, and none breaks next year."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from he_sync.quality.rules.infer import MOST, infer
from he_sync.quality.rules.typed import typed
from tests.rules_world.judge import judged
from tests.rules_world.world import World

SEEDS = range(31, 34)
"""A few dozen planted rules; `tests/bench/inferring.py` has hundreds of other seeds."""


@pytest.fixture(scope="module")
def outcome():
    return judged(World(seed) for seed in SEEDS)


def test_of_100_planted_rules_95_are_found_and_of_100_proposals_97_are_true(outcome):
    assert outcome.planted >= 40
    assert outcome.recall >= 0.95, outcome.missed
    assert outcome.precision >= 0.97, outcome.untrue


def test_next_years_clean_records_break_no_rule_of_any_kind(outcome):
    assert outcome.later == []


def test_there_are_at_most_thirty_proposals_each_with_support_and_exceptions(outcome):
    assert outcome.most == MOST
    assert outcome.unsupported == []


def lines(**more):
    n, draw = 400, np.random.default_rng(3)
    net = draw.integers(100, 9_000, n)
    columns = {"line_id": np.arange(n), "net": net, "tax": net * 8 // 100 + draw.integers(0, 9, n)}
    columns["total"] = columns["net"] + columns["tax"]
    return pd.DataFrame(columns | {name: make(draw, n) for name, make in more.items()})


def texts_of(frame, kind, **others):
    return [rule.text for rule in infer({"lines": frame, **others}) if rule.kind == kind]


def test_rows_with_a_wrong_amount_are_the_exceptions_of_their_identity():
    wrong = lines()
    wrong.loc[[5, 70, 390], "total"] += 1
    [rule] = [one for one in infer({"lines": wrong}) if one.kind == "identity"]
    assert (rule.text, rule.exceptions) == ("total = net + tax", (5, 70, 390))


def test_amounts_with_two_places_are_as_exact_as_cents():
    frame = lines()
    for name in ("net", "tax", "total"):
        frame[name] /= 100
    frame.loc[8, "total"] += 0.01
    [rule] = [one for one in infer({"lines": frame}) if one.kind == "identity"]
    assert (rule.text, rule.exceptions) == ("total = net + tax", (8,))


MADE = {
    "gross = qty x price": lambda c: c["qty"] * c["price"],
    "pay = price x (1 - off / 100)": lambda c: (c["price"] * (100 - c["off"]) + 50) // 100,
    "pay = qty x price x (1 - off / 100)": lambda c: (c["qty"] * c["price"] * (100 - c["off"]) + 50) // 100,
    "due = qty x price - rebate": lambda c: c["qty"] * c["price"] - c["rebate"],
    "landed = price + freight + duty - rebate": lambda c: c["price"] + c["freight"] + c["duty"] - c["rebate"],
    "vat = price x 0.19": lambda c: (c["price"] * 19 + 50) // 100,
    "pays_on = day + net_days": lambda c: c["day"] + pd.to_timedelta(c["net_days"], unit="D"),
}


@pytest.mark.parametrize("text", MADE)
def test_each_form_of_arithmetic_is_found_with_its_one_wrong_row(text):
    n, draw = 600, np.random.default_rng(5)
    frame = pd.DataFrame({"qty": draw.integers(1, 9, n), "price": draw.integers(100, 9_000, n)})
    frame["off"] = draw.choice([0, 5, 10, 25], n)
    for name, share in (("rebate", 0.3), ("freight", 0.2), ("duty", 0.1)):
        frame[name] = np.where(draw.random(n) < share, draw.integers(1, 90, n), 0)
    frame["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(draw.integers(0, 300, n), unit="D")
    frame["net_days"] = draw.choice([10, 30, 60], n)
    name = text.split()[0]
    frame[name] = MADE[text](frame)
    frame.loc[11, name] += pd.Timedelta(days=1) if name == "pays_on" else 2
    found = {rule.text: rule.exceptions for rule in infer({"lines": frame}) if rule.kind == "identity"}
    assert {_parts(one): rows for one, rows in found.items()} == {_parts(text): (11,)}


def _parts(text):
    """Of a sum in any order."""
    return " ".join(sorted(text.replace("+", "").split()))


def test_a_total_is_what_a_sum_explains():
    draw, n = np.random.default_rng(9), 400
    frame = pd.DataFrame({name: draw.integers(1, 900, n) for name in ("discount", "tax")})
    frame["subtotal"] = frame["discount"] + draw.integers(5_000, 90_000, n)
    frame["order_total"] = frame["subtotal"] - frame["discount"] + frame["tax"]
    assert texts_of(frame, "identity") == ["order_total = tax + subtotal - discount"]


def test_what_follows_from_two_identities_is_not_proposed_beside_them():
    frame = lines(discount=lambda draw, n: draw.integers(0, 50, n))
    frame["gross"] = frame["net"] + frame["discount"]
    assert sorted(texts_of(frame, "identity")) == ["gross = net + discount", "total = net + tax"]


def test_most_orders_are_paid_in_full_and_that_is_no_rule():
    frame = lines()
    frame["paid"] = np.where(np.arange(len(frame)) % 30 == 0, 0, frame["total"])
    assert texts_of(frame, "identity") == ["total = net + tax"]


def test_codes_drawn_at_random_that_did_not_meet_are_no_key():
    frame = lines(auth_code=lambda draw, n: [f"{one:06d}" for one in draw.choice(900_000, n, replace=False)])
    assert texts_of(frame, "key") == ["line_id is there once and never empty"]


def test_order_and_line_together_are_a_key_where_neither_is_one():
    frame = pd.DataFrame({"order_no": np.arange(300) // 3, "line_no": np.arange(300) % 3, "qty": 1})
    [rule] = [one for one in infer({"lines": frame}) if one.kind == "key"]
    assert rule.columns == ("order_no", "line_no")
    assert rule.broken({"lines": pd.concat([frame, frame[:1]], ignore_index=True)}) == [300]


@pytest.mark.parametrize("rare", [9, 2])
def test_a_value_that_comes_again_but_seldom_keeps_a_list_open(rare):
    year = lines(status=lambda draw, n: draw.choice(["open", "shipped"], n))
    frame = pd.concat([year] * 8, ignore_index=True)[["line_id", "status"]]
    assert texts_of(frame, "domain") == ["status is one of open, shipped"]
    frame.loc[: rare - 1, "status"] = "lost"
    assert texts_of(frame, "domain") == []


def test_a_mistyped_value_is_the_exception_of_its_list():
    frame = lines(status=lambda draw, n: draw.choice(["open", "shipped"], n))
    frame.loc[3, "status"] = "shiped"
    [rule] = [one for one in infer({"lines": frame}) if one.kind == "domain"]
    assert rule.exceptions == (3,)


def test_a_list_of_stores_is_not_closed_there_may_be_one_more():
    assert texts_of(lines(store=lambda draw, n: draw.choice(["S1", "S2", "S3"], n)), "domain") == []


def test_one_wrong_sign_is_a_mistake_and_a_row_of_them_is_a_return():
    frame = lines()
    frame.loc[7, "tax"] *= -1
    assert "tax is not below zero" in texts_of(frame, "range")
    frame.loc[7, ["net", "total"]] *= -1
    assert "tax is not below zero" not in texts_of(frame, "range")


def test_a_negative_amount_that_adds_up_is_no_mistake():
    frame = lines(held=lambda draw, n: draw.integers(0, 40, n))
    frame["free"] = 50 - frame["held"]
    frame["shelf"] = frame["free"] + frame["held"] + frame["net"]
    frame["free"] = frame["shelf"] - frame["held"]
    assert "free is not below zero" in texts_of(frame, "range")
    frame.loc[5, "held"] = frame.loc[5, "shelf"] + 3
    frame.loc[5, "free"] = -3
    assert "free is not below zero" not in texts_of(frame, "range")


def test_attributes_of_a_few_things_decide_each_other_by_luck():
    """Eight carriers on 2,000 lines are eight witnesses, however often each is seen."""
    country, label = np.array(list("AABBCCDD")), np.array(list("XXYYXXYY"))
    carrier = np.random.default_rng(1).integers(0, 8, 2_000)
    frame = pd.DataFrame({"carrier": carrier, "origin": country[carrier], "label": label[carrier]})
    assert texts_of(frame, "dependency") == ["carrier decides label", "carrier decides origin"]


def test_what_two_busy_things_agree_in_the_seldom_ones_must_not_contradict():
    """Two carriers carry 98 of 100 lines, and on these lines carrier and speed are one; the other six disagree."""
    speed, brand = np.array(list("XYXYXYXY")), np.array(list("ABAABBBA"))
    carrier = np.random.default_rng(1).choice(8, 2_000, p=[0.6, 0.38, *[0.02 / 6] * 6])
    frame = pd.DataFrame({"carrier_service": carrier, "speed": speed[carrier], "brand": brand[carrier]})
    assert texts_of(frame, "dependency") == ["carrier_service decides brand", "carrier_service decides speed"]


def price_list(rows=4_000, wrong=(), items=40):
    """Lines of 8 stores, each with one of three price lists; a list and an item have a price."""
    draw = np.random.default_rng(3)
    store, item = draw.integers(0, 8, rows), draw.integers(0, items, rows)
    price = draw.integers(2, 900, (3, items))[store % 3, item]
    price[list(wrong)] += 1
    named = {"store_no": [f"S{one}" for one in store], "zone": [f"Z{one % 3}" for one in store]}
    return pd.DataFrame({**named, "item_no": [f"I{one}" for one in item], "price": price})


def test_two_columns_that_decide_together_are_one_rule_with_its_exceptions():
    """Zone and item decide the price; that store and item do goes without saying, as a store has one zone."""
    rules = infer({"lines": price_list(wrong=(5, 17))})
    [rule] = [one for one in rules if len(one.columns) == 3 and one.kind == "dependency"]
    assert (rule.text, rule.exceptions) == ("zone and item_no decide price", (5, 17))
    assert rule.broken({"lines": price_list(wrong=(9,))}) == [9]


def test_columns_that_meet_too_seldom_to_differ_decide_nothing_together():
    frame = price_list(rows=1_300, items=300).drop(columns="zone")
    assert [one for one in infer({"lines": frame}) if len(one.columns) == 3] == []


def test_a_thing_is_not_decided_by_what_it_has_and_where_it_mostly_is():
    """Of twelve carriers each has a label and a usual place; next year's thirteenth may have both of another's."""
    draw = np.random.default_rng(6)
    carrier = draw.integers(0, 12, 3_000)
    place = np.where(draw.random(3_000) < 0.06, draw.integers(0, 9, 3_000), carrier % 9)
    named = {"label": [f"L{one // 2}" for one in carrier], "place": [f"P{one}" for one in place]}
    frame = pd.DataFrame({"carrier_no": carrier + 1, **named})
    assert [one.text for one in infer({"lines": frame}) if len(one.columns) == 3] == []


@pytest.mark.parametrize(("of_the_rarest", "closed"), [(8, False), (40, False), (120, True)])
def test_a_list_of_what_things_are_is_closed_where_many_things_have_each_value(of_the_rarest, closed):
    """However often each is sold: the next item may be the first of its season."""
    season = np.array(["spring"] * (300 - of_the_rarest) + ["fall"] * of_the_rarest)
    item = np.random.default_rng(2).integers(0, 300, 6_000)
    frame = pd.DataFrame({"item_no": [f"I{one:03d}" for one in item], "season": season[item]})
    assert texts_of(frame, "domain") == ["season is one of fall, spring"] * closed


def test_a_list_is_open_too_where_one_thing_alone_has_its_second_value():
    frame = lines(carrier=lambda draw, n: draw.choice(list("ABCD"), n, p=[0.5, 0.3, 0.13, 0.07]))
    frame = pd.concat([frame.assign(line_id=frame["line_id"] + 400 * part) for part in range(4)], ignore_index=True)
    frame["speed"] = np.where(frame["carrier"] == "D", "express", "ground")
    assert texts_of(frame, "domain") == []


def test_a_column_whose_values_are_keys_of_another_entity_is_a_reference():
    frame = lines(item_no=lambda draw, n: [f"I{one:03d}" for one in draw.integers(0, 60, n)])
    items = pd.DataFrame({"item_no": [f"I{one:03d}" for one in range(60)]})
    frame.loc[9, "item_no"] = "I999"
    frame.loc[10, "item_no"] = ""
    [rule] = [one for one in infer({"lines": frame, "items": items}) if one.kind == "reference"]
    assert (rule.entity, rule.columns, rule.exceptions) == ("lines", ("item_no",), (9,))
    assert len(rule.broken({"lines": frame, "items": items[1:]})) > 1


def test_numbers_that_happen_to_be_among_other_numbers_point_nowhere():
    frame = lines(qty=lambda draw, n: draw.integers(1, 40, n))
    customers = pd.DataFrame({"customer_id": np.arange(1, 301)})
    assert texts_of(frame, "reference", customers=customers) == []


def test_a_frame_without_rows_or_with_one_column_has_no_rules():
    assert infer({"none": pd.DataFrame({"a": []}), "one": pd.DataFrame({"a": ["x"] * 60})}) == []


def test_texts_of_a_file_are_read_as_what_they_say():
    given = {
        "qty": ["1", "-2", None],
        "amount": ["$1,234.50", "(12.00)", "7"],
        "zip": ["01234", "12345", "00000"],
        "day": ["2026-01-02", None, "2026-02-03"],
        "note": ["7", "x", None],
    }
    frame, odd = typed(pl.DataFrame(given))
    assert list(frame["qty"].fillna(0)) == [1, -2, 0]
    assert list(frame["amount"]) == [Decimal("1234.50"), Decimal("-12.00"), Decimal("7.00")]
    assert list(frame["zip"]) == ["01234", "12345", "00000"]
    assert list(frame["day"].dropna()) == [pd.Timestamp("2026-01-02"), pd.Timestamp("2026-02-03")]
    assert list(frame["note"]) == ["7", "x", ""]
    assert odd == []


def test_one_cell_that_is_no_number_leaves_a_column_of_numbers_and_is_told():
    frame, [odd] = typed(pl.DataFrame({"qty": ["1"] * 400 + ["n/a"]}))
    assert (odd.column, odd.place, odd.value) == ("qty", 400, "n/a")
    assert frame["qty"].sum() == 400
