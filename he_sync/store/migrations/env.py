"""Alembic's entry: runs the steps on the connection that `open_store` holds, inside its transaction."""

from __future__ import annotations

from alembic import context

from he_sync.store.books_tables import journals
from he_sync.store.event_tables import inbox
from he_sync.store.master_tables import masters
from he_sync.store.stock_tables import published

# Of all tables: event path, customer master, close and stock have modules that add theirs to those of the others.
METADATA = {inbox.metadata, masters.metadata, journals.metadata, published.metadata}
context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA.pop())
with context.begin_transaction():
    context.run_migrations()
