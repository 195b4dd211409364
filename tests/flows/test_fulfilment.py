"""What becomes of an order in Epicor, told to the shop: over HTTP, once, whatever is announced how often and when."""

from decimal import Decimal

import pytest

from he_sync.store import inbox
from tests.flows.plant import JOB, ORDER, PACK, PART, open_town
from tests.flows.shop import EDITED


@pytest.fixture
def town(desk, tmp_path, clock):
    with open_town(desk, tmp_path, clock) as opened:
        yield opened


def two_lines(town):
    one, two = town.skus[:2]
    return town.placed((one, 5, "20.00"), (two, 2, "9.00"))


def pieces(sku, quantity):
    return (sku, Decimal(quantity))


# status


def test_a_new_order_in_epicor_says_pending_and_its_number_in_the_shop(town):
    order, number = two_lines(town)
    town.news(ORDER, number)
    assert (town.says(order)["order"], town.says(order)["status"]) == (str(number), "Pending")


def test_a_job_for_the_order_says_in_production_and_its_completion_produced(town):
    order, number = two_lines(town)
    job = town.plant.job(town.skus[0], 5, number)
    town.news(JOB, job)
    assert (town.says(order)["status"], town.says(order)["jobs"]) == ("In production", job)
    town.plant.complete(job)
    town.news(JOB, job)
    assert (town.says(order)["status"], town.says(order)["jobs"]) == ("Produced", f"{job} complete")


def test_of_two_jobs_the_last_to_be_completed_makes_the_order_produced(town):
    order, number = two_lines(town)
    first, second = (town.plant.job(sku, 2, number) for sku in town.skus[:2])
    town.plant.complete(second)
    town.news(JOB, first, second)
    assert town.says(order)["status"] == "In production"
    town.plant.complete(first)
    town.news(JOB, first)
    assert town.says(order)["status"] == "Produced"


def test_the_same_news_a_hundred_times_are_one_message(town):
    order, number = two_lines(town)
    for _ in range(100):
        town.tell(ORDER, f"erp_order {number}")
    town.drain()
    for _ in range(3):
        town.news(ORDER, number)
    assert [kind for kind, _ in town.states(order)].count("report_status") == 1


def test_news_that_come_in_the_wrong_order_end_with_what_is_true(town):
    order, number = two_lines(town)
    job = town.plant.job(town.skus[0], 5, number)
    town.plant.complete(job)
    pack = town.plant.ship(town.plant.pack(number, (1, 5), (2, 2)))
    town.news(PACK, pack)
    town.news(ORDER, number)
    town.news(JOB, job)
    assert town.says(order)["status"] == "Complete"
    assert len(town.invoices(order)) == 1


def test_a_read_from_a_server_that_lags_takes_nothing_back(town):
    order, number = two_lines(town)
    job = town.plant.job(town.skus[0], 5, number)
    town.plant.complete(job)
    town.news(JOB, job)
    assert town.says(order)["status"] == "Produced"
    older = town.plant.kinetic.stored("JobHead", JobNum=job)
    town.state.put("epicor/JobHead", f"EPIC06~{job}", {**older, "JobComplete": False, "SysRevID": 1})
    town.news(ORDER, number)
    assert town.says(order)["status"] == "Produced"
    assert town.inbox(f"erp_order {number}") == {"quiet": 1}


def test_an_order_that_the_shop_did_not_take_is_left_alone(town):
    own = town.plant.own_order(town.skus[0])
    before = town.writes()
    town.news(ORDER, own)
    assert town.inbox(f"erp_order {own}") == {"quiet": 1}
    assert town.writes() == before


def test_a_sale_over_the_till_has_nothing_to_be_told(town):
    ticket = town.ticket()
    town.hear("heartland/sales_transaction_completed", ticket)
    [head] = town.orders(ticket)
    town.news(ORDER, head["OrderNum"])
    assert town.inbox(f"erp_order {head['OrderNum']}") == {"quiet": 1}


# people in the ERP


def test_an_order_held_by_hand_says_held_with_a_notice_and_its_release_takes_both_back(town):
    order, number = two_lines(town)
    town.plant.job(town.skus[0], 5, number)
    town.plant.change(number, OrderHeld=True)
    town.news(ORDER, number)
    assert town.says(order)["status"] == "Held"
    assert "is on hold in Epicor" in town.says(order)["notice"]
    town.plant.change(number, OrderHeld=False)
    town.news(ORDER, number)
    assert (town.says(order)["status"], town.says(order)["notice"]) == ("In production", "")


