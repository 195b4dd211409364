"""Killed at its n-th syscall, or that syscall fails: nothing is lost, doubled or acknowledged without being durable."""

import pytest

from tests.exact import strace
from tests.exact.checkers import findings
from tests.exact.kills import Points
from tests.exact.stand_in import stand_in
from tests.exact.strace import counted, fail_at, traced, unsynced_when, watch
from tests.exact.syscalls import killed_at_syscalls
from tests.exact.walk import Walk, in_memory

KILLS, SEED = 500, 20_261_120
WAL = "he_sync.db-wal"
ORDER = ("pwrite64", "fdatasync", "fsync", "sendto")
WRITES = ('"POST', '"PUT', '"PATCH')

pytestmark = pytest.mark.skipif(strace.STRACE is None, reason="no strace on this machine")


@pytest.fixture(scope="module")
def walk():
    with in_memory() as folder, stand_in(folder / "sandbox") as other_side:
        one = Walk(other_side, folder)
        one.warm()
        yield one
        one.close()


def test_five_hundred_kills_at_syscalls_of_the_whole_way_lose_nothing_double_nothing_and_leave_no_orphan(walk):
    toll = killed_at_syscalls(walk, KILLS, SEED)
    assert toll.killed.total() >= KILLS
    with walk.looking() as store:
        assert findings(walk.history(store)) == [], f"seed {SEED}"


def test_no_byte_of_a_write_leaves_before_its_intent_is_synced(walk):
    """Rule R1 of the reference, as the kernel saw it."""
    posts = walk.sell()
    seen = traced(lambda pipe: walk.go(Points(), pipe, posts), watch(*ORDER))
    walk.acknowledged(posts, seen.said)
    left = [line for line in seen.calls if "sendto" in line and any(word in line for word in WRITES)]
    assert len(left) >= 2, "the order and its report"
    assert list(unsynced_when(seen.calls, left.__contains__, WAL)) == []


def test_no_event_is_acknowledged_before_it_is_synced(walk):
    """The child says so with a write to its pipe, right after the application answered 202."""
    posts = walk.sell()
    seen = traced(lambda pipe: walk.receive(Points(), pipe, posts), watch(*ORDER, "write"))
    assert walk.acknowledged(posts, seen.said) == []
    left = [line for line in seen.calls if "write(" in line and "acknowledged" in line]
    assert len(left) == len(posts)
    assert list(unsynced_when(seen.calls, left.__contains__, WAL)) == []


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("syscall", ["fdatasync", "pwrite64"])
def test_whichever_write_to_disk_fails_nothing_is_acknowledged_that_is_not_there(walk, syscall, error):
    posts = walk.sell()
    seen = traced(lambda pipe: walk.receive(Points(), pipe, posts), watch(syscall))
    assert walk.acknowledged(posts, seen.said) == []
    for number in range(1, counted(seen.calls)[syscall] + 1):
        posts = walk.sell()
        end = traced(lambda pipe, posts=posts: walk.receive(Points(), pipe, posts), fail_at(syscall, number, error))
        walk.acknowledged(posts, end.said)
    with walk.looking() as store:
        found = walk.history(store)
    there = {(one.source, one.topic, one.event_id) for one in found.arrivals}
    assert {(one.source, one.topic, one.event_id) for one in found.acknowledged} <= there
