"""Which files of an installation's home go into a backup, and copying them so that none can be half or secret.

Everything below the home, except what is secret, what belongs to this machine or this moment, and what has a keeper of
its own. A file that nobody thought of is therefore kept, not lost.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path

from he_sync.model.errors import FixInput
from he_sync.settings import STORE_FILE, variable
from he_sync.store.backup.manifest import HOME, Entry, copy_into, digest_of, sync

SECRET = ("secrets", "console.key", "console.users")
"""Whoever restores names the console's people anew: hashes of passwords do not travel."""
OF_THE_MOMENT = ("alarms", "dagster", "sandbox", "shared.db", "watching.db", "exceptions.db", STORE_FILE, "backups")
"""Run history has its own retention, the last three files are made anew; the store is copied as a database."""
DAGSTER_SETTINGS = "dagster/dagster.yaml"
SUFFIXES = (".lock", ".log", ".key", "-wal", "-shm", "-journal", ".pid", ".sock")
NAMES_A_SECRET = re.compile(r"HE_\w*(TOKEN|KEY|PASSWORD|SECRETS?|STORE_URL)(_FILE)?")
SHORTEST_SECRET = 8
MOST_READ = 1 << 20
"""Bytes of a file that is searched for secrets: profiles, flows and mappings are texts of kilobytes."""
TEXTS = (".yaml", ".yml", ".json", ".txt", ".csv", ".md", ".toml", ".ini", ".env", "")
PRIVATE = 0o600


@dataclass(frozen=True)
class Source:
    """A file to keep: where it lies and what it is called in the backup."""

    path: Path
    name: str


def of_home(home: Path, beside: Mapping[str, Path], backups: Path) -> Iterator[Source]:
    """Files of the home in the order of their names, then what lies elsewhere, file or folder, by the name it gets."""
    yield from (Source(path, f"{HOME}/{path.relative_to(home).as_posix()}") for path in _below(home, backups, top=True))
    if (settings := home / DAGSTER_SETTINGS).is_file():
        yield Source(settings, f"{HOME}/{DAGSTER_SETTINGS}")
    for name, path in sorted(beside.items()):
        if path.resolve().is_relative_to(home.resolve()):
            continue
        if path.is_file():
            yield Source(path, f"{name}/{path.name}")
        elif path.is_dir():
            yield from (Source(one, f"{name}/{one.relative_to(path).as_posix()}") for one in _below(path, backups))


def _below(folder: Path, backups: Path, *, top: bool = False) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        named_out = top and (path.name in SECRET or path.name in OF_THE_MOMENT)
        if named_out or path.name.startswith((".", "__pycache__")) or path.name.endswith(SUFFIXES):
            continue
        if path.is_symlink() or path.resolve() == backups.resolve():  # links lead out of the home
            continue
        if path.is_dir():
            yield from _below(path, backups)
        elif path.is_file():
            yield path


def secrets_of(environ: Mapping[str, str]) -> dict[str, bytes]:
    """Values of the settings that are secret, by their names."""
    names = {name.removesuffix("_FILE") for name in environ if NAMES_A_SECRET.fullmatch(name)}
    found = {name: variable(name, environ, "") for name in sorted(names)}
    return {name: value.encode() for name, value in found.items() if len(value) >= SHORTEST_SECRET}


def refuse_secrets(source: Source, secrets: Mapping[str, bytes]) -> None:
    """Raises FixInput for a text that holds a credential: a backup is read by more people than a secret is."""
    if source.path.suffix not in TEXTS or source.path.stat().st_size > MOST_READ:
        return
    content = source.path.read_bytes()
    for name, value in secrets.items():
        if value in content:
            raise FixInput(f"{source.path} holds the value of {name}; take it out of the file, nothing was backed up")


def keep(source: Source, folder: Path, before: Mapping[str, tuple[Entry, Path]]) -> Entry | None:
    """Put a file into a backup; None where it went away meanwhile.

    One that an older backup has as it is now (size and time of change) is linked, not copied: the lake never changes a
    file, so that a backup a day costs what is new that day. Never a database, whose news may be in its log alone.
    """
    target = folder / source.name
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        stat = source.path.stat()
        database = source.path.suffix == ".db"
        older = None if database else before.get(source.name)
        if older and (older[0].size, older[0].changed) == (stat.st_size, stat.st_mtime_ns) and _linked(*older, target):
            return older[0]
        digest = _database(source.path, target) if database else _copied(source.path, target)
    except FileNotFoundError:
        return None
    return Entry(source.name, target.stat().st_size, digest, stat.st_mtime_ns)


def _linked(entry: Entry, older: Path, target: Path) -> bool:
    """Only a file that is still what it was when it was copied; and not on a disk that knows no links."""
    try:
        if older.stat().st_size != entry.size or digest_of(older) != entry.digest:
            return False
        os.link(older, target)
    except OSError:
        return False
    return True


def _copied(source: Path, target: Path) -> str:
    with source.open("rb") as read, private(target) as write:
        return copy_into(read, write.write)


def _database(source: Path, target: Path) -> str:
    """A file that a process may be writing: only the database itself can copy it whole."""
    private(target).close()
    with (
        closing(sqlite3.connect(source)) as read,
        closing(sqlite3.connect(target, isolation_level=None)) as write,
    ):
        read.backup(write)
        write.execute("PRAGMA journal_mode=DELETE")
    return digest_of(target)


def private(path: Path) -> BufferedWriter:
    """A new file that nobody else may read. Raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb")


def sync_below(folder: Path) -> None:
    """Every file and folder below, and the folder, on disk."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)
