"""The sandbox's memory: documents by table and key in one SQLite file, and the oracle ledger of every commit.

A document is a JSON object with exact numbers (Decimal, never float). A table is made when first used; fields that
filters hit often get an expression index. `oracle` keeps what was before and after for every commit that was not bulk
loaded, so that a test can ask what was ever written, and a stale read can be served as it was some seconds ago.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import simplejson

Document = dict[str, Any]
Key = int | str

# Made once: simplejson builds a new pair for every call with options, which took half of the time of a small document.
ENCODER = simplejson.JSONEncoder(use_decimal=True, separators=(",", ":"))
DECODER = simplejson.JSONDecoder(parse_float=Decimal)

SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS oracle (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, collection TEXT NOT NULL, key TEXT NOT NULL,
  operation TEXT NOT NULL, before TEXT, after TEXT, origin TEXT NOT NULL, request TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS oracle_by_key ON oracle (collection, key, seq);
CREATE INDEX IF NOT EXISTS oracle_by_origin ON oracle (origin, seq);
"""


@dataclass(frozen=True)
class Commit:
    """One row of the oracle ledger."""

    collection: str
    key: Key
    operation: str
    before: Document | None
    after: Document | None
    origin: str


def encode(document: Any) -> str:
    """JSON text with exact decimals and stable separators."""
    return ENCODER.encode(document)


def decode(text: str) -> Any:
    """JSON value with exact decimals."""
    return DECODER.decode(text)


def field(name: str) -> str:
    """SQL expression of one top-level or dotted field of a document, the same text the indexes use."""
    path = ".".join(f'"{part}"' for part in name.replace("'", "").replace('"', "").split("."))
    return f"json_extract(doc, '$.{path}')"


