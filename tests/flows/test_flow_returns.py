"""Returns: goods that came back over the till become one Epicor return each, an exchange an order and a return."""

from collections import Counter
from decimal import Decimal

import pytest

from tests.flows.shop import SALE, number_of, open_shop


@pytest.fixture
def shop(desk, tmp_path, clock):
    with open_shop(desk, tmp_path, clock) as opened:
        yield opened


def returns(shop):
    return len(shop.desk.written("epicor/RMAHead"))


def test_a_return_is_one_return_in_epicor_and_no_order_however_often_it_is_told(shop):
    sold = shop.ticket([(shop.skus[0], 2, "20.00")])
    shop.hear(SALE, sold)
    before = returns(shop)
    back = shop.ticket([(shop.skus[0], -1, "20.00")], parent_transaction_id=int(sold.split()[1]))
    for _ in range(3):
        shop.hear(SALE, back)
    assert shop.states(back) == [("create_rma", "confirmed")]
    assert returns(shop) == before + 1
    assert shop.orders(back) == []


def test_an_exchange_is_an_order_over_the_net_tender_and_a_return_of_the_goods(shop):
    ticket = shop.ticket([(shop.skus[0], -1, "20.00"), (shop.skus[1], 1, "35.00")])
    shop.hear(SALE, ticket)
    assert Counter(shop.states(ticket)) == Counter([("create_sales_order", "confirmed"), ("create_rma", "confirmed")])
    assert shop.erp_total(ticket) == Decimal("15.00") == shop.pos_total(ticket)


def test_an_exchange_with_an_unknown_part_is_neither_order_nor_return(shop):
    sku = shop.sku("NO-PART-BACK", in_erp=False)
    ticket = shop.ticket([(sku, -1, "20.00"), (shop.skus[1], 1, "35.00")])
    shop.hear(SALE, ticket)
    assert shop.told(ticket) == []
    assert shop.inbox(ticket) == Counter(parked=1)


def test_a_voided_exchange_is_a_persons_decision_as_a_whole_and_no_half_of_it_is_undone(shop):
    ticket = shop.ticket([(shop.skus[0], -1, "20.00"), (shop.skus[1], 1, "35.00")])
    shop.hear(SALE, ticket)
    before = shop.states(ticket)
    shop.tick()
    void = {**shop.document(ticket), "voided?": True, "updated_at": shop.state.now().isoformat()}
    shop.state.put("heartland/sales/tickets", number_of(ticket), void)
    shop.hear(SALE, ticket)
    assert shop.states(ticket) == before
    [letter] = shop.letters(ticket)
    assert "reverse that one by hand" in letter


def test_a_plain_sale_brings_nothing_back(shop):
    ticket = shop.ticket([(shop.skus[0], 1, "20.00")])
    shop.hear(SALE, ticket)
    assert shop.states(ticket) == [("create_sales_order", "confirmed")]


def test_a_return_over_the_limit_waits_for_a_person(shop):
    back = shop.ticket([(shop.skus[0], -400, "20.00")])
    shop.hear(SALE, back)
    [waiting] = shop.told(back)
    assert (waiting.effect.kind, waiting.state) == ("create_rma", "waiting_approval")
