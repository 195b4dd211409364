"""What only a person can put in place at the other side stops the flow that needs it, and none of its records."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest

from he_sync.sandbox.faults import Fault
from he_sync.store import dead_letters, inbox
from he_sync.store.inbox import MOST_FAILURES
from tests.flows.plant import ORDER, open_town
from tests.flows.shop import PLACED

QUERY = "HeSync_OrderJobs"
MANY = 1_000
HALF_A_MINUTE = timedelta(seconds=31)


@pytest.fixture
def town(desk, tmp_path, clock):
    with open_town(desk, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def orders(town):
    """Three orders in Epicor of which the shop was told nothing yet; (entity, number)."""
    return [town.placed() for _ in range(3)]


@contextmanager
def without(town, query=QUERY):
    """Nobody imported the query."""
    town.desk.sandbox.faults.set([Fault("error_before", "epicor", "GET", query, status=404, remaining=MANY)])
    yield
    town.desk.sandbox.faults.set([])


def waiting(town):
    return [kept for kept in inbox.listing(town.store, "new") if kept.event.address == ORDER]


def announce(town, orders):
    for _, number in orders:
        town.tell(ORDER, f"erp_order {number}")
    return town.drain()


@pytest.mark.parametrize("query", [QUERY, "HeSync_OrderPacks"])
def test_a_missing_query_stops_its_flow_and_no_record_is_parked(town, orders, query):
    with without(town, query):
        done = announce(town, orders)
    assert not done.alarm
    assert dead_letters.listing(town.store) == []
    assert [kept.failures for kept in waiting(town)] == [0, 0, 0]
    told = f"Epicor has no query {query}; import it as docs/operations.md says"
    assert all(kept.note.startswith(told) for kept in waiting(town))
    stopped = [batch for batch in town.batches if batch.stopped]
    assert {batch.flow for batch in stopped} == {"fulfilment_status"}
    assert query in stopped[0].stopped


def test_the_flow_goes_on_by_itself_when_the_query_is_there(town, orders):
    with without(town):
        announce(town, orders)
    town.clock.forward(HALF_A_MINUTE)
    town.drain()
    assert [town.says(order)["status"] for order, _ in orders] == ["Pending"] * 3
    assert waiting(town) == []


def test_however_long_it_lasts_nothing_is_worn_out(town, orders):
    with without(town):
        announce(town, orders)
        for _ in range(MOST_FAILURES + 5):
            town.clock.forward(HALF_A_MINUTE)
            town.drain()
        assert [(kept.failures, kept.event.attempts) for kept in waiting(town)] == [(0, 0)] * 3
    town.clock.forward(HALF_A_MINUTE)
    town.drain()
    assert waiting(town) == []


def test_the_other_flows_go_on_meanwhile(town, orders):
    with without(town):
        announce(town, orders)
        order = town.order()
        town.hear(PLACED, order)
        assert town.orders(order)


def test_the_query_is_asked_for_once_and_not_for_every_micro_batch_of_a_backlog(town, orders):
    later = [number for _, number in orders[1:]]

    def another(_batch):
        if later:
            town.tell(ORDER, f"erp_order {later.pop()}")

    with without(town):
        town.tell(ORDER, f"erp_order {orders[0][1]}")
        town.drain(observe=another)
        [rule] = town.desk.sandbox.faults.rules()
    assert len(waiting(town)) == 3
    assert MANY - rule.remaining == 1
