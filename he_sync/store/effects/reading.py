"""Looking at effects, for people, summaries and those who need what the other side called something."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select

from he_sync.store.database import Store
from he_sync.store.effects.records import DONE, Status, status_of
from he_sync.store.statements import batches
from he_sync.store.tables import effects


def find(store: Store, key: str) -> Status | None:
    """One effect by its key."""
    with store.begin() as connection:
        row = connection.execute(select(effects).where(effects.c.key == key)).first()
    return None if row is None else status_of(row)


def listing(
    store: Store, business_date: str | None = None, states: Sequence[str] = (), entity: str | None = None
) -> list[Status]:
    """Effects in the order of planning, of one business date, in some states, of one entity when these are given."""
    query = select(effects).order_by(effects.c.seq)
    query = query if business_date is None else query.where(effects.c.business_date == business_date)
    query = query if entity is None else query.where(effects.c.entity == entity)
    query = query.where(effects.c.state.in_(states)) if states else query
    with store.begin() as connection:
        return [status_of(row) for row in connection.execute(query)]


def confirmed_since(store: Store, since: datetime, kinds: Collection[str]) -> list[Status]:
    """Effects of these kinds that were confirmed after an instant, in the order of planning."""
    lately = (effects.c.state == "confirmed", effects.c.finished_at > since, effects.c.kind.in_(kinds))
    with store.begin() as connection:
        return [status_of(row) for row in connection.execute(select(effects).where(*lately).order_by(effects.c.seq))]


def references(store: Store, keys: Collection[str]) -> dict[str, str]:
    """What the other side calls the effects of these keys that are confirmed."""
    found: dict[str, str] = {}
    with store.begin() as connection:
        for some in batches(sorted(set(keys))):
            theirs = (effects.c.key.in_(some), effects.c.state == "confirmed")
            rows = connection.execute(select(effects.c.key, effects.c.reference).where(*theirs))
            found |= {row.key: row.reference for row in rows}
    return found


def waiting_for(store: Store, key: str) -> Status | None:
    """What a planned effect waits for: its dependency, or the effect of its entity that must end first."""
    with store.begin() as connection:
        mine = connection.execute(select(effects).where(effects.c.key == key)).one()
        ahead = and_(effects.c.entity == mine.entity, effects.c.seq < mine.seq, effects.c.state.not_in(DONE))
        dependency = and_(effects.c.key == mine.depends_on, effects.c.state != "confirmed")
        row = connection.execute(select(effects).where(or_(ahead, dependency)).order_by(effects.c.seq).limit(1)).first()
    return None if row is None else status_of(row)
