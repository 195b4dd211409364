"""The drain over HTTP: one at a time, nothing lost whatever fails, orders before reports, cheap while it idles."""

import sqlite3
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from he_sync.flows.commit import Overtaken, answers, commit
from he_sync.flows.drain import ENTITIES, drain
from he_sync.flows.push import wall_clock
from he_sync.flows.run import run_all
from he_sync.sandbox.faults import Fault
from he_sync.store import applied, effects, inbox, lanes
from he_sync.store.database import open_store
from he_sync.store.effects import QUARANTINE
from he_sync.store.watch import due
from tests.flows.shop import CANCELLED, EDITED, PLACED, SALE, Shop, open_shop

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(desk, tmp_path, clock):
    with open_shop(desk, tmp_path, clock) as opened:
        yield opened


def until(happened, seconds=10.0):
    """Wait on a condition, never on time alone."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


# one at a time


def test_a_second_drain_leaves_at_once_while_the_first_has_the_lane(shop, clock):
    order = shop.order()
    shop.tell(PLACED, order)
    assert lanes.take(shop.store, "drain", "the first", 30, clock()) is not None
    assert shop.drain().held
    assert shop.inbox(order) == Counter(new=1)
    clock.forward(MINUTE)
    assert not shop.drain().held
    assert len(shop.orders(order)) == 1


def test_a_lingering_drain_answers_an_event_that_comes_while_it_idles_and_lets_go_when_told(shop):
    ended, seen = [], []

    def linger():
        seen.append(
            drain(shop.works, "lingers", linger_seconds=60, stop=lambda: bool(ended), observe=shop.batches.append)
        )

    thread = Thread(target=linger)
    thread.start()
    try:
        until(lambda: lanes.held(shop.store, "drain", wall_clock()))
        order = shop.order()
        shop.tell(PLACED, order)
        until(lambda: shop.states(order) == [("create_sales_order", "confirmed"), ("confirm_order", "confirmed")])
        until(lambda: shop.batches and shop.batches[0].latencies)
        assert 0 < shop.batches[0].latencies[0] < 10
    finally:
        ended.append(True)
        thread.join(30)
    assert seen[0].events == Counter(done=1)
    assert not lanes.held(shop.store, "drain", wall_clock())


def test_an_idle_drain_writes_nothing_to_the_store(shop, tmp_path):
    """Another connection sees no commit for as long as it idles; the receiver's commits never wait for it."""
    ended, looks = [], []

    def look():
        looks.append(1)
        return bool(ended)

    thread = Thread(target=drain, args=(shop.works, "idles"), kwargs={"linger_seconds": 60, "stop": look})
    thread.start()
    try:
        until(lambda: len(looks) > 5)
        with closing(sqlite3.connect(tmp_path / "he_sync.db")) as other:
            before = other.execute("PRAGMA data_version").fetchone()
            first = len(looks)
            until(lambda: len(looks) > first + 15)
            assert other.execute("PRAGMA data_version").fetchone() == before
    finally:
        ended.append(True)
        thread.join(30)


def test_what_waits_for_a_person_wakes_no_drain_and_what_a_person_let_go_does(shop, clock):
    order = shop.order([(shop.skus[0], 400, "20.00")])
    assert not due(shop.store, clock())
    shop.tell(PLACED, order)
    assert due(shop.store, clock())
    shop.drain()
    assert shop.states(order) == [("create_sales_order", "waiting_approval"), ("confirm_order", "planned")]
    assert not due(shop.store, clock())
    assert effects.approve(shop.store, shop.told(order)[0].effect.key, "dana")
    assert due(shop.store, clock())
    shop.drain()
    assert not due(shop.store, clock())


