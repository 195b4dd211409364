"""The push on one desk: what is half there is completed, what waits goes when it may, two pushers write once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from he_sync.cli import house
from he_sync.connect.systems import connect
from he_sync.flows.push import LEASE_SECONDS, PAUSE_SECONDS, push
from he_sync.flows.writers import WRITERS, Bench
from he_sync.sandbox.faults import Fault
from he_sync.store import audit, effects
from he_sync.store.database import open_store
from he_sync.store.effects import QUARANTINE
from tests.flows.desk import KINDS, ONCE, PLACES, SECOND, planned

PAUSE = timedelta(seconds=PAUSE_SECONDS)


def state(store, effect):
    return effects.find(store, effect.key).state


def reason(store, effect):
    return effects.find(store, effect.key).reason


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_written_once_is_written_no_second_time_by_our_store_restored_from_yesterday(
    desk, clock, tmp_path, kind
):
    effect = desk.effect(kind)
    with planned(tmp_path / "today", effect) as store:
        desk.push(store, clock)
        written = effects.find(store, effect.key).reference
    with planned(tmp_path / "restored", effect) as store:
        desk.push(store, clock)
        assert effects.find(store, effect.key).reference == written
    assert desk.landed(effect) == ONCE[kind]


# half-finished


def half_finished(desk, clock, tmp_path, where):
    """An effect whose write broke off for good at one of its requests, and a store that knows nothing of it."""
    effect = desk.effect(PLACES[where].kind)
    with planned(tmp_path / "lost", effect) as store:
        desk.sandbox.faults.set([PLACES[where].fault("lost_request")])
        desk.push(store, clock)
        assert state(store, effect) == "doubtful"
    return effect


@pytest.mark.parametrize(
    ("where", "there"),
    [
        ("the order's charge", Counter(order=1, line=1)),
        ("the set's line", Counter(set=1)),
        ("the set's completion", Counter(set=1, line=1)),
        ("the posting", Counter()),
    ],
)
def test_what_is_half_there_is_completed_and_never_begun_again(desk, clock, tmp_path, where, there):
    effect = half_finished(desk, clock, tmp_path, where)
    assert +desk.landed(effect) == there
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
        assert state(store, effect) == "confirmed"
    assert desk.landed(effect) == ONCE[effect.kind]


def test_a_charge_is_not_added_to_an_order_that_it_would_not_make_right(desk, clock, tmp_path):
    effect = half_finished(desk, clock, tmp_path, "the order's charge")
    smaller = replace(effect, body={**effect.body, "amount_minor": effect.body["amount_minor"] - 500})
    with planned(tmp_path, smaller) as store:
        desk.push(store, clock)
        assert state(store, effect) == "parked"
        assert "a person must look at it" in reason(store, effect)
    assert desk.landed(effect)["charge"] == 0


def test_two_orders_of_one_sale_are_told_to_a_person_and_touched_by_nobody(desk, clock, tmp_path):
    effect = desk.effect("create_sales_order")
    number = int(WRITERS["create_customer"].find(desk.bench(), "", {"CustID": effect.body["customer"]}))
    for _ in range(2):
        desk.systems.epicor.insert("Erp.BO.SalesOrderSvc", "SalesOrders", {**effect.body["header"], "CustNum": number})
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
        assert state(store, effect) == "parked"
        assert "void all but one" in reason(store, effect)
    assert desk.landed(effect)["order"] == 2


def test_an_order_that_moved_since_it_was_planned_gets_no_charge(desk, clock, tmp_path):
    effect = desk.effect("add_order_charge")
    moved = replace(effect, body={**effect.body, "target_minor": effect.body["target_minor"] - 700})
    with planned(tmp_path, moved) as store:
        desk.push(store, clock)
        assert state(store, moved) == "rejected"
        assert "as planned; close again" in reason(store, moved)
    assert desk.landed(effect)["charge"] == 0


def test_a_charge_that_landed_is_found_by_its_text_although_the_order_moved_since(desk, clock, tmp_path):
    effect = desk.effect("add_order_charge")
    with planned(tmp_path, effect) as store:
        desk.sandbox.faults.set([PLACES["the charge"].fault("lost_response")])
        desk.push(store, clock)
        row = {"OrderNum": effect.body["order_num"], "OrderLine": 0, "MiscCode": "SHIP", "DocMiscAmt": 5, "Type": "A"}
        desk.systems.epicor.insert("Erp.BO.SalesOrderSvc", "OHOrderMscs", {**row, "FreqCode": "F", "Description": "x"})
        clock.forward(QUARANTINE)
        desk.push(store, clock)
        assert state(store, effect) == "confirmed"
    assert desk.landed(effect)["charge"] == 1


# waiting


def test_an_effect_over_its_limit_waits_until_a_person_says_yes(desk, clock, tmp_path):
    effect = desk.effect("post_journal", limit_ok=False)
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
        assert (state(store, effect), +desk.landed(effect)) == ("waiting_approval", Counter())
        assert effects.approve(store, effect.key, "dana")
        desk.push(store, clock)
        assert state(store, effect) == "confirmed"
    assert desk.landed(effect) == ONCE["post_journal"]


def test_the_order_of_a_new_customer_waits_until_the_customer_is_there(desk, clock, tmp_path):
    customer = desk.effect("create_customer")
    entity, body = desk.make._create_sales_order(next(desk.numbers), customer.body["CustID"])
    order = replace(desk.effect("create_sales_order"), entity=entity, body=body, depends_on=customer.key)
    with planned(tmp_path, customer, order) as store:
        desk.sandbox.faults.set([PLACES["the customer"].fault("lost_request")])
        desk.push(store, clock)
        assert (state(store, customer), state(store, order)) == ("doubtful", "planned")
        assert +desk.landed(order) == Counter()
        clock.forward(QUARANTINE)
        desk.push(store, clock)
        assert (state(store, customer), state(store, order)) == ("confirmed", "confirmed")
        number = int(effects.find(store, customer.key).reference)
    assert desk.landed(order) == ONCE["create_sales_order"]
    [head] = desk.written("epicor/OrderHed", PONum=body["header"]["PONum"])
    assert head["CustNum"] == number


def test_a_rejected_effect_says_why_and_goes_after_its_cause_was_mended_and_it_was_released(desk, clock, tmp_path):
    customer = desk.effect("create_customer")
    entity, body = desk.make._create_sales_order(next(desk.numbers), customer.body["CustID"])
    order = replace(desk.effect("create_sales_order"), entity=entity, body=body)
    with planned(tmp_path, order) as store:
        desk.push(store, clock)
        assert state(store, order) == "rejected"
        assert f"customer {customer.body['CustID']} is not in Epicor" in reason(store, order)
        desk.systems.epicor.insert("Erp.BO.CustomerSvc", "Customers", customer.body)
        desk.push(store, clock)
        assert state(store, order) == "rejected"
        assert effects.release(store, order.key, "dana", "customer created")
        desk.push(store, clock)
        assert state(store, order) == "confirmed"
    assert desk.landed(order) == ONCE["create_sales_order"]


def test_what_kinetic_refuses_is_rejected_with_its_own_words_and_the_others_go_on(desk, clock, tmp_path):
    entity, body = desk.make._create_sales_order(next(desk.numbers))
    body["header"]["FOB"] = ""
    refused = replace(desk.effect("create_sales_order"), entity=entity, body=body)
    good = desk.effect("create_customer")
    with planned(tmp_path, refused, good) as store:
        done = desk.push(store, clock)
        assert (state(store, refused), state(store, good)) == ("rejected", "confirmed")
        assert "FOB" in reason(store, refused)
    assert any(entity in line for line in done.problems)


def test_a_writer_that_breaks_down_parks_its_own_effect_and_holds_up_no_other(desk, clock, tmp_path):
    broken = replace(desk.effect("adjust_erp_stock"), body={"part": "?"})
    unknown = replace(desk.effect("create_customer"), kind="create_spaceship")
    good = desk.effect("create_customer")
    with planned(tmp_path, broken, unknown, good) as store:
        desk.push(store, clock)
        assert [state(store, one) for one in (broken, unknown, good)] == ["parked", "rejected", "confirmed"]
        assert "a fault of ours, KeyError" in reason(store, broken)


# rights


def viewer(desk, folder):
    """The systems as an account with reading rights sees them."""
    reader = {"HE_EPICOR_USER": "viewer", "HE_HEARTLAND_TOKEN": "sandbox-readonly-token", "HE_HOME": str(folder)}
    return connect(house.settings_of({**desk.environment, **reader}))


@pytest.mark.parametrize("kind", ["create_customer", "adjust_pos_stock"])
def test_what_the_account_may_not_do_is_rejected_and_goes_by_itself_once_the_right_is_granted(
    desk, clock, tmp_path, kind
):
    effect = desk.effect(kind)
    with planned(tmp_path, effect) as store:
        with viewer(desk, tmp_path) as systems:
            for _ in range(2):
                push(store, replace(desk.bench(), systems=systems), "viewer", now=clock)
                assert state(store, effect) == "rejected"
                assert reason(store, effect).startswith("not allowed: ")
                assert "403" in reason(store, effect) or "not authorized" in reason(store, effect)
        desk.push(store, clock)
        assert state(store, effect) == "confirmed"
        told = [row.action for row in audit.entries(store, effect.key)]
    assert told == [*["effect rejected", "effect rejected -> planned"] * 2, "effect confirmed"]
    assert desk.landed(effect) == ONCE[kind]


def test_refused_credentials_stop_the_push_at_once_and_reject_nothing(desk, clock, tmp_path):
    some = [desk.effect("adjust_pos_stock") for _ in range(5)]
    desk.sandbox.faults.set([Fault("expired_token", "heartland")])
    before = len(desk.sandbox.services["heartland"].seen)
    with planned(tmp_path, *some) as store:
        done = desk.push(store, clock)
        assert "401" in done.stopped
        assert len(desk.sandbox.services["heartland"].seen) - before == 1
        assert {state(store, one) for one in some} == {"planned"}
        desk.sandbox.faults.set([])
        clock.forward(PAUSE)
        assert not desk.push(store, clock).stopped
        assert {state(store, one) for one in some} == {"confirmed"}


def test_a_system_that_does_not_answer_is_left_alone_after_three_effects(desk, clock, tmp_path):
    some = [desk.effect("create_customer") for _ in range(6)]
    desk.sandbox.faults.set([PLACES["the customer"].fault("error_before", remaining=None)])
    with planned(tmp_path, *some) as store:
        done = desk.push(store, clock)
        assert done.states == Counter(postponed=3)
        assert "503" in done.stopped
        desk.sandbox.faults.set([])
        clock.forward(PAUSE)
        assert desk.push(store, clock).states == Counter(confirmed=6)
    assert {desk.landed(one)["customer"] for one in some} == {1}


# more than one pusher


def test_two_pushers_at_the_same_time_write_everything_once(desk, clock, tmp_path):
    some = [desk.effect(kind) for kind in KINDS for _ in range(3)]
    start = Barrier(2)

    def pusher(name):
        with open_store(tmp_path / "he_sync.db") as store, connect(house.settings_of(desk.environment)) as systems:
            start.wait()
            return push(store, replace(desk.bench(), systems=systems), name, now=clock).states

    with planned(tmp_path, *some) as store, ThreadPoolExecutor(2) as pool:
        first, second = pool.map(pusher, ("one", "two"))
        assert {state(store, one) for one in some} == {"confirmed"}
    assert first + second == Counter(confirmed=len(some))
    assert min(first["confirmed"], second["confirmed"]) > 0
    assert {one.key: desk.landed(one) for one in some} == {one.key: ONCE[one.kind] for one in some}


@pytest.mark.parametrize("kind", ["create_customer", "adjust_pos_stock", "post_journal"])
def test_no_byte_of_a_write_leaves_after_the_lease_of_its_pusher(desk, clock, tmp_path, kind):
    effect = desk.effect(kind)
    start = clock()

    class Slow:
        """The clock of a machine that slept between the look-up and the write."""

        def __init__(self):
            self.before = desk.asked()

        def __call__(self):
            return start + timedelta(seconds=LEASE_SECONDS + 1 if desk.asked() > self.before else 0)

    with planned(tmp_path, effect) as store:
        push(store, desk.bench(), "sleeper", now=Slow())
        assert +desk.landed(effect) == Counter()
        desk.push_until_quiet(store, clock)
        assert state(store, effect) == "confirmed"
    assert desk.landed(effect) == ONCE[kind]


@pytest.mark.parametrize("settled", [True, False])
def test_a_pusher_whose_effect_is_in_other_hands_by_now_is_not_believed(desk, clock, tmp_path, settled):
    effect = desk.effect("confirm_order")
    late = clock() + timedelta(seconds=LEASE_SECONDS)
    with planned(tmp_path, effect) as store:

        def taken_over(owner):
            """Another pusher comes when this one's lease has ended; after the quarantine it settles the effect."""
            push(store, desk.bench(), "second", now=lambda: late)
            if settled:
                push(store, desk.bench(), "second", now=lambda: late + QUARANTINE)
            return owner.rpartition(" ")[2]

        done = push(store, Bench(desk.systems, desk.retailer, taken_over), "first", now=clock)
        assert done.states == Counter(stale=1)
        assert state(store, effect) == ("confirmed" if settled else "doubtful")
        desk.push_until_quiet(store, clock)
        assert state(store, effect) == "confirmed"
    assert desk.landed(effect) == ONCE["confirm_order"]


