"""What each attempt was answered, how a conflict was settled, the last good version of each flow file, open letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add to what 0002 made; conflicts of older stores are open."""
    op.create_table(
        "answers",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("effect_key", sa.String(64), sa.ForeignKey("effects.key"), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("answers_by_effect", "answers", ["effect_key", "seq"])
    for table in ("effect_conflicts", "inbox_conflicts"):
        op.add_column(table, sa.Column("settled_at", sa.BigInteger(), nullable=True))
        op.add_column(table, sa.Column("settled_by", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("settlement", sa.Text(), nullable=True))
    op.create_table(
        "good_flows",
        sa.Column("file", sa.Text(), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
    )
    still_open = sa.text("resolved_at IS NULL")
    op.create_index("dead_letters_open", "dead_letters", ["rule"], sqlite_where=still_open, postgresql_where=still_open)
