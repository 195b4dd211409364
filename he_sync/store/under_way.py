"""Which entities have an effect under way, one that is neither done nor withdrawn: for planners that must wait."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, select

from he_sync.store.effects.records import DONE
from he_sync.store.statements import batches
from he_sync.store.tables import effects


def unfinished(connection: Connection, entities: Iterable[str], but: Collection[str] = ()) -> dict[str, str]:
    """The oldest unfinished effect of each entity in words; kinds in `but` do not count."""
    found: dict[str, str] = {}
    columns = (effects.c.entity, effects.c.kind, effects.c.key, effects.c.state)
    for some in batches(sorted(set(entities))):
        query = select(*columns).where(effects.c.entity.in_(some), effects.c.state.not_in(DONE))
        for row in connection.execute(query.order_by(effects.c.seq)):
            if row.kind not in but:
                found.setdefault(row.entity, f"{row.kind} {row.key[:10]} is {row.state.replace('_', ' ')}")
    return found


def states(connection: Connection, keys: Iterable[str]) -> Mapping[str, str]:
    """States of effects by key; of what nobody planned nothing."""
    found: dict[str, str] = {}
    for some in batches(sorted(set(keys))):
        query = select(effects.c.key, effects.c.state).where(effects.c.key.in_(some))
        found |= {row.key: row.state for row in connection.execute(query)}
    return found
