"""Claiming: giving effects to a worker, their intent durable before it sends a byte (R1), one an entity at a time.

An effect may go when it is the oldest of its entity that is not done, when nothing of its entity is under way, and when
what it depends on is confirmed. A claim is one transaction of four statements, however many effects it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, exists, or_, select, true, update

from he_sync.store.database import Store
from he_sync.store.effects.records import DONE, IN_FLIGHT, MAX_ATTEMPTS, QUARANTINE, Claimed, effect_of
from he_sync.store.statements import batches, is_in, one_at_a_time
from he_sync.store.tables import effects

ONE_CLAIMER = 4_180_221_009
"""Postgres: claiming is one at a time. Two snapshots that differ by one late planner see two heads of one entity."""


OTHER, FIRST = effects.alias("other"), effects.alias("dependency")
"""Made once: an alias copies every column, 3 ms of each claim."""


@dataclass(frozen=True)
class Lease:
    """Who holds an effect from when to when."""

    worker: str
    start: datetime
    seconds: float

    @property
    def end(self) -> datetime:
        """When it may be taken from the worker."""
        return self.start + timedelta(seconds=self.seconds)


def claim(
    store: Store, worker: str, lease_seconds: float, now: datetime, *, target: str | None = None
) -> Claimed | None:
    """Take the oldest effect that may be sent and make its intent durable; None when there is none.

    Intents whose lease has ended become doubtful first: their worker is gone, and what it sent may still land.
    """
    return next(iter(claim_many(store, worker, lease_seconds, now, target=target, limit=1)), None)


def claim_many(  # noqa: PLR0913 - one claim of many: who, for how long, where to, how many
    store: Store, worker: str, lease_seconds: float, now: datetime, *, target: str | None = None, limit: int = 32
) -> list[Claimed]:
    """Up to `limit` effects of as many entities, oldest first.

    Safe to repeat after a lost answer of the database: what that took has no worker, ends in doubt and is looked up.
    """
    lease = Lease(worker, now, lease_seconds)
    return store.run(lambda connection: _claim(connection, _ready(now, target).limit(limit), lease, "intent"))


def resume_doubtful(
    store: Store, worker: str, lease_seconds: float, now: datetime, *, target: str | None = None
) -> Claimed | None:
    """Take the oldest doubtful effect whose quarantine is over, to look it up. It stays doubtful until that is told.

    After the look-up: `confirm` when it is there, `send_again` when it is not, `park` when it is there twice, `doubt`
    when the look-up itself failed.
    """
    return next(iter(resume_doubtful_many(store, worker, lease_seconds, now, target=target, limit=1)), None)


def resume_doubtful_many(  # noqa: PLR0913 - same
    store: Store, worker: str, lease_seconds: float, now: datetime, *, target: str | None = None, limit: int = 32
) -> list[Claimed]:
    """Up to `limit` doubtful effects whose quarantine is over, oldest first."""
    lease = Lease(worker, now, lease_seconds)
    return store.run(lambda connection: _claim(connection, _doubtful(now, target).limit(limit), lease, "doubtful"))


def _claim(connection: Connection, query: Any, lease: Lease, state: str) -> list[Claimed]:
    """Give effects to a worker under a new token each; an attempt is counted before it is made."""
    one_at_a_time(connection, ONE_CLAIMER)
    _expire(connection, lease.start)
    rows = connection.execute(query.with_for_update(skip_locked=True, of=effects)).all()
    sending = state == "intent"
    values = {"state": state, "token": effects.c.token + 1, "worker": lease.worker, "lease_until": lease.end}
    values |= {"attempts": effects.c.attempts + 1, "sent_at": lease.start} if sending else {}
    for some in batches([row.seq for row in rows]):
        connection.execute(update(effects).where(effects.c.seq.in_(some)).values(values))
    references = _references(connection, [row.depends_on for row in rows if row.depends_on])
    return [
        Claimed(
            effect_of(row),
            row.token + 1,
            row.attempts + sending,
            lease.end,
            not sending,
            references.get(row.depends_on),
        )
        for row in rows
    ]


def _references(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in batches(keys):
        rows = connection.execute(select(effects.c.key, effects.c.reference).where(effects.c.key.in_(some)))
        found |= {row.key: row.reference for row in rows}
    return found


def _expire(connection: Connection, now: datetime) -> None:
    """A crashed worker's intent becomes doubtful, its token worthless; after MAX_ATTEMPTS it is parked.

    Parked or not, what the lost worker sent may land until the quarantine ends: `not_before` says when.
    """
    lost = select(effects.c.seq, effects.c.sent_at, effects.c.attempts)
    lost = lost.where(is_in(effects.c.state, "intent"), effects.c.lease_until <= now).with_for_update(skip_locked=True)
    for row in connection.execute(lost).all():
        worn = row.attempts >= MAX_ATTEMPTS
        reason = f"its worker was lost {MAX_ATTEMPTS} times" if worn else "its worker was lost"
        values: dict[str, Any] = {"state": "parked" if worn else "doubtful", "reason": reason}
        values |= {"lease_until": None, "token": effects.c.token + 1, "not_before": row.sent_at + QUARANTINE}
        connection.execute(update(effects).where(effects.c.seq == row.seq).values(values))


def _ready(now: datetime, target: str | None) -> Any:
    due = (is_in(effects.c.state, "planned"), _not_before(now), _to(target))
    return select(effects).where(*due, _is_head(), _dependency_confirmed()).order_by(effects.c.seq)


def _doubtful(now: datetime, target: str | None) -> Any:
    free = or_(effects.c.lease_until.is_(None), effects.c.lease_until <= now)
    return (
        select(effects)
        .where(is_in(effects.c.state, "doubtful"), _not_before(now), free, _to(target))
        .order_by(effects.c.seq)
    )


def _to(target: str | None) -> ColumnElement[bool]:
    return true() if target is None else effects.c.target == target


def _not_before(now: datetime) -> ColumnElement[bool]:
    return or_(effects.c.not_before.is_(None), effects.c.not_before <= now)


def _is_head() -> ColumnElement[bool]:
    """No earlier effect of the same entity is unfinished, and none at all is under way."""
    unfinished = ~is_in(OTHER.c.state, *DONE)
    # Not an OR: for that SQLite reads every effect the entity ever had, instead of the index of unfinished ones.
    ahead = case((OTHER.c.seq < effects.c.seq, true()), else_=is_in(OTHER.c.state, *IN_FLIGHT))
    return ~exists().where(OTHER.c.entity == effects.c.entity, unfinished, OTHER.c.seq != effects.c.seq, ahead)


def _dependency_confirmed() -> ColumnElement[bool]:
    confirmed = exists().where(FIRST.c.key == effects.c.depends_on, FIRST.c.state == "confirmed")
    return or_(effects.c.depends_on.is_(None), confirmed)
