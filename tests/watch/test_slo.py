"""Objectives: each event and write is judged once and by its own time, and a budget burns when both windows say so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from he_sync.store import effects, inbox
from he_sync.store.tables import effects as effect_rows
from he_sync.watch import slo
from he_sync.watch.figures import Figures
from he_sync.watch.memory import Point, memory
from he_sync.watch.place import watched
from he_sync.watch.rules import load
from tests.store.examples import arrival, effect, ended, took
from tests.watch.house import NOON, House

RULES = load()
FAST = RULES.by_name["events_answered_fast"].burn
SLOW = RULES.by_name["events_answered_slow"].burn


def judged(house: House, objective: str = "events_answered") -> tuple[int, int]:
    """(good, judged) so far."""
    with memory(house.home) as kept:
        last = kept.counted(objective)[-1]
        return last.good, last.judged


def come(house: House, *names: str) -> None:
    inbox.put(house.store, [arrival(name, f"order {name}") for name in names], house.now)


def answer(house: House) -> None:
    ended(house.store, took(house.store, house.now), now=house.now)


def test_an_event_is_judged_once_when_its_time_is_over_by_whether_it_was_answered_by_then(any_house: House) -> None:
    house = any_house
    come(house, "before anybody watched")
    answer(house)
    house.look()
    come(house, "a", "b")
    answer(house.later(seconds=30))
    come(house, "late")
    house.later(seconds=29).look()
    assert judged(house) == (0, 0)
    house.later(seconds=2).look()
    assert judged(house) == (2, 2)
    house.later(seconds=30).look()
    assert judged(house) == (2, 3)
    answer(house)
    for _ in range(3):
        house.later(minutes=5).look()
    assert judged(house) == (2, 3)


def test_an_event_that_is_set_aside_with_its_reason_in_time_is_as_promised(house: House) -> None:
    house.look()
    come(house, "bad")
    ended(house.store, took(house.store, house.now), "parked", house.later(seconds=5).now)
    house.later(minutes=2).look()
    assert judged(house) == (1, 1)


def test_a_write_that_waits_for_a_person_is_not_judged_and_one_that_hangs_is(house: House) -> None:
    house.look()
    effects.plan(house.store, [effect("ticket 1", limit_ok=False), effect("ticket 2"), effect("ticket 3")])
    house.store.run(lambda connection: connection.execute(update(effect_rows).values(planned_at=house.now)))
    done = update(effect_rows).where(effect_rows.c.entity == "ticket 3")
    told = {"state": "confirmed", "finished_at": house.now + timedelta(seconds=90)}
    house.store.run(lambda connection: connection.execute(done.values(told)))
    house.later(seconds=301).look()
    assert judged(house, "writes_settled") == (1, 2)


def test_more_rows_than_one_look_judges_are_judged_by_the_next(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("he_sync.watch.slo.AT_ONCE", 3)
    house.look()
    come(house, *"abcdefgh")
    for expected in (3, 6, 8, 8):
        house.later(minutes=2).look()
        assert judged(house)[1] == expected


def test_two_looks_that_judge_the_same_rows_count_them_once(house: House) -> None:
    house.look()
    come(house, "a")
    house.later(minutes=2)
    with watched(house.environ) as place, memory(house.home) as kept:
        early = slo.walk(place, "events_answered", int(kept.mark("walk events_answered")), house.now)
    house.look()
    with memory(house.home) as kept, kept.alone():
        slo.keep(kept, {"events_answered": early}, Figures((), frozenset()), house.now)
    assert judged(house) == (0, 1)


# burn rates


def points(*told: tuple[float, int, int]) -> list[Point]:
    """(minutes ago, good, judged)."""
    return [Point((NOON - timedelta(minutes=ago)).timestamp(), good, judged) for ago, good, judged in told]


@pytest.mark.parametrize(
    ("history", "breaks", "value"),
    [
        # an hour of 1,000 events of which 200 were bad, also in the last 5 minutes: 20 times the allowed 1 %
        (points((60, 0, 0), (5, 720, 900), (0, 800, 1000)), True, 20.0),
        # the same hour, and nothing bad in the last 30 minutes: it is over
        (points((60, 0, 0), (30, 300, 500), (5, 700, 900), (0, 800, 1000)), False, 0.0),
        # bad in the last 5 minutes only: 2 % of the hour is not yet 14.4 times too much
        (points((60, 0, 0), (5, 900, 900), (0, 980, 1000)), False, 2.0),
        # one bad of two at night: too few to say anything
        (points((60, 0, 0), (5, 1, 1), (0, 1, 2)), False, 0.0),
        (points(), False, 0.0),
        (points((0, 50, 100)), True, 50.0),
    ],
)
def test_a_budget_burns_fast_when_the_long_window_says_that_it_matters_and_the_short_that_it_goes_on(
    history: list[Point], breaks: bool, value: float
) -> None:
    assert FAST is not None
    found, speed = slo.burning(FAST, 0.99, history, NOON)
    assert found == breaks
    assert speed == pytest.approx(value)


def test_a_few_in_a_hundred_for_a_day_are_a_ticket_and_no_page() -> None:
    history = points(*((60 * hour, 96 * (24 - hour), 100 * (24 - hour)) for hour in range(24, -1, -1)))
    assert FAST is not None
    assert SLOW is not None
    assert slo.burning(FAST, 0.99, history, NOON)[0] is False
    assert slo.burning(SLOW, 0.99, history, NOON) == (True, pytest.approx(4.0))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=30))
def test_no_history_burns_that_kept_its_objective_in_every_minute(minutes: list[tuple[int, int]]) -> None:
    good = judged = 0
    history = []
    for place, (more, _) in enumerate(minutes):
        good, judged = good + more, judged + more
        history.append(Point((NOON - timedelta(minutes=len(minutes) - place)).timestamp(), good, judged))
    assert FAST is not None
    assert slo.burning(FAST, 0.99, history, NOON) == (False, 0.0)


def test_a_store_that_is_away_ends_no_alert_on_an_objective(house: House) -> None:
    house.look()
    come(house, *(f"e{number}" for number in range(30)))
    assert "events_answered_fast slo=events_answered" in house.later(minutes=2).look().firing
    (house.home / "he_sync.db").rename(house.home / "away.db")
    for _ in range(4):
        house.later(hours=1).look()
    assert "events_answered_fast slo=events_answered" in house.look().firing


def test_an_outage_of_a_whole_hour_pages_through_the_objective(house: House) -> None:
    house.look()
    for minute in range(30):
        come(house, f"e{minute}")
        house.later(minutes=1)
    assert "events_answered_fast slo=events_answered" in house.later(minutes=2).look().firing
    [body] = house.bodies("events_answered_fast")
    assert body["labels"] == {"slo": "events_answered"}
    assert body["summary"] == "Unanswered events use the error budget 100 times as fast as allowed"
