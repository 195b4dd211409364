"""Alembic's entry: runs the steps on the connection that `open_store` holds, inside its transaction."""

from __future__ import annotations

from alembic import context

from he_sync.store.event_tables import inbox

# Of all tables: the module of the event path adds its own to those of the others.
context.configure(connection=context.config.attributes["connection"], target_metadata=inbox.metadata)
with context.begin_transaction():
    context.run_migrations()
