"""The history of the tables, a file a step, run by Alembic when a store is opened. A shipped step never changes."""
