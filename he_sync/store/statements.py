"""Statements that SQLite and Postgres write differently, and lists that are too long for one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite

AT_ONCE = 500
"""Values in one IN list: SQLite takes 32,766 parameters in a statement."""

V = TypeVar("V")


def insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT, which both engines spell alike and SQLAlchemy keeps by dialect."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def add(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row unless one of its unique keys is there; False when it is, or when another process just adds it.

    A plain insert after a look would fail on Postgres where two processes look at once and both find nothing.
    """
    key = next(iter(table.primary_key.columns))
    statement = insert(connection, table).values(row).on_conflict_do_nothing().returning(key)
    return connection.execute(statement).first() is not None


def one_at_a_time(connection: Connection, number: int) -> None:
    """Wait until no other transaction holds this number, and hold it to the end. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({number:d})")


def is_in(states: ColumnElement[str], *names: str) -> ColumnElement[bool]:
    """`state = 'new'`, `state IN ('new', 'taken')`: in the literal words of the partial indexes.

    SQLite takes a partial index only for a query that says what the index says; a bound parameter says nothing.
    """
    words: list[ColumnElement[str]] = [literal_column(f"'{name}'") for name in names]
    return states == words[0] if len(words) == 1 else states.in_(words)


def batches(values: Sequence[V], size: int = AT_ONCE) -> Iterator[Sequence[V]]:
    """The values in runs that fit into one IN list."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
