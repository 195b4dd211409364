"""Edits that follow one another quickly, over HTTP: Epicor ends as the shop is, and nobody is asked for nothing."""

from collections import Counter
from datetime import timedelta

import pytest

from he_sync.sandbox.faults import Fault
from he_sync.store import effects
from he_sync.store.effects import QUARANTINE
from tests.flows.plant import open_town
from tests.flows.shop import CANCELLED, EDITED, PLACED, number_of, open_shop, prices

LATER, MINUTE = QUARANTINE + timedelta(seconds=1), timedelta(minutes=1)
CHANGE, CANCEL = "change_sales_order", "cancel_sales_order"


@pytest.fixture
def shop(desk, tmp_path, clock):
    with open_shop(desk, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def made(shop):
    """An order that stands in Epicor."""
    order = shop.order([(shop.skus[0], 2, "20.00")])
    shop.hear(PLACED, order)
    return order


def faulty(shop, name, **more):
    fault = Fault(name, "epicor", "PATCH", r"OrderDtls\(", remaining=1, **more)
    shop.desk.sandbox.faults.set([fault])


def changes(shop, order):
    return Counter(state for kind, state in shop.states(order) if kind in {CHANGE, CANCEL})


@pytest.mark.parametrize("name", ["lost_request", "lost_response", "error_after"])
def test_an_edit_while_the_one_before_is_in_doubt_is_decided_when_that_is_settled(shop, clock, made, name):
    """The second would be planned from an order that still shows the first price, and be refused as a conflict."""
    faulty(shop, name)
    shop.set_line(made, qty=3)
    shop.hear(EDITED, made)
    assert changes(shop, made) == Counter(doubtful=1)
    shop.set_line(made, qty=4)
    shop.hear(EDITED, made)
    assert changes(shop, made) == Counter(doubtful=1)
    for _ in range(3):
        clock.forward(LATER)
        shop.drain()
    assert changes(shop, made) == Counter(confirmed=2)
    assert shop.erp_lines(made) == prices((shop.skus[0], 4, "20.00"))


def test_an_edit_before_the_one_before_it_left_replaces_it(shop, clock, made):
    faulty(shop, "throttle", retry_after="30")
    shop.set_line(made, qty=3)
    shop.hear(EDITED, made)
    assert changes(shop, made) == Counter(planned=1)
    shop.set_line(made, qty=4)
    shop.hear(EDITED, made)
    clock.forward(MINUTE)
    shop.drain()
    assert changes(shop, made) == Counter(withdrawn=1, confirmed=1)
    assert shop.erp_lines(made) == prices((shop.skus[0], 4, "20.00"))


def test_an_edit_that_is_undone_before_it_left_is_withdrawn_and_nothing_is_sent(shop, clock, made):
    faulty(shop, "throttle", retry_after="30")
    shop.set_line(made, qty=3)
    shop.hear(EDITED, made)
    shop.set_line(made, qty=2)
    shop.hear(EDITED, made)
    clock.forward(MINUTE)
    before = shop.desk.calls("epicor", "PATCH", "OrderDtls")
    shop.drain()
    assert changes(shop, made) == Counter(withdrawn=1)
    assert shop.desk.calls("epicor", "PATCH", "OrderDtls") == before
    shop.set_line(made, qty=3)
    shop.hear(EDITED, made)
    assert changes(shop, made) == Counter(withdrawn=1, confirmed=1)


def test_an_order_that_is_no_longer_in_epicor_is_a_persons_question_when_it_changes(shop, made):
    [erp] = shop.orders(made)
    shop.state.delete("epicor/OrderHed", f"EPIC06~{erp['OrderNum']}")
    shop.set_line(made, qty=3)
    shop.hear(EDITED, made)
    assert shop.inbox(made) == Counter(done=1, parked=1)
    [letter] = shop.letters(made)
    assert f"sales order {erp['OrderNum']} is no longer in Epicor" in letter


# what waits for a person


@pytest.fixture
def town(desk, tmp_path, clock):
    with open_town(desk, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def shipped(town):
    """An order of two lines of which the first has left in part."""
    one, two = town.skus[:2]
    order, number = town.placed((one, 4, "20.00"), (two, 3, "8.00"))
    town.plant.ship(town.plant.pack(number, (1, 2)))
    return order


def test_a_newer_edit_takes_the_place_of_the_one_that_waits_for_a_person_and_shows_the_whole_difference(town, shipped):
    town.set_line(shipped, 0, qty=1)
    town.hear(EDITED, shipped)
    town.set_line(shipped, 1, qty=5)
    town.hear(EDITED, shipped)
    assert changes(town, shipped) == Counter(withdrawn=1, waiting_approval=1)
    diff = {row["what"]: (row["old"], row["new"]) for row in town.told(shipped)[-1].effect.body["diff"]}
    assert diff[f"line of {town.skus[0]}, quantity"] == ("4", "1")
    assert diff[f"line of {town.skus[1]}, quantity"] == ("3", "5")
    assert effects.approve(town.store, town.told(shipped)[-1].effect.key, "dana")
    town.drain()
    assert town.erp_lines(shipped) == prices((town.skus[0], 4, "20.00"), (town.skus[1], 5, "8.00"))


def test_a_cancellation_that_waits_is_withdrawn_when_the_shop_takes_it_back_and_no_second_order_is_made(town, shipped):
    """The sandbox's Heartland opens no void order; whether the real one does is not known."""
    before = town.document(shipped)
    town.cancel(shipped)
    town.hear(CANCELLED, shipped)
    assert changes(town, shipped) == Counter(waiting_approval=1)
    town.tick()
    again = {**before, "updated_at": town.state.now().isoformat()}
    town.state.put("heartland/sales/orders", number_of(shipped), again)
    town.hear(EDITED, shipped)
    assert changes(town, shipped) == Counter(withdrawn=1)
    assert [state for kind, state in town.states(shipped) if kind == "create_sales_order"] == ["confirmed"]
    assert len(town.orders(shipped)) == 1
