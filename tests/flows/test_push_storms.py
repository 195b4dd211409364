"""What the network and the other side may do to a push (reference reliability, faults F39 to F62): nothing twice."""

import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from he_sync.connect.breaker import PROBE_SECONDS
from he_sync.connect.wire import Response
from he_sync.flows.push import MOST_FAILURES, push
from he_sync.flows.push.lane import WORKERS
from he_sync.sandbox.faults import Fault
from he_sync.store import effects
from he_sync.store.effects import QUARANTINE
from tests.flows import desk_wire
from tests.flows.desk import ONCE, PLACES, SECOND, planned
from tests.flows.desk_wire import bent, systems_over

HOUR = timedelta(hours=1)


def state(store, effect):
    return effects.find(store, effect.key).state


def states(store):
    return Counter(one.state for one in effects.listing(store))


def pushed(desk, store, clock, systems, **more):
    return push(store, replace(desk.bench(), systems=systems), "desk", now=clock, **more)


# late landing


def test_an_order_that_lands_after_our_first_look_up_is_there_once(desk, clock, tmp_path):
    """F41: the client gives up, the request lands a minute later; whoever looks in between sees nothing."""
    effect = desk.effect("create_sales_order")
    with planned(tmp_path, effect) as store:
        desk.sandbox.faults.set([PLACES["the order"].fault("late_landing", seconds=0.6)])
        desk.push(store, clock)
        clock.forward(timedelta(seconds=60))
        assert not desk.push(store, clock).states
        assert desk.landed(effect)["order"] == 0
        desk.settle()
        clock.forward(QUARANTINE)
        desk.push(store, clock)
        assert state(store, effect) == "confirmed"
    assert desk.landed(effect) == ONCE["create_sales_order"]


def test_of_many_orders_of_which_each_tenth_lands_late_or_loses_its_answer_all_are_there_once(desk, clock, tmp_path):
    some = [desk.effect("create_sales_order") for _ in range(60)]
    place = PLACES["the order"]
    with planned(tmp_path, *some) as store:
        desk.sandbox.faults.set(
            [
                place.fault("late_landing", seconds=0.3, probability=0.05, remaining=None),
                place.fault("lost_response", probability=0.05, remaining=None),
            ]
        )
        for _ in range(20):
            desk.push(store, clock)
            clock.forward(SECOND)
        desk.sandbox.faults.set([])
        desk.push_until_quiet(store, clock)
        assert states(store) == {"confirmed": 60}
    assert [desk.landed(one) for one in some] == [ONCE["create_sales_order"]] * 60


# settings


def test_a_site_without_the_function_stops_the_push_with_what_to_install_and_rejects_nothing(desk, clock, tmp_path):
    some = [desk.effect("create_sales_order") for _ in range(4)]
    gone = lambda response: replace(response, status=404, body=b"{}")  # noqa: E731 - a bend in one line
    with (
        planned(tmp_path, *some) as store,
        systems_over(desk, tmp_path, lambda send: bent(send, "POST", r"/efx/", gone, 99)) as systems,
    ):
        done = push(store, replace(desk.bench(way="function"), systems=systems), "desk", now=clock)
        assert "install it (docs/epicor-function.md)" in done.stopped
        assert states(store) == {"planned": 4}


# answers that are none


@pytest.mark.parametrize("change", [desk_wire.html, desk_wire.empty, desk_wire.complaint, desk_wire.another])
def test_a_create_whose_success_names_no_order_of_ours_is_looked_up_and_there_once(desk, clock, tmp_path, change):
    """F48, F49: a page of HTML, nothing, a complaint, somebody else's number."""
    effect = desk.effect("create_sales_order")
    with (
        planned(tmp_path, effect) as store,
        systems_over(desk, tmp_path, lambda send: bent(send, "POST", r"SalesOrders$", change)) as systems,
    ):
        pushed(desk, store, clock, systems)
        assert state(store, effect) == "doubtful"
        clock.forward(QUARANTINE)
        pushed(desk, store, clock, systems)
        assert state(store, effect) == "confirmed"
    assert desk.landed(effect) == ONCE["create_sales_order"]


def test_a_look_up_that_is_answered_with_a_sign_in_page_parks_nothing_and_sends_nothing(desk, clock, tmp_path):
    some = [desk.effect("create_sales_order") for _ in range(5)]
    with (
        planned(tmp_path, *some) as store,
        systems_over(desk, tmp_path, lambda send: bent(send, "GET", r"SalesOrders$", desk_wire.html, 99)) as systems,
    ):
        done = pushed(desk, store, clock, systems)
        assert done.states == Counter(postponed=MOST_FAILURES)
        assert states(store) == {"planned": 5}
    assert desk.landed(some[0])["order"] == 0


def test_an_order_that_a_lagging_replica_hides_for_a_minute_is_not_sent_again(desk, clock, tmp_path):
    """F62: accepted and not to be read back; only after the quarantine does absent mean absent."""
    effect = desk.effect("create_sales_order")
    nothing = lambda response: replace(response, body=b'{"value":[],"@odata.count":0}')  # noqa: E731 - a bend in one line
    with (
        planned(tmp_path, effect) as store,
        systems_over(desk, tmp_path, lambda send: bent(send, "GET", r"SalesOrders$", nothing, 6)) as systems,
    ):
        pushed(desk, store, clock, systems)
        assert state(store, effect) == "doubtful"
        clock.forward(timedelta(seconds=60))
        assert not pushed(desk, store, clock, systems).states
    clock.forward(QUARANTINE)
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
        assert state(store, effect) == "confirmed"
    assert desk.landed(effect) == ONCE["create_sales_order"]


