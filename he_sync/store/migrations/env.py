"""Alembic's entry: runs the steps on the connection that `open_store` holds, inside its transaction."""

from __future__ import annotations

from alembic import context

from he_sync.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
