"""Files of the lake that nothing refers to any more.

A pull that finds the content of an old file again takes that file as it is. Hence two steps: a file is first put out of
sight, and taken away an hour later at the earliest; one that came back into force in between is put back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from he_sync.store.books_tables import store_days
from he_sync.store.canonical import read_json
from he_sync.store.database import Store
from he_sync.store.lake import Lake
from he_sync.store.pruning.retention import Retention
from he_sync.store.tables import closes

OUT_OF_SIGHT = ".pruned"
GRACE = timedelta(hours=1)
"""Longer than a pull takes from finding that the content is there to pointing at it."""
LETTERS = 24
"""Of its content's hash, a file is named by."""


@dataclass(frozen=True)
class Needed:
    """What somebody may still ask for: files by name, and whole dates."""

    files: frozenset[str]
    dates: frozenset[str]
    before: str


def prune(  # noqa: PLR0913 - what of which place
    store: Store,
    lake: Lake,
    keep: Retention,
    now: datetime,
    *,
    dry: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, int]:
    """Snapshots that are put out of sight now, and those of earlier times that are gone for good."""
    if not lake.root.is_dir():
        return {"snapshots": 0, "snapshots gone": 0}
    needed, old = _needed(store, keep, now), keep.before("snapshots_days", now)
    hidden = gone = 0
    for folder in _days(lake.root):
        if stop():
            break
        gone += 0 if dry else _end(folder, now)
        for path in _unused(folder, needed, old):
            hidden += 1
            if not dry:
                _hide(path, needed)
    return {"snapshots": hidden, "snapshots gone": gone}


def _needed(store: Store, keep: Retention, now: datetime) -> Needed:
    """By closes and signatures of the years for which evidence must be shown; a date that was ever signed, whole."""
    day = now.date()
    first = day.replace(year=day.year - keep.evidence_years, day=min(day.day, 28)).isoformat()
    signed = select(store_days.c.business_date).where(store_days.c.times_signed > 0).distinct()
    with store.begin() as connection:
        named = connection.execute(select(closes.c.inputs).where(closes.c.business_date >= first)).scalars()
        files = {f"{digest[:LETTERS]}.parquet" for inputs in named for digest in read_json(inputs).values()}
        dates = frozenset(connection.execute(signed.where(store_days.c.business_date >= first)).scalars())
    return Needed(frozenset(files), dates, first)


def _days(root: Path) -> Iterator[Path]:
    """Folders stage/entity/day, in order."""
    yield from sorted(path for path in root.glob("*/*/*") if path.is_dir())


def _unused(folder: Path, needed: Needed, old: datetime) -> Iterator[Path]:
    if folder.name in needed.dates:
        return
    current = "" if _is_date(folder.name) and folder.name < needed.before else _current(folder)
    for path in sorted(folder.glob("*.parquet")):
        if path.name not in needed.files and path.name != current and path.stat().st_mtime < old.timestamp():
            yield path


def _is_date(name: str) -> bool:
    try:
        return date.fromisoformat(name).isoformat() == name
    except ValueError:
        return False


def _current(folder: Path) -> str:
    try:
        return str(json.loads((folder / "current.json").read_text(encoding="utf-8"))["file"])
    except FileNotFoundError:
        return ""


def _hide(path: Path, needed: Needed) -> None:
    """The pointer is read again behind it: a pull may have taken the file meanwhile. Of a date beyond it goes first."""
    if path.parent.name < needed.before and _is_date(path.parent.name):
        (path.parent / "current.json").unlink(missing_ok=True)
    hidden = path.with_name(f".{path.name}{OUT_OF_SIGHT}")
    path.rename(hidden)
    hidden.touch()
    if _current(path.parent) == path.name:
        hidden.rename(path)


def _end(folder: Path, now: datetime) -> int:
    """What is out of sight for an hour: back where it is in force again, else gone."""
    gone = 0
    for hidden in folder.glob(f".*{OUT_OF_SIGHT}"):
        path = hidden.with_name(hidden.name[1:].removesuffix(OUT_OF_SIGHT))
        if _current(folder) == path.name:
            hidden.rename(path)
        elif now.timestamp() - hidden.stat().st_mtime >= GRACE.total_seconds():
            hidden.unlink()
            gone += 1
    return gone
