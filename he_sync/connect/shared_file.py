"""A small SQLite file that the processes of one machine share: throttle buckets and tokens live in it.

What is in it can be lost at any time at the price of a new token and a full bucket, so it is not synced to disk.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from he_sync.model.errors import FixSettings

BUSY_SECONDS = 10.0


class SharedFile:
    """One connection a thread, short transactions, one writer at a time over all processes.

    A forked child opens its own: SQLite forbids a connection to cross a fork.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self._path, self._schema, self._local = path, schema, threading.local()
        self._opened: list[sqlite3.Connection] = []
        weakref.finalize(self, _close, self._opened)

    def _connection(self) -> sqlite3.Connection:
        mine: tuple[int, sqlite3.Connection] | None = getattr(self._local, "mine", None)
        if mine is None or mine[0] != os.getpid():
            mine = self._local.mine = (os.getpid(), self._open())
        return mine[1]

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)  # it holds bearer tokens
            connection = sqlite3.connect(
                self._path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
            )
            self._opened.append(connection)
            _set_up(connection, self._schema)
        except (OSError, sqlite3.Error) as error:
            line = f"{self._path}: cannot be opened ({error}); it must be a writable file on a local disk"
            raise FixSettings(line) from error
        return connection

    def run(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """One statement in its own transaction; the rows that it returns."""
        return self._connection().execute(sql, values).fetchall()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Everything inside is one transaction that no other process interleaves with."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _set_up(connection: sqlite3.Connection, schema: str) -> None:
    """Switch to write-ahead logging: SQLite does not wait for another's lock in that switch, so we do."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;")
            connection.executescript(schema)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _close(opened: list[sqlite3.Connection]) -> None:
    for connection in opened:
        connection.close()
