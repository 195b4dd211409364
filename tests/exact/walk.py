"""The whole way of an order, taken by children that can be killed: webhook, inbox, flow, plan, write, report back."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from he_sync.cli.house import settings_of
from he_sync.connect.permit import permitted
from he_sync.connect.wire import http_send
from he_sync.flows import registry
from he_sync.flows.drain import drain
from he_sync.flows.run import Works
from he_sync.store import effects, inbox
from he_sync.store.database import open_store
from he_sync.store.effects import QUARANTINE
from he_sync.web.receiver.app import Receiver
from he_sync.web.receiver.inlet import Inlet
from he_sync.web.receiver.metrics import Metrics
from he_sync.web.receiver.settings import read_settings
from he_sync.web.receiver.sources import sources
from tests.exact.announce import CARD, SECRETS, Post, announced, deliver
from tests.exact.checkers import History
from tests.exact.history import Log, collect
from tests.exact.kills import DyingStore, Points, dying, forked
from tests.exact.shop import Shop
from tests.exact.stand_in import StandIn
from tests.flows.victim import systems

PERSON = "dana"
START = datetime(2026, 11, 21, 10, tzinfo=UTC)
PASSES = QUARANTINE + timedelta(seconds=121)
"""After which nothing that a killed worker held is held any more: the leases of both queues and the quarantine."""


@contextmanager
def in_memory() -> Iterator[Path]:
    """A folder whose syncs cost nothing, where there is one: a killed process loses no page of the kernel's cache."""
    shared = Path("/dev/shm")  # noqa: S108 - a private folder is made in it
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


class Walk:
    """One store, one shop, one other side, one clock that moves when it is told to."""

    def __init__(self, stand_in: StandIn, folder: Path, url: str = "") -> None:
        self.stand_in, self.log, self.now = stand_in, Log(), START
        self.shop = Shop(stand_in.state)
        self.log.sold = self.shop.sold
        self._settings = settings_of(stand_in.environment(folder / "home"))
        self._receiver = read_settings({**SECRETS, "HE_STORE_URL": "sqlite://"})
        self._tls = httpx.create_ssl_context(trust_env=False)
        self._flows = registry.load_all()
        self._store = open_store(url or folder / "he_sync.db")

    # what a child does

    def go(self, points: Points, pipe: int, posts: Sequence[Post]) -> None:
        """The whole way, beginning with what the shop still announces."""
        self.receive(points, pipe, posts)
        self.drain(points, pipe)

    def receive(self, points: Points, pipe: int, posts: Sequence[Post]) -> None:
        """The receiver's application takes the posts; what it answers 202 is said at once."""
        store = DyingStore(self._store.engine, points)
        inlet = Inlet(store, lambda: None, self._receiver.batch)
        receiver = Receiver(sources(self._receiver), inlet, store, Metrics())

        async def take() -> None:
            inlet.start()
            for post in posts:
                if await deliver(receiver, post):
                    os.write(pipe, f"acknowledged {post.event_id}\n".encode())
                points.reach("after the answer")

        asyncio.run(take())
        inlet.close()

    def drain(self, points: Points, pipe: int) -> None:
        """Everything that can be done now; says how many effects are left."""
        store = DyingStore(self._store.engine, points)
        with http_send(context=self._tls) as wire:
            clients = systems(self._settings, permitted(dying(wire, points)))
            works = Works(store, clients, self.stand_in.retailer, self._flows)
            done = drain(works, f"worker {os.getpid()}", linger_seconds=0.0, now=lambda: self.now)
        left = effects.listing(self._store, states=("planned", "intent", "doubtful"))
        parked = [*effects.listing(self._store, states=("parked",)), *inbox.listing(self._store, "parked")]
        os.write(pipe, f"{done}\nleft {len(left)} parked {len(parked)}\n".encode())

    def mend(self, _points: Points, pipe: int) -> None:
        """A person lets go on what lost five workers in a row, and what failed twenty reads."""
        for status in effects.listing(self._store, states=("parked",)):
            effects.release(self._store, status.effect.key, PERSON, "looked into it")
            os.write(pipe, f"released {status.effect.key}\n".encode())
        for kept in inbox.listing(self._store, "parked"):
            inbox.reopen(self._store, [kept.event.seq], PERSON, "looked into it")

    # what the parent does

    def warm(self) -> None:
        """Go the whole way once in this process, so that children inherit what is compiled and imported by then."""
        posts = self.sell()
        with Path(os.devnull).open("wb") as nowhere:
            self.go(Points(), nowhere.fileno(), posts)
        self.acknowledged(posts, "".join(f"acknowledged {post.event_id}\n" for post in posts))
        self._store.engine.dispose()
        gc.collect()
        gc.freeze()

    def sell(self) -> list[Post]:
        """A new order and what the shop announces of it."""
        return announced(self.shop.sell())

    def pass_quarantine(self) -> None:
        """Time passes."""
        self.now += PASSES

    def acknowledged(self, posts: Sequence[Post], said: str) -> list[Post]:
        """Note what was acknowledged; gives what the shop has to announce again."""
        told = {line.split()[1] for line in said.splitlines() if line.startswith("acknowledged")}
        self.log.acknowledged += [post.ack for post in posts if post.event_id in told]
        return [replace(post, tries=post.tries + 1) for post in posts if post.event_id not in told]

    def at_rest(self, said: str) -> bool:
        """Whether a worker that lived left nothing to do; what it left to a person, a person does now."""
        *_, left, _, parked = said.split()
        if int(parked):
            mended = forked(self.mend).said
            self.log.actions += [("effect parked -> doubtful", line.split()[1]) for line in mended.splitlines()]
        return not int(left) and not int(parked)

    @contextmanager
    def looking(self) -> Iterator[DyingStore]:
        """The store for the parent, with nothing left open when the block ends: the next thing may be a fork."""
        try:
            yield DyingStore(self._store.engine, Points())
        finally:
            self._store.engine.dispose()

    def history(self, store: DyingStore) -> History:
        """What is left, for the checkers."""
        return collect(store, self.stand_in.state, self.log, self.now, secrets=SECRETS.values(), cards=[CARD])

    def close(self) -> None:
        """Give back every connection."""
        self._store.close()
        self.stand_in.state._connection().close()
