"""A machine that gives too little: no thread more (F12), a tenth of the processor (F13), a disk that lies (F19)."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from he_sync.cli.house import settings_of
from he_sync.connect.permit import permitted
from he_sync.connect.wire import http_send
from he_sync.flows import polls
from he_sync.store import effects, inbox
from he_sync.store.database import Store, open_store
from tests.exact import strace
from tests.exact.announce import CARD, SECRETS, Post
from tests.exact.checkers import findings
from tests.exact.crew import Crew, crew
from tests.exact.history import Log, collect
from tests.exact.kills import Points
from tests.exact.shop import Shop
from tests.exact.stand_in import stand_in
from tests.exact.storm import MOVING, OPEN, RATES, Client
from tests.exact.strace import counted, fail_at, traced, watch
from tests.exact.walk import START, Walk, in_memory
from tests.flows.victim import systems

STARTS = "clone,clone3,fork,vfork"
NO_MORE = ("-e", f"trace={STARTS}", "-e", f"inject={STARTS}:error=EAGAIN")
CUT_SHORT = {"pwrite64": 9, "fdatasync": 2, "sendto": 2, "recvfrom": 3, "openat": 1}
"""Calls that a signal may interrupt, and of how many in a row one is tried."""
LIES = 16
ASLEEP, AWAKE = 0.45, 0.05
STARVED_SECONDS, REST_SECONDS = 4.0, 120.0

strace_here = pytest.mark.skipif(strace.STRACE is None, reason="no strace on this machine")


@pytest.fixture
def walk() -> Iterator[Walk]:
    with in_memory() as folder, stand_in(folder / "sandbox") as other_side:
        one = Walk(other_side, folder)
        one.warm()
        yield one
        one.close()


def receive(walk: Walk, posts: Sequence[Post], options: Sequence[str]) -> list[Post]:
    """The posts that a receiver under these conditions did not acknowledge."""
    return walk.acknowledged(posts, traced(lambda pipe: walk.receive(Points(), pipe, posts), options).said)


def settled(walk: Walk, left: Sequence[Post]) -> list[str]:
    """What the checkers find once the shop has announced the rest and an undisturbed worker was there."""
    walk.pass_quarantine()
    said = traced(lambda pipe: walk.go(Points(), pipe, left), watch("fsync")).said
    assert walk.acknowledged(left, said) == []
    with walk.looking() as store:
        return findings(walk.history(store))


@strace_here
def test_where_no_thread_can_be_started_nobody_is_thanked_in_vain_and_the_next_worker_goes_on(walk):
    left = receive(walk, walk.sell(), NO_MORE)
    assert len(left) == 2, "a receiver that cannot start its inlet thanked somebody"
    for _ in range(8):
        left += receive(walk, walk.sell(), watch("fsync"))
    traced(lambda pipe: walk.drain(Points(), pipe), NO_MORE)
    assert settled(walk, left) == []


@strace_here
def test_a_call_that_a_signal_cut_short_is_made_again(walk):
    for syscall, stride in CUT_SHORT.items():
        posts = walk.sell()
        seen = traced(lambda pipe, posts=posts: walk.go(Points(), pipe, posts), watch(syscall))
        walk.acknowledged(posts, seen.said)
        for number in range(1, counted(seen.calls)[syscall] + 1, stride):
            posts = walk.sell()
            end = traced(lambda pipe, posts=posts: walk.go(Points(), pipe, posts), fail_at(syscall, number, "EINTR"))
            assert walk.acknowledged(posts, end.said) == [], f"{syscall} {number}"
    assert settled(walk, []) == []


@strace_here
def test_what_a_disk_loses_that_says_it_wrote_the_poll_brings_back(walk, tmp_path):
    """The first bytes of a write are not there although it was told so: an event may be lost, no order is."""
    poll(walk, tmp_path, START - timedelta(hours=1))
    for number in range(1, LIES + 1):
        lie = ("-e", "trace=pwrite64", "-e", f"inject=pwrite64:retval=100:when={number}")
        assert receive(walk, walk.sell(), lie) == []
    with walk.looking() as store:
        assert any("is not in the inbox" in line for line in findings(walk.history(store))), "the disk lost nothing"
    walk.pass_quarantine()
    poll(walk, tmp_path, walk.now)
    assert [line for line in settled(walk, []) if "is not in the inbox" not in line] == []


def poll(walk: Walk, home: Path, now: datetime) -> None:
    """What Heartland has that nobody announced goes into the inbox."""
    settings = settings_of(walk.stand_in.environment(home))
    with walk.looking() as store, http_send() as wire:
        polls.poll_heartland(store, systems(settings, permitted(wire)), walk.stand_in.retailer, now)


@contextmanager
def starved(people: Crew) -> Iterator[None]:
    """Everybody runs a tenth of the time, together, as where others have the processor."""
    over = threading.Event()

    def starve() -> None:
        while not over.is_set():
            for number, pause in ((signal.SIGSTOP, ASLEEP), (signal.SIGCONT, AWAKE)):
                for member in people.members:
                    member.signal(number)
                time.sleep(pause)

    with ThreadPoolExecutor(1) as pool:
        starving = pool.submit(starve)
        try:
            yield
        finally:
            over.set()
            starving.result()


def test_with_a_tenth_of_the_processor_all_is_slower_and_nothing_is_lost_doubled_or_started_again(tmp_path):
    url, log = f"sqlite:///{tmp_path / 'he_sync.db'}", Log()
    open_store(url).close()
    with stand_in(tmp_path / "sandbox") as other_side:
        shop = Shop(other_side.state)
        environment = {**other_side.environment(tmp_path / "home"), **SECRETS, **RATES}
        with crew(tmp_path, url, environment) as people, open_store(url) as store:
            client = Client(shop, log, f"http://127.0.0.1:{people.port}", random.Random(13))  # noqa: S311 - seeded
            client.sell()
            rest(client, store)
            with starved(people):
                client.work(STARVED_SECONDS)
                rest(client, store)
            assert [member.starts for member in people.members] == [1, 1, 1]
        log.sold = shop.sold
        with open_store(url) as store:
            assert findings(collect(store, other_side.state, log, datetime.now(UTC), cards=[CARD])) == []
    assert len(log.sold) > STARVED_SECONDS


def rest(client: Client, store: Store) -> None:
    """Until all is announced and nothing moves."""
    until = time.monotonic() + REST_SECONDS
    while client.waiting or effects.listing(store, states=MOVING) or inbox.listing(store, OPEN):
        assert time.monotonic() < until, "it did not come to rest"
        client.post()
        time.sleep(0.2)