def test_an_order_voided_by_hand_says_cancelled_with_a_notice_and_is_never_created_again(town):
    order, number = two_lines(town)
    town.plant.change(number, VoidOrder=True)
    town.news(ORDER, number)
    assert town.says(order)["status"] == "Cancelled"
    assert "was voided in Epicor by hand; it is not created again" in town.says(order)["notice"]
    town.hear("shop/order.created", order)
    town.hear("shop/order.updated", order)
    assert town.orders(order) == []


def test_an_order_deleted_by_hand_says_deleted_and_is_never_created_again(town):
    order, number = two_lines(town)
    town.plant.delete(number)
    town.news(ORDER, number)
    assert town.says(order)["status"] == "Deleted"
    town.hear("shop/order.created", order)
    assert town.orders(order) == []


def test_an_order_closed_before_all_of_it_left_says_so(town):
    order, number = two_lines(town)
    town.plant.ship(town.plant.pack(number, (1, 5)))
    town.plant.close(number)
    town.news(ORDER, number)
    assert town.says(order)["status"] == "Closed short"
    assert "before all of it was shipped" in town.says(order)["notice"]


def test_a_cancellation_by_the_shop_needs_no_notice(town):
    order, number = two_lines(town)
    town.cancel(order)
    town.hear("shop/order.cancelled", order)
    town.news(ORDER, number)
    assert (town.says(order)["status"], town.says(order)["notice"]) == ("Cancelled", "")


# packs


def test_a_partial_shipment_is_one_invoice_of_what_left_and_the_rest_is_a_backorder(town):
    one, two = town.skus[:2]
    order, number = two_lines(town)
    pack = town.plant.ship(town.plant.pack(number, (1, 3)))
    town.news(PACK, pack)
    assert town.invoices(order) == [("complete", [pieces(one, 3)])]
    assert (town.says(order)["status"], town.says(order)["shipments"]) == ("Partly shipped", str(pack))
    assert f"2 EA {one} by " in town.says(order)["backorder"]
    assert f"2 EA {two}" in town.says(order)["backorder"]
    assert town.document(order)["status"] == "open"


def test_the_second_pack_is_a_second_invoice_and_closes_the_order(town):
    one, two = town.skus[:2]
    order, number = two_lines(town)
    first = town.plant.ship(town.plant.pack(number, (1, 3)))
    town.news(PACK, first)
    second = town.plant.ship(town.plant.pack(number, (1, 2), (2, 2)))
    town.news(PACK, second)
    assert town.invoices(order) == [
        ("complete", [pieces(one, 3)]),
        ("complete", sorted([pieces(one, 2), pieces(two, 2)])),
    ]
    assert (town.says(order)["status"], town.says(order)["backorder"]) == ("Complete", "")
    assert town.document(order)["status"] == "closed"


def test_two_packs_told_together_and_every_event_twice_are_two_invoices(town):
    order, number = two_lines(town)
    packs = [town.plant.ship(town.plant.pack(number, (1, some))) for some in (1, 2)]
    for topic, name in ((PACK, "erp_shipment"), (PACK, "erp_shipment")):
        for pack in (*packs, *packs):
            town.tell(topic, f"{name} {pack}")
    town.tell(ORDER, f"erp_order {number}")
    town.drain()
    town.news(PACK, *packs)
    assert len(town.invoices(order)) == 2
    assert [kind for kind, _ in town.states(order)].count("invoice_order") == 2


def test_a_pack_that_has_not_left_is_no_invoice(town):
    order, number = two_lines(town)
    pack = town.plant.pack(number, (1, 3))
    town.news(PACK, pack)
    assert town.invoices(order) == []


def test_pieces_of_one_part_on_two_lines_of_the_shop_are_laid_on_both(town):
    one = town.skus[0]
    order, number = town.placed((one, 2, "20.00"), (one, 1, "20.00"))
    town.news(PACK, town.plant.ship(town.plant.pack(number, (1, 3))))
    assert town.invoices(order) == [("complete", [pieces(one, 1), pieces(one, 2)])]
    assert town.document(order)["status"] == "closed"


