"""What goes into the inbox and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row

from he_sync.model.errors import BrokenPromise

Stored = Literal["new", "known", "again", "conflict"]
Outcome = Literal["done", "quiet", "parked"]
MOST_LOST = 5
"""Workers that an event may lose before it is parked: it may be what kills them (reference reliability 3.4)."""
MOST_FAILURES = 20
"""Reads that may fail for an event before a person is asked."""
OPEN = ("new", "taken", "parked")


class Stale(BrokenPromise):
    """The lease was lost and another worker may have the events: roll back, nothing of this transaction may stand."""


@dataclass(frozen=True)
class Arrival:
    """An event as a receiver or a poll hands it in.

    `event_id` is the sender's where it gives one, else a content hash (`own_id` False); with source and topic it is
    unique for ever. `version` is the source's own, sortable as text, "" where unknown. `body` is JSON text, card
    numbers redacted; `body_hash` is the sha-256 of the bytes as they came.
    """

    source: str
    topic: str
    event_id: str
    entity: str
    version: str
    body: str
    body_hash: str
    origin: str = "webhook"
    own_id: bool = True

    @property
    def identity(self) -> tuple[str, str, str]:
        """What no two events share."""
        return self.event_id, self.source, self.topic


@dataclass(frozen=True)
class Event:
    """One event in the hands of a worker. `attempts` counts this one and the workers it lost before."""

    seq: int
    source: str
    topic: str
    event_id: str
    entity: str
    version: str
    body: str
    origin: str
    attempts: int
    received_at: datetime

    @property
    def address(self) -> str:
        """How flows name its kind: "heartland/sales_transaction_completed"."""
        return f"{self.source}/{self.topic}"


@dataclass(frozen=True)
class Taken:
    """All waiting events of some entities, in the hands of one worker until `lease_until`; `token` proves it."""

    token: int
    events: tuple[Event, ...]
    lease_until: datetime

    @property
    def seqs(self) -> tuple[int, ...]:
        """The numbers of all its events."""
        return tuple(event.seq for event in self.events)


@dataclass(frozen=True)
class Kept:
    """Where an event stands, for people. `parked_for` is "input", "failures" or "poison" where it is parked."""

    event: Event
    state: str
    parked_for: str
    note: str
    failures: int
    worker: str | None
    lease_until: datetime | None
    not_before: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class Conflict:
    """Another body that came under the id of an event; the first one stands until the record is read again."""

    seq: int
    body_hash: str
    body: str
    seen_at: datetime


def event_of(row: Row[Any], attempts: int | None = None) -> Event:
    """The event of a row."""
    return Event(
        row.seq,
        row.source,
        row.topic,
        row.event_id,
        row.entity,
        row.version,
        row.body,
        row.origin,
        row.attempts if attempts is None else attempts,
        row.received_at,
    )