# planning again


def test_planning_and_pushing_the_same_effects_again_writes_nothing(desk, clock, tmp_path):
    some = [desk.effect(kind) for kind in KINDS]
    with planned(tmp_path, *some) as store:
        desk.push(store, clock)
        before = len(desk.sandbox.state.oracle("origin = 'api'"))
        again = effects.plan(store, some)
        assert (again.new, again.conflicts) == ((), ())
        clock.forward(QUARANTINE + SECOND)
        assert not desk.push(store, clock).states
    assert len(desk.sandbox.state.oracle("origin = 'api'")) == before


def test_an_adjustment_that_is_there_twice_is_not_confirmed(desk, clock, tmp_path):
    effect = desk.effect("adjust_pos_stock")
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
    [found] = desk.written("heartland/inventory/adjustment_sets", description=f"HE {effect.key[:20]}")
    desk.systems.heartland.create(
        "inventory/adjustment_sets",
        {name: found[name] for name in ("location_id", "adjustment_reason_id", "description")},
    )
    with planned(tmp_path / "restored", effect) as store:
        desk.push(store, clock)
        assert state(store, effect) == "parked"
        assert "void all but one" in reason(store, effect)


def test_the_charge_of_an_order_that_was_voided_meanwhile_is_told_to_a_person(desk, clock, tmp_path):
    effect = desk.effect("add_order_charge")
    gone = replace(effect, body={**effect.body, "order_num": 1})
    with planned(tmp_path, gone) as store:
        desk.push(store, clock)
        assert state(store, gone) == "parked"
        assert "is gone or void" in reason(store, gone)
