"""Differences by class: a date with a hundred thousand of them is summed up without sorting them."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add to what 0006 made; nothing that is there changes."""
    op.create_index("differences_by_class", "differences", ["close_date", "leg", "klass", "delta_minor"])
