"""What a restored store must not believe: whoever held something, what was just being sent, and which numbers are free.

It does not know what happened after its copy was made. A worker of the lost store may hold a higher token than the copy
ever gave, so that all tokens begin behind the present microsecond. A request of the lost store may still land, so that
nothing is sent before its quarantine is over, and everything is looked up first. A letter's or event's number that was
given out since stands on somebody's note: those go on behind a gap.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Table, cast, func, select, text, update

from he_sync.store import audit
from he_sync.store.backup.manifest import Manifest
from he_sync.store.dead_letters import DeadLetter, put_in
from he_sync.store.effects import DONE, QUARANTINE
from he_sync.store.event_tables import counters, inbox, lanes
from he_sync.store.statements import insert, is_in
from he_sync.store.tables import EPOCH, dead_letters, effects

DEED = "store restored"
LANE = "drain"
GAP = 100_000
"""Numbers left free: more than are given out between two backups. The next hundred thousand is easy to tell apart."""
RESTORED = "restored from a backup; looked up before anything is sent"
RULE = "restored"


def void(connection: Connection, manifest: Manifest, who: str, now: datetime) -> None:
    """Everything of this page in the caller's transaction, the audit's row last."""
    fence = (now - EPOCH) // timedelta(microseconds=1)
    _effects(connection, fence, now)
    _events(connection, fence)
    _lanes(connection, fence, now)
    _numbers(connection, manifest, now)
    told = {"backup": manifest.name, "head": manifest.audit.seq, "hash": manifest.audit.hash}
    told |= {"made_at": manifest.made_at.isoformat(), "restored_at": now.isoformat()}
    audit.record(connection, who, DEED, "store", told)


def _effects(connection: Connection, fence: int, now: datetime) -> None:
    """What was being sent is in doubt. What was planned, waits or is parked may have been sent since: the same."""
    unfinished = ~is_in(effects.c.state, *DONE)
    free = {"token": fence, "worker": None, "lease_until": None, "not_before": now + QUARANTINE}
    connection.execute(update(effects).where(unfinished).values(free))
    doubtful = {"state": "doubtful", "reason": RESTORED}
    connection.execute(update(effects).where(is_in(effects.c.state, "intent")).values(doubtful))


def _events(connection: Connection, fence: int) -> None:
    free = {"state": "new", "token": 0, "worker": None, "lease_until": None}
    connection.execute(update(inbox).where(is_in(inbox.c.state, "taken")).values(free))
    connection.execute(update(counters).values(value=cast(fence, BigInteger)))


def _lanes(connection: Connection, fence: int, now: datetime) -> None:
    """Nobody drains before the last request of the lost store has landed or never will."""
    connection.execute(update(lanes).values(holder="", token=fence, lease_until=None))
    held = {"name": LANE, "holder": RULE, "token": fence, "lease_until": now + QUARANTINE}
    adding = insert(connection, lanes).values(held)
    connection.execute(adding.on_conflict_do_update(index_elements=["name"], set_=held))


def _numbers(connection: Connection, manifest: Manifest, now: datetime) -> None:
    """The letter that tells people, and the event that marks the place, each with the first number behind the gap."""
    letter = _letter(manifest, now)
    put_in(connection, [letter])
    first = _behind(connection, dead_letters)
    mine = dead_letters.c.content_hash == letter.content
    connection.execute(update(dead_letters).where(mine).values(seq=first))
    _go_on(connection, dead_letters, first)
    first = _behind(connection, inbox)
    connection.execute(insert(connection, inbox).values(_mark(first, manifest, now)))
    _go_on(connection, inbox, first)


def _letter(manifest: Manifest, now: datetime) -> DeadLetter:
    plain = (
        f"the store was restored from the backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC. What people decided since "
        "then is not in it: approvals, withdrawals, letters, conflicts, signatures; decide again what must stand. "
        "What the systems know is caught up by itself"
    )
    day = now.date().isoformat()
    return DeadLetter(
        "he-sync", "store", "store", -1, "", RULE, f"{manifest.name} {now.isoformat()}", plain, day, plain=plain
    )


def _mark(number: int, manifest: Manifest, now: datetime) -> dict[str, Any]:
    name = f"restored {manifest.name} {now.isoformat()}"
    said = {"source": "he-sync", "topic": RULE, "event_id": name, "entity": "store", "version": "", "body": "{}"}
    done = {"state": "quiet", "received_at": now, "finished_at": now, "note": name}
    return {**said, **done, "seq": number, "body_hash": manifest.audit.hash, "origin": "restore", "own_id": True}


def _behind(connection: Connection, table: Table) -> int:
    most = connection.execute(select(func.coalesce(func.max(table.c.seq), 0))).scalar_one()
    return (int(most) // GAP + 1) * GAP


def _go_on(connection: Connection, table: Table, number: int) -> None:
    """SQLite counts on from the highest row, Postgres from a counter of its own."""
    if connection.dialect.name == "postgresql":
        counter = text("SELECT setval(pg_get_serial_sequence(:name, 'seq'), :number)")
        connection.execute(counter, {"name": table.name, "number": number})
