"""What the audit's rows come to, in a small SQLite file of its own: read by pages, never asked for a decision's right.

A cache: each catching up takes the rows behind the last one it knows, and one whose last row the audit does not have
(a restored store) begins anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    create_engine,
    delete,
    insert,
    select,
)
from sqlalchemy.dialects.sqlite import insert as put
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from he_sync.model.errors import FixSettings
from he_sync.store import audit as log
from he_sync.store.canonical import canonical_json, read_json
from he_sync.store.database import DAMAGE, Store
from he_sync.store.engines import engine_at
from he_sync.store.exceptions.records import STATUS_AFTER, Break, Found
from he_sync.store.statements import batches
from he_sync.store.tables import Instant, audit

metadata = MetaData()
SHAPE = 1
"""Counts up with each change of the tables below: a file of another shape is made anew."""
FACTS = ("day", "leg", "klass", "subject", "store", "of", "evidence", "action")

breaks = Table(
    "breaks",
    metadata,
    Column("id", String(12), primary_key=True),
    *(Column(name, Text, nullable=False) for name in FACTS),
    Column("minor", Integer, nullable=False),
    Column("milli", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("hands", Text, nullable=False),
    Column("reopened", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("seq", Integer, nullable=False),
    Index("breaks_of_day", "day", "leg"),
    Index("breaks_by_status", "status", "day"),
)
steps = Table(
    "steps",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", String(12), nullable=False),
    Column("at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("steps_of", "id", "seq"),
)
known = Table("known", metadata, Column("seq", Integer, primary_key=True), Column("hash", String(64), nullable=False))


def open_at(path: Path) -> Engine:
    """The file, made where it is not there, is damaged or of another shape.

    Where SQLite may not be kept, on a network file system, it is in memory and read from the beginning each time.
    """
    try:
        engine = engine_at(path)
    except FixSettings:
        engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        _prepare(engine)
    except DatabaseError as error:
        if not any(words in str(error.orig) for words in DAMAGE):
            raise
        engine.dispose()
        for ending in ("", "-wal", "-shm"):
            path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
        engine = engine_at(path)
        _prepare(engine)
    return engine


def _prepare(engine: Engine) -> None:
    with engine.begin() as own:
        if own.exec_driver_sql("PRAGMA user_version").scalar() != SHAPE:
            metadata.drop_all(own)
            metadata.create_all(own)
            own.exec_driver_sql(f"PRAGMA user_version = {SHAPE:d}")


def catch_up(own: Connection, store: Store) -> log.Head:
    """Take the rows that the audit has since; gives the row that is known now."""
    row = own.execute(select(known)).first()
    last = log.Head(row.seq, row.hash) if row else log.Head(0, log.START)
    with store.begin() as connection:
        if last.seq and _hash(connection, last.seq) != last.hash:
            _forget(own)
            last = log.Head(0, log.START)
        newest = connection.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
        if newest is None or newest.seq == last.seq:
            return last
        since = (audit.c.seq > last.seq, audit.c.seq <= newest.seq, audit.c.action.in_(STATUS_AFTER))
        rows = connection.execute(select(audit).where(*since).order_by(audit.c.seq)).all()
    _fold(own, rows)
    own.execute(delete(known))
    own.execute(insert(known).values(seq=newest.seq, hash=newest.hash))
    return log.Head(newest.seq, newest.hash)


def _hash(connection: Connection, seq: int) -> str:
    return str(connection.execute(select(audit.c.hash).where(audit.c.seq == seq)).scalar() or "")


def _forget(own: Connection) -> None:
    for table in (breaks, steps, known):
        own.execute(delete(table))


def _fold(own: Connection, rows: Sequence[Row[Any]]) -> None:
    """Each row moves its break on; those of a large night are held until all are taken."""
    moved = _before(own, {row.subject.partition(" ")[2] for row in rows})
    taken = []
    for row in rows:
        number, detail = row.subject.partition(" ")[2], read_json(row.detail)
        moved[number] = _after(moved.get(number, NEW), row, detail) | {"id": number}
        taken.append(
            {"seq": row.seq, "id": number, "at": row.at, "who": row.actor, "what": row.action, "detail": row.detail}
        )
    if taken:
        own.execute(put(breaks).prefix_with("OR REPLACE"), list(moved.values()))
        own.execute(insert(steps), taken)


NEW = {"owner": "", "rule": "", "hands": "[]", "reopened": 0}


def _before(own: Connection, numbers: Collection[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for some in batches(sorted(numbers)):
        for row in own.execute(select(breaks).where(breaks.c.id.in_(some))):
            found[row.id] = dict(row._asdict())
    return found


def _after(before: dict[str, Any], row: Row[Any], detail: dict[str, Any]) -> dict[str, Any]:
    """A break after one more row; who owns it stays through a re-run, and those who had it stay for good."""
    facts, status = detail.get("found", {}), STATUS_AFTER[row.action]
    owner = detail.get("owner", before["owner"])
    return {
        **before,
        **facts,
        "status": status,
        "owner": owner,
        "rule": detail.get("rule", ""),
        "because": detail.get("reason", ""),
        "hands": _with(before["hands"], owner),
        "reopened": before["reopened"] + (row.action == "exception reopened"),
        "at": row.at,
        "seq": row.seq,
    }


def _with(hands: str, owner: str) -> str:
    names = read_json(hands) if owner else []
    return hands if not owner or owner in names else canonical_json([*names, owner])


def as_break(row: Row[Any]) -> Break:
    """A row as it is read."""
    told = row._asdict()
    found = Found(**{name: told[name] for name in (*FACTS, "minor", "milli")})
    own = {name: told[name] for name in ("id", "status", "owner", "rule", "because", "reopened", "at", "seq")}
    return Break(found=found, hands=tuple(read_json(told["hands"])), **own)