def test_a_pack_with_more_than_the_shop_sold_waits_for_a_person_who_reads_which_part(town):
    order, number = two_lines(town)
    pack = town.plant.ship(town.plant.pack(number, (1, 7)))
    town.news(PACK, pack)
    [letter] = town.letters(f"erp_shipment {pack}")
    assert f"pack {pack} ships 2 x {town.skus[0]} more than {order} has left" in letter
    assert town.invoices(order) == []


def test_a_pack_taken_back_before_its_invoice_left_is_not_invoiced_and_shipped_again_it_is(town):
    order, number = two_lines(town)
    pack = town.plant.ship(town.plant.pack(number, (1, 3)))
    town.tell(PACK, f"erp_shipment {pack}")
    with town.writes_fail():
        town.drain()
    assert ("invoice_order", "planned") in town.states(order)
    town.plant.ship(pack, ready=False)
    with town.writes_fail():
        town.news(PACK, pack)
    assert ("invoice_order", "withdrawn") in town.states(order)
    town.plant.ship(pack)
    town.news(PACK, pack)
    town.later()
    assert len(town.invoices(order)) == 1


def test_a_pack_taken_back_after_its_invoice_left_is_told_to_a_person(town):
    order, number = two_lines(town)
    pack = town.plant.ship(town.plant.pack(number, (1, 3)))
    town.news(PACK, pack)
    town.plant.ship(pack, ready=False)
    town.news(PACK, pack)
    assert any("void invoice" in line for line in town.story(f"erp_shipment {pack}"))
    assert len(town.invoices(order)) == 1


# stock


def stocked(town):
    """A part that the distribution centre, whose stock Epicor owns, keeps by the piece."""
    held = {row["PartNum"] for row in town.state.select("epicor/PartWhse") if row["WarehouseCode"] == "D001"}
    return next(sku for sku in town.skus if sku in held)


def centre(town):
    return next(store.location_id for store in town.desk.retailer.stores if store.code == "D001")


def test_what_a_job_puts_into_a_place_of_the_erp_is_in_the_shop_once(town):
    town.watch_stock()
    sku, place = stocked(town), centre(town)
    before = town.pos_stock(sku, place)
    job = town.plant.job(sku, 20, warehouse="D001")
    town.plant.complete(job)
    town.news(JOB, job)
    town.news(PART, sku)
    town.news(PART, sku)
    assert town.pos_stock(sku, place) == before + 20


def test_a_job_that_fills_a_place_of_the_shop_changes_nothing_there(town):
    town.watch_stock()
    sku = next(sku for sku in town.skus)
    place = next(store for store in town.desk.retailer.stores if store.stock_owner == "heartland")
    before = town.pos_stock(sku, place.location_id)
    town.plant.complete(town.plant.job(sku, 20, warehouse=place.warehouse))
    town.news(PART, sku)
    assert town.pos_stock(sku, place.location_id) == before


def test_cases_are_counted_in_pieces(town):
    town.watch_stock()
    cased = {row["PartNum"]: row["IUM"] for row in town.state.select("epicor/Part") if row["IUM"] not in {"EA", ""}}
    held = {row["PartNum"] for row in town.state.select("epicor/PartWhse") if row["WarehouseCode"] == "D001"}
    sku = next(sku for sku in sorted(cased) if sku in held)
    [unit] = [
        row["ConvFactor"]
        for row in town.state.select("epicor/PartUOM")
        if (row["PartNum"], row["UOMCode"]) == (sku, cased[sku])
    ]
    before = town.pos_stock(sku, centre(town))
    town.plant.complete(town.plant.job(sku, 2, warehouse="D001"))
    town.news(PART, sku)
    assert town.pos_stock(sku, centre(town)) == before + 2 * unit


def test_what_the_shop_sold_is_not_taken_out_twice(town):
    """The pack lowers Epicor's stock; in the shop its invoice does, and nothing else may."""
    town.watch_stock()
    sku = stocked(town)
    order, number = town.placed((sku, 4, "20.00"), source_location_id=centre(town))
    before = town.pos_stock(sku, centre(town))
    pack = town.plant.ship(town.plant.pack(number, (1, 4)))
    town.news(PART, sku)
    town.news(PACK, pack)
    town.news(PART, sku)
    assert len(town.invoices(order)) == 1
    assert town.pos_stock(sku, centre(town)) == before - 4


