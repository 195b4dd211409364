"""Figures of the machine: disk, back-ups, write-ahead log; and of calls to the other systems, from `shared.db`."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from he_sync.connect import alarms
from he_sync.connect.breaker import FAILURES
from he_sync.settings import RATES, rate, variable
from he_sync.store.sqlite_file import log_bytes
from he_sync.watch.metrics import Sample
from he_sync.watch.place import Watched

BUSY_SECONDS = 5.0


def house(watched: Watched, now: datetime) -> Iterator[Sample]:
    """Disk, back-ups, the write-ahead log, alarms that nobody took."""
    disk = shutil.disk_usage(watched.home)
    yield Sample("he_disk_free_bytes", disk.free)
    yield Sample("he_disk_free_ratio", disk.free / disk.total)
    yield Sample("he_backup_age_seconds", _backup_age(watched, now))
    yield Sample("he_alarms_waiting", sum(1 for _ in alarms.waiting(watched.home)))
    if watched.kept is not None:
        yield Sample("he_store_wal_bytes", log_bytes(watched.kept))


def _backup_age(watched: Watched, now: datetime) -> float:
    """Of the newest file anywhere below HE_BACKUPS; an empty one is none, nor is one that is being made (hidden)."""
    folder = Path(variable("HE_BACKUPS", watched.environ, str(watched.home / "backups")))
    there = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    stats = [path.stat() for path in there if not _hidden(path.relative_to(folder))]
    newest = max((one.st_mtime for one in stats if one.st_size), default=None)
    return float("inf") if newest is None else max(0.0, now.timestamp() - newest)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def systems(watched: Watched, now: datetime) -> Iterator[Sample]:
    """What each system may still be asked, and whether it answers; nothing was asked where there is no file yet."""
    del now  # the buckets are in this machine's own time
    buckets = dict(_rows(watched.home, "bucket", "SELECT system, tokens, at FROM bucket"))
    down = dict(_rows(watched.home, "breaker", "SELECT system, failures, until FROM breaker"))
    for system in RATES:
        most = rate(system, watched.environ)
        tokens, at = buckets.get(system, (most, time.time()))
        left = min(most, tokens + max(0.0, time.time() - at) * most)
        label = (("system", system),)
        yield Sample("he_rate_budget_ratio", max(0.0, left / most), label)
        yield Sample("he_rate_wait_seconds", max(0.0, -left / most), label)
        yield Sample("he_system_down", float(down.get(system, (0, 0))[0] >= FAILURES), label, "/connections")


def _rows(home: Path, table: str, query: str) -> Iterator[tuple[str, tuple[float, float]]]:
    """Rows of the file that clients share, opened for reading; none where a client never made it or the table."""
    path = home / "shared.db"
    if not path.exists():
        return
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as connection:
        there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        yield from ((system, (one, two)) for system, one, two in (connection.execute(query) if there else ()))
