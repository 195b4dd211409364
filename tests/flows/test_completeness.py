"""Completeness of the sandbox's nights: what the proof names is what the night's own legs found."""

import pandas as pd
import pytest

from he_sync.flows import close, completeness
from tests.flows.nights import DAYS, compared


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with compared(tmp_path_factory.mktemp("nights")) as shop:
        yield shop


def named(found, entity, kind):
    return {name for proof in found.proofs if proof.entity == entity for name in getattr(proof, kind)}


def of(shop, day, *classes):
    return {one.subject for one in close.differences(shop.lake, day) if one.klass in classes}


@pytest.mark.parametrize("day", DAYS)
def test_what_the_erp_lacks_is_named_by_both(shop, day):
    found = completeness.run(shop.lake, day, shop.retailer)
    assert named(found, "orders", "missing") == of(shop, day, "order_missing_in_erp")
    assert named(found, "sales", "missing") == of(shop, day, "missing_gl")
    assert named(found, "customers", "missing") == of(shop, day, "customer_missing_in_erp")


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize(("entity", "leg"), [("orders", "orders"), ("stock levels", "inventory")])
def test_a_store_day_is_incomplete_just_where_its_leg_has_a_difference(shop, day, entity, leg):
    found = completeness.run(shop.lake, day, shop.retailer)
    wrong = {one.store for one in close.differences(shop.lake, day) if one.leg == leg}
    assert {proof.store for proof in found.incomplete if proof.entity == entity} == wrong


def test_an_order_born_in_the_erp_or_voided_stands_for_no_sale():
    rows = [("ticket 1", False, 500), ("", False, 700), ("ticket 2", True, 900)]
    found = completeness.booked(pd.DataFrame(rows, columns=["source", "voided", "total_minor"]))
    assert [one.subject for one in found] == ["ticket 1"]


def test_the_first_line_is_the_money_that_is_not_there_yet(shop):
    day = DAYS[-1]
    found = completeness.run(shop.lake, day, shop.retailer)
    lacks = of(shop, day, "missing_gl", "order_missing_in_erp")
    assert found.freshness.endswith("not yet in Epicor") is bool(lacks)


def test_the_same_night_has_the_same_proof(shop):
    first, second = (completeness.run(shop.lake, DAYS[0], shop.retailer).snapshot.digest for _ in range(2))
    assert first == second
