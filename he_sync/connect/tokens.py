"""Access tokens shared by all processes of the machine: one refreshes, the others wait for it or use the old one."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from he_sync.connect.shared_file import SharedFile
from he_sync.model.errors import TryLater

REFRESH_AT = 0.8  # share of a token's life after which the next caller renews it
SHORTEST_LIFE, LONGEST_LIFE = 30.0, 24 * 3600.0  # an answer outside these is clamped, not believed
LEASE_SECONDS = 60.0  # as long as one request may take; a refresher that needs more has died
POLL_SECONDS = 0.02
LONGEST_WAIT = LEASE_SECONDS + 5.0  # a dead refresher's lease has ended by then

SCHEMA = """
CREATE TABLE IF NOT EXISTS token (
  name TEXT PRIMARY KEY, value TEXT, taken REAL NOT NULL DEFAULT 0, life REAL NOT NULL DEFAULT 0,
  holder TEXT, held_at REAL NOT NULL DEFAULT 0) WITHOUT ROWID;
"""
CLAIM = """
INSERT INTO token (name, holder, held_at) VALUES (:name, :holder, :now)
ON CONFLICT (name) DO UPDATE SET holder = :holder, held_at = :now
WHERE holder IS NULL OR NOT (:now - held_at BETWEEN 0 AND :lease)
RETURNING name
"""
STORE = """
UPDATE token SET value = :value, taken = :now, life = :life, holder = NULL WHERE name = :name AND holder = :holder
"""
RELEASE = "UPDATE token SET holder = NULL WHERE name = :name AND holder = :holder"
DROP = "UPDATE token SET value = NULL WHERE name = :name AND value = :value"


@dataclass(frozen=True)
class Token:
    """A token as its issuer gave it: its value and its life in seconds."""

    value: str = field(repr=False)
    life: float


@dataclass
class Lease:
    """Either a usable `token`, or the sole right and duty to `keep` a new one before the block ends."""

    token: str | None = field(repr=False)
    keep: Callable[[Token], None] = field(repr=False)


class TokenCache:
    """Tokens by name in one file. A token is renewed after 80 % of its life, or at once after `drop`."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._file, self._clock, self._sleep = SharedFile(path, SCHEMA), clock, sleep

    @contextmanager
    def lease(self, name: str) -> Iterator[Lease]:
        """The token of a name, or the lease to fetch it. Raises TryLater when another process holds it for too long."""
        holder = uuid.uuid4().hex
        found = self._await(name, holder)
        if found is not None:
            yield Lease(found, lambda _: None)
            return
        lease = Lease(None, lambda _: None)

        def keep(token: Token) -> None:
            life = min(max(token.life, SHORTEST_LIFE), LONGEST_LIFE)
            self._file.run(STORE, name=name, holder=holder, value=token.value, now=self._clock(), life=life)
            lease.token = token.value

        lease.keep = keep
        try:
            yield lease
        finally:
            self._file.run(RELEASE, name=name, holder=holder)

    def drop(self, name: str, value: str) -> None:
        """Forget a token that the other side refused, unless another process renewed it already."""
        self._file.run(DROP, name=name, value=value)

    def _await(self, name: str, holder: str) -> str | None:
        """A usable token, or None once the lease is ours."""
        waited = 0.0
        while waited <= LONGEST_WAIT:
            now = self._clock()
            value, age, life = self._read(name, now)
            if value is not None and 0 <= age < life * REFRESH_AT:
                return value
            if self._claim(name, holder):
                return None
            if value is not None and 0 <= age < life:
                return value
            self._sleep(POLL_SECONDS)
            waited += POLL_SECONDS
        raise TryLater(f"token {name}: another process has been fetching it for {waited:.0f} s")

    def _claim(self, name: str, holder: str) -> bool:
        """Take the lease, unless the token became fresh between the look and the claim.

        The clock is read inside the transaction: a token stored since an earlier reading would look as if it came from
        the future, and be fetched once more.
        """
        with self._file.alone():
            now = self._clock()
            value, age, life = self._read(name, now)
            if value is not None and 0 <= age < life * REFRESH_AT:
                return False
            return bool(self._file.run(CLAIM, name=name, holder=holder, now=now, lease=LEASE_SECONDS))

    def _read(self, name: str, now: float) -> tuple[str | None, float, float]:
        rows = self._file.run("SELECT value, taken, life FROM token WHERE name = :name", name=name)
        if not rows:
            return None, 0.0, 0.0
        [(value, taken, life)] = rows
        return value, now - taken, life
