"""Stock and products: what was last published, and which movements of the shop were booked in the ERP."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add to what 0005 made; nothing that is there changes."""
    op.create_table(
        "published",
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("effect_key", sa.String(64), sa.ForeignKey("effects.key"), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("published_by_effect", "published", ["effect_key"])
    op.create_table(
        "stock_movements",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("milli", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("effect_key", sa.String(64), sa.ForeignKey("effects.key"), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("stock_movements_of", "stock_movements", ["sku", "place"])
    op.create_index("stock_movements_by_effect", "stock_movements", ["effect_key"])
