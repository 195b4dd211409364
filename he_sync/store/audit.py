"""The audit log: who did what to which record and when. Rows are only added, each carries the hash of the one before.

A row that was changed, removed or slipped in breaks the chain at its place. The database refuses updates and deletes as
well; the chain is for whoever gets past that. A cut-off tail shows only against a `head` kept elsewhere, which is why
the sign-off of a close names it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text

from he_sync.store.canonical import canonical_json
from he_sync.store.database import Store
from he_sync.store.statements import batches
from he_sync.store.tables import audit

START = "0" * 64


@dataclass(frozen=True)
class Head:
    """The newest row: how many there are and the hash that stands for all of them."""

    seq: int
    hash: str


def record(connection: Connection, actor: str, action: str, subject: str, detail: dict[str, Any] | None = None) -> Head:
    """Add a row inside the caller's transaction, so that the deed and its record are kept together or not at all.

    The last thing a transaction does: on Postgres it locks the log until the commit, because two rows cannot follow the
    same one.
    """
    return record_many(connection, actor, action, [(subject, detail or {})])


def record_many(connection: Connection, actor: str, action: str, deeds: Sequence[tuple[str, dict[str, Any]]]) -> Head:
    """The same for many deeds of one kind, each with its own row."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))
    last = _head(connection)
    rows = []
    for subject, detail in deeds:
        row = {
            "seq": last.seq + 1,
            "at": datetime.now(UTC),
            "actor": actor,
            "action": action,
            "subject": subject,
            "detail": canonical_json(detail),
            "previous": last.hash,
        }
        last = Head(last.seq + 1, _digest(row))
        rows.append({**row, "hash": last.hash})
    if rows:
        connection.execute(insert(audit), rows)
    return last


def head(store: Store) -> Head:
    """The newest row, `Head(0, "00...")` for an empty log."""
    with store.begin() as connection:
        return _head(connection)


def first_broken(store: Store) -> int | None:
    """The number of the first row that does not follow from the one before it, or None when the whole chain holds."""
    previous, expected = START, 1
    with store.begin() as connection:
        for row in connection.execute(select(audit).order_by(audit.c.seq)):
            if row.previous != previous or row.hash != _digest(row._asdict()):
                return expected
            previous, expected = row.hash, expected + 1
    return None


def entries(store: Store, subject: str | None = None) -> list[Row[Any]]:
    """Rows oldest first, of one subject when it is named."""
    query = select(audit).order_by(audit.c.seq)
    with store.begin() as connection:
        return list(connection.execute(query if subject is None else query.where(audit.c.subject == subject)))


def entries_of(store: Store, subjects: Collection[str]) -> list[Row[Any]]:
    """Rows oldest first of many subjects: a log of years is not read whole for the few rows of a day."""
    found: list[Row[Any]] = []
    with store.begin() as connection:
        for some in batches(sorted(subjects)):
            found += connection.execute(select(audit).where(audit.c.subject.in_(some)))
    return sorted(found, key=lambda row: row.seq)


def deeds(store: Store, action: str) -> list[Row[Any]]:
    """Rows oldest first of one kind of deed."""
    with store.begin() as connection:
        return list(connection.execute(select(audit).where(audit.c.action == action).order_by(audit.c.seq)))


def _head(connection: Connection) -> Head:
    newest = select(func.max(audit.c.seq)).scalar_subquery()
    row = connection.execute(select(audit.c.seq, audit.c.hash).where(audit.c.seq == newest)).first()
    return Head(0, START) if row is None else Head(row.seq, row.hash)


def _digest(row: dict[str, Any]) -> str:
    said = {**row, "at": row["at"].isoformat()}
    said.pop("hash", None)
    return hashlib.sha256(canonical_json(said).encode()).hexdigest()
