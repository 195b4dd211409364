"""The SQLite file itself: whether it is whole (fault F22), and whether its write-ahead log grows without end (F24).

Postgres looks after its own files; of a store there, nothing is asked here.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from he_sync.model.errors import FixSettings
from he_sync.store.database import Store

MOST_LOG_BYTES = 64 * 1024 * 1024
"""SQLite begins the log anew at 4 MiB; one of sixteen times that has not been able to for long (reference G18)."""
QUICK, WHOLE = "quick_check", "integrity_check"
"""The second also compares every index with its table: minutes for a file of many gigabytes, seconds for the first."""


def path_of(store: Store) -> Path | None:
    """The file of the store; None where it has none."""
    url = store.engine.url
    in_a_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    return Path(str(url.database)) if in_a_file else None


def check(store: Store, how: str = QUICK) -> None:
    """Raises FixSettings for a damaged file: what it still answers must not be believed. No file is no damage."""
    path = path_of(store)
    if path is None or not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            said = str(connection.execute(f"PRAGMA {how}(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise FixSettings(damaged(path, said))


def damaged(path: Path, said: str) -> str:
    """One line for whoever meets the damage."""
    reason = " ".join(said.split()).removeprefix("*** in database main *** ")
    return f"the store {path} is damaged ({reason}): stop everything and restore it, docs/operations.md says how"


def log_bytes(store: Store) -> int:
    """How long the write-ahead log is; 0 where there is none."""
    path = path_of(store)
    log = None if path is None else path.with_name(f"{path.name}-wal")
    return log.stat().st_size if log is not None and log.exists() else 0


def shorten_log(store: Store) -> bool:
    """Write the log back into the file and empty it. False where a reader holds it open; nobody is waited for."""
    path = path_of(store)
    if path is None:
        return True
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def log_alarm(store: Store) -> str:
    """What a person must hear of a log that has grown too long and cannot be shortened; "" for none."""
    grown = log_bytes(store)
    if grown <= MOST_LOG_BYTES or shorten_log(store):
        return ""
    return (
        f"the write-ahead log of {path_of(store)} has grown to {grown // 2**20} MiB: a process keeps a read open; "
        "find it (fuser) and end it, the log shortens by itself then"
    )
