"""Cursors: how far a poll has read. Moved in the transaction that stores what was read, so that none is ever ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from he_sync.model.errors import FixInput
from he_sync.store.database import Store
from he_sync.store.event_tables import cursors
from he_sync.store.statements import insert

FARTHEST = timedelta(days=1)
"""Ahead of our clock: a source whose clock is wrong by more would make us skip what it says tomorrow."""


@dataclass(frozen=True)
class Cursor:
    """Where a poll stands; `value` is "" and `moved_at` None before the first move."""

    name: str
    value: str
    moved_at: datetime | None


def read(store: Store, name: str) -> Cursor:
    """Where the poll of this name stands."""
    with store.begin() as connection:
        row = connection.execute(select(cursors).where(cursors.c.name == name)).first()
    return Cursor(name, "", None) if row is None else Cursor(name, row.value, row.moved_at)


def move(connection: Connection, name: str, value: str, now: datetime, oldest_unstored: str | None = None) -> str:
    """Move a cursor inside the transaction that stores what it covers; gives where it stands then.

    Never past `oldest_unstored`, the first record that was read and not stored. Backwards is allowed: it reads again.
    Raises FixInput for an instant more than a day ahead of `now`.
    """
    value = value if oldest_unstored is None else min(value, oldest_unstored)
    _refuse_the_future(name, value, now)
    adding = insert(connection, cursors).values(name=name, value=value, moved_at=now)
    changed = {"value": adding.excluded.value, "moved_at": adding.excluded.moved_at}
    connection.execute(adding.on_conflict_do_update(index_elements=["name"], set_=changed))
    return value


def _refuse_the_future(name: str, value: str, now: datetime) -> None:
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return
    if instant.tzinfo is not None and instant > now + FARTHEST:
        raise FixInput(f"{name} would jump to {value}, more than a day ahead; check the clock of the source")
