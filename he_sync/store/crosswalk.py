"""Who is who: which Heartland record is which Epicor record, since when, and who survived a merge in Heartland.

Ids are text on both sides. A Heartland record has one Epicor record at a time; an Epicor record may stand for several
Heartland ones (duplicates that a shop keyed in). Old links are ended, never deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, and_, insert, select, update

from he_sync.model.errors import BrokenPromise
from he_sync.store.database import Store
from he_sync.store.tables import crosswalk, crosswalk_merges


def link(store: Store, entity: str, heartland_id: str, epicor_id: str, since: datetime) -> bool:
    """Say that the two are one from `since` on; an earlier link of the Heartland record ends then.

    False when they are linked already. Raises BrokenPromise for a link that would start before the one it replaces.
    """
    mine = and_(crosswalk.c.entity == entity, crosswalk.c.heartland_id == heartland_id, crosswalk.c.until.is_(None))
    with store.begin() as connection:
        now = connection.execute(select(crosswalk).where(mine)).first()
        if now is not None and now.epicor_id == epicor_id:
            return False
        if now is not None and now.since > since:
            raise BrokenPromise(f"{entity} {heartland_id} is {now.epicor_id} since {now.since}, which is after {since}")
        connection.execute(update(crosswalk).where(mine).values(until=since))
        row = {"entity": entity, "heartland_id": heartland_id, "epicor_id": epicor_id, "since": since}
        connection.execute(insert(crosswalk).values(row))
    return True


def merge(store: Store, entity: str, loser: str, survivor: str, since: datetime) -> bool:
    """Say that the Heartland record `loser` was merged into `survivor`. False when that is known.

    Raises BrokenPromise when it was merged into another one, or when the merges would run in a circle.
    """
    with store.begin() as connection:
        into = _merged_into(connection, entity, loser)
        if into == survivor:
            return False
        if into is not None:
            raise BrokenPromise(f"{entity} {loser} was merged into {into} already, not into {survivor}")
        if _survivor(connection, entity, survivor) == loser:
            raise BrokenPromise(f"{entity} {survivor} was merged into {loser}; it cannot survive it")
        row = {"entity": entity, "loser": loser, "survivor": survivor, "since": since}
        connection.execute(insert(crosswalk_merges).values(row))
    return True


def survivor(store: Store, entity: str, heartland_id: str) -> str:
    """The record that a Heartland record is now, after any number of merges; itself when there was none."""
    with store.begin() as connection:
        return _survivor(connection, entity, heartland_id)


def epicor_id(store: Store, entity: str, heartland_id: str) -> str | None:
    """The Epicor record of a Heartland record or of its survivor; None when nobody linked it."""
    return epicor_ids(store, entity, [heartland_id]).get(heartland_id)


def epicor_ids(store: Store, entity: str, heartland_ids: Iterable[str]) -> dict[str, str]:
    """The same for many, in one transaction; one that nobody linked is left out."""
    found = {}
    with store.begin() as connection:
        for heartland_id in heartland_ids:
            now = _survivor(connection, entity, heartland_id)
            mine = and_(crosswalk.c.entity == entity, crosswalk.c.heartland_id == now, crosswalk.c.until.is_(None))
            if linked := connection.execute(select(crosswalk.c.epicor_id).where(mine)).scalar():
                found[heartland_id] = linked
    return found


def heartland_ids(store: Store, entity: str, epicor_id: str) -> tuple[str, ...]:
    """The Heartland records that are this Epicor record now, survivors only, sorted."""
    theirs = and_(crosswalk.c.entity == entity, crosswalk.c.epicor_id == epicor_id, crosswalk.c.until.is_(None))
    with store.begin() as connection:
        linked = connection.execute(select(crosswalk.c.heartland_id).where(theirs)).scalars().all()
        return tuple(sorted({_survivor(connection, entity, each) for each in linked}))


def _merged_into(connection: Connection, entity: str, heartland_id: str) -> str | None:
    mine = and_(crosswalk_merges.c.entity == entity, crosswalk_merges.c.loser == heartland_id)
    return connection.execute(select(crosswalk_merges.c.survivor).where(mine)).scalar()


def _survivor(connection: Connection, entity: str, heartland_id: str) -> str:
    while (into := _merged_into(connection, entity, heartland_id)) is not None:
        heartland_id = into
    return heartland_id
