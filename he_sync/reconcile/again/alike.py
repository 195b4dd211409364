"""Which rows of an earlier run's tables a new row could be joined with by store, amount and day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from he_sync.reconcile.again.tables import Frame
from he_sync.reconcile.chain.keys import Ints, among, pack


def alike(pool: Frame, cents: Sequence[str], amounts: Frame, about: int = 0) -> Ints:
    """Ids of the pool's rows that have the store and an amount of a row of `amounts`, `about` days off it at most.

    `pool` has id, store, day and the columns `cents`, `amounts` has s, c and d. A pool has all days and new rows have
    few: by their days alone nine in ten rows of a pool are out, before anything is sorted.
    """
    off = np.arange(-about, about + 1)
    days = np.unique(np.unique(amounts["d"])[:, None] + off)
    rows = np.flatnonzero(np.isin(pool["day"], days))
    store, day = np.repeat(pool["store"][rows], len(off)), (pool["day"][rows][:, None] + off).ravel()
    hit = np.zeros(len(rows), bool)
    for name in cents if len(rows) else ():
        money = np.repeat(pool[name][rows], len(off))
        have, asked = pack((amounts["s"], store), (amounts["c"], money), (amounts["d"], day))
        hit |= among(np.sort(have), asked).reshape(len(rows), -1).any(axis=1)
    return pool["id"][rows[hit]].astype(np.int64)
