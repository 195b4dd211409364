"""Yesterday's backup is restored while both systems have moved on: nothing is there twice, everything is caught up."""

from collections import Counter
from datetime import timedelta

import pytest

from he_sync.flows.push import PAUSE_SECONDS
from he_sync.mapping.epicor import po_number
from he_sync.sandbox.faults import Fault
from he_sync.store import audit, effects, inbox
from he_sync.store.backup import DEED
from tests.backup.lost_day import (
    PATIENCE,
    LostDay,
    caught_up,
    create,
    differences,
    open_town,
    place_of,
    poll,
    restored,
    written,
)
from tests.flows.shop import PLACED


@pytest.fixture(params=["sqlite", "postgres"])
def addresses(request, tmp_path):
    """Where the first store is, and where the restored one will be."""
    if request.param == "sqlite":
        return tmp_path / "first" / "he_sync.db", tmp_path / "second" / "he_sync.db"
    return request.getfixturevalue("two_databases")


def test_a_restored_store_finds_what_it_forgot_and_writes_nothing_twice(desk, kinetic, tmp_path, addresses):
    town = open_town(desk, addresses[0], kinetic)
    place = place_of(tmp_path / "first", town)
    day = LostDay(town)
    create(town, place)
    day.goes_on()
    before = written(desk)
    town.store.close()
    day.nobody_listens()

    again = restored(town, place, tmp_path / "second", addresses[1])
    day.town = again
    found = caught_up(again)

    assert found.problems == []
    news = written(desk) - before
    assert news == Counter(("epicor/OrderHed", po_number(entity)) for entity in (day.late, day.unheard))
    assert [name for name, times in written(desk).items() if times > 1] == []
    for order in day.orders:
        if order != day.cancelled:
            assert again.erp_total(order) == again.pos_total(order), order
    assert again.orders(day.cancelled) == []
    assert len(again.orders(day.cancelled, void=True)) == 1
    for entity in (*day.orders, day.ticket, day.back, day.sold, day.unheard):
        assert {state for _, state in again.states(entity)} == {"confirmed"}, entity
    assert differences(again, tmp_path) == []
    assert not inbox.waiting(again.store)
    assert effects.listing(again.store, states=("planned", "intent", "doubtful")) == []
    assert audit.first_broken(again.store) is None
    assert [row.action for row in audit.entries(again.store, "store")] == [DEED, "store caught up"]
    again.store.close()


def test_what_the_lost_store_sent_last_may_land_after_the_restore_and_is_still_written_once(desk, kinetic, tmp_path):
    """The request is on its way when the store is lost, and is committed when the restored one is up already."""
    town = open_town(desk, tmp_path / "first" / "he_sync.db", kinetic)
    place = place_of(tmp_path / "first", town)
    town.tick()
    poll(town)
    create(town, place)
    order = town.order()
    desk.sandbox.faults.set([Fault("late_landing", "epicor", "POST", "SalesOrders$", remaining=1, seconds=3)])
    town.hear(PLACED, order)
    for _ in range(PATIENCE):
        if town.states(order)[0][1] == "doubtful":
            break
        town.clock.forward(timedelta(seconds=PAUSE_SECONDS))
        town.drain()
    assert town.states(order)[0] == ("create_sales_order", "doubtful")
    town.store.close()

    again = restored(town, place, tmp_path / "second", tmp_path / "second" / "he_sync.db")
    poll(again)
    assert again.drain().held
    desk.settle()
    caught_up(again)
    assert len(again.orders(order)) == 1
    assert again.states(order)[0] == ("create_sales_order", "confirmed")
    again.store.close()
