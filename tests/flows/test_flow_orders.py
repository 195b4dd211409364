"""Sales into Epicor sales orders, over HTTP: each once, edited and cancelled as in the shop, asked about where due."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest

from he_sync.store import effects
from tests.flows.shop import CANCELLED, EDITED, PAID, PLACED, SALE, number_of, open_shop, prices


@pytest.fixture
def shop(desk, tmp_path, clock):
    with open_shop(desk, tmp_path, clock) as opened:
        yield opened


# what a sale becomes


def test_a_sales_order_is_an_epicor_order_with_its_lines_and_total_and_its_number_goes_back(shop):
    one, two = shop.skus[:2]
    order = shop.order([(one, 2, "20.00"), (two, 1, "5.50")])
    shop.hear(PLACED, order)
    assert shop.erp_lines(order) == prices((one, 2, "20.00"), (two, 1, "5.50"))
    assert shop.erp_total(order) == shop.pos_total(order)
    [erp] = shop.orders(order)
    assert shop.document(order)["custom"]["epicor_order"] == str(erp["OrderNum"])


def test_a_ticket_is_a_counter_sale_of_the_walk_in_that_comes_to_what_was_paid(shop):
    ticket = shop.ticket([(shop.skus[0], 3, "9.99")], tax="2.40")
    shop.hear(SALE, ticket)
    [erp] = shop.orders(ticket)
    assert erp["CounterSale"]
    assert Decimal(str(erp["OrderAmt"])) == Decimal("32.37") == shop.pos_total(ticket)
    walk_in = shop.state.select("epicor/Customer", "json_extract(doc, '$.CustNum') = ?", [erp["CustNum"]])
    assert [row["CustID"] for row in walk_in] == [shop.desk.retailer.epicor.walk_in_customer]


def test_an_order_that_nobody_announced_but_a_poll_is_the_same_order(shop):
    order = shop.order()
    shop.tell("heartland/sales_order", order, origin="poll")
    shop.drain()
    shop.hear(PLACED, order)
    assert len(shop.orders(order)) == 1


def test_an_event_about_an_order_that_does_not_exist_is_parked_and_says_so(shop):
    shop.hear(PLACED, "order 999999999")
    assert shop.inbox("order 999999999") == Counter(parked=1)
    [letter] = shop.letters("order 999999999")
    assert letter.startswith("Heartland has no order 999999999")


# once


def test_a_hundred_copies_of_an_event_and_a_hundred_events_of_one_order_make_one_order(shop):
    order = shop.order()
    assert Counter(shop.tell(PLACED, order, "the same") for _ in range(100)) == Counter(new=1, known=99)
    for _ in range(99):
        shop.tell(PLACED, order)
    shop.drain()
    shop.hear(PAID, order)
    assert len(shop.orders(order)) == 1
    assert shop.created("epicor/OrderHed", PONum=shop.orders(order)[0]["PONum"]) == 1


def test_the_events_of_an_order_end_the_same_in_whatever_order_and_company_they_come(shop):
    """Created, paid, edited twice, paid again, cancelled: what is true when they are read is what counts (F66)."""
    topics = [PLACED, PAID, EDITED, EDITED, PAID, CANCELLED]
    found = set()
    for place in range(0, 720, 95):
        order = shop.order([(shop.skus[0], 2, "20.00")])
        quantities = [2, 5, 3]
        for topic in list(permutations(topics))[place]:
            if quantities:
                shop.set_line(order, qty=quantities.pop(0))
            shop.hear(topic, order)
        found.add((len(shop.orders(order)), shop.erp_total(order), tuple(shop.erp_lines(order).values())))
        assert shop.erp_total(order) == shop.pos_total(order)
    assert len(found) == 1


def test_what_was_told_already_is_quiet_even_when_all_history_comes_again(shop):
    orders = [shop.order(), shop.order([(shop.skus[1], 1, "7.00")])]
    shop.hear(PLACED, *orders)
    before = shop.writes()
    for _ in range(2):
        for order in orders:
            shop.hear(EDITED, order)
            shop.hear("heartland/sales_order", order)
    assert shop.writes() == before
    assert shop.states(orders[0]) == [("create_sales_order", "confirmed"), ("confirm_order", "confirmed")]


def test_an_order_that_waits_for_approval_is_left_as_it_is_by_news_that_change_nothing(shop):
    order = shop.order([(shop.skus[0], 400, "20.00")])
    for topic in (PLACED, PAID, EDITED, "heartland/sales_order"):
        shop.hear(topic, order)
    assert shop.states(order) == [("create_sales_order", "waiting_approval"), ("confirm_order", "planned")]


# edits


def test_an_edit_after_the_order_was_made_changes_its_line_and_comes_to_the_new_total(shop):
    order = shop.order([(shop.skus[0], 2, "20.00"), (shop.skus[1], 1, "5.00")])
    shop.hear(PLACED, order)
    shop.set_line(order, 0, qty=4)
    shop.hear(EDITED, order)
    assert shop.erp_lines(order) == prices((shop.skus[0], 4, "20.00"), (shop.skus[1], 1, "5.00"))
    assert shop.erp_total(order) == shop.pos_total(order)
    assert len(shop.orders(order)) == 1


def test_an_edit_before_the_order_left_replaces_what_would_have_been_sent(shop):
    order = shop.order([(shop.skus[0], 400, "20.00")])
    shop.hear(PLACED, order)
    assert shop.states(order)[0] == ("create_sales_order", "waiting_approval")
    shop.set_line(order, qty=2)
    shop.hear(EDITED, order)
    assert Counter(shop.states(order))["create_sales_order", "confirmed"] == 1
    assert shop.erp_lines(order) == prices((shop.skus[0], 2, "20.00"))
    [erp] = shop.orders(order)
    assert shop.document(order)["custom"]["epicor_order"] == str(erp["OrderNum"])


def test_an_older_read_never_goes_over_a_newer_one(shop):
    order = shop.order([(shop.skus[0], 2, "20.00")])
    old = shop.document(order)["updated_at"]
    shop.set_line(order, qty=6)
    shop.hear(EDITED, order)
    shop.set_line(order, qty=2)
    shop.state.put("heartland/sales/orders", number_of(order), {**shop.document(order), "updated_at": old})
    shop.hear(EDITED, order)
    assert shop.erp_lines(order) == prices((shop.skus[0], 6, "20.00"))
    assert shop.inbox(order) == Counter(done=1, quiet=1)


# cancellations


def test_an_order_cancelled_before_anybody_read_it_never_reaches_epicor(shop):
    order = shop.order()
    shop.cancel(order)
    shop.hear(PLACED, order)
    assert shop.orders(order) == []
    assert shop.told(order) == []
    assert shop.inbox(order) == Counter(quiet=1)


def test_an_order_cancelled_before_it_left_is_withdrawn_with_all_that_waits_for_it(shop):
    order = shop.order([(shop.skus[0], 400, "20.00")])
    shop.hear(PLACED, order)
    shop.cancel(order)
    shop.hear(CANCELLED, order)
    assert shop.states(order) == [("create_sales_order", "withdrawn"), ("confirm_order", "withdrawn")]
    assert shop.orders(order) == []


def test_an_order_cancelled_after_it_was_made_is_void_in_epicor(shop):
    order = shop.order()
    shop.hear(PLACED, order)
    shop.cancel(order)
    shop.hear(CANCELLED, order)
    assert shop.orders(order) == []
    assert len(shop.orders(order, void=True)) == 1
    shop.hear(CANCELLED, order)
    assert [kind for kind, _ in shop.states(order)].count("cancel_sales_order") == 1


# asking


def test_an_order_over_the_limit_waits_with_its_reason_and_goes_once_somebody_approves(shop):
    order = shop.order([(shop.skus[0], 400, "20.00")])
    shop.hear(PLACED, order)
    waiting = shop.told(order)[0]
    assert waiting.state == "waiting_approval"
    assert "is over 5,000.00" in waiting.effect.waits_because
    assert shop.orders(order) == []
    assert effects.approve(shop.store, waiting.effect.key, "dana")
    shop.drain()
    assert shop.erp_total(order) == shop.pos_total(order)


def test_a_small_margin_is_asked_about(shop):
    order = shop.order([(shop.skus[0], 2, "0.50")])
    shop.hear(PLACED, order)
    assert "margin" in shop.told(order)[0].effect.waits_because


def test_a_part_on_hold_is_asked_about(shop):
    sku = shop.sku("HOLD-1", in_erp=True)
    shop.desk.systems.epicor.patch("Erp.BO.PartSvc", "Parts", {"PartNum": sku}, {"OnHold": True})
    order = shop.order([(sku, 1, "20.00")])
    shop.hear(PLACED, order)
    assert shop.told(order)[0].effect.waits_because == "part HOLD-1 is inactive or on hold in Epicor"


def test_sales_before_the_flows_first_day_are_left_alone(shop):
    flows = [
        flow.model_copy(update={"not_before": date(2027, 1, 1)}) if flow.name == "order_to_fulfilment" else flow
        for flow in shop.works.flows
    ]
    shop.works = replace(shop.works, flows=tuple(flows))
    order = shop.order()
    shop.hear(PLACED, order)
    assert shop.told(order) == []
    assert shop.inbox(order) == Counter(quiet=1)


# bad input


def test_an_unknown_sku_parks_the_whole_order_by_name_and_nothing_else(shop):
    sku = shop.sku("NO-SUCH-PART", in_erp=False)
    bad, good = shop.order([(shop.skus[0], 1, "20.00"), (sku, 1, "20.00")]), shop.order()
    shop.hear(PLACED, bad, good)
    assert shop.inbox(bad) == Counter(parked=1)
    [letter] = shop.letters(bad)
    assert "SKU NO-SUCH-PART" in letter
    assert shop.told(bad) == []
    assert len(shop.orders(good)) == 1


@pytest.mark.parametrize(
    ("news", "about"),
    [
        (EDITED, None),
        ("epicor/Part", lambda _, sku: f"erp_part {sku}"),
        ("heartland/item_updated", lambda shop, sku: f"item {shop.items[sku]}"),
    ],
)
def test_a_parked_order_goes_whole_once_its_part_exists_and_the_letter_is_closed(shop, news, about):
    sku = shop.sku(f"LATE {news}".upper().replace("/", "-"), in_erp=False)
    order = shop.order([(shop.skus[0], 1, "20.00"), (sku, 1, "20.00")])
    shop.hear(PLACED, order)
    shop.part(sku)
    shop.hear(news, order if news == EDITED else about(shop, sku))
    assert shop.erp_lines(order) == prices((shop.skus[0], 1, "20.00"), (sku, 1, "20.00"))
    assert shop.letters(order) == []
    assert shop.inbox(order) == Counter(done=2 if news == EDITED else 1)


def test_a_broken_record_stops_nobody_else_in_its_batch(shop):
    orders = [shop.order() for _ in range(5)]
    broken = int(orders[2].split()[1])
    document = shop.state.get("heartland/sales/orders", broken)
    shop.state.put("heartland/sales/orders", broken, {**document, "total": "much"})
    shop.hear(PLACED, *orders)
    assert [len(shop.orders(order)) for order in orders] == [1, 1, 0, 1, 1]
    [letter] = shop.letters(orders[2])
    assert "total" in letter
