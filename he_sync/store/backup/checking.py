"""Whether a backup is whole: every file is there with its hash, nothing else is, and the copy opens and adds up."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

from he_sync.model.errors import FixInput
from he_sync.store.backup.databases import FILE as STORE_FILE
from he_sync.store.backup.databases import SQLITE, looked_into
from he_sync.store.backup.manifest import FILE, STORE, Manifest, digest_of, read_manifest


def verify(folder: Path) -> Manifest:
    """The manifest of a backup that is whole. Raises FixInput that names the first file that is not as it was."""
    manifest = read_manifest(folder)
    for entry in manifest.entries:
        path = folder / entry.path
        if not path.is_file():
            raise FixInput(f"{path} is missing; take another backup")
        if path.stat().st_size != entry.size or digest_of(path) != entry.digest:
            raise FixInput(f"{path} is not what was written; take another backup")
    _nothing_else(folder, manifest)
    _opens(folder / STORE, manifest)
    return manifest


def _nothing_else(folder: Path, manifest: Manifest) -> None:
    known = {FILE, *(entry.path for entry in manifest.entries)}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.relative_to(folder).as_posix() not in known:
            raise FixInput(f"{path} does not belong to the backup; take it away, or take another backup")


def _opens(folder: Path, manifest: Manifest) -> None:
    if manifest.engine == SQLITE:
        found = looked_into(folder / STORE_FILE)
        rows, head = found.rows, found.audit
    else:
        rows, head = {name: _rows(folder / f"{name}.csv.gz") for name in manifest.rows}, manifest.audit
    for name, count in manifest.rows.items():
        if rows.get(name) != count:
            raise FixInput(f"{folder}: {name} has {rows.get(name)} rows, {count} were copied; take another backup")
    if head != manifest.audit:
        raise FixInput(f"{folder}: the audit ends at row {head.seq}, not at {manifest.audit.seq}; take another backup")


def _rows(path: Path) -> int:
    with gzip.open(path, "rb") as packed:
        packed.readline()
        return sum(1 for _ in csv.reader(io.TextIOWrapper(packed, encoding="utf-8", newline="")))
