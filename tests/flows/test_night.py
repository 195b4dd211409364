"""Nights on the sandbox over HTTP: the planted is found in its class, nothing is invented, each write lands once."""

from collections import Counter
from datetime import date, timedelta

import pytest

from he_sync.cli import check, house
from he_sync.connect.systems import connect
from he_sync.flows import close, night
from he_sync.sandbox import world
from he_sync.sandbox.faults import Fault
from he_sync.store import audit, effects
from he_sync.store.database import open_store
from he_sync.store.effects import QUARANTINE
from he_sync.store.lake import Lake
from tests.flows.desk import SECOND, Clock

FRIDAY = date(2026, 11, 20)
THURSDAY = FRIDAY - timedelta(days=1)
MONDAY = FRIDAY + timedelta(days=3)


class Retailer:
    """A retailer to whom days happen, and the nights on it."""

    def __init__(self, sandbox, home):
        self.sandbox, self.home, self.clock = sandbox, home, Clock()

    def open(self, size, seed, day=FRIDAY, history=3):
        world.create(self.sandbox.state, size=size, seed=seed)
        for back in range(history, -1, -1):
            world.happen(self.sandbox.state, day - timedelta(days=back))
        self.retailer = world.profile(self.sandbox.state)
        self.settings = house.settings_of(house.sandbox_environment(self.sandbox, self.home, self.retailer))
        self.store, self.lake = open_store(self.home / "he_sync.db"), Lake(self.home / "lake")

    def do(self, job, *args, **options):
        with connect(self.settings) as systems:
            return job(night.Office(systems, self.store, self.lake, self.retailer), *args, **options)

    def night(self, day=FRIDAY):
        return self.do(night.run, day, now=self.clock).report

    def plan(self, day):
        self.do(night.compare_day, day)
        return close.plan(self.store, self.lake, day.isoformat(), self.retailer)

    def push(self):
        def both(office):
            for target in night.TARGETS:
                close.push(office.store, office.systems, office.retailer, target, "night", self.clock)

        self.do(both)

    def effects(self, *states):
        return [one.effect for one in effects.listing(self.store, states=states)]

    def approve(self):
        waiting = self.effects("waiting_approval")
        assert all(effects.approve(self.store, one.key, "dana") for one in waiting)
        return waiting

    def writes(self):
        return len(self.sandbox.state.oracle("origin = 'api'"))

    def check(self, report, day):
        """Found what was planted and nothing else, and what is confirmed is there once."""
        assert check.compare(self.sandbox.state.folder, day.isoformat(), report.differences) == []
        assert check.once_each(self.sandbox.state, self.effects("confirmed")) == []


@pytest.fixture
def shop(sandbox, tmp_path):
    opened = Retailer(sandbox, tmp_path / "home")
    yield opened
    opened.store.close()


def actions(report):
    return {one.action for one in report.differences}


@pytest.mark.parametrize(
    ("seed", "day"),
    [
        (7, FRIDAY),
        (8, date(2026, 11, 1)),
        (9, date(2026, 3, 8)),
        (10, date(2026, 12, 31)),
        (11, MONDAY),
    ],
    ids=["a Friday", "clocks go back", "clocks go forward", "New Year's Eve", "a Monday after its weekend"],
)
def test_every_planted_difference_is_found_and_settled_once_and_then_nothing_is_written(shop, seed, day):
    shop.open("small", seed, day)
    first = shop.night(day)
    shop.check(first, day)
    assert first.written > 0
    waiting, before = shop.approve(), shop.writes()
    second = shop.night(day)
    assert second.written - first.written == len(waiting)
    assert (shop.writes() > before) == bool(waiting)
    before = shop.writes()
    third = shop.night(day)
    assert shop.writes() == before
    assert actions(third) == {"review"}
    shop.check(first, day)


def test_on_monday_the_batches_of_a_weekend_are_compared_with_the_one_deposit_that_pays_them(shop):
    shop.open("small", 11, MONDAY)
    shop.check(shop.night(MONDAY), MONDAY)
    paid = shop.lake.read("canonical", "deposit_lines", MONDAY.isoformat())
    assert paid.groupby("deposit_id")["business_date"].nunique().max() > 1


