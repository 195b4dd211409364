"""Claiming effects by their keys, for whoever sends its own and leaves all others to the next push.

The rules are those of every claim (effects/claiming.py): the same statements, narrowed to some keys.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from he_sync.store.database import Store
from he_sync.store.effects.claiming import Lease, _claim, _doubtful, _ready
from he_sync.store.effects.records import Claimed
from he_sync.store.tables import effects

AT_ONCE = 64
"""As many as a push claims at a time; SQLite takes as many keys in one statement."""


def claim_these(store: Store, keys: Collection[str], lease: Lease, target: str) -> list[Claimed]:
    """Of these effects, those in doubt whose quarantine is over; when there are none, those that may be sent."""
    mine = effects.c.key.in_(sorted(keys))

    def take(connection: Connection) -> list[Claimed]:
        asked = _doubtful(lease.start, target).where(mine).limit(AT_ONCE)
        if doubtful := _claim(connection, asked, lease, "doubtful"):
            return doubtful
        return _claim(connection, _ready(lease.start, target).where(mine).limit(AT_ONCE), lease, "intent")

    return store.run(take) if keys else []
