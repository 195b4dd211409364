"""Posts that leave the stand-in after a commit, one thread a state, in order: BPM directives and CDC pushes.

A connection is kept as long as more waits to be posted, as the HTTP client of a real server would.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from he_sync.sandbox.state import State, encode

TIMEOUT_SECONDS = 5.0
_posters: WeakKeyDictionary[State, Poster] = WeakKeyDictionary()
log = logging.getLogger(__name__)


class Poster:
    """The thread of one state, and the connections that it keeps while it is busy."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="kinetic-post")
        self._lock, self._waiting = threading.Lock(), 0

    def submit(self, work: Callable[[], object]) -> None:
        """Do the work after what was asked for before."""
        with self._lock:
            self._waiting += 1
        self._pool.submit(self._do, work)

    def _do(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            log.debug("a post in the background failed", exc_info=True)
        with self._lock:
            self._waiting -= 1
            idle = not self._waiting
        if idle:
            _hang_up()


class _Kept(threading.local):
    """Open connections of a thread, by scheme and address."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], HTTPConnection] = {}


_kept = _Kept()


def later(state: State, work: Callable[[], object]) -> None:
    """Do the work in the background, after what was asked for before."""
    poster = _posters.get(state) or _posters.setdefault(state, Poster())
    poster.submit(work)


def post(url: str, body: Any, headers: Mapping[str, str]) -> bool:
    """POST as JSON; whether the other side answered 2xx. Redirects are not followed."""
    if not url.startswith(("http://", "https://")):
        return False
    content, told = encode(body).encode(), {"Content-Type": "application/json", **headers}
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    try:
        line = _line(parts.scheme, parts.netloc)
        line.request("POST", path, content, told)
        with line.getresponse() as response:
            response.read()
            return 200 <= response.status < 300  # noqa: PLR2004 - success
    except (OSError, ValueError, HTTPException):
        _hang_up()
        return False


def _line(scheme: str, address: str) -> HTTPConnection:
    """The connection to an address; http.client opens it again where the other side said that it closes it."""
    if (scheme, address) not in _kept.lines:
        kind = HTTPSConnection if scheme == "https" else HTTPConnection
        _kept.lines[scheme, address] = kind(address, timeout=TIMEOUT_SECONDS)
    return _kept.lines[scheme, address]


def _hang_up() -> None:
    while _kept.lines:
        _kept.lines.popitem()[1].close()
