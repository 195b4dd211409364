"""The event path: inbox, lanes, story, applied, cursors; why an effect waits; whose letter a dead letter is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VERSION = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add to what 0001 made; nothing that is there changes its meaning."""
    _inbox()
    _lanes()
    _memory()
    _older_tables()


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("version", VERSION, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("own_id", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, server_default="new"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("asked_again", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("token", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("parked_for", sa.Text(), nullable=False, server_default=""),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
    )
    op.create_index("inbox_once", "inbox", ["event_id", "source", "topic"], unique=True)
    op.create_index("inbox_by_entity", "inbox", ["entity", "seq"])
    _partial("inbox_new", "inbox", ["seq"], "state = 'new'")
    _partial("inbox_taken", "inbox", ["lease_until"], "state = 'taken'")
    _partial("inbox_open", "inbox", ["entity", "seq"], "state IN ('new', 'taken', 'parked')")
    op.create_table(
        "inbox_conflicts",
        sa.Column("seq", SEQUENCE, sa.ForeignKey("inbox.seq"), primary_key=True, autoincrement=False),
        sa.Column("body_hash", sa.String(64), primary_key=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
    )


def _lanes() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "lanes",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
    )


def _memory() -> None:
    op.create_table(
        "story",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=True),
        sa.Column("effect_key", sa.String(64), nullable=True),
        sa.Column("run", sa.Text(), nullable=False),
    )
    op.create_index("story_by_entity", "story", ["entity", "seq"])
    op.create_table(
        "applied",
        sa.Column("entity", sa.Text(), primary_key=True),
        sa.Column("side", sa.Text(), primary_key=True),
        sa.Column("version", VERSION, nullable=False),
        sa.Column("projection", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
    )


def _older_tables() -> None:
    op.add_column("effects", sa.Column("waits_because", sa.Text(), nullable=False, server_default=""))
    _partial("effects_open", "effects", ["entity", "seq"], "state NOT IN ('confirmed', 'withdrawn')")
    for name in ("flow", "mapping_version", "plain", "notice"):
        op.add_column("dead_letters", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("dead_letters", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("dead_letters", sa.Column("event_seq", sa.BigInteger(), nullable=True))
    op.create_index("dead_letters_by_event", "dead_letters", ["event_seq"])


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
