"""Killing a process at the k-th point of its work, cheaply: a warmed parent forks, the child counts and dies.

Points are both sides of everything that leaves a trace: a transaction's begin and commit, a request and its answer. The
product is not edited: the store and the wire that are handed to it count. Forking costs a few milliseconds where a new
interpreter would cost a second; the parent must have one thread and no open connection when it forks.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from he_sync.connect.wire import Request, Response, Send
from he_sync.store.database import Store

NEVER = 0
LONGEST_LABEL = 400


@dataclass
class Points:
    """Counts the points of one process and kills it with -9 at the `deadly`-th, telling first which one it was."""

    deadly: int = NEVER
    tell: int = -1
    seen: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reach(self, label: str) -> None:
        """One point."""
        with self._lock:
            self.seen.append(label)
            if len(self.seen) != self.deadly:
                return
            if self.tell >= 0:
                os.write(self.tell, f"{label}\n".encode()[:LONGEST_LABEL])
            os.kill(os.getpid(), signal.SIGKILL)


class DyingStore(Store):
    """A store every transaction of which has four points."""

    def __init__(self, engine: Engine, points: Points) -> None:
        super().__init__(engine)
        self._points = points

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction."""
        self._points.reach("before begin")
        with super().begin() as connection:
            self._points.reach("after begin")
            yield connection
            self._points.reach("before commit")
        self._points.reach("after commit")


def dying(send: Send, points: Points) -> Send:
    """A `Send` with a point before and after every request."""

    def sent(request: Request) -> Response:
        what = f"{request.method} {request.url.split('?', 1)[0].rsplit('/', 1)[-1].split('(', 1)[0]}"
        points.reach(f"before {what}")
        try:
            return send(request)
        finally:
            points.reach(f"after {what}")

    return sent


@dataclass(frozen=True)
class End:
    """How a child ended: at which point it was killed, empty when it lived; what it said."""

    killed_at: str
    said: str = ""

    @property
    def killed(self) -> bool:
        """Whether it was killed."""
        return bool(self.killed_at)


class Failed(Exception):
    """The child raised; its traceback."""


def forked(work: Callable[[Points, int], None], deadly: int = NEVER) -> End:
    """Run `work(points, pipe)` in a child that dies at its `deadly`-th point; what it writes to the pipe is `said`.

    Raises Failed when the work raises.
    """
    (label_out, label_in), (said_out, said_in) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        _live(work, Points(deadly, label_in), said_in)
    os.close(label_in)
    os.close(said_in)
    said = _all(said_out)
    label = _all(label_out)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return End(label.strip() or "somewhere", said)
    if os.waitstatus_to_exitcode(status):
        raise Failed(said)
    return End("", said)


def _live(work: Callable[[Points, int], None], points: Points, said: int) -> None:
    code = 1
    gc.disable()  # a collection would touch, and so copy, every page that is shared with the parent
    try:
        work(points, said)
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it was, the parent shows it
        with suppress(OSError):
            os.write(said, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _all(pipe: int) -> str:
    with os.fdopen(pipe, "rb") as readable:
        return readable.read().decode()
