"""The customer master: customers, their records and history, golden fields, decisions, reviews, households."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add to what 0003 made; nothing that is there changes."""
    _customers()
    _history()
    _people()


def _customers() -> None:
    op.create_table(
        "masters",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("merged_into", sa.BigInteger(), sa.ForeignKey("masters.id"), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "master_records",
        sa.Column("side", sa.Text(), primary_key=True),
        sa.Column("record_id", sa.Text(), primary_key=True),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("dated", sa.Text(), nullable=False),
        sa.Column("verified", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "master_members",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("master", sa.BigInteger(), sa.ForeignKey("masters.id"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
    )
    op.create_index("master_members_of", "master_members", ["master", "until"])
    _one_current("master_members_one_current", "master_members", ["side", "record_id"], "until IS NULL")
    op.create_table(
        "master_golden",
        sa.Column("master", sa.BigInteger(), sa.ForeignKey("masters.id"), primary_key=True, autoincrement=False),
        sa.Column("field", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("dated", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
    )
    op.create_table(
        "master_households",
        sa.Column("master", sa.BigInteger(), sa.ForeignKey("masters.id"), primary_key=True, autoincrement=False),
        sa.Column("household", sa.BigInteger(), nullable=False),
    )
    op.create_index("master_households_of", "master_households", ["household"])


def _history() -> None:
    op.create_table(
        "master_events",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("master", sa.BigInteger(), sa.ForeignKey("masters.id"), nullable=False),
        sa.Column("other", sa.BigInteger(), sa.ForeignKey("masters.id"), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("undone_by", sa.BigInteger(), nullable=True),
    )
    op.create_index("master_events_of", "master_events", ["master", "seq"])
    op.create_index("master_events_other", "master_events", ["other", "seq"])


def _people() -> None:
    pair = ["left_side", "left_id", "right_side", "right_id"]
    op.create_table(
        "master_decisions",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in pair),
        sa.Column("same", sa.Boolean(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
    )
    _one_current("master_decisions_one_current", "master_decisions", pair, "revoked_at IS NULL")
    op.create_table(
        "master_reviews",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in pair),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("score_millionths", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_index("master_reviews_pair", "master_reviews", pair, unique=True)


def _one_current(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=True, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
