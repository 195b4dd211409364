"""The five errors that the brief names, one test each, over HTTP: what is done about it, and what a person reads."""

import time
from collections import Counter, deque
from dataclasses import replace

import pytest

from he_sync.connect import breaker
from he_sync.connect.systems import connect
from he_sync.flows import drain as draining
from he_sync.flows.commit import answers, commit
from he_sync.flows.push import wall_clock
from he_sync.flows.run import run_all
from he_sync.sandbox.faults import Fault
from he_sync.settings import read_settings
from he_sync.store import dead_letters, effects, inbox
from tests.flows.shop import EDITED, PLACED, open_shop, prices


@pytest.fixture
def shop(desk, tmp_path, clock):
    with open_shop(desk, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def works_at(shop, tmp_path):
    """Works of their own: a throttle and a breaker that no other test has paused, at the rates asked for."""
    opened = []

    def begin(**rates):
        settings = read_settings({**shop.desk.environment, "HE_HOME": str(tmp_path / "home"), **rates})
        opened.append(connect(settings))
        shop.works = replace(shop.works, systems=opened[-1].__enter__())

    yield begin
    for one in opened:
        one.__exit__(None, None, None)


class Timed(deque):
    """What a system has seen, with the moment at which it answered."""

    def __init__(self, seen):
        super().__init__(seen, maxlen=20_000)
        self.answered = []

    def append(self, call):
        self.answered.append((time.monotonic(), call))
        super().append(call)

    def moments(self, after=0.0):
        return [at for at, _ in self.answered if at > after]


@pytest.fixture
def watched(shop):
    def begin(system):
        service = shop.desk.sandbox.services[system]
        service.seen = Timed(service.seen)
        return service.seen

    return begin


# Heartland is down


def test_heartland_down_is_tried_again_and_told_to_a_person_and_no_order_is_lost(shop, works_at, monkeypatch):
    monkeypatch.setattr(draining, "TROUBLE_SECONDS", 1.0)
    monkeypatch.setattr(breaker, "PROBE_SECONDS", 1.0)
    works_at()
    orders = [shop.order() for _ in range(3)]
    for order in orders:
        shop.tell(PLACED, order)
    before = shop.desk.calls("heartland", "GET")
    shop.desk.sandbox.faults.set([Fault("error_before", "heartland", "GET")])
    down = shop.drain(now=wall_clock, linger_seconds=30)
    assert shop.desk.calls("heartland", "GET") - before > 1, "it was tried again"
    assert "heartland" in down.alarm
    assert down.alarm.endswith("the events wait")
    assert [shop.inbox(order) for order in orders] == [Counter(new=1)] * 3
    shop.desk.sandbox.faults.set([])
    up = shop.drain(now=wall_clock, linger_seconds=60, stop=lambda: all(shop.told(order) for order in orders))
    assert up.alarm == ""
    assert [len(shop.orders(order)) for order in orders] == [1, 1, 1]


# a part that Epicor does not have


def test_a_part_number_that_epicor_does_not_have_holds_the_whole_order_by_name_until_it_exists(shop):
    sku = shop.sku("BOOT-UNHEARD-OF", in_erp=False)
    order = shop.order([(shop.skus[0], 1, "20.00"), (sku, 1, "30.00")])
    shop.hear(PLACED, order)
    [kept] = [one for one in dead_letters.listing(shop.store) if one.letter.record == order]
    assert (kept.letter.column, kept.letter.flow) == ("PartNum", "order_to_fulfilment")
    assert kept.letter.plain.startswith(f"{order}: SKU BOOT-UNHEARD-OF (line ")
    assert kept.letter.plain.endswith("is no part in Epicor; create the part or correct the line, the whole sale waits")
    assert kept.letter.notice == "who keeps the parts in Epicor"
    assert (shop.orders(order), shop.told(order)) == ([], []), "not even the line whose part there is"
    shop.part(sku)
    shop.hear("epicor/Part", f"erp_part {sku}")
    assert shop.erp_lines(order) == prices((shop.skus[0], 1, "20.00"), (sku, 1, "30.00"))
    assert shop.letters(order) == []


# an address that cannot be delivered to


def test_an_address_is_standardised_or_its_order_waits_and_says_what_to_correct(shop):
    customer = shop.known[1]
    untidy = shop.address(customer, line_1="  12 canal st apt 4 ", state="maine", postal_code="04101 1234")
    wrong = shop.address(customer, city="", postal_code="123")
    fine = shop.order(customer=customer, shipping_address_id=untidy)
    lost = shop.order(customer=customer, shipping_address_id=wrong)
    shop.hear(PLACED, fine, lost)
    [erp] = shop.orders(fine)
    assert (erp["OTSAddress1"], erp["OTSState"], erp["OTSZIP"]) == ("12 Canal St", "ME", "04101-1234")
    assert shop.orders(lost) == []
    [letter] = shop.letters(lost)
    assert letter.startswith(f"{lost}: ship-to address")
    assert "the city is missing" in letter
    assert "postal code" in letter
    shop.tick()
    shop.pos.update(f"sales/orders/{lost.split()[1]}", {"shipping_address_id": untidy})
    shop.hear(EDITED, lost)
    assert [row["OTSCity"] for row in shop.orders(lost)] == ["Portland"]


# a CustID that is there already


def test_a_cust_id_that_somebody_else_takes_before_us_is_found_again_and_no_second_customer_is_made(shop, clock):
    """Somebody keys the same person in between our look-up and our write; Epicor refuses a second H<id>."""
    customer = shop.customer("Noor", "Same")
    order = shop.order(customer=customer)
    shop.tell(PLACED, order)
    taken = inbox.take(shop.store, "test", None, 10, 60, clock())
    commit(shop.store, taken, answers(taken, run_all(shop.works, taken.events, clock())), clock())
    assert shop.states(f"customer {customer}") == [("create_customer", "planned")]
    row = {"Company": "EPIC06", "CustID": f"H{customer}", "Name": "Noor Same", "EMailAddress": "other@example.org"}
    number = int(shop.desk.systems.epicor.insert("Erp.BO.CustomerSvc", "Customers", row)["CustNum"])
    shop.drain()
    assert shop.states(f"customer {customer}") == [("create_customer", "confirmed")]
    assert [erp["CustNum"] for erp in shop.orders(order)] == [number]
    assert shop.created("epicor/Customer", CustID=f"H{customer}") == 1


# a rate limit


@pytest.mark.parametrize("route", [r"SalesOrders$", r"Parts$", r"TokenResource"], ids=["write", "read", "token"])
def test_a_system_that_asks_for_a_pause_gets_it_in_full_before_the_next_call(shop, works_at, watched, route):
    works_at()
    order = shop.order()
    shop.tell(PLACED, order)
    seen = watched("epicor")
    shop.desk.sandbox.faults.set([Fault("throttle", "epicor", route=route, retry_after="1", remaining=1)])
    shop.drain(now=wall_clock)
    [refused] = [at for at, call in seen.answered if call.status == 429]
    assert min(seen.moments(after=refused)) - refused >= 1.0
    assert len(shop.orders(order)) == 1


def test_orders_never_call_a_system_faster_than_its_rate(shop, works_at, watched):
    works_at(HE_EPICOR_RATE="8")
    orders = [shop.order() for _ in range(12)]
    for order in orders:
        shop.tell(PLACED, order)
    seen = watched("epicor")
    began = time.monotonic()
    shop.drain(now=wall_clock)
    moments = sorted(seen.moments())
    assert all(len([one for one in moments if one <= at]) <= 8 + 8 * (at - began) + 1 for at in moments)
    assert len(moments) > 16, "more than a burst, or this proves nothing"
    assert [effects.listing(shop.store, entity=order)[0].state for order in orders] == ["confirmed"] * 12
