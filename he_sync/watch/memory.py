"""What fires and what was told: `watching.db` in the home folder, beside the store, which may be what is down.

A small SQLite file, synced at each commit. That an alert fires and that somebody is to be told are one transaction; a
notice is sent after it, under an id that it keeps, and marked when its target took it. So a restart loses none, and
repeats one only where it fell between the two: under the same id, by which its reader can tell.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from he_sync.model.errors import FixInput

FILE = "watching.db"
BUSY_SECONDS = 10.0
KEPT = timedelta(days=30)
"""Of what was told; an alert that still fires keeps its own."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS standing (
  key TEXT PRIMARY KEY, alert TEXT NOT NULL, labels TEXT NOT NULL, since REAL NOT NULL, fired_at REAL,
  calm_since REAL, told_at REAL, value REAL NOT NULL, page TEXT NOT NULL, acked_by TEXT NOT NULL, note TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notice (
  id TEXT PRIMARY KEY, episode TEXT NOT NULL, target TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
  queued_at REAL NOT NULL, not_before REAL NOT NULL,
  claimed_until REAL NOT NULL DEFAULT 0, sent_at REAL, dropped_at REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS down (
  target TEXT PRIMARY KEY, since REAL NOT NULL, tries INTEGER NOT NULL, until REAL NOT NULL, problem TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS notice_open ON notice (target, not_before) WHERE sent_at IS NULL AND dropped_at IS NULL;
CREATE INDEX IF NOT EXISTS notice_episode ON notice (episode);
CREATE TABLE IF NOT EXISTS counted (
  slo TEXT NOT NULL, at REAL NOT NULL, good INTEGER NOT NULL, judged INTEGER NOT NULL, PRIMARY KEY (slo, at)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
OPEN = "sent_at IS NULL AND dropped_at IS NULL"
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Standing:
    """An alert that is broken: pending until `fired_at`, ending since `calm_since`. Times in seconds since 1970."""

    key: str
    alert: str
    labels: Labels
    since: float
    fired_at: float | None
    calm_since: float | None
    told_at: float | None
    value: float
    page: str
    acked_by: str = ""
    note: str = ""

    @property
    def episode(self) -> str:
        """This time that it fires, for whom it is the same alert as ten minutes ago and another than yesterday."""
        return f"{self.key}@{self.since:.3f}"


@dataclass(frozen=True)
class Notice:
    """One message to one target. `kind`: firing, still, escalated, resolved or alarm."""

    id: str
    episode: str
    target: str
    kind: str
    body: dict[str, Any]
    queued_at: float
    not_before: float


@dataclass(frozen=True)
class Down:
    """A target that did not take its last message: since when, how often tried, when it is tried again, and why."""

    target: str
    since: float
    tries: int
    until: float
    problem: str


@dataclass(frozen=True)
class Point:
    """What an objective had been judged by until a moment."""

    at: float
    good: int
    judged: int


class Memory:
    """The file. Opened for each look and closed after it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One transaction that no other look interleaves with."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """One statement's rows; outside of `alone` it is a transaction of its own."""
        return self._connection.execute(sql, values).fetchall()

    # alerts

    def standings(self) -> dict[str, Standing]:
        """What is broken now, by key."""
        found = self.rows("SELECT * FROM standing ORDER BY key")
        return {row[0]: Standing(row[0], row[1], _pairs(row[2]), *row[3:]) for row in found}

    def keep(self, one: Standing) -> None:
        """Write down how an alert stands."""
        rest = (one.since, one.fired_at, one.calm_since, one.told_at, one.value, one.page, one.acked_by, one.note)
        self.rows(
            "INSERT OR REPLACE INTO standing VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(one.key, one.alert, json.dumps(one.labels), *rest),
        )

    def forget(self, key: str) -> None:
        """It is over."""
        self.rows("DELETE FROM standing WHERE key = ?", key)

    # notices

    def queue(self, one: Notice) -> None:
        """Have a message sent; the same one is not queued twice."""
        self.rows(
            "INSERT OR IGNORE INTO notice (id, episode, target, kind, body, queued_at, not_before) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(
                one.id,
                one.episode,
                one.target,
                one.kind,
                json.dumps(one.body, allow_nan=False),
                one.queued_at,
                one.not_before,
            ),
        )

    def drop(self, episode: str, now: float) -> None:
        """What of an episode is not sent will not be."""
        self.rows(f"UPDATE notice SET dropped_at = ? WHERE episode = ? AND {OPEN}", now, episode)  # noqa: S608 - our own words

    def drop_kinds(self, episode: str, kinds: tuple[str, ...], now: float) -> None:
        """The same for messages of some kinds."""
        for kind in kinds:
            self.rows(f"UPDATE notice SET dropped_at = ? WHERE episode = ? AND kind = ? AND {OPEN}", now, episode, kind)  # noqa: S608 - our own words

    def told(self, episode: str) -> dict[str, bool]:
        """Targets of an episode, and whether one of its messages reached them."""
        rows = self.rows(
            "SELECT target, max(sent_at IS NOT NULL) FROM notice WHERE episode = ? AND kind <> 'escalated' "
            "OR episode = ? AND sent_at IS NOT NULL GROUP BY target",
            *(episode, episode),
        )
        return {target: bool(sent) for target, sent in rows}

    def waiting(self) -> list[Notice]:
        """Messages that are not sent, in the order in which they will be."""
        return self._notices(f"WHERE {OPEN} ORDER BY not_before, queued_at, id")

    def claim(self, target: str, now: float, lease: float) -> Notice | None:
        """The next message of a target that is due, for this sender alone until the lease ends.

        None while the target rests after it did not take one, and while another sender has its next message.
        """
        found = self.rows(
            "UPDATE notice SET claimed_until = ? WHERE id = (SELECT id FROM notice "  # noqa: S608 - our own words
            f"WHERE target = ? AND {OPEN} AND not_before <= ? ORDER BY not_before, queued_at, id LIMIT 1) "
            "AND claimed_until <= ? AND NOT EXISTS (SELECT 1 FROM down WHERE target = ? AND until > ?) RETURNING id",
            *(now + lease, target, now, now, target, now),
        )
        return self._notices("WHERE id = ?", found[0][0])[0] if found else None

    def together(self, one: Notice, now: float) -> list[Notice]:
        """What goes with a claimed message: the same of the other series of its alert, due at the same target."""
        same = "json_extract(body, '$.alert') = ? AND kind = ? AND id <> ? AND not_before <= ?"
        values = (one.target, one.body["alert"], one.kind, one.id, now)
        return self._notices(f"WHERE target = ? AND {OPEN} AND {same} ORDER BY queued_at, id", *values)

    def sent(self, some: Sequence[Notice], now: float) -> None:
        """Their target took them, and is there."""
        with self.alone():
            for one in some:
                self.rows("UPDATE notice SET sent_at = ? WHERE id = ?", now, one.id)
                self.rows("DELETE FROM down WHERE target = ?", one.target)

    def failed(self, one: Notice, problem: str, now: float, pauses: tuple[float, float]) -> None:
        """Its target did not: it is tried again after the first pause, twice that, and so on up to the longest."""
        first, longest = pauses
        with self.alone():
            known = self.downs().get(one.target, Down(one.target, now, 0, now, problem))
            until = now + min(first * 2**known.tries, longest)
            row = (one.target, known.since, known.tries + 1, until, problem)
            self.rows("INSERT OR REPLACE INTO down VALUES (?, ?, ?, ?, ?)", *row)
            self.rows("UPDATE notice SET claimed_until = 0 WHERE id = ?", one.id)

    def downs(self) -> dict[str, Down]:
        """Targets that did not take their last message."""
        return {row[0]: Down(*row) for row in self.rows("SELECT * FROM down ORDER BY target")}

    def _notices(self, where: str, *values: Any) -> list[Notice]:
        columns = "id, episode, target, kind, body, queued_at, not_before"
        found = self.rows(f"SELECT {columns} FROM notice {where}", *values)  # noqa: S608 - our own words
        return [
            Notice(number, episode, target, kind, json.loads(body), queued, due)
            for number, episode, target, kind, body, queued, due in found
        ]

    # objectives

    def counted(self, slo: str) -> list[Point]:
        """What an objective was judged by, oldest first."""
        return [Point(*row) for row in self.rows("SELECT at, good, judged FROM counted WHERE slo = ? ORDER BY at", slo)]

    def count(self, slo: str, point: Point) -> None:
        """Keep a point; one of the same moment is replaced."""
        self.rows("INSERT OR REPLACE INTO counted VALUES (?, ?, ?, ?)", slo, point.at, point.good, point.judged)

    # marks

    def mark(self, name: str) -> str:
        """What was written down under a name, or ""."""
        found = self.rows("SELECT value FROM mark WHERE name = ?", name)
        return str(found[0][0]) if found else ""

    def set_mark(self, name: str, value: str) -> None:
        """Write it down."""
        self.rows("INSERT OR REPLACE INTO mark VALUES (?, ?)", name, value)

    def prune(self, now: float, counted: timedelta) -> None:
        """Let go of what is old."""
        self.rows("DELETE FROM counted WHERE at < ?", now - counted.total_seconds())
        old = "(sent_at < ? OR dropped_at < ?)"
        standing = "SELECT key || '@' || printf('%.3f', since) FROM standing"
        gone = f"DELETE FROM notice WHERE {old} AND episode NOT IN ({standing})"  # noqa: S608 - our own words
        self.rows(gone, *[now - KEPT.total_seconds()] * 2)


@contextmanager
def memory(home: Path) -> Iterator[Memory]:
    """The file of a home folder, made when it is not there. Raises FixInput where it cannot be used."""
    path = home / FILE
    try:
        home.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        opened = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
        opened.executescript(f"PRAGMA synchronous = FULL; {SCHEMA}")
    except (OSError, sqlite3.Error) as error:
        raise FixInput(f"{path}: cannot be used ({error}); delete it, it is made anew and fires once more") from error
    with closing(opened):
        yield Memory(opened)


def _pairs(text: str) -> Labels:
    return tuple((name, value) for name, value in json.loads(text))