class State:
    """All documents of the sandbox. Safe for many threads; one writer at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._local = threading.local()
        self._writer = threading.RLock()
        self._known: set[str] = set()
        self.listeners: list[Callable[[list[Commit]], None]] = []
        self._connection().executescript(SCHEMA)

    # connections and transactions

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.folder / "sandbox.db", isolation_level=None, timeout=30)
            connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
            self._local.connection = connection
            self._local.depth = 0
            self._local.made = set()
        return connection

    @contextmanager
    def transaction(self, origin: str = "api", request: str = "") -> Iterator[None]:
        """Everything inside commits together or not at all; nested calls join the outer one."""
        connection = self._connection()
        with self._writer:
            if self._local.depth:
                yield
                return
            self._local.commits, self._local.origin, self._local.request = [], origin, request
            connection.execute("BEGIN IMMEDIATE")
            self._local.depth, self._local.made = 1, set()
            try:
                yield
                connection.execute("COMMIT")
                self._known |= self._local.made  # a table made in a transaction is there for others from here on
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            finally:
                self._local.depth, self._local.made = 0, set()
            commits: list[Commit] = self._local.commits
        for listener in self.listeners:
            listener(commits)

    def table(self, name: str, indexes: Iterable[str] = ()) -> str:
        """The quoted SQL name of a table, made with its expression indexes when it is not there yet."""
        quoted = '"' + name.replace('"', "") + '"'
        connection = self._connection()
        if name not in self._known and name not in self._local.made:
            connection.execute(f"CREATE TABLE IF NOT EXISTS {quoted} (key PRIMARY KEY, parent, doc TEXT NOT NULL)")
            connection.execute(f'CREATE INDEX IF NOT EXISTS "{name}:parent" ON {quoted} (parent)')
            (self._local.made if self._local.depth else self._known).add(name)
        for column in indexes:
            self._connection().execute(
                f'CREATE INDEX IF NOT EXISTS "{name}:{column}" ON {quoted} ({field(column)}, key)',
            )
        return quoted

    def keys_where(self, name: str, label: str, condition: str) -> None:
        """An index of a table's keys for one condition, so that a listing which always asks it can count and page."""
        quoted = self.table(name)
        self._connection().execute(f'CREATE INDEX IF NOT EXISTS "{name}:{label}" ON {quoted} (key) WHERE {condition}')

    # writing

    def put(self, name: str, key: Key, document: Document, parent: Key | None = None) -> None:
        """Insert or replace one document and write the oracle row. A parent given once is kept on later puts."""
        table = self.table(name)
        with self.transaction():
            before = self.get(name, key)
            self._connection().execute(
                f"INSERT INTO {table} (key, parent, doc) VALUES (?, ?, ?) ON CONFLICT (key) "  # noqa: S608 - own name
                f"DO UPDATE SET doc = excluded.doc, parent = coalesce(excluded.parent, parent)",
                (key, parent, encode(document)),
            )
            self._record(name, key, before, document)

    def delete(self, name: str, key: Key) -> None:
        """Remove one document; the oracle keeps what it was."""
        table = self.table(name)
        with self.transaction():
            before = self.get(name, key)
            self._connection().execute(f"DELETE FROM {table} WHERE key = ?", (key,))  # noqa: S608 - own name
            self._record(name, key, before, None)

    def load(self, name: str, rows: Iterable[tuple[Key, Key | None, Document]]) -> None:
        """Bulk load (key, parent, document) rows without oracle rows: the world before anybody wrote to it."""
        table = self.table(name)
        with self.transaction("world"):
            self._connection().executemany(
                f"INSERT OR REPLACE INTO {table} (key, parent, doc) VALUES (?, ?, ?)",  # noqa: S608 - own name
                ((key, parent, encode(document)) for key, parent, document in rows),
            )

    def _record(self, name: str, key: Key, before: Document | None, after: Document | None) -> None:
        operation = "insert" if before is None else "delete" if after is None else "update"
        commit = Commit(name, key, operation, before, after, self._local.origin)
        self._local.commits.append(commit)
        self._connection().execute(
            "INSERT INTO oracle (at, collection, key, operation, before, after, origin, request)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                datetime.now(UTC).isoformat(),
                name,
                str(key),
                operation,
                None if before is None else encode(before),
                None if after is None else encode(after),
                commit.origin,
                self._local.request,
            ),
        )

    # reading

    def get(self, name: str, key: Key) -> Document | None:
        """One document or None."""
        row = self._connection().execute(f"SELECT doc FROM {self.table(name)} WHERE key = ?", (key,)).fetchone()  # noqa: S608
        return None if row is None else decode(row[0])

    def select(  # noqa: PLR0913, PLR0917 - the clauses of one SELECT
        self,
        name: str,
        where: str = "",
        params: Sequence[Any] = (),
        order: str = "key",
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Document]:
        """Documents of a table; `where` and `order` are SQL over `field(...)`, `key` and `parent`."""
        sql = (
            f"SELECT doc FROM {self.table(name)} {'WHERE ' + where if where else ''} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
        )
        rows = self._connection().execute(sql, (*params, -1 if limit is None else limit, offset))
        return [decode(row[0]) for row in rows]

    def count(self, name: str, where: str = "", params: Sequence[Any] = ()) -> int:
        """How many documents `select` would find without a limit."""
        sql = f"SELECT count(*) FROM {self.table(name)} {'WHERE ' + where if where else ''}"  # noqa: S608
        return int(self._connection().execute(sql, tuple(params)).fetchone()[0])

    def children(self, name: str, parents: Sequence[Key]) -> dict[Key, list[Document]]:
        """Documents by parent, in key order; every parent asked for has a list."""
        found: dict[Key, list[Document]] = {parent: [] for parent in parents}
        table = self.table(name)
        for start in range(0, len(parents), 500):
            some = parents[start : start + 500]
            marks = ",".join("?" * len(some))
            sql = f"SELECT parent, doc FROM {table} WHERE parent IN ({marks}) ORDER BY key"  # noqa: S608 - own name
            for parent, text in self._connection().execute(sql, tuple(some)):
                found[parent].append(decode(text))
        return found

    def next_id(self, name: str, first: int = 100001) -> int:
        """The next free integer key; Heartland counts from 100001 per resource."""
        top = self._connection().execute(f"SELECT max(key) FROM {self.table(name)}").fetchone()[0]  # noqa: S608
        return first if top is None else int(top) + 1

    # settings, clock, revision

    def setting(self, name: str, default: str = "") -> str:
        """A stored setting."""
        row = self._connection().execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return default if row is None else str(row[0])

    def set_setting(self, name: str, value: str) -> None:
        """Store a setting."""
        with self.transaction():
            self._connection().execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))

    def next_rev(self, step: int = 1) -> int:
        """The next row version (Epicor SysRevID): monotonic over all tables; the last of a run of `step`."""
        with self.transaction():
            rev = int(self.setting("rev", "88000000")) + step
            self.set_setting("rev", str(rev))
            return rev

    def now(self) -> datetime:
        """The sandbox's time in UTC: the wall clock plus an offset, or frozen, as the admin port last set it."""
        if frozen := self.setting("clock.frozen"):
            return datetime.fromisoformat(frozen)
        return datetime.now(UTC) + timedelta(seconds=float(self.setting("clock.offset", "0")))

    def oracle(self, where: str = "1", params: Sequence[Any] = ()) -> list[Document]:
        """Rows of the oracle ledger as documents, oldest first."""
        columns = ["seq", "at", "collection", "key", "operation", "before", "after", "origin", "request"]
        sql = f"SELECT {', '.join(columns)} FROM oracle WHERE {where} ORDER BY seq"  # noqa: S608 - own names and clauses
        rows = self._connection().execute(sql, tuple(params))
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        for row in found:
            row["before"] = None if row["before"] is None else decode(row["before"])
            row["after"] = None if row["after"] is None else decode(row["after"])
        return found
