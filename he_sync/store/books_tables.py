"""The tables of the close: store-days, their journals, the rules they were made by. Same metadata as `tables`.

That nobody approves what they prepared is held by the database itself, whoever writes to it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Integer, String, Table, Text, text

from he_sync.store.tables import SEQUENCE, Instant, metadata

store_days = Table(
    "store_days",
    metadata,
    Column("business_date", String(10), primary_key=True),
    Column("store", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("ground", Text, nullable=False),
    Column("rules", String(64), nullable=False, server_default=""),
    Column("proposed_on", Text, nullable=True),
    Column("signed_on", Text, nullable=True),
    Column("signed_by", Text, nullable=False, server_default=""),
    Column("signed_at", Instant, nullable=True),
    Column("signed_head", String(64), nullable=False, server_default=""),
    Column("signed_reason", Text, nullable=False, server_default=""),
    Column("times_signed", Integer, nullable=False, server_default="0"),
    Column("opened_at", Instant, nullable=False),
    Column("moved_at", Instant, nullable=False),
    Index("store_days_by_state", "state", "business_date"),
)
"""`ground`, `proposed_on`, `signed_on`: content hashes by name, as JSON, of what it stands or stood on."""

journals = Table(
    "journals",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("what", Text, nullable=False),
    Column("business_date", String(10), nullable=False),
    Column("store", Text, nullable=False),
    Column("posting_date", String(10), nullable=False),
    Column("late", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("content", String(16), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("rules", String(64), nullable=False),
    Column("undoes", Text, nullable=False, server_default=""),
    Column("replaces", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False),
    Column("prepared_by", Text, nullable=False),
    Column("prepared_at", Instant, nullable=False),
    Column("approved_by", Text, nullable=True),
    Column("approved_at", Instant, nullable=True),
    Column("reason", Text, nullable=False, server_default=""),
    Column("effect_key", String(64), nullable=True),
    Column("erp_number", Text, nullable=False, server_default=""),
    Column("posted_at", Instant, nullable=True),
    Column("undone_by", Text, nullable=False, server_default=""),
    CheckConstraint("approved_by IS NULL OR lower(approved_by) <> lower(prepared_by)", name="journals_four_eyes"),
    Index("journals_of_day", "business_date", "store"),
    Index("journals_by_name", "name", "version"),
)
"""A proposal that is no longer wanted is `withdrawn` and stays; its key is free for what is proposed instead."""

Index(
    "journals_one_alive",
    journals.c.key,
    unique=True,
    sqlite_where=text("state <> 'withdrawn'"),
    postgresql_where=text("state <> 'withdrawn'"),
)

close_rules = Table(
    "close_rules",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("rules", Text, nullable=False),
    Column("since", Instant, nullable=False),
)
"""Every set of rules that a store-day was proposed with, whole, so that it can be applied again."""
