"""The night corrects no difference that is nothing but a movement which one side has and the other will be told."""

from datetime import UTC, date, datetime

import pytest

from he_sync.flows import close
from he_sync.flows.compare import as_frame
from he_sync.flows.pull import pull
from he_sync.flows.sources import SOURCES, Ask
from he_sync.flows.stock.night import NOT_READ, PULLS, catch_up, moving
from he_sync.model.contract import frame
from he_sync.model.difference import Difference
from he_sync.model.product import Products
from he_sync.store.lake import Lake
from tests.flows.stock_yard import CENTRE, open_yard

pytestmark = pytest.mark.usefixtures("desk")  # it ends the faults of a test
SHOP, DAY = "S001", date(2026, 11, 20)


@pytest.fixture
def people(the_desk, tmp_path):
    with open_yard(the_desk, tmp_path) as opened:
        opened.begin()
        yield opened


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


def look(people, lake):
    """What the night reads of stock."""
    for name in PULLS:
        pull(SOURCES[name], Ask(people.yard.systems, people.yard.retailer, DAY), lake)


def corrected(people, lake, sku):
    """The night's plan of one drift: three too many in the ERP of what the shop has. Gives (planned, held)."""
    subject = f"item {sku} @ {SHOP}"
    drift = Difference(
        DAY.isoformat(), "inv_quantity_drift", subject, SHOP, 0, -3000, "POS 17, ERP 20", "adjust_erp_stock"
    )
    row = {"side": "epicor", "sku": sku, "item_id": 0, "description": sku, "unit": "EA", "factor": 1}
    lake.write("canonical", "products", DAY.isoformat(), frame(Products, [{**row, "price_minor": 1, "active": True}]))
    lake.write("reconcile", "inventory", DAY.isoformat(), as_frame([drift]))
    done = close.plan(people.yard.store, lake, DAY.isoformat(), people.yard.retailer)
    return done.new, [one.entity for one in done.held]


def test_a_sale_that_is_not_booked_yet_is_no_drift_to_correct(people, lake):
    sku = people.item(SHOP, on_hand=20)
    subject = f"item {sku} @ {SHOP}"
    people.sell(sku, SHOP, 3)
    look(people, lake)
    assert moving(people.yard.store, lake, DAY.isoformat(), [subject]) == {subject: NOT_READ}
    catch_up(people.yard, datetime.now(UTC))
    assert "Epicor may not have counted it" in moving(people.yard.store, lake, DAY.isoformat(), [subject])[subject]
    assert corrected(people, lake, sku) == (0, [subject])
    people.book()
    look(people, lake)
    catch_up(people.yard, datetime.now(UTC))
    assert corrected(people, lake, sku) == (1, [])


def test_a_count_that_was_sent_after_the_night_looked_is_left_alone(people, lake):
    sku = people.item(CENTRE, on_hand=20)
    subject = f"item {sku} @ {CENTRE}"
    people.receive(sku, CENTRE, 5)
    look(people, lake)
    people.push()
    catch_up(people.yard, datetime.now(UTC))
    assert moving(people.yard.store, lake, DAY.isoformat(), [subject]) == {
        subject: "a set of it was sent since it was read"
    }


def test_where_nothing_was_ever_booked_the_night_does_as_it_did(the_desk, tmp_path, lake):
    with open_yard(the_desk, tmp_path / "new") as people:
        sku = people.item(SHOP, on_hand=20)
        people.sell(sku, SHOP, 3)
        look(people, lake)
        assert catch_up(people.yard, datetime.now(UTC)).taken == 0
        assert corrected(people, lake, sku) == (1, [])
