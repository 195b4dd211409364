"""Dead letters: records that broke their contract, with column, rule and payload, until a person resolves them.

A letter is its content: the same bad record met again is the same letter. Met again after it was resolved, it is open
again: whatever was done about it did not reach the data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from he_sync.store import audit
from he_sync.store.canonical import content_hash
from he_sync.store.database import Store, add
from he_sync.store.tables import dead_letters


@dataclass(frozen=True)
class DeadLetter:
    """One broken rule of one record, as the contract check found it.

    `row` is the place in the batch (from 0, -1 for the whole batch) and no part of what makes two letters the same.
    """

    source: str
    entity: str
    record: str
    row: int
    column: str
    rule: str
    payload: str
    reason: str
    business_date: str

    @property
    def content(self) -> str:
        """The hash by which the letter is known again."""
        parts = (self.source, self.entity, self.record, self.column, self.rule, self.payload, self.business_date)
        return content_hash(list(parts))


@dataclass(frozen=True)
class Kept:
    """A letter in the store, by its number."""

    number: int
    letter: DeadLetter
    first_seen: datetime
    last_seen: datetime
    resolved_by: str | None
    resolution: str | None


@dataclass(frozen=True)
class Put:
    """How many letters were new, open already, and open again."""

    new: int
    known: int
    reopened: int


def put(store: Store, letters: Iterable[DeadLetter]) -> Put:
    """Keep the letters, all or none."""
    counts = {"new": 0, "known": 0, "reopened": 0}
    now = datetime.now(UTC)
    with store.begin() as connection:
        for letter in letters:
            counts[_put_one(connection, letter, now)] += 1
    return Put(**counts)


def _put_one(connection: Connection, letter: DeadLetter, now: datetime) -> str:
    mine = dead_letters.c.content_hash == letter.content
    if add(connection, dead_letters, _row(letter, now)):
        return "new"
    resolved = connection.execute(select(dead_letters.c.resolved_at).where(mine)).scalar()
    reopened = {"resolved_at": None, "resolved_by": None, "resolution": None}
    connection.execute(update(dead_letters).where(mine).values(last_seen=now, row_number=letter.row, **reopened))
    return "known" if resolved is None else "reopened"


def _row(letter: DeadLetter, now: datetime) -> dict[str, Any]:
    names = ("source", "entity", "record", "rule", "payload", "reason", "business_date")
    row = {name: getattr(letter, name) for name in names}
    row |= {"row_number": letter.row, "column_name": letter.column, "content_hash": letter.content}
    return {**row, "first_seen": now, "last_seen": now}


def listing(
    store: Store, business_date: str | None = None, entity: str | None = None, *, resolved: bool = False
) -> list[Kept]:
    """Open letters, or the resolved ones, oldest first; of one business date and one entity when these are given."""
    state = dead_letters.c.resolved_at.is_not(None) if resolved else dead_letters.c.resolved_at.is_(None)
    query = select(dead_letters).where(state).order_by(dead_letters.c.seq)
    query = query if business_date is None else query.where(dead_letters.c.business_date == business_date)
    query = query if entity is None else query.where(dead_letters.c.entity == entity)
    with store.begin() as connection:
        return [_kept(row) for row in connection.execute(query)]


def resolve(store: Store, number: int, who: str, resolution: str) -> bool:
    """Close a letter with what was done about it. False when there is no such open letter."""
    mine = (dead_letters.c.seq == number, dead_letters.c.resolved_at.is_(None))
    values = {"resolved_at": datetime.now(UTC), "resolved_by": who, "resolution": resolution}
    with store.begin() as connection:
        held = connection.execute(update(dead_letters).where(*mine).values(values)).rowcount == 1
        if held:
            audit.record(connection, who, "dead letter resolved", str(number), {"resolution": resolution})
    return held


def _kept(row: Row[Any]) -> Kept:
    names = ("source", "entity", "record", "row_number", "column_name", "rule", "payload", "reason", "business_date")
    letter = DeadLetter(*(getattr(row, name) for name in names))
    return Kept(row.seq, letter, row.first_seen, row.last_seen, row.resolved_by, row.resolution)
