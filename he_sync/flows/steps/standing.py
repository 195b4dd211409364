"""Where things stand: what was planned about an entity so far, and what the other side was last known to say of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from he_sync.flows.case import Case, Desk, going
from he_sync.store import applied
from he_sync.store.applied import Applied
from he_sync.store.database import Store
from he_sync.store.effects import Status
from he_sync.store.effects.records import status_of
from he_sync.store.statements import batches
from he_sync.store.tables import effects

NEVER_SENT = frozenset({"planned", "waiting_approval", "rejected"})
"""States in which nothing of an effect is at the other side, nor on its way: it may be withdrawn for another."""
VOID = {"void": True}
"""The projection of an order that is cancelled."""


@dataclass(frozen=True)
class Standing:
    """The effects of one entity in the order of planning, and its projection at the ERP."""

    effects: tuple[Status, ...] = ()
    applied: Applied | None = None

    def alive(self, *kinds: str) -> Status | None:
        """The newest effect of some kinds that was not withdrawn."""
        some = [one for one in self.effects if one.effect.kind in kinds and one.state != "withdrawn"]
        return some[-1] if some else None

    def count(self, kind: str) -> int:
        """How many effects of a kind were ever planned."""
        return sum(one.effect.kind == kind for one in self.effects)

    def unsent(self, *kinds: str) -> tuple[str, ...]:
        """Keys of what was never sent, of some kinds or of all; the last planned first, for whoever withdraws them."""
        found = [one for one in self.effects if one.state in NEVER_SENT and (not kinds or one.effect.kind in kinds)]
        return tuple(one.effect.key for one in reversed(found))


def of_entities(store: Store, entities: Iterable[str], side: str = "epicor") -> dict[str, Standing]:
    """Standings by entity, in two questions for all of them."""
    listed: dict[str, list[Status]] = {}
    wanted = sorted(set(entities))
    with store.begin() as connection:
        for some in batches(wanted):
            rows = connection.execute(select(effects).where(effects.c.entity.in_(some)).order_by(effects.c.seq))
            for row in rows:
                listed.setdefault(row.entity, []).append(status_of(row))
        known = applied.get_many(connection, wanted, side)
    return {entity: Standing(tuple(listed.get(entity, ())), known.get(entity)) for entity in wanted}


def standings(cases: Iterable[Case], desk: Desk) -> Mapping[str, Standing]:
    """Standings of the cases that still go."""
    return of_entities(desk.store, (case.entity for case in going(cases)))


def states(store: Store, keys: Iterable[str]) -> dict[str, str]:
    """Where effects stand, by key."""
    found: dict[str, str] = {}
    with store.begin() as connection:
        for some in batches(sorted(set(keys))):
            query = select(effects.c.key, effects.c.state).where(effects.c.key.in_(some))
            found |= {row.key: row.state for row in connection.execute(query)}
    return found


def numbers(store: Store, owners: Iterable[str]) -> dict[str, str]:
    """The ERP's number of each sale: that of its newest create that is confirmed, whoever planned it."""
    found: dict[str, str] = {}
    with store.begin() as connection:
        for some in batches(sorted(set(owners))):
            mine = (effects.c.entity.in_(some), effects.c.kind == "create_sales_order", effects.c.state == "confirmed")
            query = select(effects.c.entity, effects.c.reference).where(*mine).order_by(effects.c.seq)
            found |= {row.entity: row.reference for row in connection.execute(query)}
    return found
