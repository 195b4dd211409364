"""Dead letters: records that broke their contract, with column, rule and payload, until a person resolves them.

A letter is its content: the same bad record met again is the same letter. Met again after it was resolved, it is open
again: whatever was done about it did not reach the data. A letter of the event path knows its event, and is resolved
when that is replayed, or answered after all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from he_sync.store import audit
from he_sync.store.canonical import content_hash
from he_sync.store.database import Store
from he_sync.store.inbox import reopen_in
from he_sync.store.statements import add, batches
from he_sync.store.tables import dead_letters

LATEST = ("flow", "mapping_version", "event_seq", "plain", "notice")
"""What a letter that is met again says anew."""


@dataclass(frozen=True)
class DeadLetter:
    """One broken rule of one record, as the contract check found it.

    `row` is the place in the batch (from 0, -1 for the whole batch). `plain` is the cause in plain language, `notice`
    who is to be told, `attempts` how often the record was tried, `event_seq` the event to replay. None of these makes
    two letters different.
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
    flow: str = ""
    mapping_version: str = ""
    attempts: int = field(default=0, compare=False)
    event_seq: int | None = None
    plain: str = ""
    notice: str = ""

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
    those = list(letters)
    return store.run(lambda connection: put_in(connection, those))


def put_in(connection: Connection, letters: Iterable[DeadLetter]) -> Put:
    """The same inside the caller's transaction, with the events that the letters are about."""
    counts = {"new": 0, "known": 0, "reopened": 0}
    now = datetime.now(UTC)
    for letter in letters:
        counts[_put_one(connection, letter, now)] += 1
    return Put(**counts)


def _put_one(connection: Connection, letter: DeadLetter, now: datetime) -> str:
    mine = dead_letters.c.content_hash == letter.content
    if add(connection, dead_letters, _row(letter, now)):
        return "new"
    there = connection.execute(select(dead_letters.c.resolved_at, dead_letters.c.attempts).where(mine)).one()
    tried = {**{name: getattr(letter, name) for name in LATEST}, "attempts": max(letter.attempts, there.attempts + 1)}
    reopened = {"resolved_at": None, "resolved_by": None, "resolution": None}
    told = {"last_seen": now, "row_number": letter.row, **reopened, **tried}
    connection.execute(update(dead_letters).where(mine).values(told))
    return "known" if there.resolved_at is None else "reopened"


def _row(letter: DeadLetter, now: datetime) -> dict[str, Any]:
    names = ("source", "entity", "record", "rule", "payload", "reason", "business_date", *LATEST)
    row = {name: getattr(letter, name) for name in names}
    row |= {"row_number": letter.row, "column_name": letter.column, "content_hash": letter.content}
    return {**row, "attempts": max(letter.attempts, 1), "first_seen": now, "last_seen": now}


def listing(
    store: Store,
    business_date: str | None = None,
    entity: str | None = None,
    *,
    rule: str | None = None,
    resolved: bool = False,
) -> list[Kept]:
    """Open letters, or the resolved ones, oldest first; of one business date, entity or rule when these are given."""
    state = dead_letters.c.resolved_at.is_not(None) if resolved else dead_letters.c.resolved_at.is_(None)
    query = select(dead_letters).where(state).order_by(dead_letters.c.seq)
    query = query if business_date is None else query.where(dead_letters.c.business_date == business_date)
    query = query if entity is None else query.where(dead_letters.c.entity == entity)
    query = query if rule is None else query.where(dead_letters.c.rule == rule)
    with store.begin() as connection:
        return [_kept(row) for row in connection.execute(query)]


def resolve(store: Store, number: int, who: str, resolution: str) -> bool:
    """Close a letter with what was done about it. False when there is no such open letter."""
    return bool(store.run(lambda connection: _resolve(connection, dead_letters.c.seq == number, who, resolution)))


def replay(store: Store, numbers: Collection[int], who: str, note: str) -> int:
    """Have the events of these open letters answered again, each once; gives how many events wait anew.

    Every letter of such an event is resolved: what is still wrong opens it again. Letters without an event stay open.
    """
    return store.run(lambda connection: _replay(connection, sorted(set(numbers)), who, note))


def answered_in(connection: Connection, seqs: Collection[int], note: str) -> int:
    """Resolve what is open about events that were answered after all, in the transaction that says so."""
    those = [dead_letters.c.event_seq.in_(some) for some in batches(sorted(set(seqs)))]
    return sum(len(_resolve(connection, mine, "he-sync", note)) for mine in those)


def _replay(connection: Connection, numbers: list[int], who: str, note: str) -> int:
    about = (dead_letters.c.event_seq.is_not(None), dead_letters.c.resolved_at.is_(None))
    events: set[int] = set()
    for some in batches(numbers):
        events |= set(
            connection.execute(select(dead_letters.c.event_seq).where(dead_letters.c.seq.in_(some), *about)).scalars()
        )
    for some in batches(sorted(events)):
        _resolve(connection, dead_letters.c.event_seq.in_(some), who, f"replayed: {note}")
    return reopen_in(connection, events, who, note)


def _resolve(connection: Connection, which: ColumnElement[bool], who: str, resolution: str) -> list[int]:
    mine = (which, dead_letters.c.resolved_at.is_(None))
    values = {"resolved_at": datetime.now(UTC), "resolved_by": who, "resolution": resolution}
    closing = update(dead_letters).where(*mine).values(values).returning(dead_letters.c.seq)
    closed = sorted(connection.execute(closing).scalars().all())
    if closed:
        deeds = [(str(number), {"resolution": resolution}) for number in closed]
        audit.record_many(connection, who, "dead letter resolved", deeds)
    return closed


def _kept(row: Row[Any]) -> Kept:
    names = ("source", "entity", "record", "row_number", "column_name", "rule", "payload", "reason", "business_date")
    told = {name: getattr(row, name) for name in ("attempts", *LATEST)}
    letter = DeadLetter(*(getattr(row, name) for name in names), **told)
    return Kept(row.seq, letter, row.first_seen, row.last_seen, row.resolved_by, row.resolution)
