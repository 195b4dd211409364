"""The flows by day and the close by night share one memory: the night finds their work done and repeats none."""

from collections import Counter
from datetime import date

import pytest

from he_sync.flows import close, night
from he_sync.mapping.epicor import owner_of
from he_sync.store import effects
from he_sync.store.lake import Lake
from tests.flows.desk import DAY
from tests.flows.shop import PLACED, SALE, number_of, open_shop

MISSING = "order_missing_in_erp"


@pytest.fixture
def shop(desk, tmp_path, clock):
    with open_shop(desk, tmp_path, clock) as opened:
        yield opened


def missing(shop):
    """Sales of the day that have no order in Epicor."""
    there = {owner_of(row.get("PONum") or "") for row in shop.state.select("epicor/OrderHed")}
    orders = [f"order {row['id']}" for row in shop.state.select("heartland/sales/orders")]
    tickets = [f"ticket {row['id']}" for row in shop.state.select("heartland/sales/tickets") if row["type"] == "Ticket"]
    return [(PLACED if one.startswith("order") else SALE, one) for one in orders + tickets if one not in there]


def on_the_day(shop, lines):
    """An order that the shop took on the day that is closed."""
    order = shop.order(lines)
    made = {**shop.document(order), "created_at": f"{DAY}T18:00:00+00:00"}
    shop.state.put("heartland/sales/orders", number_of(order), made)
    return order


def test_the_close_finds_no_missing_order_after_the_flows_and_plans_none_twice(shop, tmp_path):
    office = night.Office(shop.desk.systems, shop.store, Lake(tmp_path / "lake"), shop.desk.retailer)
    day = date.fromisoformat(DAY)
    large = on_the_day(shop, [(shop.skus[0], 400, "20.00")])
    night.compare_day(office, day)
    before = Counter(one.klass for one in close.differences(office.lake, DAY) if one.leg == "orders")
    assert before[MISSING] > 1
    for topic, entity in missing(shop):
        shop.tell(topic, entity)
    shop.drain()
    made = {one.effect.entity: one.state for one in creates(shop)}
    assert made[large] == "waiting_approval"
    waiting = {entity for entity, state in made.items() if state != "confirmed"}
    night.compare_day(office, day)
    found = [one for one in close.differences(office.lake, DAY) if one.leg == "orders"]
    assert {one.subject for one in found if one.klass == MISSING} == waiting
    assert Counter(one.klass for one in found) - Counter({MISSING: len(waiting)}) == before - Counter({MISSING: 99})
    close.plan(shop.store, office.lake, DAY, shop.desk.retailer)
    assert Counter(one.effect.entity for one in creates(shop)) == Counter(made.keys())


def creates(shop):
    return [one for one in effects.listing(shop.store) if one.effect.kind == "create_sales_order"]


def test_what_the_night_planned_first_is_the_flows_order_too(shop, tmp_path):
    """The same key: whoever comes second finds it planned, confirmed and told back."""
    office = night.Office(shop.desk.systems, shop.store, Lake(tmp_path / "lake"), shop.desk.retailer)
    order = on_the_day(shop, [(shop.skus[0], 2, "20.00")])
    night.compare_day(office, date.fromisoformat(DAY))
    close.plan(shop.store, office.lake, DAY, shop.desk.retailer)
    assert ("create_sales_order", "planned") in shop.states(order)
    shop.hear(PLACED, order)
    assert Counter(shop.states(order)) == Counter([("create_sales_order", "confirmed"), ("confirm_order", "confirmed")])
    assert len(shop.orders(order)) == 1
