"""Whether a system answers at all, known to all processes of the machine through a SQLite file.

After FAILURES calls in a row without an answer nobody calls it for PROBE_SECONDS; then one caller may, as the probe.
An answer of any kind (a refusal, a 429) closes it. So a system that is down for an hour sees one call each half minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from he_sync.connect.shared_file import SharedFile
from he_sync.model.errors import Throttled

FAILURES = 5
PROBE_SECONDS = 30.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS breaker (
  system TEXT PRIMARY KEY, failures INTEGER NOT NULL, until REAL NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;
"""
READ = "SELECT failures, until, reason FROM breaker WHERE system = :system"
# One UPDATE is the lease: of all who find the time over, one moves it on and is the probe.
PROBE = """
UPDATE breaker SET until = :now + :probe
WHERE system = :system AND (until <= :now OR until > :now + :probe) RETURNING failures
"""
FAILED = """
INSERT INTO breaker (system, failures, until, reason) VALUES (:system, 1, 0, :reason)
ON CONFLICT (system) DO UPDATE SET
  failures = failures + 1, reason = :reason, until = CASE WHEN failures + 1 >= :most THEN :now + :probe ELSE 0 END
"""
ANSWERED = "DELETE FROM breaker WHERE system = :system"


class Breaker:
    """The breakers of one machine, one a system. What the file loses costs FAILURES calls."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._file, self._clock = SharedFile(path, SCHEMA), clock

    def ready_in(self, system: str) -> float:
        """Seconds until a call may leave; 0 while the system answers. A clock that stepped back frees the next."""
        failures, until, _ = self._read(system)
        left = until - self._clock()
        return left if failures >= FAILURES and 0 < left <= PROBE_SECONDS else 0.0

    def enter(self, system: str) -> None:
        """Let a call pass. Raises Throttled, with the seconds until the next probe, while the system is down."""
        failures, _, reason = self._read(system)
        if failures < FAILURES:
            return
        if not self._file.run(PROBE, system=system, now=self._clock(), probe=PROBE_SECONDS):
            left = self.ready_in(system)
            said = f"{system} gave no answer {failures} times, the last time {reason}; asked again in {left:.0f} s"
            raise Throttled(said, max(left, 1.0))

    def failed(self, system: str, reason: str = "") -> None:
        """A call that had no answer, and what was the matter with it, in one line for people."""
        now = self._clock()
        self._file.run(FAILED, system=system, reason=reason, now=now, most=FAILURES, probe=PROBE_SECONDS)

    def answered(self, system: str) -> None:
        """A call that had one. Writes only where a failure was noted."""
        if self._read(system)[0]:
            self._file.run(ANSWERED, system=system)

    def _read(self, system: str) -> tuple[int, float, str]:
        rows = self._file.run(READ, system=system)
        return (rows[0][0], rows[0][1], rows[0][2]) if rows else (0, 0.0, "")