def test_the_drain_is_the_same_on_postgres(desk, clock, postgres_url):
    with open_store(postgres_url) as store:
        shop = Shop(desk, store, clock)
        orders = [shop.order(customer=shop.customer()), shop.order([(shop.skus[0], 400, "20.00")])]
        shop.hear(PLACED, *orders)
        assert [len(shop.orders(order)) for order in orders] == [1, 0]
        assert not due(store, clock())
        shop.set_line(orders[1], qty=2)
        shop.hear(EDITED, *orders)
        assert [shop.erp_total(order) for order in orders] == [shop.pos_total(order) for order in orders]


# what fails


READS = (r"sales/orders", r"PartSvc/Parts$", r"CustomerSvc/Customers$", r"/customers$")


@pytest.mark.parametrize("name", ["throttle", "error_before", "lost_request", "truncated_body"])
@pytest.mark.parametrize("route", READS)
def test_reads_that_fail_for_a_while_lose_nothing_and_double_nothing(shop, route, name):
    orders = [shop.order(customer=shop.customer()) for _ in range(2)]
    for order in orders:
        shop.tell(PLACED, order)
    shop.desk.sandbox.faults.set([Fault(name, ".*", "GET", route, remaining=2)])
    drained = shop.drain(now=wall_clock, linger_seconds=5, stop=lambda: sum(map(len, map(shop.told, orders))) == 4)
    shop.drain(now=wall_clock)
    assert drained.problems
    assert [len(shop.orders(order)) for order in orders] == [1, 1]


def test_refused_credentials_stop_the_drain_with_an_alarm_and_the_event_waits(shop, clock):
    order = shop.order()
    shop.tell(PLACED, order)
    shop.desk.sandbox.faults.set([Fault("error_before", "heartland", "GET", r"sales/orders", remaining=1, status=401)])
    drained = shop.drain()
    assert "the drain stopped, nothing is lost" in drained.alarm
    assert shop.inbox(order) == Counter(new=1)
    clock.forward(MINUTE)
    shop.drain()
    assert len(shop.orders(order)) == 1


@pytest.mark.parametrize("name", ["lost_response", "error_after", "late_landing"])
def test_an_order_in_doubt_is_settled_after_its_quarantine_and_there_once(shop, clock, name):
    order = shop.order()
    shop.desk.sandbox.faults.set([Fault(name, "epicor", "POST", r"SalesOrders$", remaining=1, seconds=0.1)])
    shop.hear(PLACED, order)
    assert shop.states(order)[0] == ("create_sales_order", "doubtful")
    shop.desk.settle()
    clock.forward(QUARANTINE + MINUTE)
    shop.drain()
    assert shop.states(order) == [("create_sales_order", "confirmed"), ("confirm_order", "confirmed")]
    assert shop.created("epicor/OrderHed", PONum=shop.orders(order)[0]["PONum"]) == 1


def test_an_edit_of_an_order_in_doubt_waits_until_that_is_settled_and_is_then_made(shop, clock):
    order = shop.order([(shop.skus[0], 2, "20.00")])
    shop.desk.sandbox.faults.set([Fault("lost_response", "epicor", "POST", r"SalesOrders$", remaining=1)])
    shop.hear(PLACED, order)
    shop.set_line(order, qty=4)
    shop.hear(EDITED, order)
    assert shop.inbox(order) == Counter(done=1, new=1)
    clock.forward(QUARANTINE + MINUTE)
    shop.drain()
    clock.forward(MINUTE)
    shop.drain()
    assert shop.erp_total(order) == shop.pos_total(order)
    assert shop.inbox(order) == Counter(done=2)


def test_a_record_that_nobody_thought_of_is_parked_alone_and_its_batch_goes_on(shop):
    """An item number that fits no address trips the look-up of a whole batch."""
    tickets = [shop.ticket([(shop.skus[0], 1, "20.00")]) for _ in range(3)]
    [line] = shop.state.select("heartland/sales/tickets.lines", "parent = ?", [int(tickets[1].split()[1])])
    long = {**line, "item_public_id": "LONG" * 2000}
    shop.state.put("heartland/sales/tickets.lines", line["id"], long, int(tickets[1].split()[1]))
    shop.hear(SALE, *tickets)
    assert [len(shop.orders(ticket)) for ticket in tickets] == [1, 0, 1]
    [letter] = shop.letters(tickets[1])
    assert letter.startswith(f"{tickets[1]}: ")


