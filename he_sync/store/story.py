"""The story of a record: what was done with it, step by step, with bodies; card numbers never.

The receipt of an event is not written twice: the inbox has it, and the story begins with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert, select, union

from he_sync.store.database import Store
from he_sync.store.event_tables import inbox, story
from he_sync.store.tables import effects

Name = Literal[
    "received",
    "read",
    "validated",
    "matched",
    "mapped",
    "decided",
    "sent",
    "answered",
    "reported",
    "parked",
    "approved",
    "replayed",
]


@dataclass(frozen=True)
class Step:
    """One thing that was done about an entity. `body` is JSON text or "", card numbers redacted by who tells it."""

    entity: str
    at: datetime
    step: Name
    summary: str
    body: str = ""
    event_seq: int | None = None
    effect_key: str | None = None
    run: str = ""


def tell(connection: Connection, rows: Sequence[Step]) -> None:
    """Add steps inside the caller's transaction, so that the story says what happened and nothing else."""
    if rows:
        connection.execute(insert(story), [asdict(row) for row in rows])


def of(store: Store, name: str) -> list[Step]:
    """The whole story of an entity, named by itself, by the id of one of its events or the key of one of its effects.

    Oldest first; empty when nobody knows the name.
    """
    with store.begin() as connection:
        entities = _entities(connection, name)
        told = select(story).where(story.c.entity.in_(entities)).order_by(story.c.seq)
        steps = [
            Step(row.entity, row.at, row.step, row.summary, row.body, row.event_seq, row.effect_key, row.run)
            for row in connection.execute(told)
        ]
        return sorted(_received(connection, entities) + steps, key=lambda step: step.at)


def _entities(connection: Connection, name: str) -> list[str]:
    by_event = select(inbox.c.entity).where(inbox.c.event_id == name)
    by_effect = select(effects.c.entity).where(effects.c.key == name)
    return [name, *connection.execute(union(by_event, by_effect)).scalars()]


def _received(connection: Connection, entities: Sequence[str]) -> list[Step]:
    events = select(inbox).where(inbox.c.entity.in_(entities)).order_by(inbox.c.seq)
    return [
        Step(row.entity, row.received_at, "received", _how(row.origin, row.source, row.topic), row.body, row.seq)
        for row in connection.execute(events)
    ]


def _how(origin: str, source: str, topic: str) -> str:
    return f"{source}/{topic} by {origin}"
