"""Making a backup: the store first, then the files, so that every file that the copy names is there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from he_sync.model.errors import FixInput
from he_sync.store.backup import files
from he_sync.store.backup.databases import copy_store
from he_sync.store.backup.manifest import FILE, STORE, Entry, Manifest, digest_of, read_manifest, sync
from he_sync.store.database import Store
from he_sync.store.only_one import only_one

PART = ".part"
LOCK = ".lock"


@dataclass(frozen=True)
class Place:
    """An installation: its home, folders that it keeps elsewhere by the name they get, and where backups lie."""

    home: Path
    backups: Path
    beside: Mapping[str, Path] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def create(store: Store, place: Place, now: datetime | None = None) -> Manifest:
    """A new backup, complete and on disk when this returns. Safe while everything runs.

    Raises FixInput where a file holds a credential or another backup is being made; nothing half stays behind.
    """
    made_at = now or datetime.now(UTC)
    with alone(place.backups):
        before = _newest(place.backups)
        name = f"{made_at:%Y-%m-%dT%H%M%S.%fZ}"
        part = place.backups / f".{name}{PART}"
        part.mkdir(mode=0o700)
        try:
            manifest = _fill(store, place, part, before, name, made_at)
            files.sync_below(part)
            part.rename(place.backups / name)
            sync(place.backups)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    return manifest


def _fill(  # noqa: PLR0913, PLR0917 - the parts of one backup
    store: Store,
    place: Place,
    part: Path,
    before: Mapping[str, tuple[Entry, Path]],
    name: str,
    made_at: datetime,
) -> Manifest:
    copied = copy_store(store, part / STORE)
    entries = [
        Entry(f"{STORE}/{path.name}", path.stat().st_size, digest_of(path)) for path in sorted((part / STORE).iterdir())
    ]
    for source in files.of_home(place.home, place.beside, place.backups):
        files.refuse_secrets(source, place.secrets)
        if kept := files.keep(source, part, before):
            entries.append(kept)
    engine = store.engine.dialect.name
    manifest = Manifest(name, made_at, engine, copied.schema, copied.audit, copied.rows, tuple(entries))
    with files.private(part / FILE) as file:
        file.write(manifest.text().encode())
    return manifest


def listing(backups: Path) -> list[Manifest]:
    """Complete backups, oldest first; one whose manifest is damaged is left out here and named by `verify`."""
    found = []
    for folder in sorted(backups.iterdir()) if backups.is_dir() else []:
        if not folder.name.startswith(".") and (folder / FILE).exists():
            try:
                found.append(read_manifest(folder))
            except FixInput:
                continue
    return found


def named(backups: Path, name: str) -> Path:
    """The folder of a backup by its name, or of the newest for "". Raises FixInput where there is none."""
    there = listing(backups)
    if name:
        if Path(name).name != name or not (backups / name / FILE).exists():
            raise FixInput(f"{backups} has no complete backup {name!r}; `backup list` names those there are")
        return backups / name
    if not there:
        raise FixInput(f"{backups} has no complete backup; `backup create` makes one")
    return backups / there[-1].name


def _newest(backups: Path) -> dict[str, tuple[Entry, Path]]:
    """Files of the newest backup by their names: what is as it was is not copied again."""
    there = listing(backups)
    folder = backups / there[-1].name if there else backups
    return {one.path: (one, folder / one.path) for one in there[-1].entries} if there else {}


@contextmanager
def alone(backups: Path) -> Iterator[None]:
    """One at a time in a folder of backups; what a killed one left is removed. Raises FixInput while another works."""
    backups.mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_one(backups / LOCK, lambda: f"another backup is being made in {backups}; wait for it"):
        for left in backups.glob(f".*{PART}"):
            shutil.rmtree(left, ignore_errors=True)
        yield
