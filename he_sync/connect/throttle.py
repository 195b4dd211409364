"""How fast we may call: one token bucket a system, shared by all processes of the machine through a SQLite file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from he_sync.connect.hurry import longest_wait
from he_sync.connect.shared_file import SharedFile
from he_sync.model.errors import Throttled

LONGEST_QUEUE = 900.0  # seconds; whoever would wait longer is told so instead

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS bucket (system TEXT PRIMARY KEY, tokens REAL NOT NULL, at REAL NOT NULL) WITHOUT ROWID;"
)

# A clock that steps back refills nothing for that one step and then counts on from the new time: taking the later of
# both times instead would stand still for the length of the step.
TAKE = """
INSERT INTO bucket (system, tokens, at) VALUES (:system, :burst - :weight, :now)
ON CONFLICT (system) DO UPDATE SET
  tokens = min(:burst, tokens + max(0.0, :now - at) * :rate) - :weight, at = :now
RETURNING tokens
"""
GIVE_BACK = "UPDATE bucket SET tokens = tokens + :weight WHERE system = :system"
PAUSE = """
INSERT INTO bucket (system, tokens, at) VALUES (:system, :debt, :now)
ON CONFLICT (system) DO UPDATE SET tokens = min(tokens, :debt), at = :now
"""


@dataclass(frozen=True)
class Limit:
    """`rate` calls a second on average, up to `burst` at once: t seconds see at most burst + rate * t calls."""

    rate: float
    burst: float


class Throttle:
    """The buckets of one machine. A caller takes a token at once and waits as long as the bucket is in debt.

    Nobody polls and callers are served in the order in which they came. A process killed while it waits leaves a debt
    of one call, which refills like any other.
    """

    def __init__(
        self,
        path: Path,
        limits: Mapping[str, Limit],
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._file, self._limits, self._clock, self._sleep = SharedFile(path, SCHEMA), limits, clock, sleep

    def take(self, system: str, weight: float = 1.0) -> None:
        """Wait until a call to `system` may leave. A system without a limit never waits.

        Raises Throttled where the wait would pass LONGEST_QUEUE, or the caller's hurry; the token is given back.
        """
        limit = self._limits.get(system)
        if limit is None:
            return
        values = {"system": system, "burst": limit.burst, "rate": limit.rate, "weight": weight, "now": self._clock()}
        [(tokens,)] = self._file.run(TAKE, **values)
        wait = -tokens / limit.rate
        patience = longest_wait()
        if wait > (LONGEST_QUEUE if patience is None else patience):
            self._file.run(GIVE_BACK, system=system, weight=weight)
            raise Throttled(f"{system}: the queue of calls is {wait:.0f} s long", min(wait, LONGEST_QUEUE))
        if wait > 0:
            self._sleep(wait)

    def ready_in(self, system: str) -> float:
        """Seconds that a call to `system` would wait now."""
        limit = self._limits.get(system)
        if limit is None:
            return 0.0
        rows = self._file.run("SELECT tokens, at FROM bucket WHERE system = :system", system=system)
        tokens, at = rows[0] if rows else (limit.burst, 0.0)
        wait: float = -tokens / limit.rate - max(0.0, self._clock() - at)
        return max(0.0, wait)

    def pause(self, system: str, seconds: float) -> None:
        """The other side asked for a pause: every process holds its calls for that long."""
        limit = self._limits.get(system)
        if limit is not None and seconds > 0:
            self._file.run(PAUSE, system=system, debt=-seconds * limit.rate, now=self._clock())
