"""What a page of the console asks of the store: counts, and lists a page at a time.

None of it costs more with a million finished events: open ones are under partial indexes, lists walk a key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, text

from he_sync.store.closes import LAST_ASKED
from he_sync.store.database import Store
from he_sync.store.event_tables import inbox
from he_sync.store.inbox.records import OPEN
from he_sync.store.statements import is_in
from he_sync.store.tables import audit, closes, dead_letters, differences, effects

PAGE = 50
"""Rows of a list."""
RATE_OF = 2_000
"""Newest events that a rate looks at."""
MINUTE = timedelta(minutes=1)
OPEN_EVENTS = is_in(inbox.c.state, *OPEN)
OPEN_EFFECTS = text("effects.state NOT IN ('confirmed', 'withdrawn')")
"""In the very words of the partial indexes: SQLite uses one only for a query that says the same."""


def looking(store: Store) -> Store:
    """The same store for who only reads: on SQLite its transactions do not wait for the writer, nor keep it waiting."""
    return Store(store.engine.execution_options(he_looks=True))


@dataclass(frozen=True)
class Events:
    """How the inbox stands. `oldest`: when what waits longest came; `last_minute` stops at RATE_OF."""

    waiting: int
    under_way: int
    parked: int
    oldest: datetime | None
    last_minute: int


def events(store: Store, now: datetime) -> Events:
    """Open events by state, the oldest that waits, and how many came in the last minute."""
    states = select(inbox.c.state, func.count().label("n")).where(OPEN_EVENTS)
    waits = select(inbox.c.received_at).where(is_in(inbox.c.state, "new")).order_by(inbox.c.seq).limit(1)
    newest = select(inbox.c.received_at).order_by(inbox.c.seq.desc()).limit(RATE_OF).subquery()
    lately = select(func.count()).select_from(newest).where(newest.c.received_at > now - MINUTE)
    with store.begin() as connection:
        found = {row.state: row.n for row in connection.execute(states.group_by(inbox.c.state))}
        oldest, came = connection.execute(waits).scalar(), connection.execute(lately).scalar_one()
    return Events(found.get("new", 0), found.get("taken", 0), found.get("parked", 0), oldest, came)


@dataclass(frozen=True)
class Topic:
    """Events of one topic and state among the newest RATE_OF: how many, and when the last of them came."""

    name: str
    state: str
    events: int
    last: datetime


def topics(store: Store) -> list[Topic]:
    """What came lately, by topic and state."""
    columns = (inbox.c.source, inbox.c.topic, inbox.c.state, inbox.c.received_at)
    newest = select(*columns).order_by(inbox.c.seq.desc()).limit(RATE_OF).subquery()
    by = (newest.c.source, newest.c.topic, newest.c.state)
    query = select(*by, func.count().label("n"), func.max(newest.c.received_at).label("last")).group_by(*by)
    return [Topic(f"{row.source}/{row.topic}", row.state, row.n, row.last) for row in _rows(store, query)]


def newest_amounts(store: Store, kind: str, limit: int) -> list[int]:
    """What the newest effects of a kind come to, in minor units, of the newest RATE_OF of all kinds."""
    columns = (effects.c.kind, effects.c.amount_minor, effects.c.seq)
    newest = select(*columns).order_by(effects.c.seq.desc()).limit(RATE_OF).subquery()
    query = select(newest.c.amount_minor).where(newest.c.kind == kind).order_by(newest.c.seq.desc())
    return [abs(row.amount_minor) for row in _rows(store, query.limit(limit))]


def newest_events(store: Store, before: int | None = None, limit: int = PAGE) -> list[Row[Any]]:
    """Events of any state, newest first, older than number `before`."""
    query = select(inbox).order_by(inbox.c.seq.desc()).limit(limit)
    return _rows(store, query if before is None else query.where(inbox.c.seq < before))


def open_events(store: Store, state: str, after: int = 0, limit: int = PAGE) -> list[Row[Any]]:
    """Events of one open state, oldest first, from behind number `after`."""
    query = select(inbox).where(OPEN_EVENTS, inbox.c.state == state, inbox.c.seq + 0 > after)
    # Not by the bare number: SQLite would walk all events in that order, instead of the few under the partial index.
    return _rows(store, query.order_by(inbox.c.seq + 0).limit(limit))


def effects_by_state(store: Store) -> dict[str, tuple[int, int]]:
    """How many effects are not done, by state, and what they are worth in minor units."""
    worth = func.coalesce(func.sum(func.abs(effects.c.amount_minor)), 0)
    state = func.lower(
        effects.c.state
    )  # grouped by the bare column, SQLite walks the index of every state there ever was
    query = select(state.label("state"), func.count().label("n"), worth.label("minor")).where(OPEN_EFFECTS)
    return {row.state: (row.n, int(row.minor)) for row in _rows(store, query.group_by(state))}


def effects_in(store: Store, state: str, after: int = 0, limit: int = PAGE) -> list[Row[Any]]:
    """Effects of one state in the order of planning, from behind number `after`."""
    query = select(effects).where(effects.c.state == state, effects.c.seq > after)
    return _rows(store, query.order_by(effects.c.seq).limit(limit))


def letters_by_rule(store: Store) -> list[Row[Any]]:
    """Open dead letters by column and rule, the most frequent first: rows of column_name, rule, n."""
    number = func.count().label("n")
    query = select(dead_letters.c.column_name, dead_letters.c.rule, number).where(dead_letters.c.resolved_at.is_(None))
    grouped = query.group_by(dead_letters.c.column_name, dead_letters.c.rule)
    return _rows(store, grouped.order_by(number.desc(), dead_letters.c.rule, dead_letters.c.column_name))


def letters(store: Store, rule: str = "", after: int = 0, limit: int = PAGE) -> list[Row[Any]]:
    """Open dead letters, oldest first, of one rule when it is named, from behind number `after`."""
    query = select(dead_letters).where(dead_letters.c.resolved_at.is_(None), dead_letters.c.seq > after)
    query = query.where(dead_letters.c.rule == rule) if rule else query
    return _rows(store, query.order_by(dead_letters.c.seq).limit(limit))


def letters_of(store: Store, record: str) -> list[Row[Any]]:
    """Open dead letters of one record, oldest first."""
    query = select(dead_letters).where(dead_letters.c.resolved_at.is_(None), dead_letters.c.record == record)
    return _rows(store, query.order_by(dead_letters.c.seq))


def letter(store: Store, number: int) -> Row[Any] | None:
    """One dead letter, open or resolved."""
    return next(iter(_rows(store, select(dead_letters).where(dead_letters.c.seq == number))), None)


def dates(store: Store, limit: int = PAGE) -> list[Row[Any]]:
    """Business dates, newest first: rows of the close in force, with how many (n) and how much (minor) differs."""
    last = func.row_number().over(
        partition_by=closes.c.business_date, order_by=[column.desc() for column in LAST_ASKED]
    )
    ranked = select(closes, last.label("place")).subquery()
    own = differences.c.close_date == ranked.c.business_date
    count = select(func.count()).select_from(differences).where(own).scalar_subquery()
    worth = select(func.coalesce(func.sum(func.abs(differences.c.delta_minor)), 0)).where(own).scalar_subquery()
    query = select(ranked, count.label("n"), worth.label("minor")).where(ranked.c.place == 1)
    return _rows(store, query.order_by(ranked.c.business_date.desc()).limit(limit))


def differences_by_class(store: Store, day: str) -> list[Row[Any]]:
    """Differences of a date by leg and class: rows of leg, klass, n, minor (signed), worth (unsigned)."""
    minor, worth = func.sum(differences.c.delta_minor), func.sum(func.abs(differences.c.delta_minor))
    query = select(
        differences.c.leg, differences.c.klass, func.count().label("n"), minor.label("minor"), worth.label("worth")
    ).where(differences.c.close_date == day)
    return _rows(
        store, query.group_by(differences.c.leg, differences.c.klass).order_by(worth.desc(), differences.c.klass)
    )


def differences_of(store: Store, day: str, klass: str = "", skip: int = 0, limit: int = PAGE) -> list[Row[Any]]:
    """Differences of a date, of one class when it is named, the largest first.

    What the least of them is worth is asked first, of the index alone: with 100,000 on a date, reading and sorting the
    rows themselves took 140 ms, and now 35.
    """
    worth = func.abs(differences.c.delta_minor)
    own = [differences.c.close_date == day, *([differences.c.klass == klass] if klass else [])]
    amounts = select(worth.label("minor")).where(*own).order_by(worth.desc()).offset(skip + limit - 1).limit(1)
    own += [worth >= row.minor for row in _rows(store, amounts)]
    order = (worth.desc(), differences.c.leg, differences.c.position)
    return _rows(store, select(differences).where(*own).order_by(*order).offset(skip).limit(limit))


def audited(store: Store, before: int | None = None, limit: int = PAGE) -> list[Row[Any]]:
    """Rows of the audit log, newest first, older than number `before`."""
    query = select(audit).order_by(audit.c.seq.desc()).limit(limit)
    return _rows(store, query if before is None else query.where(audit.c.seq < before))


def _rows(store: Store, query: Select[Any]) -> list[Row[Any]]:
    def read(connection: Connection) -> Sequence[Row[Any]]:
        return connection.execute(query).all()

    return list(store.run(read))
