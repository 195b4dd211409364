"""The clock of leases and quarantines is the store's: a wall clock that is wrong or steps moves none (F57, F76)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from he_sync.store import effects, lanes
from he_sync.store.clock import store_clock
from he_sync.store.database import Store, open_store
from he_sync.store.effects import QUARANTINE
from tests.store.examples import effect, key_of

LEASE = 30.0
STEPS = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=365), timedelta(days=-365 * 50)]


def wrong_by(step: timedelta) -> time_machine.travel:
    """A worker whose wall clock is wrong by so much."""
    return time_machine.travel(step, tick=True)


@pytest.fixture
def served(postgres_url: str) -> Iterator[Store]:
    """A store whose server has a clock of its own; the processes of a SQLite file share the machine's."""
    with open_store(postgres_url) as opened:
        yield opened


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_step_of_the_wall_clock_while_somebody_works_moves_no_lease_and_no_quarantine(
    store: Store, step: timedelta
) -> None:
    clock = store_clock(store)
    before = clock()
    with wrong_by(step):
        assert timedelta() <= clock() - before < timedelta(minutes=1)
    assert timedelta() <= clock() - before < timedelta(minutes=1)


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_worker_whose_clock_is_wrong_leaves_alone_what_may_yet_land_and_what_another_holds(
    served: Store, step: timedelta
) -> None:
    effects.plan(served, [effect("ticket 1"), effect("ticket 2")])
    now = store_clock(served)()
    doubted, _held = effects.claim_many(served, "right", LEASE, now, limit=2)
    effects.doubt(served, doubted, now + QUARANTINE, "no answer")
    lane = lanes.take(served, "drain", "right", LEASE, now)
    with wrong_by(step):
        wrong = store_clock(served)()
        assert effects.resume_doubtful_many(served, "wrong", LEASE, wrong) == []
        assert effects.claim_many(served, "wrong", LEASE, wrong) == []
        assert lanes.take(served, "drain", "wrong", LEASE, wrong) is None
    assert lane is not None


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_what_a_worker_with_a_wrong_clock_holds_is_neither_free_for_others_nor_held_for_ever(
    served: Store, step: timedelta
) -> None:
    effects.plan(served, [effect("ticket 1")])
    with wrong_by(step):
        [claimed] = effects.claim_many(served, "wrong", LEASE, store_clock(served)())
    now = store_clock(served)()
    assert timedelta() < claimed.lease_until - now <= timedelta(seconds=LEASE)
    assert effects.resume_doubtful_many(served, "right", LEASE, now) == []
    later = now + QUARANTINE + timedelta(seconds=1)
    assert [one.effect.key for one in effects.resume_doubtful_many(served, "right", LEASE, later)] == [
        key_of("ticket 1")
    ]


def test_a_person_whose_clock_is_ahead_cannot_withdraw_what_may_yet_land(served: Store) -> None:
    effects.plan(served, [effect("ticket 1")])
    now = store_clock(served)()
    [claimed] = effects.claim_many(served, "right", LEASE, now)
    effects.doubt(served, claimed, now + QUARANTINE, "no answer")
    with served.begin() as connection:
        connection.exec_driver_sql("UPDATE effects SET state = 'parked'")
    with wrong_by(timedelta(hours=1)):
        assert not effects.withdraw(served, key_of("ticket 1"), "dana", "typed by hand")


def test_after_a_reboot_leases_end_when_they_would_have(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts from the start of the machine begins anew, the time of the store does not (F14)."""
    effects.plan(store, [effect("ticket 1")])
    [claimed] = effects.claim_many(store, "before", LEASE, store_clock(store)())
    counts, up = time.clock_gettime, time.clock_gettime(time.CLOCK_MONOTONIC)
    monkeypatch.setattr(time, "clock_gettime", lambda which: counts(which) - up)
    now = store_clock(store)()
    assert timedelta() < claimed.lease_until - now <= timedelta(seconds=LEASE)
    assert effects.resume_doubtful_many(store, "after", LEASE, now) == []
    later = now + QUARANTINE + timedelta(seconds=1)
    assert len(effects.resume_doubtful_many(store, "after", LEASE, later)) == 1
