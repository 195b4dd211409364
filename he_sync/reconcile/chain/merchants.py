"""Merchant numbers that no reference leads to a store: what they settle tells whose they are."""

from __future__ import annotations

import numpy as np

from he_sync.reconcile.chain.arrays import REFUND, Payments, Stores
from he_sync.reconcile.chain.keys import NOWHERE, Ints, pack
from he_sync.reconcile.chain.local_time import DAY_SECONDS, local_seconds
from he_sync.reconcile.chain.settled import Settled

FEWEST, MOST = 3, 0.5  # votes for a store, and the share of all votes that it must exceed


def local_days(payments: Payments, rows: Ints, stores: Stores) -> Ints:
    """The day on which each of some payments was taken, by its store's clock."""
    zones = sorted(set(stores.zone))
    zone_of = np.array([zones.index(name) for name in stores.zone], np.int64)
    return local_seconds(payments.seconds[rows], zone_of[stores.places(payments.store[rows])], zones) // DAY_SECONDS


def learn_by_amounts(settled: Settled) -> None:
    """A merchant number without references is the store's whose payments alone make most of its lines.

    Brand, kind, currency, amount, local day and fee of a line must be those of one payment and no other line.
    """
    lines, payments, schedule = settled.lines, settled.payments, settled.schedule
    right = np.flatnonzero((settled.store_of_mid[settled.mid] == NOWHERE) & (lines.type <= REFUND))
    left = np.flatnonzero(settled.due & (settled.line_of == NOWHERE))
    if not len(right) or not len(left):
        return
    tender, refund = payments.tender[left], payments.kind[left] == REFUND
    mine, theirs = pack(
        (schedule.brand[tender], lines.brand[right]),
        (payments.kind[left], lines.type[right]),
        (payments.currency[left], lines.currency[right]),
        (payments.amount[left], lines.gross[right]),
        (local_days(payments, left, settled.stores), lines.day[right]),
        (schedule.expected(tender, payments.amount[left], refund), lines.fee[right]),
    )
    _, one, other = np.intersect1d(_once(mine), _once(theirs), return_indices=True)
    one, other = _first(mine)[one], _first(theirs)[other]
    size = len(settled.stores.ids)
    store = settled.stores.places(payments.store[left[one]])
    pair = settled.mid[right[other]].astype(np.int64) * size + store
    votes = np.bincount(pair, minlength=len(settled.mids) * size).reshape(len(settled.mids), size)
    sure = (votes.max(axis=1) >= FEWEST) & (votes.max(axis=1) > MOST * votes.sum(axis=1))
    new = sure & (settled.store_of_mid == NOWHERE)
    settled.store_of_mid[new] = votes[new].argmax(axis=1)


def _once(keys: Ints) -> Ints:
    found, count = np.unique(keys, return_counts=True)
    return np.asarray(found[count == 1])


def _first(keys: Ints) -> Ints:
    """Positions of the keys that are there once, in the order of the keys."""
    _, first, count = np.unique(keys, return_index=True, return_counts=True)
    return np.asarray(first[count == 1])
