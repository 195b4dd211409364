"""Whoever is killed with -9 at any point of storing, taking and answering: each event is answered, and once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from he_sync.store import effects, inbox, story
from he_sync.store.database import Store, open_store
from he_sync.store.inbox import MOST_LOST
from tests.store.examples import EVENING, later, states
from tests.store.inbox_victim import COMING, POINTS, answer

ROOT = Path(__file__).parents[2]


def kill_at(url: str, point: str, seconds: float = 0) -> None:
    line = [sys.executable, "-m", "tests.store.inbox_victim", url, point, str(seconds)]
    with subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "here\n"
        victim.kill()


def go_on(store: Store) -> None:
    """The sender repeats what it got no answer to; the next drain, a minute later, takes what is there."""
    assert set(inbox.put(store, COMING)) <= {"new", "known"}
    while taken := inbox.take(store, "next", None, 64, 60, later(EVENING, 61)):
        answer(store, taken)


@pytest.mark.parametrize("point", POINTS)
def test_whoever_is_killed_at_any_point_leaves_each_event_answered_once(store_url: str, point: str) -> None:
    kill_at(store_url, point)
    with open_store(store_url) as store:
        stored = states(store)
        assert bool(stored) is (point != "before stored")
        assert set(stored.values()) <= {"done"} if point == "after ended" else "done" not in stored.values()
        go_on(store)
        assert states(store) == {"e1": "done", "e2": "done", "e3": "done"}
        assert [status.effect.entity for status in effects.listing(store)] == ["order 1", "order 2"]
        for entity, events in (("order 1", 2), ("order 2", 1)):
            assert [step.step for step in story.of(store, entity)].count("decided") == 1
            assert [step.step for step in story.of(store, entity)].count("received") == events


def test_an_event_that_kills_every_worker_is_parked_after_the_fifth_and_the_others_are_answered(store_url: str) -> None:
    """Nobody ever reports a failure: the attempts were counted before the workers died."""
    for nth in range(MOST_LOST):
        kill_at(store_url, "after taken", 61 * nth)
    with open_store(store_url) as store:
        counted = {kept.event.event_id: kept.event.attempts for kept in inbox.listing(store)}
        assert counted == {"e1": MOST_LOST, "e2": MOST_LOST, "e3": 1}
        while taken := inbox.take(store, "next", None, 64, 60, later(EVENING, 61 * MOST_LOST)):
            answer(store, taken)
        assert states(store) == {"e1": "parked", "e2": "parked", "e3": "done"}
