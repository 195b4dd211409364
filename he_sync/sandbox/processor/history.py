"""Reads as they were some seconds ago: what the `stale_read` fault shows, rebuilt from the oracle ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from he_sync.sandbox.http import Call
from he_sync.sandbox.state import Document, Key, State, decode, encode


class Reader(Protocol):
    """The reads of a state, now or in the past."""

    def get(self, name: str, key: Key) -> Document | None:
        """One document or None."""

    def select(  # noqa: PLR0913 - the clauses of one SELECT
        self,
        name: str,
        where: str = "",
        params: Sequence[Any] = (),
        *,
        order: str = "key",
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Document]:
        """Documents of a table."""

    def count(self, name: str, where: str = "", params: Sequence[Any] = ()) -> int:
        """How many documents `select` would find without a limit."""


class Past:
    """A state as it was; only rows that changed since are rebuilt. Keys must be the documents' `id`."""

    def __init__(self, state: State, seconds: float) -> None:
        self._state, self._since = state, (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()

    def _before(self, name: str) -> dict[str, Document | None]:
        rows = self._state.oracle("collection = ? AND at > ?", (name, self._since))
        return {row["key"]: row["before"] for row in reversed(rows)}

    def get(self, name: str, key: Key) -> Document | None:
        """One document as it was."""
        before = self._before(name)
        return before[str(key)] if str(key) in before else self._state.get(name, key)

    def _table(self, name: str, where: str, params: Sequence[Any]) -> sqlite3.Connection:
        before = self._before(name)
        marks = ",".join("?" * len(before))
        rest = self._state.select(name, f"({where or '1'}) AND key NOT IN ({marks})", (*params, *before))
        then = [*rest, *(document for document in before.values() if document is not None)]
        connection = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE past (key PRIMARY KEY, doc TEXT)")
        connection.executemany("INSERT INTO past VALUES (?, ?)", ((row["id"], encode(row)) for row in then))
        return connection

    def select(  # noqa: PLR0913 - the clauses of one SELECT
        self,
        name: str,
        where: str = "",
        params: Sequence[Any] = (),
        *,
        order: str = "key",
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Document]:
        """Documents of a table as they were."""
        connection = self._table(name, where, params)
        sql = f"SELECT doc FROM past WHERE {where or '1'} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608 - own clauses
        try:
            rows = connection.execute(sql, (*params, -1 if limit is None else limit, offset)).fetchall()
        finally:
            connection.close()
        return [decode(row[0]) for row in rows]

    def count(self, name: str, where: str = "", params: Sequence[Any] = ()) -> int:
        """How many documents there were."""
        return len(self.select(name, where, params))


def reader(call: Call) -> Reader:
    """What a report reads from: the state, or its past under a `stale_read` fault."""
    if call.fault is not None and call.fault.name == "stale_read":
        return Past(call.state, call.fault.seconds)
    return call.state
