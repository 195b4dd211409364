"""Two contents under one name: an event's id that came with another body, an effect's key planned with another.

The first stands in both cases and the other is kept beside it until a person has looked at the two and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, select, update

from he_sync.store import audit
from he_sync.store.database import Store
from he_sync.store.event_tables import inbox, inbox_conflicts
from he_sync.store.tables import effect_conflicts, effects

Kind = Literal["event", "effect"]
SHORT = 8


@dataclass(frozen=True)
class Conflict:
    """Both bodies as JSON text, `first` being the one that stands; `of` is what they share, in plain words.

    `name` is for people: kind, number or key, and the beginning of the other body's hash.
    """

    name: str
    kind: Kind
    entity: str
    of: str
    first: str
    other: str
    seen_at: datetime
    settled_by: str | None = None
    settlement: str | None = None


def listing(store: Store, *, settled: bool = False) -> list[Conflict]:
    """Open conflicts, or the settled ones: of events first, each in the order in which they were seen."""
    with store.begin() as connection:
        events = [_of_event(row) for row in connection.execute(_events(settled=settled))]
        return events + [_of_effect(row) for row in connection.execute(_effects(settled=settled))]


def settle(store: Store, name: str, who: str, note: str) -> bool:
    """Close an open conflict: what stands goes on to stand. False where there is no open one of this name."""
    return store.run(lambda connection: _settle(connection, name, who, note))


def _settle(connection: Connection, name: str, who: str, note: str) -> bool:
    table, rows = (inbox_conflicts, _events()) if name.startswith("event-") else (effect_conflicts, _effects())
    named = _event_name if table is inbox_conflicts else _effect_name
    mine = next((row for row in connection.execute(rows) if named(row) == name), None)
    if mine is None:
        return False
    of = table.c.seq == mine.seq if table is inbox_conflicts else table.c.key == mine.key
    said = {"settled_at": datetime.now(UTC), "settled_by": who, "settlement": note}
    which = (of, table.c.body_hash == mine.body_hash, table.c.settled_at.is_(None))
    if connection.execute(update(table).where(*which).values(said)).rowcount != 1:
        return False
    audit.record(connection, who, "conflict settled", name, {"of": mine.entity, "note": note})
    return True


def _events(*, settled: bool = False) -> Select[Any]:
    beside = inbox_conflicts
    columns = (inbox.c.source, inbox.c.topic, inbox.c.event_id, inbox.c.entity, inbox.c.body.label("first"))
    query = select(beside, *columns).join(inbox, inbox.c.seq == beside.c.seq)
    state = beside.c.settled_at.is_not(None) if settled else beside.c.settled_at.is_(None)
    return query.where(state).order_by(beside.c.seen_at, beside.c.seq, beside.c.body_hash)


def _effects(*, settled: bool = False) -> Select[Any]:
    beside = effect_conflicts
    columns = (effects.c.kind, effects.c.entity, effects.c.state, effects.c.body.label("first"))
    query = select(beside, *columns).join(effects, effects.c.key == beside.c.key)
    state = beside.c.settled_at.is_not(None) if settled else beside.c.settled_at.is_(None)
    return query.where(state).order_by(beside.c.seen_at, effects.c.seq, beside.c.body_hash)


def _event_name(row: Row[Any]) -> str:
    return f"event-{row.seq}-{row.body_hash[:SHORT]}"


def _effect_name(row: Row[Any]) -> str:
    return f"effect-{row.key[:SHORT]}-{row.body_hash[:SHORT]}"


def _of_event(row: Row[Any]) -> Conflict:
    of = f"{row.source}/{row.topic} {row.event_id} came with two bodies"
    return _conflict(row, _event_name(row), "event", of)


def _of_effect(row: Row[Any]) -> Conflict:
    of = f"{row.kind} is {row.state} and was planned again otherwise: {row.summary}"
    return _conflict(row, _effect_name(row), "effect", of)


def _conflict(row: Row[Any], name: str, kind: Kind, of: str) -> Conflict:
    return Conflict(name, kind, row.entity, of, row.first, row.body, row.seen_at, row.settled_by, row.settlement)
