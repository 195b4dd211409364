"""What the shop moves is booked in Epicor once, by who owns what, whatever is read late or twice."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from he_sync.flows.stock import book
from he_sync.model.retailer import Retailer, StockOwner
from he_sync.store import dead_letters, effects, movements
from tests.flows.desk import Clock
from tests.flows.stock_yard import CENTRE, open_yard

SHOP, OTHER = "S001", "S002"


pytestmark = pytest.mark.usefixtures("desk")  # it ends the faults of a test


@pytest.fixture(scope="module")
def people(the_desk, tmp_path_factory):
    with open_yard(the_desk, tmp_path_factory.mktemp("yard")) as opened:
        opened.begin()
        opened.push()
        yield opened


def letters(people):
    return {kept.letter.record: kept.letter.plain for kept in dead_letters.listing(people.yard.store)}


def booked(people, sku):
    """What Epicor has of an item at each place, by movements that carry our mark."""
    rows = [row for row in people.state.select("epicor/PartTran") if row["PartNum"] == sku]
    return [(row["WareHouseCode"], row["TranQty"]) for row in rows if row["TranReference"].startswith("HE ")]


def test_sales_transfers_and_counts_are_booked_once_however_often_the_ledger_is_read(people):
    sku = people.item(SHOP, OTHER, CENTRE, on_hand=20)
    people.sell(sku, SHOP, 3)
    people.transfer(sku, SHOP, OTHER, 4)
    people.transfer(sku, CENTRE, SHOP, 5)
    people.count(sku, OTHER, 21)
    people.book()
    assert people.book().taken == 0
    assert sorted(booked(people, sku)) == [("D001", -5), ("S001", -2), ("S002", -3), ("S002", 4)]
    for place in (SHOP, OTHER, CENTRE):
        assert people.pos_count(sku, place) == people.erp_count(sku, place)


def test_the_first_look_books_nothing_of_what_was_before(people, desk, tmp_path):
    sku = people.item(SHOP, on_hand=20)
    people.sell(sku, SHOP)
    with open_yard(desk, tmp_path) as late:
        assert late.book().taken == 0
        people.sell(sku, SHOP, 2)
        assert [one.body["delta"] for one in late.book().effects] == [Decimal(-2)]
    people.book()


def test_what_epicor_moves_itself_is_left_to_it(people):
    """A return comes with a receipt of its own in Epicor; a ticket that was voided has nothing of the kind."""
    sku = people.item(SHOP, on_hand=20)
    people.sell(sku, SHOP, -2)
    ticket = people.sell(sku, SHOP, 3)
    people.book()
    people.pos.update(f"sales/tickets/{ticket}", {"voided": True})
    out = people.book()
    assert booked(people, sku) == [("S001", -3), ("S001", 3)]
    assert [one.summary for one in out.effects] == [f"item {sku} @ S001: +3 by Ticket {ticket}"]


def test_a_count_of_the_shop_where_epicor_owns_it_is_named_not_booked_and_put_back(people):
    sku = people.item(CENTRE, on_hand=20)
    people.push()
    people.count(sku, CENTRE, 18)
    people.book()
    assert booked(people, sku) == []
    assert any(f"counts {sku} at D001, whose count Epicor owns" in text for text in letters(people).values())
    people.push()
    assert people.pos_count(sku, CENTRE) == people.erp_count(sku, CENTRE) == 20


def test_who_owns_a_count_is_asked_again_when_it_is_booked(people):
    sku = people.item(SHOP, on_hand=20)
    people.count(sku, SHOP, 18)
    book.take(people.yard, datetime.now(UTC))
    owners = (StockOwner(owner="epicor", classes=("RTL",), stores=(SHOP,)),)
    theirs = people.yard.retailer.model_copy(update={"stock_owners": owners})
    book.push(replace(people.yard, retailer=theirs), "test")
    [status] = effects.listing(people.yard.store, entity=f"item {sku} @ S001")
    assert (status.state, booked(people, sku)) == ("rejected", [])
    assert "epicor owns its count" in status.reason


def test_each_bad_movement_is_named_waits_alone_and_goes_once_it_is_mended(people):
    good, bare, lone, split = (
        people.item(SHOP, on_hand=20),
        people.item(SHOP, on_hand=20, unit="BOX"),
        people.item(SHOP, on_hand=20, part=False),
        people.item(SHOP, on_hand=20, allow_fractional_qty=True),
    )
    for sku in (good, bare, lone):
        people.sell(sku, SHOP, 2)
    people.count(split, SHOP, Decimal("19.5"))
    people.pos.update(f"items/{people.ids[split]}", {"allow_fractional_qty": False})
    people.book()
    said = " ".join(letters(people).values())
    assert booked(people, good) == [("S001", -2)]
    for text in (
        "BOX, which has no conversion",
        f"item {lone} is no part of Epicor",
        f"-0.5 of {split}, which is sold",
    ):
        assert text in said
    assert [booked(people, sku) for sku in (bare, lone, split)] == [[], [], []]
    people.part(lone)
    people.pos.update(f"items/{people.ids[split]}", {"allow_fractional_qty": True})
    people.book()
    assert (booked(people, lone), booked(people, split)) == ([("S001", -2)], [("S001", Decimal("-0.5"))])
    assert people.book().booked == 0


def test_a_place_that_the_profile_does_not_name_is_an_exception_and_the_others_go_on(people):
    sku = people.item(SHOP, OTHER, on_hand=20)
    people.sell(sku, SHOP)
    people.sell(sku, OTHER)
    known = people.yard.retailer.model_dump()
    fewer = Retailer.model_validate({**known, "stores": [one for one in known["stores"] if one["code"] != OTHER]})
    book.push(replace(people.yard, retailer=fewer), "test")
    assert booked(people, sku) == [("S001", -1)]
    assert f"location {people.stores[OTHER].location_id}, no place of the profile" in " ".join(letters(people).values())
    people.book()
    assert sorted(booked(people, sku)) == [("S001", -1), ("S002", -1)]


def test_an_item_deleted_in_the_shop_leaves_its_movement_to_a_person(people):
    gone, good = (people.item(SHOP, on_hand=20) for _ in range(2))
    for sku in (gone, good):
        people.sell(sku, SHOP)
    people.state.delete("heartland/items", people.ids[gone])
    people.book()
    assert (booked(people, gone), booked(people, good)) == ([], [("S001", -1)])
    assert any(f"item {people.ids[gone]} is gone from Heartland" in text for text in letters(people).values())


def test_a_movement_that_becomes_visible_behind_a_later_one_is_booked_too(people):
    """Two tills commit out of order: id 7 is seen after id 8."""
    sku = people.item(SHOP, on_hand=20)
    people.sell(sku, SHOP)
    late = people.state.select("heartland/inventory/transactions", order="key DESC", limit=1)[0]
    people.sell(sku, SHOP, 2)
    people.state.delete("heartland/inventory/transactions", late["id"])
    people.book()
    people.state.put("heartland/inventory/transactions", late["id"], late)
    people.book()
    assert booked(people, sku) == [("S001", -2), ("S001", -1)]


def test_what_epicor_refuses_holds_up_its_item_alone_and_is_not_booked_twice(people):
    sku, good = (people.item(SHOP, on_hand=1) for _ in range(2))
    people.desk.sandbox.state.set_setting("switch.epicor.negative_stock", "Stop")
    try:
        people.sell(sku, SHOP, 3)
        people.sell(good, SHOP, 1)
        people.book()
        assert (booked(people, sku), booked(people, good)) == ([], [("S001", -1)])
    finally:
        people.desk.sandbox.state.set_setting("switch.epicor.negative_stock", "Warn")
    [status] = effects.listing(people.yard.store, entity=f"item {sku} @ S001")
    assert "negative" in status.reason
    effects.release(people.yard.store, status.effect.key, "dana", "counted again")
    people.desk.push(people.yard.store, Clock())
    assert booked(people, sku) == [("S001", -3)]
    assert movements.unsettled(people.yard.store, [sku]) == []
