"""Epicor's counts reach the shop once, only where they are news, and never from a read that is not the latest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from he_sync.flows.stock import send, sets
from he_sync.model.retailer import StockOwner
from he_sync.sandbox.faults import Fault
from he_sync.stock.push import OLDEST
from he_sync.store import dead_letters, effects
from he_sync.store.effects import QUARANTINE
from tests.flows.desk import SECOND, Clock
from tests.flows.plant import PACK, PART, open_town
from tests.flows.stock_yard import CENTRE, People, open_yard

pytestmark = pytest.mark.usefixtures("desk")  # it ends the faults of a test


@pytest.fixture(scope="module")
def people(the_desk, tmp_path_factory):
    with open_yard(the_desk, tmp_path_factory.mktemp("yard")) as opened:
        opened.begin()
        opened.push()
        yield opened


def written(people):
    """Everything that anybody wrote into the shop."""
    return len(people.state.oracle("origin = 'api' AND collection LIKE 'heartland/inventory%'"))


def both(people, *skus, place=CENTRE):
    return [(people.pos_count(sku, place), people.erp_count(sku, place)) for sku in skus]


def letters(people):
    return {kept.letter.record: kept.letter.plain for kept in dead_letters.listing(people.yard.store)}


def test_only_what_is_news_is_written_and_the_same_push_again_writes_nothing(people):
    sku, quiet = (people.item(CENTRE, on_hand=10) for _ in range(2))
    people.push()
    people.receive(sku, CENTRE, 5)
    out = people.push()
    assert (out.news, out.lines, out.states) == (1, 1, {"confirmed": 1})
    assert both(people, sku, quiet) == [(15, 15), (10, 10)]
    before = written(people)
    assert people.push().news == 0
    assert written(people) == before


def test_a_plan_says_what_a_push_would_do_and_writes_nothing(people):
    sku = people.item(CENTRE, on_hand=10)
    people.receive(sku, CENTRE, 5)
    before = written(people)
    assert send.plan(people.yard).preview == [f"item {sku} @ D001: 10 -> 15 (+5)"]
    assert (written(people), effects.listing(people.yard.store, states=["planned"])) == (before, [])


def test_what_epicor_holds_for_orders_of_its_own_is_not_offered_by_the_shop(people):
    sku = people.item(CENTRE, on_hand=10)
    people.reserve(sku, CENTRE, 4)
    people.push()
    assert people.pos_count(sku, CENTRE) == 6


def test_what_moves_between_the_read_and_the_first_line_is_read_again_and_ends_right(people):
    """A unit is sold at the place itself after the plan was made: the plan refuses to go, its successor is right."""
    sku = people.item(CENTRE, on_hand=10)
    people.receive(sku, CENTRE, 5)
    sold = []

    def sell(_):
        if not sold:
            sold.append(people.sell(sku, CENTRE, 2))

    out = send.push(people.yard, "test", tell=sell)
    assert out.states["stale"] == 1
    assert out.held == {(sku, CENTRE): "the shop moved it and Epicor was not told yet"}
    assert both(people, sku) == [(8, 15)]
    people.book()
    people.push()
    assert both(people, sku) == [(13, 13)]


def test_a_plan_on_an_old_read_is_not_sent(people):
    sku = people.item(CENTRE, on_hand=10)
    people.receive(sku, CENTRE, 5)
    now = datetime.now(UTC)
    shut = {}
    some = sets.News(tuple(sets.news(people.yard, _targets(people, sku))), {sku: 10**12})
    made = sets.planned(people.yard, some, (), shut, now)
    [one] = made.plan.sets
    old = replace(one, read_at=now - OLDEST - timedelta(seconds=1))
    effect = sets.effect_of(old, people.yard.retailer, "2026-11-20")
    effects.plan(people.yard.store, [effect])
    before = written(people)
    people.desk.push(people.yard.store, Clock())
    [status] = effects.listing(people.yard.store, states=["rejected"])
    assert "too long ago" in status.reason
    assert written(people) == before


def _targets(people, sku):
    from he_sync.flows.stock import counts  # noqa: PLC0415 - one test's

    pages = counts.pages(people.yard.systems, people.yard.retailer, people.yard.policy, [sku])
    return [one for page in pages for one in page.targets]


@pytest.mark.parametrize("route", [r"adjustment_sets$", r"adjustment_sets/\d+/lines$", r"adjustment_sets/\d+$"])
def test_a_set_that_breaks_off_anywhere_moves_each_unit_once(people, route):
    skus = [people.item(CENTRE, on_hand=10) for _ in range(3)]
    for sku in skus:
        people.receive(sku, CENTRE, 5)
    clock = Clock()
    people.desk.sandbox.faults.set([Fault("lost_response", "heartland", "POST|PUT", route, remaining=1)])
    out = send.push(people.yard, "test", clock)
    assert out.states["doubtful"] == 1
    send.push(people.yard, "test", clock)
    clock.forward(QUARANTINE + SECOND)
    people.desk.push_until_quiet(people.yard.store, clock)
    assert both(people, *skus) == [(15, 15)] * 3
    assert [people.sets(sku) for sku in skus] == [1, 1, 1]
    assert people.push().lines == 0


def test_changes_over_the_limit_wait_for_a_person_and_the_others_go(people):
    big, small = (people.item(CENTRE, on_hand=10) for _ in range(2))
    people.receive(big, CENTRE, 501)
    people.receive(small, CENTRE, 2)
    out = send.push(people.yard.limited, "test")
    assert out.over == [f"item {big} @ D001: 10 -> 511 (+501)"]
    assert both(people, small) == [(12, 12)]
    people.push()
    assert both(people, big) == [(511, 511)]


# bad input: each record is named, the others go on


def test_each_bad_record_is_named_and_the_others_go_on(people):
    good = people.item(CENTRE, on_hand=10)
    bare = people.item(CENTRE, unit="BOX")
    lone, split = people.item(CENTRE, on_hand=3), people.item(CENTRE, on_hand=3)
    twin = people.item(CENTRE, on_hand=3)
    people.pos.create("items", {"public_id": twin, "description": "another", "price": 1})
    gone = people.state.get("heartland/items", people.ids[lone])
    people.state.put("heartland/items", people.ids[lone], {**gone, "public_id": "renamed"})
    people.receive(split, CENTRE, "0.5")
    _elsewhere(people, good)
    for sku in (good, lone, twin):
        people.receive(sku, CENTRE, 5)
    people.push()
    said = letters(people)
    assert both(people, good) == [(15, 15)]
    assert "BOX, which has no conversion" in said[f"part {bare}"]
    assert "no item of the shop" in said[f"item {lone} @ D001"]
    assert "3.5 there, 3 here, and the item is sold by whole units" in said[f"item {split} @ D001"]
    assert "one may be master" in said[f"item {twin}"]
    assert "W999 holds stock" in said["warehouse W999"]
    assert sum(record.startswith("warehouse") for record in said) == 1


def _elsewhere(people, sku):
    """Stock in a warehouse that the profile does not name."""
    row = people.state.get("epicor/PartWhse", f"EPIC06~{sku}~MfgSys~{CENTRE}")
    key = f"EPIC06~{sku}~MfgSys~W999"
    people.state.put("epicor/PartWhse", key, {**row, "WarehouseCode": "W999", "OnHandQty": 4}, f"EPIC06~{sku}")


def test_a_location_that_closes_while_it_is_synchronised_gets_nothing_and_is_named(people):
    sku = people.item(CENTRE, on_hand=10)
    people.receive(sku, CENTRE, 5)
    place = people.stores[CENTRE].location_id
    before, lines = people.state.get("heartland/locations", place), people.sets(sku)

    def close(_):
        people.state.put("heartland/locations", place, {**before, "active?": False})

    try:
        out = send.push(people.yard, "test", tell=close)
    finally:
        people.state.put("heartland/locations", place, before)
    assert (people.pos_count(sku, CENTRE), people.sets(sku), out.states["stale"]) == (10, lines, 1)
    assert "is closed in Heartland" in letters(people)[f"item {sku} @ D001"]
    people.push()
    assert both(people, sku) == [(15, 15)]


def test_an_item_deleted_while_it_is_synchronised_is_named_and_the_rest_of_its_set_goes(people):
    gone, good = (people.item(CENTRE, on_hand=10) for _ in range(2))
    for sku in (gone, good):
        people.receive(sku, CENTRE, 5)
    send.push(people.yard, "test", tell=lambda _: people.state.delete("heartland/items", people.ids[gone]))
    assert both(people, good) == [(15, 15)]
    assert "no item of the shop" in letters(people)[f"item {gone} @ D001"]


def test_who_owns_a_count_is_asked_again_when_it_is_written(people):
    """The profile gives the class to the shop between the plan and the push."""
    sku = people.item(CENTRE, on_hand=10)
    people.receive(sku, CENTRE, 5)
    [one] = sets.planned(
        people.yard, sets.News(tuple(_targets(people, sku)), {sku: 10**12}), (), {}, datetime.now(UTC)
    ).plan.sets
    effects.plan(people.yard.store, [sets.effect_of(one, people.yard.retailer, "2026-11-20")])
    theirs = people.yard.retailer.model_copy(
        update={"stock_owners": (StockOwner(owner="heartland", classes=("RTL",)),)}
    )
    changed = replace(people.yard, retailer=theirs)
    out = send.push(changed, "test")
    assert (out.states["stale"], out.lines, people.pos_count(sku, CENTRE)) == (1, 0, 10)


# beside the event path


@pytest.fixture
def town(desk, tmp_path, clock):
    with open_town(desk, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def plant(town):
    """The people of a town whose events are answered too."""
    people = People(town.desk, sets.Yard(town.desk.systems, town.store, town.desk.retailer, sets.Policy()))
    people.begin()
    people.push()
    return people


def test_a_movement_that_a_count_holds_is_not_told_again_by_its_event(town, plant):
    sku = plant.item(CENTRE, on_hand=10)
    plant.receive(sku, CENTRE, 5)
    plant.push()
    for _ in range(2):
        town.news(PART, sku)
    assert both(plant, sku) == [(15, 15)]
    assert {state for _, state in town.states(f"item {sku} @ D001")} == {"withdrawn"}


def test_a_movement_that_its_event_told_is_not_in_the_count_once_more(town, plant):
    sku = plant.item(CENTRE, on_hand=10)
    plant.push()
    plant.receive(sku, CENTRE, 5)
    town.news(PART, sku)
    assert both(plant, sku) == [(15, 15)]
    out = plant.push()
    assert (out.lines, out.equal) == (0, 1)


def test_a_movement_on_its_way_holds_the_count_back(town, plant):
    sku = plant.item(CENTRE, on_hand=10)
    plant.push()
    plant.receive(sku, CENTRE, 501)
    town.news(PART, sku)
    assert "waiting approval" in plant.push().held[sku, CENTRE]
    [waiting] = [one for one in town.told(f"item {sku} @ D001") if one.state == "waiting_approval"]
    effects.approve(town.store, waiting.effect.key, "dana")
    town.drain()
    assert plant.push().lines == 0
    assert both(plant, sku) == [(511, 511)]


def test_a_pack_that_left_and_is_not_invoiced_in_the_shop_is_not_given_back(town, plant):
    sku = plant.item(CENTRE, on_hand=10)
    plant.push()
    town.items[sku] = plant.ids[sku]
    _, number = town.placed((sku, 4, "20.00"), source_location_id=plant.stores[CENTRE].location_id)
    pack = town.plant.ship(town.plant.pack(number, (1, 4)))
    assert f"pack {pack} of order" in plant.push().held[sku, CENTRE]
    assert plant.pos_count(sku, CENTRE) == 10
    town.news(PACK, pack)
    assert plant.push().lines == 0
    assert both(plant, sku) == [(Decimal(6), Decimal(6))]