def test_forty_stores_are_closed_like_three(shop):
    shop.open("medium", 7, history=1)
    first = shop.night()
    shop.check(first, FRIDAY)
    assert first.rows["tickets"] > 5000
    assert first.written > 100
    before = shop.writes()
    shop.night()
    assert shop.writes() == before


# planning more than once


def test_a_drift_that_several_dates_find_before_anything_is_written_is_corrected_once(shop):
    """As a back-fill does it: stock is compared as it is now, so every date of the range finds the same drift."""
    shop.open("small", 7)
    plans = [shop.plan(day) for day in (THURSDAY, FRIDAY)]
    assert plans[1].held
    shop.approve()
    shop.push()
    assert check.once_each(shop.sandbox.state, shop.effects("confirmed")) == []
    again = shop.night()
    assert {one.klass for one in again.differences if one.leg == "inventory"} == set()


def test_a_drift_written_between_the_plans_of_two_dates_that_were_read_before_is_corrected_once(shop):
    """A drain sends what the first date planned while the second is still being planned from its older stock."""
    shop.open("small", 7)
    for day in (THURSDAY, FRIDAY):
        shop.do(night.compare_day, day)
    for day in (THURSDAY, FRIDAY):
        close.plan(shop.store, shop.lake, day.isoformat(), shop.retailer)
        shop.approve()
        shop.push()
    corrected = Counter(one.entity for one in shop.effects("confirmed") if one.kind in close.CORRECTIONS)
    assert max(corrected.values()) == 1
    again = shop.night()
    assert {one.klass for one in again.differences if one.leg == "inventory"} == set()


def test_a_correction_that_waits_for_a_person_gives_way_to_what_differs_now(shop):
    shop.open("small", 7)
    shop.plan(THURSDAY)
    first = shop.effects("waiting_approval")
    assert first
    shop.plan(FRIDAY)
    second = shop.effects("waiting_approval")
    assert {one.entity for one in first} <= {one.entity for one in second}
    assert len(second) == len({one.entity for one in second})
    assert {effects.find(shop.store, one.key).state for one in first} == {"withdrawn"}
    assert [row.action for row in audit.entries(shop.store, first[0].key)] == ["effect waiting_approval -> withdrawn"]


def test_a_correction_in_doubt_holds_up_another_of_the_same_record_until_it_is_settled(shop):
    shop.open("small", 7)
    shop.sandbox.faults.set([Fault("lost_response", "epicor", "POST", "/SetInventoryQtyAdj$", remaining=2)])
    shop.night(THURSDAY)
    doubtful = {one.entity for one in shop.effects("doubtful")}
    assert doubtful
    shop.sandbox.faults.set([])
    movements = len(shop.sandbox.state.oracle("collection = 'epicor/PartTran' AND origin = 'api'"))
    shop.night(FRIDAY)
    assert len(shop.sandbox.state.oracle("collection = 'epicor/PartTran' AND origin = 'api'")) == movements
    shop.clock.forward(QUARANTINE + SECOND)
    shop.night(FRIDAY)
    assert not shop.effects("doubtful", "planned")
    assert check.once_each(shop.sandbox.state, shop.effects("confirmed")) == []


# a bad night

BAD = ("lost_response", "lost_request", "late_landing", "error_after", "error_before", "truncated_body")


def test_a_night_on_which_every_thirtieth_request_fails_writes_everything_once_in_the_end(shop):
    shop.open("small", 7)
    shop.sandbox.faults.set([Fault(name, probability=1 / 180, seconds=0.05) for name in BAD])
    first = shop.night()
    assert check.compare(shop.sandbox.state.folder, FRIDAY.isoformat(), first.differences) == []
    shop.sandbox.faults.set([])
    for _ in range(3):
        shop.clock.forward(QUARANTINE + SECOND)
        shop.push()
    assert not shop.effects("planned", "intent", "doubtful", "rejected", "parked")
    assert check.once_each(shop.sandbox.state, shop.effects("confirmed")) == []
    shop.approve()
    shop.push()
    assert actions(shop.night()) == {"review"}