# pauses


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        ("7", 7),
        ("86400", 900),
        ("Fri, 20 Nov 2099 18:00:00 GMT", 900),
        ("0", 30),
        ("-1", 30),
        ("soon", 30),
        ("1.5", 30),
    ],
)
def test_a_429_is_kept_as_it_was_meant_and_never_longer_than_a_quarter_of_an_hour(desk, clock, tmp_path, wish, seconds):
    """F54: seconds, a date, nonsense; where there is no wish, our own pause."""
    effect = desk.effect("create_customer")
    with planned(tmp_path, effect) as store, systems_over(desk, tmp_path) as systems:
        desk.sandbox.faults.set([PLACES["the customer"].fault("throttle", retry_after=wish)])
        pushed(desk, store, clock, systems)
        status = effects.find(store, effect.key)
        assert status.state == "planned"
        assert status.not_before == clock() + timedelta(seconds=seconds)


def test_a_system_that_asked_for_a_pause_gets_it_while_the_other_is_written_to(desk, clock, tmp_path):
    now = [time.time()]
    orders = [desk.effect("create_customer") for _ in range(20)]
    reports = [desk.effect("report_status") for _ in range(20)]
    with planned(tmp_path, *orders, *reports) as store, systems_over(desk, tmp_path, clock=lambda: now[0]) as systems:
        desk.sandbox.faults.set([PLACES["the customer"].fault("throttle", retry_after="120", remaining=None)])
        before = desk.calls("epicor", "POST", "Customers")
        began = time.monotonic()
        for _ in range(5):
            done = pushed(desk, store, clock, systems)
        assert time.monotonic() - began < 20
        assert "epicor" in done.stops
        assert desk.calls("epicor", "POST", "Customers") - before == 1
        assert {state(store, one) for one in reports} == {"confirmed"}
        desk.sandbox.faults.set([])
        now[0] += 121
        clock.forward(timedelta(seconds=121))
        pushed(desk, store, clock, systems)
        assert states(store) == {"confirmed": 40}


def test_calls_that_are_ready_when_a_pause_is_asked_for_do_not_sit_it_out(desk, clock, tmp_path):
    """From the eighth on a 429 with two minutes: no other thread sits it out."""
    some = [desk.effect("create_customer") for _ in range(30)]
    posts = count(1)

    def bend(send):
        def sent(request):
            if request.method == "POST" and "Customers" in request.url and next(posts) >= 8:
                return Response(429, {"retry-after": "120"}, b"{}")
            return send(request)

        return sent

    now = [time.time()]
    with planned(tmp_path, *some) as store, systems_over(desk, tmp_path, bend, clock=lambda: now[0]) as systems:
        began = time.monotonic()
        done = pushed(desk, store, clock, systems)
        assert time.monotonic() - began < 30
        assert "epicor" in done.stops
        assert states(store) == {"confirmed": 7, "planned": 23}


# an outage


def test_a_system_that_is_down_for_an_hour_is_asked_twice_a_minute_and_then_gets_everything_in_order(
    desk, clock, tmp_path
):
    """F55: 503 to every call; a push every twenty seconds is tried all the time."""
    now = [time.time()]
    some = [desk.effect("create_customer") for _ in range(90)]
    with planned(tmp_path, *some) as store, systems_over(desk, tmp_path, clock=lambda: now[0]) as systems:
        desk.sandbox.faults.set([Fault("error_before", "epicor")])
        before, minutes = len(desk.sandbox.services["epicor"].seen), 60
        for _ in range(minutes * 60 // 20):
            pushed(desk, store, clock, systems)
            now[0] += 20
            clock.forward(timedelta(seconds=20))
        calls = len(desk.sandbox.services["epicor"].seen) - before
        assert calls <= 5 + minutes * 60 / PROBE_SECONDS
        assert states(store) == {"planned": 90}
        desk.sandbox.faults.set([])
        now[0] += PROBE_SECONDS
        clock.forward(HOUR)
        pushed(desk, store, clock, systems)
        assert states(store) == {"confirmed": 90}
    numbers = [int(desk.written("epicor/Customer", CustID=one.body["CustID"])[0]["CustNum"]) for one in some]
    passed = max(abs(place - numbers.index(number)) for place, number in enumerate(sorted(numbers)))
    assert passed < 3 * WORKERS, "of six calls at once one may be slow while the others go on, not while most of 90 do"


# tokens


def test_a_token_that_expires_under_eight_workers_is_fetched_once_and_every_order_is_there_once(desk, clock, tmp_path):
    """F52"""
    some = [desk.effect("create_sales_order") for _ in range(40)]
    with planned(tmp_path, *some) as store, systems_over(desk, tmp_path) as systems:
        systems.epicor.check()
        before = desk.calls("epicor", "POST", "TokenResource")
        desk.sandbox.state.set_setting("epicor.token_secret", "e" * 64)
        pushed(desk, store, clock, systems)
        assert states(store) == {"confirmed": 40}
        assert desk.calls("epicor", "POST", "TokenResource") - before == 1
    assert [desk.landed(one) for one in some] == [ONCE["create_sales_order"]] * 40


# time


def test_a_push_hands_back_when_its_time_is_over_and_the_next_goes_on(desk, clock, tmp_path):
    some = [desk.effect("create_customer") for _ in range(12)]
    with planned(tmp_path, *some) as store:
        done = push(store, desk.bench(), "desk", now=clock, budget_seconds=0, limit=4)
        assert (done.states, done.more) == (Counter(confirmed=4), True)
        done = push(store, desk.bench(), "desk", now=clock, limit=4)
        assert (done.states, done.more) == (Counter(confirmed=8), False)