def test_goods_that_went_from_the_job_to_the_customer_pass_through_the_shops_shelf(town):
    """The invoice takes them from a shelf that they never saw: they are put on it first."""
    town.watch_stock()
    sku = stocked(town)
    order, number = town.placed((sku, 4, "20.00"), source_location_id=centre(town))
    before = town.pos_stock(sku, centre(town))
    town.plant.complete(town.plant.job(sku, 4, number, warehouse="D001"))
    pack = town.plant.ship(town.plant.pack(number, (1, 4), from_job=True))
    town.news(PACK, pack)
    town.news(PACK, pack)
    assert len(town.invoices(order)) == 1
    assert town.pos_stock(sku, centre(town)) == before


def test_more_pieces_than_the_limit_wait_for_a_person(town):
    town.watch_stock()
    sku, place = stocked(town), centre(town)
    before = town.pos_stock(sku, place)
    town.plant.complete(town.plant.job(sku, 501, warehouse="D001"))
    town.news(PART, sku)
    assert town.states(f"item {sku} @ D001")[-1] == ("adjust_pos_stock", "waiting_approval")
    assert town.pos_stock(sku, place) == before


# the inbox


def test_events_of_the_erp_end_done_or_quiet_and_none_waits(town):
    order, number = two_lines(town)
    town.news(ORDER, number)
    town.news(PACK, town.plant.ship(town.plant.pack(number, (1, 5), (2, 2))))
    assert inbox.waiting(town.store) == 0
    assert {state for _, state in town.states(order)} == {"confirmed"}


# an order that the shop has not opened, or has cancelled


def test_a_pack_of_an_order_that_is_still_pending_in_the_shop_waits_until_the_shop_opened_it(town):
    order, number = town.placed((town.skus[0], 5, "20.00"), status="pending")
    assert town.orders(order)[0]["OrderHeld"]
    town.plant.change(number, OrderHeld=False)
    pack = town.plant.ship(town.plant.pack(number, (1, 5)))
    town.news(PACK, pack)
    [letter] = town.letters(f"erp_shipment {pack}")
    assert letter == (
        f"pack {pack} of sales order {number} has left, but {order} is pending in Heartland: open it there, and "
        "the pack is invoiced by itself; or take the pack back in Epicor"
    )
    assert town.invoices(order) == []
    town.hear(EDITED, order)
    assert town.letters(f"erp_shipment {pack}") == [letter]
    town.tick()
    town.pos.update(f"sales/orders/{order.split()[1]}", {"status": "open"})
    town.hear(EDITED, order)
    assert town.invoices(order) == [("complete", [pieces(town.skus[0], 5)])]
    assert town.letters(f"erp_shipment {pack}") == []


def test_an_order_that_is_opened_lets_go_of_its_own_packs_only(town):
    """Order 12 is no part of order 123, and of two orders that wait only the one that was opened goes on."""
    placed = [town.placed((town.skus[0], 1, "20.00"), status="pending") for _ in range(2)]
    packs = []
    for _, number in placed:
        town.plant.change(number, OrderHeld=False)
        packs.append(town.plant.ship(town.plant.pack(number, (1, 1))))
    town.news(PACK, *packs)
    (first, _), (other, _) = placed
    town.tick()
    town.pos.update(f"sales/orders/{first.split()[1]}", {"status": "open"})
    town.hear(EDITED, first)
    assert len(town.invoices(first)) == 1
    assert f"1 events of packs that waited for {first} to be opened are answered again" in town.story(first)
    assert town.invoices(other) == []
    assert len(town.letters(f"erp_shipment {packs[1]}")) == 1


def test_a_pack_of_an_order_that_the_shop_cancelled_is_no_invoice_and_a_person_reads_what_to_take_back(town):
    order, number = town.placed((town.skus[0], 5, "20.00"))
    pack = town.plant.pack(number, (1, 5))
    town.cancel(order)
    town.news(PACK, town.plant.ship(pack))
    [letter] = town.letters(f"erp_shipment {pack}")
    assert "has left, but" in letter
    assert "take the pack back in Epicor, or the goods back from the customer" in letter
    assert town.invoices(order) == []
