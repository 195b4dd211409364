"""A sale's parts are its total, and one function says what the ERP must come to."""

import pytest
from hypothesis import given

from he_sync.model.retailer import Epicor
from he_sync.model.sale import kind_of, order_amount
from tests.mapping.examples import ON_A_BUSY_MACHINE, any_sale

CODES = Epicor(company="EPIC06", walk_in_customer="WALKIN")


@pytest.mark.parametrize(
    ("quantities", "kind"),
    [((1000,), "sale"), ((-1000,), "return"), ((1000, -1000), "exchange"), ((), "sale"), ((0,), "sale")],
)
def test_a_sale_is_what_its_goods_do_whatever_the_till_calls_it(quantities, kind):
    assert kind_of(quantities) == kind


@pytest.mark.parametrize(
    ("codes", "due"),
    [
        ({}, 10000),
        ({"tip_charge": "TIP"}, 10500),
        ({"gift_card_charge": "GIFT"}, 12500),
        ({"tip_charge": "TIP", "gift_card_charge": "GIFT"}, 13000),
    ],
)
def test_tips_and_gift_cards_count_where_the_profile_charges_them(codes, due):
    assert order_amount(13000, 500, 2500, CODES.model_copy(update=codes)) == due


@ON_A_BUSY_MACHINE
@given(any_sale())
def test_goods_that_leave_and_goods_that_come_back_are_all_the_goods(sold):
    assert sorted(map(repr, (*sold.sold, *sold.returned))) == sorted(map(repr, sold.lines))
    assert sold.kind == ("exchange" if sold.returned else "sale")
