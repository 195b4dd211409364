"""Lanes: what only one process may do at a time, for as long as it holds a lease on the name.

The hand-over loses nothing. A receiver commits its events and then asks whether the lane is held; the drain locks the
lane first, looks for events second and lets go third, in one transaction. `held` waits for that lock: either the drain
sees the events before it lets go, or the receiver finds no lane and rings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from he_sync.store.database import Store
from he_sync.store.event_tables import lanes
from he_sync.store.statements import add


@dataclass(frozen=True)
class Lane:
    """A lane in the hands of one holder; `token` is higher with every take, `lease_until` is as it was taken."""

    name: str
    holder: str
    token: int
    seconds: float
    lease_until: datetime


def take(store: Store, name: str, holder: str, seconds: float, now: datetime) -> Lane | None:
    """The lane, when nobody else holds it; the same holder gets it again, so that a lost answer costs nothing."""
    until = now + timedelta(seconds=seconds)
    token = store.run(lambda connection: _take(connection, name, holder, now, until))
    return None if token is None else Lane(name, holder, token, seconds, until)


def renew(store: Store, lane: Lane, now: datetime | None = None) -> bool:
    """Hold the lane for its seconds more, counted from now. False when somebody else took it: stop."""
    until = (now or datetime.now(UTC)) + timedelta(seconds=lane.seconds)
    change = update(lanes).where(_mine(lane)).values(lease_until=until)
    return store.run(lambda connection: connection.execute(change).rowcount == 1)


def release_if_idle(store: Store, lane: Lane, idle: Callable[[Connection], bool]) -> bool:
    """Let go of the lane if `idle` says, after the lane is locked, that nothing is due. False: go on working.

    True as well when the lane is no longer ours: there is nothing to hold.
    """

    def let_go(connection: Connection) -> bool:
        mine = connection.execute(select(lanes.c.name).where(_mine(lane)).with_for_update()).first()
        if mine is None:
            return True
        if not idle(connection):
            return False
        connection.execute(update(lanes).where(_mine(lane)).values(holder="", lease_until=None))
        return True

    return store.run(let_go)


def release(store: Store, lane: Lane) -> bool:
    """Let go of the lane whatever is due, for a process that stops. True as well when it is no longer ours."""
    return release_if_idle(store, lane, lambda _: True)


def held(store: Store, name: str, now: datetime) -> bool:
    """Whether somebody holds the lane and will see what was committed before this question."""
    mine = select(lanes.c.name).where(lanes.c.name == name, lanes.c.lease_until > now)
    return store.run(lambda connection: connection.execute(mine.with_for_update(read=True)).first() is not None)


def holder(store: Store, name: str, now: datetime) -> str:
    """Who holds the lane, for people; "" when nobody does."""
    query = select(lanes.c.holder).where(lanes.c.name == name, lanes.c.lease_until > now)
    with store.begin() as connection:
        return connection.execute(query).scalar() or ""


def _take(connection: Connection, name: str, holder: str, now: datetime, until: datetime) -> int | None:
    add(connection, lanes, {"name": name, "holder": "", "token": 0, "lease_until": None})
    free = or_(lanes.c.lease_until.is_(None), lanes.c.lease_until <= now, lanes.c.holder == holder)
    taken = {"holder": holder, "token": lanes.c.token + 1, "lease_until": until}
    change = update(lanes).where(lanes.c.name == name, free).values(taken).returning(lanes.c.token)
    return connection.execute(change).scalar()


def _mine(lane: Lane) -> ColumnElement[bool]:
    return and_(lanes.c.name == lane.name, lanes.c.token == lane.token, lanes.c.holder == lane.holder)
