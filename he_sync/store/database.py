"""Opens the store: SQLite in a file or Postgres, migrated to the newest tables, one writer's transaction at a time.

Every transaction on SQLite is BEGIN IMMEDIATE: one that reads first and writes later fails at once with "database is
locked" when another wrote in between, busy timeout or not. `synchronous=FULL` is what makes an intent durable before
the first byte leaves; with NORMAL a WAL commit is not synced at all (reference reliability 1.1, 1.11).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError

from he_sync.model.errors import FixSettings

BUSY_SECONDS = 30
MIGRATION_LOCK = 4_180_221_007
DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg2"}


class Store:
    """The engine and its transactions. One a process; safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: commits when the block ends, rolls back when it raises."""
        with self.engine.begin() as connection:
            yield connection

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
    address = _address(url)
    engine = _sqlite(address) if address.get_backend_name() == "sqlite" else _postgres(address)
    store = Store(engine)
    try:
        _migrate(store)
    except DBAPIError as error:
        store.close()
        raise FixSettings(f"the store {address.render_as_string()} cannot be opened: {error.orig}".strip()) from error
    return store


def add(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row unless one of its unique keys is there; False when it is, or when another process just adds it.

    A plain insert after a look would fail on Postgres where two processes look at once and both find nothing.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    key = next(iter(table.primary_key.columns))
    statement = dialect.insert(table).values(row).on_conflict_do_nothing().returning(key)
    return connection.execute(statement).first() is not None


def _address(url: str | Path) -> URL:
    if isinstance(url, Path):
        url.parent.mkdir(parents=True, exist_ok=True)
        return URL.create(DRIVERS["sqlite"], database=str(url))
    try:
        address = make_url(url)
        driver = DRIVERS[address.get_backend_name()]
    except (ArgumentError, KeyError):
        raise FixSettings("the store's address must start with sqlite:/// or postgresql://") from None
    # Named in full: SQLAlchemy 2.1 takes a bare postgresql:// for psycopg 3, which is not installed.
    return address.set(drivername=driver)


def _sqlite(address: URL) -> Engine:
    engine = create_engine(address)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        for pragma in (
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgres(address: URL) -> Engine:
    # A pooled connection that a restart of the server cut is found before use, not by a half-done statement.
    return create_engine(address, pool_pre_ping=True, connect_args={"connect_timeout": BUSY_SECONDS})


def _migrate(store: Store) -> None:
    """Upgrade inside one transaction, so that of two processes that open a new store one waits for the other."""
    config = Config()
    config.set_main_option("script_location", "he_sync.store:migrations")
    with store.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
