"""Sessions: who is in, since when. They live in this process: its end is theirs, and a sign-out holds at once."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from he_sync.web.console.roles import EVERY, Roles

LASTS = timedelta(hours=12)
"""Of a session: a working day."""
IDLE = timedelta(hours=2)
MOST = 1_000
"""Sessions at once; the one that was quiet longest gives way."""


@dataclass(frozen=True)
class Session:
    """One person at one browser; `stamp` is of the password it began with, "" of the key."""

    who: str
    stamp: str
    began: datetime
    seen: datetime
    roles: Roles = EVERY


class Sessions:
    """Open sessions by the hash of what the cookie carries: a dump of this memory lets nobody in."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now, self._open = now, dict[str, Session]()
        self._lock = threading.Lock()

    def begin(self, who: str, stamp: str = "", roles: Roles = EVERY) -> str:
        """A new session; gives what its cookie carries, never one that a browser had before."""
        token, now = secrets.token_urlsafe(32), self._now()
        with self._lock:
            alive = {name: one for name, one in self._open.items() if _alive(one, now)}
            quiet = sorted(alive, key=lambda name: alive[name].seen)[: max(0, len(alive) - MOST + 1)]
            self._open = {name: one for name, one in alive.items() if name not in quiet}
            self._open[_name(token)] = Session(who, stamp, now, now, roles)
        return token

    def of(self, token: str, stamp: Callable[[str], str | None]) -> Session | None:
        """The session of a cookie. It ends by time, and when `stamp` no longer says what it began with."""
        name, now = _name(token), self._now()
        with self._lock:
            found = self._open.get(name)
            if found is None:
                return None
            if not _alive(found, now) or stamp(found.who) != found.stamp:
                del self._open[name]
                return None
            self._open[name] = found = replace(found, seen=now)
        return found

    def end(self, token: str) -> None:
        """Sign out."""
        with self._lock:
            self._open.pop(_name(token), None)


def _alive(one: Session, now: datetime) -> bool:
    return now < min(one.began + LASTS, one.seen + IDLE)


def _name(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
