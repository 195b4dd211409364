"""The tables of the store as they are now; `event_tables` has those of the event path, `master_tables` the customers.

`migrations/` brings an older database here, a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """A UTC time as whole microseconds since 1970: compares alike on SQLite and Postgres, needs no time zone there."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Microseconds. A time without an offset is a bug of the caller, not a guess of ours."""
        del dialect
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no offset; the store keeps instants")
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The instant in UTC."""
        del dialect
        return None if value is None else EPOCH + int(value) * MICROSECOND


metadata = MetaData()
# SQLite counts up by itself only in an INTEGER primary key.
SEQUENCE = BigInteger().with_variant(Integer, "sqlite")

effects = Table(
    "effects",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("business_date", String(10), nullable=False),
    Column("body", Text, nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("summary", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("depends_on", String(64), ForeignKey("effects.key"), nullable=True),
    Column("limit_ok", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("token", BigInteger, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("worker", Text, nullable=True),
    Column("lease_until", Instant, nullable=True),
    Column("not_before", Instant, nullable=True),
    Column("planned_at", Instant, nullable=False),
    Column("sent_at", Instant, nullable=True),
    Column("finished_at", Instant, nullable=True),
    Column("approved_by", Text, nullable=True),
    Column("reference", Text, nullable=True),
    Column("reason", Text, nullable=False, server_default=""),
    Column("waits_because", Text, nullable=False, server_default=""),
    Index("effects_by_entity", "entity", "seq"),
    Index("effects_by_state", "state", "seq"),
    Index("effects_by_date", "business_date", "seq"),
)

# Held by the database, not by the query that claims: what may still be under way at the other side is one an entity.
Index(
    "effects_one_in_flight",
    effects.c.entity,
    unique=True,
    sqlite_where=text("state IN ('intent', 'doubtful')"),
    postgresql_where=text("state IN ('intent', 'doubtful')"),
)

answers = Table(
    "answers",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("effect_key", String(64), ForeignKey("effects.key"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("answers_by_effect", "effect_key", "seq"),
)
"""What the other side said to each attempt, redacted: beside the effects, whose rows every claim reads whole."""

effect_conflicts = Table(
    "effect_conflicts",
    metadata,
    Column("key", String(64), ForeignKey("effects.key"), primary_key=True),
    Column("body_hash", String(64), primary_key=True),
    Column("body", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("settled_at", Instant, nullable=True),
    Column("settled_by", Text, nullable=True),
    Column("settlement", Text, nullable=True),
)

crosswalk = Table(
    "crosswalk",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("entity", Text, nullable=False),
    Column("heartland_id", Text, nullable=False),
    Column("epicor_id", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=True),
    Index("crosswalk_by_epicor", "entity", "epicor_id"),
)

Index(
    "crosswalk_one_current_link",
    crosswalk.c.entity,
    crosswalk.c.heartland_id,
    unique=True,
    sqlite_where=text("until IS NULL"),
    postgresql_where=text("until IS NULL"),
)

crosswalk_merges = Table(
    "crosswalk_merges",
    metadata,
    Column("entity", Text, primary_key=True),
    Column("loser", Text, primary_key=True),
    Column("survivor", Text, nullable=False),
    Column("since", Instant, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("content_hash", String(64), nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("row_number", Integer, nullable=False),
    Column("column_name", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("business_date", String(10), nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("resolved_at", Instant, nullable=True),
    Column("resolved_by", Text, nullable=True),
    Column("resolution", Text, nullable=True),
    Column("flow", Text, nullable=False, server_default=""),
    Column("mapping_version", Text, nullable=False, server_default=""),
    Column("plain", Text, nullable=False, server_default=""),
    Column("notice", Text, nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("event_seq", BigInteger, nullable=True),
    Index("dead_letters_by_date", "business_date", "entity"),
    Index("dead_letters_by_event", "event_seq"),
)

# Asked for with every micro-batch: which letters end by themselves now.
Index(
    "dead_letters_open",
    dead_letters.c.rule,
    sqlite_where=text("resolved_at IS NULL"),
    postgresql_where=text("resolved_at IS NULL"),
)

closes = Table(
    "closes",
    metadata,
    Column("id", SEQUENCE, primary_key=True, autoincrement=True),
    Column("business_date", String(10), nullable=False),
    Column("inputs_hash", String(64), nullable=False),
    Column("inputs", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("moved_at", Instant, nullable=False),
    Index("closes_same_inputs", "business_date", "inputs_hash", "rules", unique=True),
)

differences = Table(
    "differences",
    metadata,
    Column("close_date", String(10), primary_key=True),
    Column("leg", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("close_id", BigInteger, ForeignKey("closes.id"), nullable=False),
    Column("business_date", String(10), nullable=False),
    Column("klass", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("store", Text, nullable=False),
    Column("delta_minor", BigInteger, nullable=False),
    Column("delta_milli", BigInteger, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("action", Text, nullable=False),
    Index("differences_by_class", "close_date", "leg", "klass", "delta_minor"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
)
