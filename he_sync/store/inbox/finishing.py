"""How events end: answered, tried again later, or opened again by a person.

Every change of a taken event checks the token of its worker: whoever lost the lease changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, literal, select, update

from he_sync.store import audit
from he_sync.store.database import Store
from he_sync.store.event_tables import inbox
from he_sync.store.inbox.arriving import AFRESH
from he_sync.store.inbox.records import MOST_FAILURES, OPEN, Outcome, Stale, Taken
from he_sync.store.statements import batches, is_in

CLOSED = ("done", "quiet", "parked")
ENDED: dict[str, Any] = {"worker": None, "lease_until": None, "token": 0}


def settle(  # noqa: PLR0913, PLR0917 - what the caller says of whose events
    connection: Connection, taken: Taken, seqs: Collection[int], outcome: Outcome, note: str, now: datetime
) -> None:
    """`finish`, where anything but all of them is the end of the transaction. Raises Stale, which rolls it back."""
    changed = finish(connection, taken, seqs, outcome, note, now)
    if changed != len(set(seqs)):
        raise Stale(f"{changed} of {len(set(seqs))} events are still ours: the lease was lost, another worker has them")


def finish(  # noqa: PLR0913, PLR0917 - what the caller says of whose events
    connection: Connection, taken: Taken, seqs: Collection[int], outcome: Outcome, note: str, now: datetime
) -> int:
    """End events inside the caller's transaction, with what they caused. Gives how many; 0 for a lost lease.

    Fewer than asked means that the lease is lost: the caller must roll back, `settle` does it. "parked" is bad input; a
    newer event of the entity reopens it. What was announced again while it was worked on waits anew.
    """
    plain = {
        "state": case((inbox.c.asked_again, literal("new")), else_=literal(outcome)),
        "finished_at": case((inbox.c.asked_again, None), else_=literal(now, inbox.c.finished_at.type)),
        "parked_for": case((inbox.c.asked_again, literal("")), else_=literal("input" if outcome == "parked" else "")),
        "note": note,
        "attempts": 0,
        "failures": 0,
        "not_before": None,
    }
    return sum(_change(connection, taken, some, {**plain, **ENDED}) for some in batches(sorted(set(seqs))))


def retry_later(store: Store, taken: Taken, seqs: Collection[int], not_before: datetime, reason: str) -> None:
    """Nothing was done, the source could not be read: again from `not_before` on; the worker was not lost.

    After MOST_FAILURES an event is parked for a person. Events that are no longer the worker's are left alone.
    """
    store.run(lambda connection: _fail(connection, taken, sorted(set(seqs)), not_before, reason))


def hold(store: Store, taken: Taken, seqs: Collection[int], not_before: datetime, reason: str) -> None:
    """They wait from here on for something that is not theirs to bring: again from `not_before` on, nothing counted.

    Neither an attempt nor a failure, so that no length of such a wait parks them.
    """
    told = {"state": "new", "not_before": not_before, "note": reason, "attempts": inbox.c.attempts - 1, **ENDED}

    def held(connection: Connection) -> None:
        for some in batches(sorted(set(seqs))):
            _change(connection, taken, some, told)

    store.run(held)


def reopen(store: Store, which: Collection[int] | str, who: str, note: str) -> int:
    """Have finished or parked events answered again: some by number, or all of an entity. Gives how many.

    What else of their entities is parked for bad input comes along: one read answers it too.
    What waits or is being worked on stays as it is, so that a second click changes nothing.
    """
    return store.run(lambda connection: reopen_in(connection, which, who, note))


def reopen_in(connection: Connection, which: Collection[int] | str, who: str, note: str) -> int:
    """The same inside the caller's transaction."""
    seqs = _closed(connection, which)
    if not isinstance(which, str):
        seqs = sorted({*seqs, *_beside(connection, seqs)})
    for some in batches(seqs):
        connection.execute(update(inbox).where(inbox.c.seq.in_(some)).values(AFRESH | {"origin": "replay"}))
    if seqs:
        subject = which if isinstance(which, str) else f"{len(seqs)} events"
        audit.record(connection, who, "events reopened", subject, {"events": seqs, "note": note})
    return len(seqs)


def _closed(connection: Connection, which: Collection[int] | str) -> list[int]:
    if isinstance(which, str):
        named = [inbox.c.entity == which]
    else:
        named = [inbox.c.seq.in_(some) for some in batches(sorted(set(which)))]
    found: list[int] = []
    for those in named:
        query = select(inbox.c.seq).where(those, is_in(inbox.c.state, *CLOSED)).order_by(inbox.c.seq)
        found += connection.execute(query.with_for_update()).scalars()
    return found


def _beside(connection: Connection, seqs: Sequence[int]) -> list[int]:
    """What else of the same entities is parked for bad input: the read that answers one answers the other."""
    found: list[int] = []
    for some in batches(seqs):
        theirs = inbox.c.entity.in_(select(inbox.c.entity).where(inbox.c.seq.in_(some)))
        parked = (theirs, is_in(inbox.c.state, *OPEN), inbox.c.state == "parked", inbox.c.parked_for != "poison")
        found += connection.execute(select(inbox.c.seq).where(*parked).with_for_update()).scalars()
    return found


def _fail(connection: Connection, taken: Taken, seqs: Sequence[int], not_before: datetime, reason: str) -> None:
    counted = {"attempts": inbox.c.attempts - 1, "failures": inbox.c.failures + 1, "note": reason, **ENDED}
    parked = {"state": "parked", "parked_for": "failures", "finished_at": datetime.now(UTC)}
    gone: list[int] = []
    for some in batches(seqs):
        worn = and_(_mine(taken, some), inbox.c.failures + 1 >= MOST_FAILURES)
        ended = connection.execute(update(inbox).where(worn).values(counted | parked).returning(inbox.c.seq))
        gone += [row.seq for row in ended]
        _change(connection, taken, some, counted | {"state": "new", "not_before": not_before})
    if gone:
        told = {"events": sorted(gone), "reason": reason}
        audit.record(connection, "he-sync", f"events parked after {MOST_FAILURES} failures", "inbox", told)


def _mine(taken: Taken, seqs: Sequence[int]) -> ColumnElement[bool]:
    return and_(inbox.c.seq.in_(seqs), is_in(inbox.c.state, "taken"), inbox.c.token == taken.token)


def _change(connection: Connection, taken: Taken, seqs: Sequence[int], values: dict[str, Any]) -> int:
    return connection.execute(update(inbox).where(_mine(taken, seqs)).values(values)).rowcount
