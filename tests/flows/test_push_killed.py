"""A pusher killed with -9 before or after any of its writes: the next push leaves every document there once."""

import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from he_sync.flows.push import LEASE_SECONDS
from he_sync.store import effects
from he_sync.store.effects import QUARANTINE
from tests.flows.desk import KINDS, ONCE, PLACES, planned

ROOT = Path(__file__).parents[2]
WRITES = {
    "old_sales_order": 3,
    "change_sales_order": 6,
    "create_rma": 6,
    "invoice_order": 4,
    "adjust_pos_stock": 3,
    "post_journal": 4,
}
"""How many writes a kind takes; one where it is not named."""


class Victim:
    """A process whose children push."""

    def __init__(self, process):
        self._process = process

    def begin(self, folder, clock, number=0, side="before"):
        self._process.stdin.write(f"{folder / 'he_sync.db'} {clock().isoformat()} {number} {side}\n")
        self._process.stdin.flush()

    def end(self):
        return self._process.stdout.readline().strip()

    def push(self, folder, clock, number=0, side="before"):
        self.begin(folder, clock, number, side)
        return self.end()


@contextmanager
def started(desk):
    line = [sys.executable, "-m", "tests.flows.victim"]
    environment = {**os.environ, **desk.environment}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(line, cwd=ROOT, env=environment, text=True, **pipes) as process:
        yield Victim(process)
        process.stdin.close()


@pytest.fixture(scope="module")
def victim(the_desk):
    with started(the_desk) as one:
        yield one


@pytest.mark.parametrize(("kind", "side"), list(product(KINDS, ("before", "after"))))
def test_a_pusher_killed_at_any_write_leaves_each_document_there_once(  # noqa: PLR0913, PLR0917 - fixtures and a case
    desk, clock, victim, tmp_path, kind, side
):
    for number in range(1, WRITES.get(kind, 1) + 1):
        effect, folder = desk.effect(kind), tmp_path / str(number)
        with planned(folder, effect) as store:
            assert victim.push(folder, clock, number, side) == "killed"
            assert effects.find(store, effect.key).state == "intent"
            clock.forward(QUARANTINE)
            desk.push(store, clock)
            assert effects.find(store, effect.key).state == "confirmed"
        assert desk.landed(effect) == ONCE[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_no_further_write_to_be_killed_at(desk, clock, victim, tmp_path, kind):
    with planned(tmp_path, desk.effect(kind)):
        assert victim.push(tmp_path, clock, WRITES.get(kind, 1) + 1) == "lived 0"


def test_what_one_killed_pusher_leaves_another_killed_pusher_leaves_too(desk, clock, victim, tmp_path):
    """Killed while it recovers from a kill, four times over."""
    effect = desk.effect("post_journal")
    with planned(tmp_path, effect) as store:
        for number, side in ((1, "after"), (1, "before"), (1, "after"), (1, "before")):
            assert victim.push(tmp_path, clock, number, side) == "killed"
            clock.forward(QUARANTINE)
        desk.push(store, clock)
        assert effects.find(store, effect.key).state == "confirmed"
    assert desk.landed(effect) == ONCE["post_journal"]


@pytest.mark.parametrize("where", ["the customer", "the adjustment", "the set", "the order's header"])
def test_what_a_killed_pusher_had_under_way_may_land_after_its_lease_and_is_there_once(
    desk, clock, victim, tmp_path, where
):
    place = PLACES[where]
    effect = desk.effect(place.kind)
    with planned(tmp_path, effect) as store:
        desk.sandbox.faults.set([place.fault("late_landing", seconds=0.4)])
        assert victim.push(tmp_path, clock, 1, "after") == "killed"
        clock.forward(timedelta(seconds=LEASE_SECONDS))
        assert not desk.push(store, clock).states
        desk.settle()
        clock.forward(QUARANTINE)
        desk.push(store, clock)
        assert effects.find(store, effect.key).state == "confirmed"
    assert desk.landed(effect) == ONCE[place.kind]


def test_two_processes_that_push_at_the_same_time_write_everything_once(desk, clock, victim, tmp_path):
    some = [desk.effect(kind) for kind in KINDS for _ in range(3)]
    with planned(tmp_path, *some) as store, started(desk) as second:
        for one in (victim, second):
            one.begin(tmp_path, clock)
        assert [one.end() for one in (victim, second)] == ["lived 0", "lived 0"]
        assert {effects.find(store, one.key).state for one in some} == {"confirmed"}
    assert {one.key: desk.landed(one) for one in some} == {one.key: ONCE[one.kind] for one in some}
