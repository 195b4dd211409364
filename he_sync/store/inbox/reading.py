"""Looking into the inbox, for people, checks and summaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, func, select

from he_sync.store.database import Store
from he_sync.store.event_tables import inbox, inbox_conflicts
from he_sync.store.inbox.records import OPEN, Conflict, Kept, event_of
from he_sync.store.statements import is_in

MOST = 1000


def get(store: Store, seq: int) -> Kept | None:
    """One event by its number."""
    return next(iter(_kept(store, select(inbox).where(inbox.c.seq == seq))), None)


def find(store: Store, event_id: str) -> list[Kept]:
    """The events that go by an id, of any source."""
    return _kept(store, select(inbox).where(inbox.c.event_id == event_id).order_by(inbox.c.seq))


def by_entity(store: Store, entity: str) -> list[Kept]:
    """Every event of an entity, oldest first."""
    return _kept(store, select(inbox).where(inbox.c.entity == entity).order_by(inbox.c.seq))


def listing(store: Store, state: str | Sequence[str] = OPEN, limit: int = MOST) -> list[Kept]:
    """Events in some states, oldest first, at most `limit`."""
    states = (state,) if isinstance(state, str) else tuple(state)
    return _kept(store, select(inbox).where(inbox.c.state.in_(states)).order_by(inbox.c.seq).limit(limit))


def waiting_for(store: Store, seq: int) -> Kept | None:
    """What a waiting event waits for: the poison that blocks its entity, else the oldest open one before it."""
    one = get(store, seq)
    if one is None or one.state != "new":
        return None
    open_ones = [kept for kept in by_entity(store, one.event.entity) if kept.state in OPEN and kept.event.seq != seq]
    poison = [kept for kept in open_ones if kept.parked_for == "poison"]
    earlier = [kept for kept in open_ones if kept.event.seq < seq and kept.state != "parked"]
    return next(iter(poison + earlier), None)


def count(store: Store) -> dict[str, int]:
    """How many events are open, by state. Finished ones are not counted: there may be millions."""
    query = select(inbox.c.state, func.count().label("number")).where(is_in(inbox.c.state, *OPEN))
    with store.begin() as connection:
        return {row.state: row.number for row in connection.execute(query.group_by(inbox.c.state))}


def conflicts(store: Store) -> list[Conflict]:
    """Bodies that came under the id of another, oldest first."""
    query = select(inbox_conflicts).order_by(inbox_conflicts.c.seen_at, inbox_conflicts.c.seq)
    with store.begin() as connection:
        return [Conflict(row.seq, row.body_hash, row.body, row.seen_at) for row in connection.execute(query)]


def _kept(store: Store, query: Select[Any]) -> list[Kept]:
    with store.begin() as connection:
        return [_row(row) for row in connection.execute(query)]


def _row(row: Row[Any]) -> Kept:
    names = ("state", "parked_for", "note", "failures", "worker", "lease_until", "not_before", "finished_at")
    return Kept(event_of(row), *(getattr(row, name) for name in names))
