"""What each side was last known to say about an entity: the projection that an echo and a change are told apart by.

Kept in the same transaction as the effects that it led to, and only forward: an older version never replaces a newer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from he_sync.store.canonical import canonical_json, content_hash, read_json
from he_sync.store.database import Store
from he_sync.store.event_tables import applied
from he_sync.store.statements import batches


@dataclass(frozen=True)
class Applied:
    """The projection of `entity` as `side` ("heartland", "epicor") had it at `version`, sortable text, "" unknown."""

    entity: str
    side: str
    version: str
    projection: dict[str, Any]
    hash: str
    at: datetime


def project(entity: str, side: str, version: str, projection: dict[str, Any], at: datetime) -> Applied:
    """The same with the hash worked out. Decimal and int only."""
    return Applied(entity, side, version, projection, content_hash(projection), at)


def get_many(where: Connection | Store, entities: Iterable[str], side: str) -> dict[str, Applied]:
    """What is known of these entities on a side, by entity; what is not known is not there."""
    if isinstance(where, Store):
        with where.begin() as connection:
            return get_many(connection, entities, side)
    found: dict[str, Applied] = {}
    for some in batches(sorted(set(entities))):
        for row in where.execute(select(applied).where(applied.c.entity.in_(some), applied.c.side == side)):
            known = Applied(row.entity, row.side, row.version, read_json(row.projection), row.hash, row.at)
            found[known.entity] = known
    return found


def put(connection: Connection, one: Applied) -> bool:
    """Keep a projection unless a newer version is there; False then, and whoever read the older one must not act on it.

    The same version again is kept: a repeat is no step back. Where a version is unknown nothing can be compared, and
    the later writer stands.
    """
    row = {**vars(one), "projection": canonical_json(one.projection)}
    return connection.execute(PUT[connection.dialect.name], row).rowcount == 1


def _put(adding: postgresql.Insert | sqlite.Insert) -> Executable:
    new = adding.excluded
    not_older = or_(new.version >= applied.c.version, new.version == "")
    changed = {name: new[name] for name in ("version", "projection", "hash", "at")}
    return adding.on_conflict_do_update(index_elements=["entity", "side"], set_=changed, where=not_older)


PUT = {"postgresql": _put(postgresql.insert(applied)), "sqlite": _put(sqlite.insert(applied))}
"""Made once: building the statement took longer than running it."""


def put_many(connection: Connection, those: Sequence[Applied]) -> list[bool]:
    """Each in turn, in the order of their names, so that two transactions never wait for each other."""
    order = sorted(range(len(those)), key=lambda place: (those[place].entity, those[place].side))
    done = {place: put(connection, those[place]) for place in order}
    return [done[place] for place in range(len(those))]
