"""Wrong passwords in a row: after a few, each costs a pause that doubles, whatever is typed meanwhile."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FREE = 5
FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=15)
REMEMBERED = 1_000
"""Names, known or not: a stranger who tries a million of them fills no memory."""
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Failed:
    """How often in a row, and until when nothing is looked at."""

    times: int = 0
    until: datetime = NEVER


@dataclass(frozen=True)
class Begun:
    """A counted try. `wait`: above zero, it is not looked at; `locks`: wrong, it is the one that locks the name."""

    wait: timedelta = timedelta(0)
    locks: bool = False


class Tries:
    """By folded name. A try counts before it is looked at, so that many at once are not all looked at."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now, self._failed = now, OrderedDict[str, Failed]()
        self._lock = threading.Lock()

    def begin(self, name: str) -> Begun:
        """Count a try of a name. Of many at once exactly one locks it: asked afterwards, several had."""
        with self._lock:
            now, known = self._now(), self._failed.pop(name.casefold(), Failed())
            if known.until > now:
                self._failed[name.casefold()] = known
                return Begun(wait=known.until - now)
            times = known.times + 1
            pause = min(LONGEST, FIRST * 2 ** min(times - FREE, 10)) if times >= FREE else timedelta(0)
            self._failed[name.casefold()] = Failed(times, now + pause if pause else NEVER)
            while len(self._failed) > REMEMBERED:
                self._failed.popitem(last=False)
        return Begun(locks=times == FREE)

    def right(self, name: str) -> None:
        """The password was right: nothing is held against the name."""
        with self._lock:
            self._failed.pop(name.casefold(), None)
