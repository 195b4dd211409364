"""Reads for the wire on a connection of their own.

One consistent snapshot a request, rows as stored JSON text, and a table as it was some seconds ago (`stale_read`).

Rows stay text because a page of 500 tickets with lines and payments is 2,500 documents: parsing and writing them again
would cost more than the query.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from he_sync.sandbox.heartland.errors import invalid_request
from he_sync.sandbox.heartland.resources import RESOURCES, SETTINGS, VALUES
from he_sync.sandbox.http import Call
from he_sync.sandbox.state import Key, State, encode, field

Rows = list[tuple[Any, ...]]
INTEGER_KEYED = frozenset(resource.store for resource in RESOURCES.values())
_local = threading.local()

AS_IT_WAS = """(
 WITH first AS (
  SELECT key AS text_key, min(seq) AS seq FROM oracle WHERE collection = {name} AND at > {since} GROUP BY key),
 old AS (SELECT {cast} AS key, before AS doc FROM first JOIN oracle USING (seq))
 SELECT key, parent, doc FROM {table} WHERE key NOT IN (SELECT key FROM old)
 UNION ALL
 SELECT old.key, now.parent, old.doc FROM old LEFT JOIN {table} AS now ON now.key = old.key
 WHERE old.doc IS NOT NULL)"""


def make_tables(state: State) -> None:
    """Every table with its indexes, so that a first request finds them."""
    for resource in (*RESOURCES.values(), VALUES, SETTINGS):
        state.table(resource.store, resource.indexes)


def _connection(state: State) -> sqlite3.Connection:
    by_folder: dict[str, sqlite3.Connection] = _local.__dict__.setdefault("connections", {})
    uri = (state.folder.resolve() / "sandbox.db").as_uri() + "?mode=ro"
    if uri not in by_folder:
        by_folder[uri] = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)
    return by_folder[uri]


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class Reader:
    """One request's reads. `stale_seconds` above zero reads every table as it was that long ago."""

    def __init__(self, state: State, stale_seconds: float = 0) -> None:
        self._state, self._stale = state, stale_seconds
        self._sql = _connection(state)

    def source(self, store: str) -> str:
        """The FROM of a table: itself, or what it was. A row deleted since has lost its parent."""
        table = self._state.table(store)
        if not self._stale:
            return table
        since = (datetime.now(UTC) - timedelta(seconds=self._stale)).isoformat()
        cast = "CAST(text_key AS INTEGER)" if store in INTEGER_KEYED else "text_key"
        return AS_IT_WAS.format(name=_quote(store), since=_quote(since), cast=cast, table=table)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Rows of a SELECT. A query too large for the database is the client's error."""
        try:
            return self._sql.execute(sql, tuple(params)).fetchall()
        except (sqlite3.OperationalError, OverflowError) as error:
            raise invalid_request(f"The filter cannot be evaluated: {error}") from error

    def one(self, store: str, key: Key, parent: Key | None = None) -> str | None:
        """The text of one document."""
        where, params = ("key = ?", [key]) if parent is None else ("key = ? AND parent = ?", [key, parent])
        rows = self.rows(f"SELECT doc FROM {self.source(store)} WHERE {where}", params)  # noqa: S608 - own names
        return rows[0][0] if rows else None

    def by_key(self, store: str, keys: Iterable[Key]) -> dict[Key, str]:
        """Texts of documents by key, in one query."""
        sql = f"SELECT key, doc FROM {self.source(store)} WHERE key IN (SELECT value FROM json_each(?))"  # noqa: S608
        return dict(self.rows(sql, [encode(sorted(set(keys)))]))

    def grouped(self, store: str, column: str, values: Iterable[Key]) -> dict[Key, list[str]]:
        """Texts of documents by `parent` or by a field, for all values in one query, in key order."""
        place = "parent" if column == "parent" else field(column)
        found: dict[Key, list[str]] = {}
        of_these = f"{place} IN (SELECT value FROM json_each(?))"  # noqa: S608 - own names
        sql = f"SELECT {place}, doc FROM {self.source(store)} WHERE {of_these} ORDER BY key"  # noqa: S608 - own names
        for value, text in self.rows(sql, [encode(list(values))]):
            found.setdefault(value, []).append(text)
        return found


@contextmanager
def reading(call: Call) -> Iterator[Reader]:
    """A reader on one snapshot, stale when the request drew that fault."""
    stale = call.fault.seconds if call.fault and call.fault.name == "stale_read" else 0
    connection = _connection(call.state)
    connection.execute("BEGIN")
    try:
        yield Reader(call.state, stale)
    finally:
        connection.execute("ROLLBACK")
