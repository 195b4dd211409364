"""The crosswalk of a customer's records: which Epicor account each Heartland record orders on.

A link never crosses customers: a Heartland record is linked to an Epicor record of its own customer, or to one that the
master does not know. Links are ended and begun, never changed, and every change is told, so that it can be taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, insert, select, update

from he_sync.store.master.members import masters_of, members, members_of
from he_sync.store.master.records import ENTITY, Record
from he_sync.store.statements import batches
from he_sync.store.tables import crosswalk


class Change(NamedTuple):
    """A Heartland record's account before and after; None is no link."""

    heartland_id: str
    was: str | None
    now: str | None


def current(connection: Connection, heartland_ids: Collection[str]) -> dict[str, str]:
    """The account of each linked Heartland record."""
    found: dict[str, str] = {}
    for some in batches(sorted(set(heartland_ids))):
        mine = and_(crosswalk.c.entity == ENTITY, crosswalk.c.until.is_(None), crosswalk.c.heartland_id.in_(some))
        rows = connection.execute(select(crosswalk.c.heartland_id, crosswalk.c.epicor_id).where(mine))
        found |= {row.heartland_id: row.epicor_id for row in rows}
    return found


def users(connection: Connection, account: str) -> set[str]:
    """The Heartland records that are linked to an account now."""
    theirs = and_(crosswalk.c.entity == ENTITY, crosswalk.c.until.is_(None), crosswalk.c.epicor_id == account)
    return set(connection.execute(select(crosswalk.c.heartland_id).where(theirs)).scalars())


def account(connection: Connection, master: int, without: Collection[Record] = ()) -> str | None:
    """The Epicor account that a customer orders on: that of its first linked record, else its first Epicor record."""
    mine = [one for one in members(connection, master) if one not in set(without)]
    linked = current(connection, _heartland(mine))
    owner = masters_of(connection, [Record("epicor", one) for one in linked.values()])
    used = [linked[one] for one in _heartland(mine) if one in linked]
    own = [one for one in used if owner.get(Record("epicor", one), master) == master]
    return next(iter([*own, *(one.id for one in mine if one.side == "epicor")]), None)


def follow(connection: Connection, master: int, moved: Collection[Record], now: datetime) -> list[Change]:
    """After records came to a customer: they order on its account, and so do its own that have no link."""
    there = account(connection, master, without=moved) or account(connection, master)
    forced = {one.id for one in moved if one.side == "heartland"} if there else set()
    return settle(connection, [master], now, dict.fromkeys(forced, there))


def settle(
    connection: Connection,
    some: Collection[int],
    now: datetime,
    forced: Mapping[str, str | None] | None = None,
    *,
    fill: bool = True,
) -> list[Change]:
    """Bring the links of customers in order: none crosses into another customer, `forced` ones are as they say.

    With `fill`, a record without a link gets its customer's account.
    """
    mine = members_of(connection, some)
    linked = current(connection, [one for records in mine.values() for one in _heartland(records)])
    owner = masters_of(connection, [Record("epicor", one) for one in linked.values()])
    changes = []
    for master, records in mine.items():
        used = {one: linked[one] for one in _heartland(records) if one in linked}
        own = {one: there for one, there in used.items() if owner.get(Record("epicor", there), master) == master}
        erp = [one.id for one in records if one.side == "epicor"]
        there = next(iter([*own.values(), *erp]), None)
        for one in _heartland(records):
            wanted = (forced or {}).get(one, own.get(one) or (there if fill or one in used else None))
            if wanted != used.get(one):
                changes.append(Change(one, used.get(one), wanted))
    return _apply(connection, changes, now)


def join(connection: Connection, joined: Mapping[int, Collection[Record]], now: datetime) -> list[Change]:
    """After new records: theirs and those of every customer that is linked to one of them."""
    accounts = {one.id for records in joined.values() for one in records if one.side == "epicor"}
    everybody = select(crosswalk.c.heartland_id, crosswalk.c.epicor_id).where(
        crosswalk.c.entity == ENTITY, crosswalk.c.until.is_(None)
    )
    theirs = [Record("heartland", one) for one, there in connection.execute(everybody) if there in accounts]
    return settle(connection, {*joined, *masters_of(connection, theirs).values()}, now)


def take_back(connection: Connection, changes: Sequence[Change], now: datetime) -> list[Change]:
    """Undo changes, newest first. Where somebody linked the record otherwise since, the later word stands."""
    linked = current(connection, [one.heartland_id for one in changes])
    back = [Change(one.heartland_id, one.now, one.was) for one in reversed(changes)]
    return _apply(connection, [one for one in back if linked.get(one.heartland_id) == one.was], now)


def _heartland(records: Collection[Record]) -> list[str]:
    return [one.id for one in records if one.side == "heartland"]


def _apply(connection: Connection, changes: list[Change], now: datetime) -> list[Change]:
    for some in batches([one.heartland_id for one in changes]):
        mine = and_(crosswalk.c.entity == ENTITY, crosswalk.c.until.is_(None), crosswalk.c.heartland_id.in_(some))
        connection.execute(update(crosswalk).where(mine).values(until=now))
    rows = [
        {"entity": ENTITY, "heartland_id": one.heartland_id, "epicor_id": one.now, "since": now}
        for one in changes
        if one.now is not None
    ]
    if rows:
        connection.execute(insert(crosswalk), rows)
    return changes
