"""Reads as they were some seconds ago: what the `stale_read` fault shows.

A temporary view with the name of a table comes before the table itself in SQLite, on this connection only. So every
read inside the block runs unchanged, with its filters and indexes, over the past that the oracle ledger remembers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection

from he_sync.sandbox.epicor import catalog, rows
from he_sync.sandbox.http import Call
from he_sync.sandbox.state import Document, State, encode

PREFIX = "epicor/"


@contextmanager
def reads(call: Call | None) -> Iterator[None]:
    """The past for a call that drew the fault, the present for all others."""
    if call is None or call.fault is None or call.fault.name != "stale_read":
        yield
        return
    connection = call.state._connection()  # noqa: SLF001 - the view must live on the connection that reads
    touched = _before(call.state, call.fault.seconds)
    for name in touched:
        rows.prepare(call.state, name.removeprefix(PREFIX))  # an index cannot be made once the view is before the table
    try:
        for name, past in touched.items():
            _shadow(connection, name, past)
        yield
    finally:
        for name in touched:
            connection.execute(f'DROP VIEW IF EXISTS temp."{name}"')
            connection.execute(f'DROP TABLE IF EXISTS temp."past:{name}"')


def _before(state: State, seconds: float) -> dict[str, dict[str, Document | None]]:
    """Table to key to the document before its first change since then (None: it was not there)."""
    since = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()
    found: dict[str, dict[str, Document | None]] = {}
    for change in state.oracle("at >= ? AND collection LIKE 'epicor/%'", [since]):
        found.setdefault(change["collection"], {}).setdefault(change["key"], change["before"])
    return found


def _shadow(connection: Connection, name: str, past: dict[str, Document | None]) -> None:
    table = catalog.table(name.removeprefix(PREFIX))
    connection.execute(f'CREATE TEMP TABLE "past:{name}" (key PRIMARY KEY, parent, doc)')
    connection.executemany(
        f'INSERT INTO temp."past:{name}" VALUES (?, ?, ?)',  # noqa: S608 - own name
        [(key, table.parent_key_of(doc) if doc else None, encode(doc) if doc else None) for key, doc in past.items()],
    )
    connection.execute(
        f'CREATE TEMP VIEW "{name}" AS SELECT key, parent, doc FROM main."{name}" '  # noqa: S608 - own name
        f'WHERE key NOT IN (SELECT key FROM temp."past:{name}") '
        f'UNION ALL SELECT key, parent, doc FROM temp."past:{name}" WHERE doc IS NOT NULL',
    )
