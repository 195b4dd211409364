"""Putting events in: durable when it returns, each once for ever, many in one transaction and few statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, select, update

from he_sync.store.database import Store
from he_sync.store.event_tables import inbox, inbox_conflicts
from he_sync.store.inbox.records import OPEN, Arrival, Stored
from he_sync.store.statements import add, batches, insert, is_in

AFRESH: dict[str, Any] = {
    "state": "new",
    "attempts": 0,
    "failures": 0,
    "not_before": None,
    "finished_at": None,
    "parked_for": "",
    "note": "",
}
"""What a finished or parked event is set to when it is to be answered again."""


def put(store: Store, arrivals: Sequence[Arrival], now: datetime | None = None) -> list[Stored]:
    """Keep the arrivals, all or none, and say of each in turn what it was.

    "new" is written; "known" was there; "again" is a repeat under a content hash that is read once more, because the
    record may have changed back; "conflict" came under a known id with another body, which is kept beside the first.
    Safe to repeat after a lost answer of the database: everything is "known" then.
    """
    return store.run(lambda connection: put_in(connection, arrivals, now))


def put_in(connection: Connection, arrivals: Sequence[Arrival], now: datetime | None = None) -> list[Stored]:
    """The same inside the caller's transaction, which may move a cursor with it."""
    if not arrivals:
        return []
    now = now or datetime.now(UTC)
    added = _add(connection, arrivals, now)
    _reopen_bad_input(connection, {arrival.entity for arrival in arrivals if arrival.identity in added})
    stored: list[Stored] = ["known"] * len(arrivals)
    repeats: list[int] = []
    for place, arrival in enumerate(arrivals):
        if arrival.identity in added:
            added.discard(arrival.identity)
            stored[place] = "new"
        else:
            repeats.append(place)
    known = _known(connection, [arrivals[place] for place in repeats])
    for place in repeats:
        stored[place] = _repeat(connection, arrivals[place], known[arrivals[place].identity], now)
    return stored


def _add(connection: Connection, arrivals: Sequence[Arrival], now: datetime) -> set[tuple[str, str, str]]:
    adding = insert(connection, inbox).on_conflict_do_nothing()
    rows = connection.execute(
        adding.returning(inbox.c.event_id, inbox.c.source, inbox.c.topic),
        [{**vars(arrival), "received_at": now} for arrival in arrivals],
    )
    return {(row.event_id, row.source, row.topic) for row in rows}


def _reopen_bad_input(connection: Connection, entities: set[str]) -> None:
    """Newer news of an entity: the read that answers it answers what was parked as well, unless that kills workers."""
    mended = and_(is_in(inbox.c.state, *OPEN), inbox.c.state == "parked", inbox.c.parked_for != "poison")
    for some in batches(sorted(entities)):
        connection.execute(update(inbox).where(inbox.c.entity.in_(some), mended).values(AFRESH))


def _known(connection: Connection, arrivals: Sequence[Arrival]) -> dict[tuple[str, str, str], Row[Any]]:
    columns = (inbox.c.seq, inbox.c.event_id, inbox.c.source, inbox.c.topic, inbox.c.body_hash, inbox.c.state)
    rows: list[Row[Any]] = []
    for some in batches([arrival.event_id for arrival in arrivals]):
        query = select(*columns, inbox.c.parked_for).where(inbox.c.event_id.in_(some))
        rows += connection.execute(query)
    return {(row.event_id, row.source, row.topic): row for row in rows}


def _repeat(connection: Connection, arrival: Arrival, there: Row[Any], now: datetime) -> Stored:
    if there.body_hash != arrival.body_hash:
        conflict = {"seq": there.seq, "body_hash": arrival.body_hash, "body": arrival.body, "seen_at": now}
        add(connection, inbox_conflicts, conflict)
        return "conflict"
    return "known" if arrival.own_id else _again(connection, there)


def _again(connection: Connection, there: Row[Any]) -> Stored:
    """A content hash says what was announced, not when: the record may have changed since it was read.

    While a worker has the event, its read may be older than this announcement: it is marked, and new when it ends.
    """
    finished = and_(inbox.c.seq == there.seq, is_in(inbox.c.state, "done", "quiet", "parked"))
    mended = and_(finished, inbox.c.parked_for != "poison")
    if connection.execute(update(inbox).where(mended).values(AFRESH)).rowcount:
        return "again"
    taken = and_(inbox.c.seq == there.seq, inbox.c.state == "taken")
    marked = connection.execute(update(inbox).where(taken).values(asked_again=True)).rowcount
    return "again" if marked else "known"
