"""Copying the store as a database: of SQLite its file, of Postgres every table, each as of one moment.

Nobody waits for it: SQLite's copy reads one snapshot beside its writer, Postgres's one repeatable-read transaction.
"""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text

from he_sync.model.errors import FixInput
from he_sync.store.audit import Head, _head
from he_sync.store.backup.files import private
from he_sync.store.database import Store
from he_sync.store.sqlite_file import path_of
from he_sync.store.tables import metadata

VERSION = "alembic_version"
SQLITE, POSTGRES = "sqlite", "postgresql"
FILE = "he_sync.db"


@dataclass(frozen=True)
class Copied:
    """What the copy holds: version of the tables, head of the audit, rows by table."""

    schema: str
    audit: Head
    rows: dict[str, int]


def copy_store(store: Store, folder: Path) -> Copied:
    """Copy the store into a new folder. Readers and writers go on meanwhile."""
    folder.mkdir(mode=0o700)
    return _copy_file(store, folder) if store.engine.dialect.name == SQLITE else _copy_tables(store, folder)


def _copy_file(store: Store, folder: Path) -> Copied:
    source, target = path_of(store), folder / FILE
    if source is None:
        raise FixInput("a store in memory cannot be backed up")
    private(target).close()
    # One step for all pages: between two steps a writer of another process would make the copy begin anew, for ever.
    with (
        closing(sqlite3.connect(source)) as read,
        closing(sqlite3.connect(target)) as write,
    ):
        read.backup(write, pages=-1)
        write.execute("PRAGMA journal_mode=DELETE")
    return looked_into(target)


def looked_into(path: Path) -> Copied:
    """Open a copy for reading and look through all of it. Raises FixInput where it is damaged or no store."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if said != "ok":
                raise FixInput(f"{path} is damaged ({said}); take another backup")
            [schema] = connection.execute(f"SELECT version_num FROM {VERSION}").fetchone()  # noqa: S608 - our own name
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = {name: _count(connection, name) for name in sorted(tables) if name != VERSION}
            head = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    except (sqlite3.DatabaseError, TypeError) as error:
        raise FixInput(f"{path} cannot be opened as a store ({error}); take another backup") from None
    return Copied(str(schema), Head(*head) if head else Head(0, "0" * 64), rows)


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608 - names of the copy


# Postgres


def _copy_tables(store: Store, folder: Path) -> Copied:
    engine = store.engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        schema = str(connection.execute(text(f"SELECT version_num FROM {VERSION}")).scalar_one())  # noqa: S608 - same
        rows = {name: _copy_table(connection, name, folder / f"{name}.csv.gz") for name in ours(connection)}
        return Copied(schema, _head(connection), rows)


def ours(connection: Connection) -> list[str]:
    """Our tables that are there, each behind those that it refers to."""
    there = set(inspect(connection).get_table_names())
    return [table.name for table in metadata.sorted_tables if table.name in there]


def _copy_table(connection: Connection, name: str, path: Path) -> int:
    columns = ", ".join(f'"{one["name"]}"' for one in inspect(connection).get_columns(name))
    with private(path) as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, compresslevel=3) as packed:
        packed.write(f"{columns}\n".encode())
        cursor = _driver(connection)
        cursor.copy_expert(f'COPY "{name}" ({columns}) TO STDOUT (FORMAT csv)', packed)
        return int(cursor.rowcount)


def fill_tables(connection: Connection, folder: Path) -> None:
    """Copy the rows back into tables of the same version, and let their counters go on behind them."""
    for name in ours(connection):
        path = folder / f"{name}.csv.gz"
        if not path.exists():
            continue
        with gzip.open(path, "rb") as packed:
            columns = packed.readline().decode().strip()
            _driver(connection).copy_expert(f'COPY "{name}" ({columns}) FROM STDIN (FORMAT csv)', packed)
        _count_on(connection, name)


def _count_on(connection: Connection, name: str) -> None:
    for column in metadata.tables[name].primary_key.columns:
        counter = connection.execute(
            text("SELECT pg_get_serial_sequence(:name, :column)"), {"name": name, "column": column.name}
        ).scalar()
        if counter:
            most = f'(SELECT coalesce(max("{column.name}"), 0) + 1 FROM "{name}")'  # noqa: S608 - our own names
            connection.exec_driver_sql(f"SELECT setval('{counter}', {most}, false)")


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection.cursor()  # type: ignore[union-attr] # there while it is checked out


# versions


def migrate(connection: Connection, version: str) -> None:
    """Bring the tables to a version, inside the caller's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, version)


def refuse_newer(schema: str) -> None:
    """Raises FixInput for tables of a version that this program does not know."""
    scripts = ScriptDirectory.from_config(_config())
    try:
        scripts.get_revision(schema)
    except CommandError:
        newest = scripts.get_current_head()
        raise FixInput(
            f"the backup's tables are of version {schema}, this he-sync knows up to {newest}; install the newer one"
        ) from None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "he_sync.store:migrations")
    return config
