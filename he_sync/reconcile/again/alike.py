"""Which rows of an earlier run's tables a new row could be joined with by store, amount and day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from he_sync.reconcile.again.tables import Frame
from he_sync.reconcile.chain.keys import AnyInts, Ints, among, pack

HASHES, PRIME = 1 << 20, 7_919


def alike(pool: Frame, cents: Sequence[str], amounts: Frame, about: int = 0) -> Ints:
    """Ids of the pool's rows that have the store and an amount of a row of `amounts`, `about` days off it at most.

    `pool` has id, store, day and the columns `cents`, `amounts` has s, c and d. A pool has all days and new rows have
    few: by their days alone nine in ten rows of a pool are out, before anything is sorted.
    """
    off = np.arange(-about, about + 1)
    days = np.unique(np.unique(amounts["d"])[:, None] + off)
    rows, amounts = _possible(pool, np.flatnonzero(np.isin(pool["day"], days)), cents, amounts)
    store, day = np.repeat(pool["store"][rows], len(off)), (pool["day"][rows][:, None] + off).ravel()
    hit = np.zeros(len(rows), bool)
    for name in cents if len(rows) else ():
        money = np.repeat(pool[name][rows], len(off))
        have, asked = pack((amounts["s"], store), (amounts["c"], money), (amounts["d"], day))
        hit |= among(np.sort(have), asked).reshape(len(rows), -1).any(axis=1)
    return pool["id"][rows[hit]].astype(np.int64)


def _possible(pool: Frame, rows: Ints, cents: Sequence[str], amounts: Frame) -> tuple[Ints, Frame]:
    """Rows and amounts without most of those whose store and cents the other side has not.

    Of the 315,000 amounts of a new day one in twelve stays to be sorted.
    """
    mine = np.zeros((2, HASHES), bool)
    keys = [_hashed(pool["store"][rows], pool[name][rows]) for name in cents]
    for key in keys:
        mine[0, key] = True
    asked = _hashed(amounts["s"], amounts["c"])
    stay = mine[0, asked]
    mine[1, asked[stay]] = True
    near = np.logical_or.reduce([mine[1, key] for key in keys])
    return rows[near], {name: column[stay] for name, column in amounts.items()}


def _hashed(store: AnyInts, money: AnyInts) -> Ints:
    """A number below HASHES for a store and an amount; equal ones have equal numbers."""
    return (store.astype(np.int64) * PRIME + money) & (HASHES - 1)
