"""Files of a folder that an earlier run has checked: one that is the same is not opened again, nor hashed.

A file is the same if its size, times and inode are: its change time moves with every write and cannot be set back. A
copy of a folder has other ones; then its content's SHA-256 tells.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from he_sync.reconcile.given.files import Raw, Shaped

SETTLED_NS = 1_000_000_000
"""A file changed so shortly before it is read may change again within a tick of its clock: its times prove nothing."""


@dataclass(frozen=True)
class Noted:
    """What is known of a file: SHA-256, rows, and size, change times and inode, empty where they prove nothing."""

    digest: str
    rows: int
    sign: tuple[int, ...] = ()


@dataclass(frozen=True)
class Folder:
    """A relation's folder as an earlier run has checked it."""

    types: dict[str, str]
    shape: str
    files: Mapping[str, Noted]

    def shaped(self, files: Mapping[str, Noted]) -> Shaped | None:
        """What need not be asked of `files`, as they are now; None where all of them are others."""
        same = frozenset(name for name, one in files.items() if self.holds(name, one.digest))
        return Shaped(self.types, self.shape, same) if same else None

    def holds(self, name: str, digest: str) -> bool:
        """Whether it has the very file."""
        return name in self.files and self.files[name].digest == digest


@dataclass(frozen=True)
class Checked:
    """All that an earlier run has checked; `whole` are digests of stores and terms, which every check asks."""

    folders: Mapping[str, Folder]
    whole: Mapping[str, str]
    suspects: Callable[[duckdb.DuckDBPyConnection, Raw], set[str]]
    """Of new rows: the names of the known files that may have one of their keys."""


def sign(path: Path) -> tuple[int, ...]:
    """Size, change times and inode; empty where they prove nothing."""
    found = path.stat()
    if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) < SETTLED_NS:
        return ()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def note(path: Path, known: Noted | None) -> Noted:
    """What a file is now; its rows are those of `known` if it is the same, else still to be counted."""
    now = sign(path)
    if known is not None and now and now == known.sign:
        return known
    found = digest(path)
    return Noted(found, known.rows if known is not None and known.digest == found else 0, now)
