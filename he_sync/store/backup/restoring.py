"""Putting a backup back: onto nothing that runs, over nothing that is there, all of it or nothing.

Files come first and each whole; the store appears last, in one step: by renaming its file, or with the commit of the
one transaction that fills the tables. A restore that was killed is begun again and finds its files as they should be.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from he_sync.model.errors import FixInput
from he_sync.settings import STORE_FILE
from he_sync.store.backup.checking import verify
from he_sync.store.backup.databases import FILE as COPY
from he_sync.store.backup.databases import POSTGRES, SQLITE, fill_tables, migrate, refuse_newer
from he_sync.store.backup.manifest import HOME, STORE, Entry, Manifest, digest_of, sync
from he_sync.store.backup.voiding import void
from he_sync.store.database import Store
from he_sync.store.engines import engine_at
from he_sync.store.only_one import only_one
from he_sync.store.tables import metadata

STAGE = ".restoring"
PROCESSES = Path("/proc")


def restore(  # noqa: PLR0913 - what, where to, by whom
    folder: Path,
    home: Path,
    address: str | Path,
    who: str,
    *,
    beside: Mapping[str, Path] | None = None,
    files: bool = True,
    now: datetime | None = None,
) -> Manifest:
    """Restore a backup into a home without a store, or with `files` False its store alone.

    Raises FixInput for a damaged backup, one of newer tables or of the other engine, where a store is there, where a
    file of the home is another than the backup's, and while a process has a file of the home open.
    """
    manifest = verify(folder)
    refuse_newer(manifest.schema)
    home.mkdir(parents=True, exist_ok=True)
    with only_one(home / "restore.lock", lambda: f"another restore works in {home}; wait for it"):
        _refuse_other_engine(manifest, address)
        _refuse_running(home)
        if files:
            places = {HOME: home, **(beside or {})}
            _put_files(folder, [(entry, _target(entry, places)) for entry in manifest.entries])
        moment = now or datetime.now(UTC)
        if manifest.engine == SQLITE:
            _put_file(folder / STORE / COPY, Path(address), manifest, who, moment)
        else:
            _put_tables(folder / STORE, str(address), manifest, who, moment)
    return manifest


# refusing


def _refuse_other_engine(manifest: Manifest, address: str | Path) -> None:
    engine = SQLITE if isinstance(address, Path) else POSTGRES
    if manifest.engine != engine:
        raise FixInput(
            f"the backup is of a store on {manifest.engine}, HE_STORE_URL names {engine}; set it to the other"
        )


def _refuse_running(home: Path) -> None:
    """A process that still holds the lost store would go on writing by what it knows."""
    for process, path in _open_files(home):
        raise FixInput(f"process {process} has {path} open; stop receiver, Dagster, its warm process and console first")


def _open_files(home: Path) -> Iterator[tuple[int, str]]:
    """(process, file) of whoever has a database of the home open, removed or not; nothing where no /proc is."""
    root = str(home.resolve())
    for folder in PROCESSES.glob("[0-9]*/fd") if PROCESSES.is_dir() else ():
        process = int(folder.parent.name)
        try:
            held = [] if process == os.getpid() else [str(one.readlink()) for one in folder.iterdir()]
        except OSError:
            continue
        yield from ((process, path) for path in held if path.startswith(f"{root}/{STORE_FILE}"))


def _refuse_taken(connection: Connection) -> None:
    """Raises FixInput for a database with a store in it, or with somebody else in it."""
    there = set(inspect(connection).get_table_names()) & set(metadata.tables)
    if there:
        raise FixInput(
            f"the database has a store already ({min(there)}); make an empty one and name it in HE_STORE_URL"
        )
    others = "pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"
    busy = connection.execute(text(f"SELECT count(*) FROM pg_stat_activity WHERE {others}")).scalar_one()  # noqa: S608 - our own words
    if busy:
        raise FixInput(f"{busy} sessions use the database; stop receiver, Dagster, its warm process and console first")


# files


def _target(entry: Entry, places: Mapping[str, Path]) -> Path | None:
    """Where a file goes; None for the store's own. Raises FixInput for a folder nobody named, or a way out of it."""
    first, _, rest = entry.path.partition("/")
    if first == STORE:
        return None
    if first not in places or ".." in Path(rest).parts:
        raise FixInput(f"the backup has {entry.path}, and there is no place named {first}")
    return places[first] / rest


def _put_files(folder: Path, targets: list[tuple[Entry, Path | None]]) -> None:
    """All are looked at before the first is put: what is there must be the backup's own, to the byte."""
    wanted = [(entry, target) for entry, target in targets if target is not None]
    missing = []
    for entry, target in wanted:
        if not target.exists():
            missing.append((entry, target))
        elif target.stat().st_size != entry.size or digest_of(target) != entry.digest:
            raise FixInput(f"{target} is there and is another; move the home away, or restore the store alone")
    for entry, target in missing:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}{STAGE}")
        shutil.copyfile(folder / entry.path, part)
        part.chmod(0o600)
        os.utime(part, ns=(entry.changed, entry.changed))
        sync(part)
        part.replace(target)
        sync(target.parent)


# the store


def _put_file(copy: Path, target: Path, manifest: Manifest, who: str, now: datetime) -> None:
    for name in (target.name, f"{target.name}-wal", f"{target.name}-shm"):
        if target.with_name(name).exists():
            raise FixInput(f"{target.with_name(name)} is there; move it away with its -wal and -shm, and keep them")
    target.parent.mkdir(parents=True, exist_ok=True)
    stage = target.parent / STAGE
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(mode=0o700)
    try:
        shutil.copyfile(copy, stage / COPY)
        (stage / COPY).chmod(0o600)
        with Store(engine_at(stage / COPY)) as store:
            with store.begin() as connection:
                migrate(connection, "head")
                void(connection, manifest, who, now)
            with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.connection.driver_connection.execute("PRAGMA journal_mode=DELETE").close()  # type: ignore[union-attr] # same
        sync(stage / COPY)
        (stage / COPY).rename(target)
        sync(target.parent)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _put_tables(folder: Path, address: str, manifest: Manifest, who: str, now: datetime) -> None:
    """Tables, rows and what is void of them in one transaction: killed before its end, the database is as it was."""
    with Store(engine_at(address)) as store, store.begin() as connection:
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        _refuse_taken(connection)
        migrate(connection, manifest.schema)
        fill_tables(connection, folder)
        migrate(connection, "head")
        void(connection, manifest, who, now)
