"""The tables of the event path: inbox, lanes, story, what was applied, cursors. Beside `tables`, same metadata.

Finished rows stay for ever, because a sender may repeat an event after a year. What workers ask for is therefore under
partial indexes of the open states: a claim costs the same with a million finished rows as with none (fault F38).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from he_sync.store.tables import SEQUENCE, Instant, effects, metadata

# Versions are compared as bytes, "2026-11-20" before "2026-11-21"; a Postgres locale may skip the punctuation.
VERSION = Text().with_variant(Text(collation="C"), "postgresql")

inbox = Table(
    "inbox",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("version", VERSION, nullable=False),
    Column("body", Text, nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("origin", Text, nullable=False),
    Column("own_id", Boolean, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("state", Text, nullable=False, server_default="new"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("asked_again", Boolean, nullable=False, server_default=text("false")),
    Column("token", BigInteger, nullable=False, server_default="0"),
    Column("worker", Text, nullable=True),
    Column("lease_until", Instant, nullable=True),
    Column("not_before", Instant, nullable=True),
    Column("finished_at", Instant, nullable=True),
    Column("parked_for", Text, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),
    Index("inbox_once", "event_id", "source", "topic", unique=True),
    Index("inbox_by_entity", "entity", "seq"),
)


def partial(name: str, table: Table, *columns: str, where: str) -> Index:
    """An index of the rows that satisfy `where`; SQLite uses it only for a query that says the same words."""
    on = [table.c[column] for column in columns]
    return Index(name, *on, sqlite_where=text(where), postgresql_where=text(where))


partial("inbox_new", inbox, "seq", where="state = 'new'")
partial("inbox_taken", inbox, "lease_until", where="state = 'taken'")
partial("inbox_open", inbox, "entity", "seq", where="state IN ('new', 'taken', 'parked')")
partial("effects_open", effects, "entity", "seq", where="state NOT IN ('confirmed', 'withdrawn')")

inbox_conflicts = Table(
    "inbox_conflicts",
    metadata,
    Column("seq", SEQUENCE, ForeignKey("inbox.seq"), primary_key=True, autoincrement=False),
    Column("body_hash", String(64), primary_key=True),
    Column("body", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("settled_at", Instant, nullable=True),
    Column("settled_by", Text, nullable=True),
    Column("settlement", Text, nullable=True),
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

lanes = Table(
    "lanes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("lease_until", Instant, nullable=True),
)

story = Table(
    "story",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("entity", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("step", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("event_seq", BigInteger, nullable=True),
    Column("effect_key", String(64), nullable=True),
    Column("run", Text, nullable=False),
    Index("story_by_entity", "entity", "seq"),
)

applied = Table(
    "applied",
    metadata,
    Column("entity", Text, primary_key=True),
    Column("side", Text, primary_key=True),
    Column("version", VERSION, nullable=False),
    Column("projection", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("at", Instant, nullable=False),
)

good_flows = Table(
    "good_flows",
    metadata,
    Column("file", Text, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("since", Instant, nullable=False),
)
"""The last version of each flow file that was right."""

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("moved_at", Instant, nullable=False),
)
