"""Looking whether there is work, without a write transaction: a drain that idles asks thirty times a second.

A transaction of the store is BEGIN IMMEDIATE on SQLite, which keeps the receiver waiting. Here a connection of
its own reads outside of one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from he_sync.store.database import Store
from he_sync.store.tables import EPOCH, MICROSECOND

EVENTS = """
SELECT 1 FROM inbox AS one WHERE one.state = 'new' AND (one.not_before IS NULL OR one.not_before <= {now})
AND NOT EXISTS (
  SELECT 1 FROM inbox AS other
  WHERE other.entity = one.entity AND other.state IN ('new', 'taken', 'parked') AND other.parked_for = 'poison')
LIMIT 1
"""
"""Not what waits behind poison: a drain would write a transaction for it thirty times a second and take nothing."""
LOST = "SELECT 1 FROM inbox WHERE state = 'taken' AND lease_until <= {now} LIMIT 1"
EFFECTS = """
SELECT 1 FROM effects AS one
WHERE one.state NOT IN ('confirmed', 'withdrawn')
AND (one.not_before IS NULL OR one.not_before <= {now}) AND (one.lease_until IS NULL OR one.lease_until <= {now})
AND (one.state IN ('intent', 'doubtful') OR one.state = 'planned'
  AND NOT EXISTS (
    SELECT 1 FROM effects AS other
    WHERE other.entity = one.entity AND other.seq <> one.seq AND other.state NOT IN ('confirmed', 'withdrawn')
    AND (other.seq < one.seq OR other.state IN ('intent', 'doubtful')))
  AND (one.depends_on IS NULL
    OR EXISTS (SELECT 1 FROM effects AS first WHERE first.key = one.depends_on AND first.state = 'confirmed')))
LIMIT 1
"""
"""What `effects.claim` or `resume_doubtful` would give; not what only waits behind a person's decision."""


CONFLICTS = """
SELECT (SELECT count(*) FROM inbox_conflicts WHERE settled_at IS NULL),
       (SELECT count(*) FROM effect_conflicts WHERE settled_at IS NULL)
"""


def conflicts(store: Store) -> dict[str, int]:
    """How many conflicts of events and of effects are open, for a page that is asked for every few seconds."""
    connection = store.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(CONFLICTS)
        events, effects = cursor.fetchone() or (0, 0)
        connection.rollback()
    except Exception:
        connection.invalidate()
        raise
    connection.close()
    return {"event": int(events), "effect": int(effects)}


def due(store: Store, now: datetime) -> bool:
    """Whether a drain would have something to do now: an event, or an effect that may go."""
    with Watch(store) as watch:
        return watch.events_due(now) or watch.effects_due(now)


class Watch:
    """A reader beside the store's writers; closed at the end of its block."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def events_due(self, now: datetime) -> bool:
        """Whether a take may give something: an event that is due, or one whose worker is lost."""
        return self._any(EVENTS, now) or self._any(LOST, now)

    def effects_due(self, now: datetime) -> bool:
        """Whether a push would have something to do."""
        return self._any(EFFECTS, now)

    def _any(self, question: str, now: datetime) -> bool:
        """A connection that the database cut is replaced; whoever asks comes again anyway."""
        moment = (now - EPOCH) // MICROSECOND
        try:
            cursor = self._cursor()
            cursor.execute(question.format(now=moment))
            found = cursor.fetchone() is not None
            cursor.close()
            self._connection.rollback()
        except self._store.engine.dialect.loaded_dbapi.Error:
            self._close()
            return True
        return found

    def _cursor(self) -> Any:
        if self._connection is None:
            self._connection = self._store.engine.raw_connection()
        return self._connection.cursor()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection = None
