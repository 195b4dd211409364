"""The tables of the customer master: who is one customer, since when and because of what. Same metadata as `tables`.

Personal columns stand in `master_records`, `master_golden` and `master_reviews` alone; everything else is ids.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from he_sync.store.tables import SEQUENCE, Instant, metadata

masters = Table(
    "masters",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("since", Instant, nullable=False),
    Column("merged_into", BigInteger, ForeignKey("masters.id"), nullable=True),
    Column("ended_at", Instant, nullable=True),
    Column("erased_at", Instant, nullable=True),
)
"""One row a customer for ever; a merged one is a tombstone that says where it went."""

master_records = Table(
    "master_records",
    metadata,
    Column("side", Text, primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("fields", Text, nullable=False),
    Column("dated", Text, nullable=False),
    Column("verified", Text, nullable=False, server_default="[]"),
    Column("seen_at", Instant, nullable=False),
    Column("erased_at", Instant, nullable=True),
)

master_members = Table(
    "master_members",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("side", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("master", BigInteger, ForeignKey("masters.id"), nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=True),
    Index("master_members_of", "master", "until"),
)

Index(
    "master_members_one_current",
    master_members.c.side,
    master_members.c.record_id,
    unique=True,
    sqlite_where=text("until IS NULL"),
    postgresql_where=text("until IS NULL"),
)

master_golden = Table(
    "master_golden",
    metadata,
    Column("master", BigInteger, ForeignKey("masters.id"), primary_key=True, autoincrement=False),
    Column("field", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("dated", Text, nullable=False),
    Column("rule", Text, nullable=False),
)

master_events = Table(
    "master_events",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("master", BigInteger, ForeignKey("masters.id"), nullable=False),
    Column("other", BigInteger, ForeignKey("masters.id"), nullable=True),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("detail", Text, nullable=False),
    Column("undone_by", BigInteger, nullable=True),
    Index("master_events_of", "master", "seq"),
    Index("master_events_other", "other", "seq"),
)
"""`detail` says what moved, which links and which effects changed, by id: enough to take a merge back."""

master_decisions = Table(
    "master_decisions",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("left_side", Text, nullable=False),
    Column("left_id", Text, nullable=False),
    Column("right_side", Text, nullable=False),
    Column("right_id", Text, nullable=False),
    Column("same", Boolean, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("revoked_at", Instant, nullable=True),
    Column("revoked_by", Text, nullable=True),
)

Index(
    "master_decisions_one_current",
    *(master_decisions.c[name] for name in ("left_side", "left_id", "right_side", "right_id")),
    unique=True,
    sqlite_where=text("revoked_at IS NULL"),
    postgresql_where=text("revoked_at IS NULL"),
)

master_reviews = Table(
    "master_reviews",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("left_side", Text, nullable=False),
    Column("left_id", Text, nullable=False),
    Column("right_side", Text, nullable=False),
    Column("right_id", Text, nullable=False),
    Column("run", String(64), nullable=False),
    Column("score_millionths", Integer, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("skipped", Integer, nullable=False, server_default="0"),
    Index("master_reviews_pair", "left_side", "left_id", "right_side", "right_id", unique=True),
)

master_households = Table(
    "master_households",
    metadata,
    Column("master", BigInteger, ForeignKey("masters.id"), primary_key=True, autoincrement=False),
    Column("household", BigInteger, nullable=False),
    Index("master_households_of", "household"),
)
"""A second answer of the last run, named by its lowest customer; a tombstone's row waits for its un-merge."""
