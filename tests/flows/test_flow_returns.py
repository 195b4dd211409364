"""Returns: goods that came back over the till become one Epicor return each, an exchange an order and a return."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.flows.plant import PACK, open_town
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


# where the goods were sold


@pytest.fixture
def town(desk, tmp_path, clock):
    with open_town(desk, tmp_path, clock) as opened:
        yield opened


def sold_by(shop, back):
    """Order numbers that the lines of a return name in Epicor."""
    [effect] = [one for one in shop.told(back) if one.effect.kind == "create_rma"]
    assert effect.state == "confirmed", effect.reason
    rma = shop.desk.systems.epicor.read(
        "Erp.BO.RMAProcSvc", "RMAProcs", filter=f"RMANum eq {effect.reference}", expand="RMADtls"
    )
    return [line["OrderNum"] for line in rma[0]["RMADtls"]]


def number_in_epicor(shop, sale):
    return shop.orders(sale)[0]["OrderNum"]


def test_a_return_of_a_ticket_names_the_sales_order_of_that_ticket(shop):
    sold = shop.ticket([(shop.skus[0], 2, "20.00")])
    shop.hear(SALE, sold)
    back = shop.ticket([(shop.skus[0], -1, "20.00")], parent_transaction_id=number_of(sold))
    shop.hear(SALE, back)
    assert sold_by(shop, back) == [number_in_epicor(shop, sold)]


def test_a_return_of_an_invoice_names_the_order_that_the_invoice_fulfilled(town):
    order, number = town.placed((town.skus[0], 4, "20.00"))
    town.news(PACK, town.plant.ship(town.plant.pack(number, (1, 2))))
    [invoice] = [
        row["id"] for row in town.state.select("heartland/sales/invoices") if row["order_id"] == number_of(order)
    ]
    back = town.ticket([(town.skus[0], -1, "20.00")], parent_transaction_id=invoice)
    town.hear(SALE, back)
    assert sold_by(town, back) == [number]


def test_a_ticket_and_an_invoice_of_one_id_are_told_apart_by_what_was_sold(town):
    order, number = town.placed((town.skus[0], 4, "20.00"))
    other = town.ticket([(town.skus[1], 1, "9.00")])
    town.hear(SALE, other)
    town.news(PACK, town.plant.ship(town.plant.pack(number, (1, 2))))
    [invoice] = [row for row in town.state.select("heartland/sales/invoices") if row["order_id"] == number_of(order)]
    town.state.put("heartland/sales/invoices", number_of(other), {**invoice, "id": number_of(other)})
    for line in town.state.select("heartland/sales/invoices.lines", "parent = ?", (invoice["id"],)):
        town.state.put("heartland/sales/invoices.lines", line["id"] + 900_000, line, number_of(other))
    back = town.ticket([(town.skus[0], -1, "20.00")], parent_transaction_id=number_of(other))
    town.hear(SALE, back)
    assert sold_by(town, back) == [number]


def test_a_return_at_another_store_goes_into_that_store_and_still_names_the_order(shop):
    sold = shop.ticket([(shop.skus[0], 2, "20.00")])
    shop.hear(SALE, sold)
    elsewhere = next(
        row
        for row in shop.state.select("heartland/stations", order="key")
        if row["location_id"] != shop.station["location_id"]
    )
    place = {"source_location_id": elsewhere["location_id"], "station_id": elsewhere["id"]}
    back = shop.ticket([(shop.skus[0], -1, "20.00")], parent_transaction_id=number_of(sold), **place)
    shop.hear(SALE, back)
    assert sold_by(shop, back) == [number_in_epicor(shop, sold)]
    [effect] = shop.told(back)
    store = next(one for one in shop.desk.retailer.stores if one.location_id == elsewhere["location_id"])
    assert effect.effect.body["warehouse"] == store.warehouse


@pytest.mark.parametrize("parent", [0, 987_654], ids=["without receipt", "of a transaction that nobody knows"])
def test_a_return_that_no_sale_of_ours_stands_behind_is_taken_back_without_an_order(shop, parent):
    more = {"parent_transaction_id": parent} if parent else {}
    back = shop.ticket([(shop.skus[0], -1, "20.00")], **more)
    shop.hear(SALE, back)
    assert sold_by(shop, back) == [0]


def test_a_return_of_a_sale_from_before_epicor_was_connected_is_taken_back_without_an_order(shop):
    sold = shop.ticket([(shop.skus[0], 2, "20.00")])
    back = shop.ticket([(shop.skus[0], -1, "20.00")], parent_transaction_id=number_of(sold))
    shop.hear(SALE, back)
    assert sold_by(shop, back) == [0]
    shop.hear(SALE, sold)
    shop.hear(SALE, back)
    assert (shop.states(back), shop.letters(back)) == ([("create_rma", "confirmed")], [])


def test_a_return_that_is_read_together_with_its_sale_waits_for_the_order_and_names_it(shop, clock):
    sold = shop.ticket([(shop.skus[0], 2, "20.00")])
    back = shop.ticket([(shop.skus[0], -1, "20.00")], parent_transaction_id=number_of(sold))
    shop.hear(SALE, back, sold)
    clock.forward(timedelta(minutes=10))
    shop.drain()
    assert sold_by(shop, back) == [number_in_epicor(shop, sold)]
