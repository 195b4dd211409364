"""The close: store-days with their states, their journals, and the rules these were made by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add to what 0004 made; nothing that is there changes."""
    _store_days()
    _journals()
    op.create_table(
        "close_rules",
        sa.Column("version", sa.String(64), primary_key=True),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
    )


def _store_days() -> None:
    op.create_table(
        "store_days",
        sa.Column("business_date", sa.String(10), primary_key=True),
        sa.Column("store", sa.Text(), primary_key=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("rules", sa.String(64), nullable=False, server_default=""),
        sa.Column("proposed_on", sa.Text(), nullable=True),
        sa.Column("signed_on", sa.Text(), nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("signed_at", sa.BigInteger(), nullable=True),
        sa.Column("signed_head", sa.String(64), nullable=False, server_default=""),
        sa.Column("signed_reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("times_signed", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("store_days_by_state", "store_days", ["state", "business_date"])


def _journals() -> None:
    text = [sa.Column(name, sa.Text(), nullable=False) for name in ("text", "body")]
    linked = [sa.Column(name, sa.Text(), nullable=False, server_default="") for name in ("undoes", "replaces")]
    op.create_table(
        "journals",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("business_date", sa.String(10), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("posting_date", sa.String(10), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        *text,
        sa.Column("content", sa.String(16), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.String(64), nullable=False),
        *linked,
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("prepared_by", sa.Text(), nullable=False),
        sa.Column("prepared_at", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("effect_key", sa.String(64), nullable=True),
        sa.Column("erp_number", sa.Text(), nullable=False, server_default=""),
        sa.Column("posted_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=False, server_default=""),
        sa.CheckConstraint(
            "approved_by IS NULL OR lower(approved_by) <> lower(prepared_by)", name="journals_four_eyes"
        ),
    )
    op.create_index("journals_of_day", "journals", ["business_date", "store"])
    op.create_index("journals_by_name", "journals", ["name", "version"])
    alive = sa.text("state <> 'withdrawn'")
    op.create_index("journals_one_alive", "journals", ["key"], unique=True, sqlite_where=alive, postgresql_where=alive)
