"""What a backup says about itself: every file with its size and hash, the tables' version, the head of the audit."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from he_sync.model.errors import FixInput
from he_sync.store.audit import Head

FILE = "manifest.json"
FORMAT = 1
STORE, HOME = "store", "home"
"""Folders of a backup: the copy of the database, the files of the installation's home."""
CHUNK = 1 << 20


@dataclass(frozen=True)
class Entry:
    """One file of a backup: its path in there, its bytes, their SHA-256, and when the original was last written."""

    path: str
    size: int
    digest: str
    changed: int = 0


@dataclass(frozen=True)
class Manifest:
    """A complete backup. `schema` is the version of the tables, `audit` the head of its log, `rows` by table."""

    name: str
    made_at: datetime
    engine: str
    schema: str
    audit: Head
    rows: dict[str, int]
    entries: tuple[Entry, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.entries)

    def text(self) -> str:
        """The file's content, with a seal over the rest of it."""
        said: dict[str, Any] = {**asdict(self), "made_at": self.made_at.isoformat(), "format": FORMAT}
        return json.dumps({**said, "seal": _seal(said)}, indent=1, sort_keys=True)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup. Raises FixInput for a folder that is none, is damaged, or is of a later kind."""
    path = folder / FILE
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        seal, kind = said.pop("seal"), said.pop("format")
    except FileNotFoundError:
        raise FixInput(
            f"{folder} is no complete backup: it has no {FILE}; `backup list` names those there are"
        ) from None
    except (ValueError, KeyError, AttributeError, TypeError):
        raise FixInput(f"{path} is not what was written; take another backup") from None
    if kind != FORMAT:
        raise FixInput(f"{path} is of format {kind}, this version reads {FORMAT}; install the he-sync that made it")
    if seal != _seal({**said, "format": kind}):
        raise FixInput(f"{path} was changed after it was written; take another backup")
    made_at, head = datetime.fromisoformat(said.pop("made_at")), Head(**said.pop("audit"))
    entries = tuple(Entry(**one) for one in said.pop("entries"))
    return Manifest(**said, made_at=made_at, audit=head, entries=entries)


def _seal(said: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def digest_of(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as source:
        return copy_into(source, lambda _: None)


def copy_into(source: BinaryIO, write: Callable[[bytes], Any]) -> str:
    """Hand the source on in pieces; gives the SHA-256 of what was handed on."""
    found = hashlib.sha256()
    while piece := source.read(CHUNK):
        found.update(piece)
        write(piece)
    return found.hexdigest()


def sync(path: Path) -> None:
    """What stands at a path, file or folder, is on disk when this returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
