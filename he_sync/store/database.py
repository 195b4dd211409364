"""The store: SQLite in a file or Postgres, migrated to the newest tables, and its transactions."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from he_sync.model.errors import FixSettings, TryLater
from he_sync.store.engines import engine_at
from he_sync.store.statements import one_at_a_time

MIGRATION_LOCK = 4_180_221_007
TRIES = 5
"""Of one transaction that the database undid, or whose end it could not tell us."""
LONGEST_PAUSE = 0.2
UNDONE = frozenset({"40001", "40P01"})
"""Postgres: serialization failure, deadlock."""
AWAY = frozenset({"08", "53", "55", "57"})
"""Classes of Postgres errors: connection, resources (disk full), a lock not to be had, operator (restart)."""
DAMAGE = ("disk image is malformed", "file is not a database")
"""SQLite's words for a file that is not what it wrote."""

T = TypeVar("T")


class Store:
    """The engine and its transactions. One a process; safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: commits when the block ends, rolls back when it raises."""
        with self.engine.begin() as connection:
            yield connection

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run a transaction, and again where the database undid it or was cut off before it said how it ended.

        Only for work that may be repeated: after a lost answer to COMMIT it may stand already (reference reliability
        3.3, R8). Raises TryLater when the database stays away, is full, or a lock is held too long.
        """
        for left in reversed(range(TRIES)):
            try:
                with self.begin() as connection:
                    return work(connection)
            except DBAPIError as error:
                if not (left and _may_work_now(error)):
                    raise _for_the_caller(error) from error
            except PoolTimeout as error:
                raise TryLater("every connection to the store is in use") from error
            time.sleep(random.uniform(0, LONGEST_PAUSE))  # noqa: S311 - spreads callers apart, no secret
        raise AssertionError

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(url: str | Path) -> Store:
    """The store at a file path or a SQLAlchemy URL, brought to the newest tables.

    Raises FixSettings for an address that is neither SQLite nor Postgres, or that cannot be opened.
    """
    store = Store(engine_at(url))
    try:
        _migrate(store)
    except DBAPIError as error:
        store.close()
        address = store.engine.url.render_as_string()
        advice = "; docs/operations.md says how to restore it" if _is_damage(error) else ""
        raise FixSettings(f"the store {address} cannot be opened: {str(error.orig).strip()}{advice}") from error
    return store


def _may_work_now(error: DBAPIError) -> bool:
    return error.connection_invalidated or _code(error) in UNDONE


def _for_the_caller(error: DBAPIError) -> Exception:
    """TryLater where the cause is the state of the database, FixSettings where its file is damaged (fault F22).

    Otherwise the error itself: a bug of ours.
    """
    code = _code(error)
    if _is_damage(error):
        return FixSettings(
            f"the store is damaged ({error.orig}): stop everything and restore it, see docs/operations.md"
        )
    state = error.connection_invalidated or code in UNDONE or code[:2] in AWAY
    if state or (isinstance(error, OperationalError) and not code):
        return TryLater(f"the store cannot be used now: {str(error.orig).strip().splitlines()[0]}")
    return error


def _is_damage(error: DBAPIError) -> bool:
    return any(words in str(error.orig) for words in DAMAGE)


def _code(error: DBAPIError) -> str:
    return getattr(error.orig, "pgcode", None) or ""


def _migrate(store: Store) -> None:
    """Upgrade inside one transaction, so that of two processes that open a new store one waits for the other."""
    config = Config()
    config.set_main_option("script_location", "he_sync.store:migrations")
    with store.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        one_at_a_time(connection, MIGRATION_LOCK)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
