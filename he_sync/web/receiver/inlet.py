"""Group commit: one thread writes whatever waits in one transaction; only what is durable is answered.

With a sync of the disk a request, a machine takes 200 requests a second; with one for all that wait, thousands, and the
promise is the same (reference reliability 1.2).
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import text

from he_sync.model.errors import HeSyncError, TryLater
from he_sync.store import inbox
from he_sync.store.database import Store
from he_sync.store.inbox import Arrival, Stored

MOST_WAITING = 4_096
MOST_BYTES = 64 * 1024 * 1024
PATIENCE = 8.0
"""Seconds a request waits for its commit; senders give up after 10 to 30."""
PROBE_SECONDS = 1.0
LOOK_SECONDS = 0.5
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waiting:
    """The events of one request and who waits for them."""

    arrivals: Sequence[Arrival]
    answer: asyncio.Future[list[Stored]]
    size: int
    until: float


class Inlet:
    """The only writer of this process to the inbox."""

    def __init__(self, store: Store, committed: Callable[[], None], batch: int) -> None:
        self._store = store
        self._batch = batch
        self._committed = committed
        self._waiting: list[Waiting] = []
        self._writing: list[Waiting] = []
        self._bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="inlet", daemon=True)
        self.away = False
        self.commits = 0

    def start(self) -> None:
        """Begin to write, and to look after those that wait in the running event loop."""
        self._thread.start()
        self._look(asyncio.get_running_loop())

    @property
    def waiting(self) -> int:
        """Requests that wait for a commit."""
        return len(self._waiting)

    async def put(self, arrivals: Sequence[Arrival]) -> list[Stored]:
        """Return when the events are durable. Raises TryLater when they may not be: the sender must send them again."""
        loop = asyncio.get_running_loop()
        size = sum(len(each.body) for each in arrivals)
        one = Waiting(arrivals, loop.create_future(), size, loop.time() + PATIENCE)
        with self._changed:
            if self._closing or len(self._waiting) >= MOST_WAITING or self._bytes + size > MOST_BYTES:
                raise TryLater("too many events wait to be written")
            self._waiting.append(one)
            self._bytes += size
            self._changed.notify()
        return await one.answer

    def close(self) -> None:
        """Write what waits, then stop."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Refuse whoever waited too long, whatever holds the writer up. One timer for all: one each costs 20 us."""
        late = [one for one in (*self._writing, *self._waiting) if loop.time() > one.until]
        _refuse(late, TryLater(f"the store took longer than {PATIENCE:.0f} s"))
        loop.call_later(LOOK_SECONDS, self._look, loop)

    def _work(self) -> None:
        while (some := self._next()) is not None:
            if some:
                self._write(some)
            else:
                self._probe()

    def _next(self) -> list[Waiting] | None:
        """What waits; nothing when it is time to see whether the store is back; None at the end."""
        with self._changed:
            while not self._waiting and not self._closing:
                if not self._changed.wait(PROBE_SECONDS if self.away else None):
                    return []
            if not self._waiting:
                return None
            some, self._waiting = self._waiting[: self._batch], self._waiting[self._batch :]
            self._bytes -= sum(one.size for one in some)
            self._writing = some
            return some

    def _write(self, some: list[Waiting]) -> None:
        try:
            stored = inbox.put(self._store, [arrival for one in some for arrival in one.arrivals])
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing was acknowledged and the thread goes on
            self._failed(some, error)
            return
        self.away = False
        self.commits += 1
        answers, place = [], 0
        for one in some:
            answers.append(stored[place : place + len(one.arrivals)])
            place += len(one.arrivals)
        _tell(some, lambda: _give(some, answers))
        self._committed()

    def _failed(self, some: list[Waiting], error: Exception) -> None:
        """Give the connections back: after a failed sync a connection may believe what the disk does not hold."""
        self._store.close()
        if not isinstance(error, TryLater) and len(some) > 1:
            for one in some:  # one record that the store refuses must not refuse the others
                self._write([one])
            return
        log.error("events not stored: %s", error if isinstance(error, HeSyncError) else type(error).__name__)
        self.away = True
        refusal = error if isinstance(error, TryLater) else TryLater("the store did not take the events")
        _tell(some, lambda: _refuse(some, refusal))

    def _probe(self) -> None:
        try:
            with self._store.begin() as connection:
                connection.execute(text("SELECT 1"))
        except Exception:  # noqa: BLE001 - still away, whatever the reason
            self._store.close()
        else:
            self.away = False


def _tell(some: list[Waiting], work: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop has ended, and with it everybody who waited
        some[0].answer.get_loop().call_soon_threadsafe(work)


def _give(some: list[Waiting], answers: list[list[Stored]]) -> None:
    for one, answer in zip(some, answers, strict=True):
        if not one.answer.done():
            one.answer.set_result(answer)


def _refuse(some: list[Waiting], refusal: TryLater) -> None:
    for one in some:
        if not one.answer.done():
            one.answer.set_exception(refusal)
