"""How each engine is opened: what makes a commit durable, and how long anybody may wait for anybody.

SQLite: every transaction is BEGIN IMMEDIATE. One that reads first and writes later fails at once with "database is
locked" when another wrote in between, busy timeout or not. `synchronous=FULL` is what makes an intent durable before
the first byte leaves; with NORMAL a WAL commit is not synced at all (reference reliability 1.1, 1.11).

Postgres: a worker that hangs inside a transaction is cut off by the server, nobody waits for a lock as long as a lease
lasts, and a server that is gone is noticed by the kernel (faults F32-F34).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from he_sync.model.errors import FixSettings

BUSY_SECONDS = 30
POOL_SECONDS = 5
LOCK_SECONDS = 10
IDLE_SECONDS = 60
GONE_SECONDS = 20
DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg2"}
SERVER_SETTINGS = {
    "synchronous_commit": "on",
    "lock_timeout": f"{LOCK_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
}
FIXED_SQLITE = (3, 51, 3)
REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "glusterfs", "fuse.sshfs"}
)
MOUNTS = Path("/proc/self/mounts")


def engine_at(url: str | Path) -> Engine:
    """The engine for a file path or a SQLAlchemy URL. Raises FixSettings for one that is neither of the two."""
    address = _address(url)
    return _sqlite(address) if address.get_backend_name() == "sqlite" else _postgres(address)


def weaknesses(engine: Engine) -> tuple[str, ...]:
    """What a person should know about this engine before trusting it; for `he-sync doctor`."""
    if engine.dialect.name != "sqlite" or sqlite3.sqlite_version_info >= FIXED_SQLITE:
        return ()
    fixed = ".".join(str(part) for part in FIXED_SQLITE)
    damage = f"SQLite {sqlite3.sqlite_version} can damage its file when two processes reset the write-ahead log at once"
    return (f"{damage} (fixed in {fixed}): let one process write, or use Postgres",)


def file_system_of(path: Path, mounts: str) -> str:
    """The type of the file system that holds a path, from a list of mounts; "" where none of them does."""
    held = [line.split() for line in mounts.splitlines()]
    over = [(len(point), kind) for _, point, kind, *_ in held if path.is_relative_to(point)]
    return max(over, default=(0, ""))[1]


def _address(url: str | Path) -> URL:
    if isinstance(url, Path):
        url.parent.mkdir(parents=True, exist_ok=True)
        return URL.create(DRIVERS["sqlite"], database=str(url))
    try:
        address = make_url(url)
        driver = DRIVERS[address.get_backend_name()]
    except (ArgumentError, KeyError):
        raise FixSettings("the store's address must start with sqlite:/// or postgresql://") from None
    # Named in full: SQLAlchemy 2.1 takes a bare postgresql:// for psycopg 3, which is not installed.
    return address.set(drivername=driver)


def _sqlite(address: URL) -> Engine:
    _refuse_remote(address)
    engine = create_engine(address, pool_timeout=BUSY_SECONDS)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        for pragma in (
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        looks = connection.get_execution_options().get("he_looks", False)
        connection.exec_driver_sql("BEGIN" if looks else "BEGIN IMMEDIATE")

    @event.listens_for(engine, "handle_error")
    def _distrust(context: ExceptionContext) -> None:
        """After a failed sync nobody knows what is on the disk: the connection is thrown away, not used again (F18)."""
        context.is_disconnect = context.is_disconnect or "disk I/O error" in str(context.original_exception)

    return engine


def _refuse_remote(address: URL) -> None:
    """Write-ahead logs need memory that all processes share: two hosts on one file damage it silently (F27)."""
    folder = Path(address.database or ".").resolve().parent
    kind = file_system_of(folder, MOUNTS.read_text()) if MOUNTS.exists() else ""
    if kind in REMOTE:
        raise FixSettings(f"the store must not be on a network file system ({kind}); use a local disk, or Postgres")


def _postgres(address: URL) -> Engine:
    told = {"connect_timeout": POOL_SECONDS, "tcp_user_timeout": GONE_SECONDS * 1000, "keepalives_idle": GONE_SECONDS}
    options = " ".join(f"-c {name}={value}" for name, value in SERVER_SETTINGS.items())
    # A pooled connection that a restart of the server cut is found before use, not by a half-done statement.
    return create_engine(
        address, pool_pre_ping=True, pool_timeout=POOL_SECONDS, connect_args={**told, "options": options}
    )
