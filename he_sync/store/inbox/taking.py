"""Taking events: all that wait for some entities, under one token, counted before anything is tried.

An entity whose last worker was lost is taken alone: whatever kills workers then takes nothing innocent down with it and
is parked by itself after MOST_LOST of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    exists,
    func,
    or_,
    select,
    true,
    update,
)

from he_sync.store import audit
from he_sync.store.database import Store
from he_sync.store.event_tables import counters, inbox
from he_sync.store.inbox.records import MOST_LOST, OPEN, Taken, event_of
from he_sync.store.statements import batches, insert, is_in, one_at_a_time

ONE_TAKER = 4_180_221_008
"""Postgres: taking is one at a time, because "nobody has this entity" is no row that a second taker could lock."""
TOKENS = "inbox"
LOST = f"its worker was lost {MOST_LOST} times"


def take(  # noqa: PLR0913, PLR0917 - who takes what, how much, for how long
    store: Store, worker: str, topics: Collection[str] | None, limit: int, lease_seconds: float, now: datetime
) -> Taken | None:
    """All waiting events of up to `limit` entities, oldest entity first; None when there is nothing to take.

    `topics` as "source/topic", None for all. An entity is passed over while a worker has an event of it, while its
    oldest event is not due, and as long as one of its events is parked as poison. Attempts are counted durably here,
    before anything is tried. Safe to repeat: what a lost answer took is free again when its lease ends.
    """
    until = now + timedelta(seconds=lease_seconds)
    return store.run(lambda connection: take_in(connection, worker, topics, limit, (now, until)))


def due(store: Store, now: datetime, topics: Collection[str] | None = None) -> bool:
    """Whether a take would give anything, or a lost worker's events are to be freed."""
    with store.begin() as connection:
        return due_in(connection, now, topics)


def due_in(connection: Connection, now: datetime, topics: Collection[str] | None = None) -> bool:
    """The same inside the caller's transaction, for letting go of a lane."""
    lost = exists().where(_is_lost(now))
    ready = _ready(topics, now).limit(1).exists()
    return bool(connection.execute(select(or_(lost, ready))).scalar())


def waiting(store: Store, topics: Collection[str] | None = None, now: datetime | None = None) -> int:
    """How many events nobody has taken yet; with `now` only those that are due."""
    late = true() if now is None else _is_due(inbox, now)
    query = select(func.count()).where(is_in(inbox.c.state, "new"), _of(inbox, topics), late)
    with store.begin() as connection:
        return connection.execute(query).scalar_one()


def take_in(
    connection: Connection, worker: str, topics: Collection[str] | None, limit: int, lease: tuple[datetime, datetime]
) -> Taken | None:
    """The same inside the caller's transaction; `lease` is from when to when."""
    now, until = lease
    one_at_a_time(connection, ONE_TAKER)
    _free_the_lost(connection, now)
    heads = connection.execute(_ready(topics, now).limit(limit)).all()
    if not heads:
        return None
    rows = _all_of(connection, [row.entity for row in _unsuspected(heads)], topics)
    token = _next_token(connection)
    held = {"state": "taken", "token": token, "worker": worker, "lease_until": until, "asked_again": False}
    for some in batches([row.seq for row in rows]):
        counted = update(inbox).where(inbox.c.seq.in_(some)).values(**held, attempts=inbox.c.attempts + 1)
        connection.execute(counted)
    return Taken(token, tuple(event_of(row, row.attempts + 1) for row in rows), until)


def _free_the_lost(connection: Connection, now: datetime) -> None:
    """A lost worker's events wait again, or are parked when they lost too many; its token is worth nothing from now.

    Locked as they are read: an event that its worker ends at this moment, late, is not to be opened again behind it.
    """
    query = select(inbox.c.seq, inbox.c.attempts, inbox.c.entity).where(_is_lost(now))
    lost = connection.execute(query.with_for_update(skip_locked=True)).all()
    free = {"worker": None, "lease_until": None, "token": 0}
    poison = [row for row in lost if row.attempts >= MOST_LOST]
    for some in batches([row.seq for row in lost if row.attempts < MOST_LOST]):
        connection.execute(update(inbox).where(inbox.c.seq.in_(some)).values(state="new", **free))
    for some in batches([row.seq for row in poison]):
        parked = {"state": "parked", "parked_for": "poison", "note": LOST, "finished_at": now}
        connection.execute(update(inbox).where(inbox.c.seq.in_(some)).values(**parked, **free))
    for row in poison:
        audit.record(connection, "he-sync", "event parked as poison", row.entity, {"event": row.seq, "reason": LOST})


def _is_lost(now: datetime) -> ColumnElement[bool]:
    return and_(is_in(inbox.c.state, "taken"), inbox.c.lease_until <= now)


def _of(table: Any, topics: Collection[str] | None) -> ColumnElement[bool]:
    return true() if topics is None else (table.c.source + "/" + table.c.topic).in_(sorted(topics))


def _is_due(table: Any, now: datetime) -> ColumnElement[bool]:
    return or_(table.c.not_before.is_(None), table.c.not_before <= now)


def _ready(topics: Collection[str] | None, now: datetime) -> Select[int, str, int]:
    """The oldest waiting event of each entity that may be taken, oldest first."""
    other = inbox.alias("other")
    earlier = and_(other.c.state == "new", other.c.seq < inbox.c.seq, _of(other, topics))
    ahead = or_(other.c.state == "taken", other.c.parked_for == "poison", earlier)
    held_up = exists().where(other.c.entity == inbox.c.entity, is_in(other.c.state, *OPEN), ahead)
    waits = (is_in(inbox.c.state, "new"), _is_due(inbox, now), _of(inbox, topics), ~held_up)
    return select(inbox.c.seq, inbox.c.entity, inbox.c.attempts).where(*waits).order_by(inbox.c.seq)


def _unsuspected(heads: Sequence[Row[int, str, int]]) -> Sequence[Row[int, str, int]]:
    """The oldest alone where it lost a worker before, else all that lost none."""
    return heads[:1] if heads[0].attempts else [row for row in heads if not row.attempts]


def _all_of(connection: Connection, entities: list[str], topics: Collection[str] | None) -> list[Row[Any]]:
    rows: list[Row[Any]] = []
    for some in batches(entities):
        theirs = (inbox.c.entity.in_(some), is_in(inbox.c.state, *OPEN), inbox.c.state == "new")
        rows += connection.execute(select(inbox).where(*theirs, _of(inbox, topics)))
    return sorted(rows, key=lambda row: row.seq)


def _next_token(connection: Connection) -> int:
    first = insert(connection, counters).values(name=TOKENS, value=1)
    up = first.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
    return int(connection.execute(up.returning(counters.c.value)).scalar_one())