# all or nothing


def test_a_worker_whose_lease_ended_keeps_nothing_of_what_it_decided(shop, clock):
    order = shop.order()
    shop.tell(PLACED, order)
    mine = inbox.take(shop.store, "slow", None, ENTITIES, 30, clock())
    decided = answers(mine, run_all(shop.works, mine.events, clock()))
    clock.forward(MINUTE)
    shop.drain()
    before = (shop.states(order), applied.get_many(shop.store, [order], "epicor"))
    with pytest.raises(inbox.Stale):
        commit(shop.store, mine, decided, clock())
    assert (shop.states(order), applied.get_many(shop.store, [order], "epicor")) == before
    assert len(shop.orders(order)) == 1


def test_a_cancellation_that_is_overtaken_by_the_order_leaving_is_decided_again(shop, clock):
    order = shop.order([(shop.skus[0], 400, "20.00")])
    shop.hear(PLACED, order)
    shop.cancel(order)
    shop.tell(CANCELLED, order)
    taken = inbox.take(shop.store, "slow", None, ENTITIES, 30, clock())
    decided = answers(taken, run_all(shop.works, taken.events, clock()))
    [create, _] = shop.told(order)
    assert effects.approve(shop.store, create.effect.key, "dana")
    assert effects.claim(shop.store, "other", 30, clock(), target="epicor") is not None
    with pytest.raises(Overtaken):
        commit(shop.store, taken, decided, clock())
    assert [state for _, state in shop.states(order)] == ["intent", "planned"]


# order of work


def test_orders_go_before_reports_while_events_wait(shop):
    orders = [shop.order() for _ in range(ENTITIES * 2)]
    for order in orders:
        shop.tell(PLACED, order)
    seen = shop.desk.sandbox.services
    before = {system: len(service.seen) for system, service in seen.items()}
    shop.drain()
    told = [one for one in list(seen["heartland"].seen)[before["heartland"] :] if one.method == "PUT"]
    made = [one for one in list(seen["epicor"].seen)[before["epicor"] :] if one.method == "POST"]
    assert (len(told), len([one for one in made if one.url.endswith("SalesOrders")])) == (len(orders), len(orders))
    assert shop.batches[0].effects == Counter(confirmed=ENTITIES, planned=ENTITIES)
    assert sum((batch.outcomes for batch in shop.batches), Counter()) == Counter(done=len(orders))


def test_after_a_full_micro_batch_the_next_takes_more_of_what_waits(shop):
    for number in range(ENTITIES * 3):
        shop.tell("processor/transaction", f"payment {number}", f"event {number}")
    drained = shop.drain()
    assert (drained.batches, drained.events) == (2, Counter(quiet=ENTITIES * 3))


def test_every_event_is_named_once_by_the_flow_that_answered_it_or_as_unread(shop):
    order = shop.order()
    shop.tell(PLACED, order, "one")
    shop.tell(EDITED, order, "two")
    shop.tell("processor/transaction", "payment 7", "three")
    drained = shop.drain()
    named = [(batch.flow, batch.events) for batch in shop.batches]
    assert named == [("order_to_fulfilment", ("one", "two")), ("unread", ("three",))]
    assert drained.events == Counter(done=2, quiet=1)
    assert {kept.note for kept in inbox.by_entity(shop.store, "payment 7")} == {"no flow reads it"}


def test_the_latency_of_an_order_counts_from_its_receipt_to_its_confirmation(shop):
    order = shop.order()
    shop.tell(PLACED, order)
    received = inbox.by_entity(shop.store, order)[0].event.received_at
    shop.drain(now=lambda: datetime.now(UTC))
    [latency] = shop.batches[0].latencies
    assert 0 < latency <= (datetime.now(UTC) - received).total_seconds()
