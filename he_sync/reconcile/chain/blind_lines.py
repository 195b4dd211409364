"""Lines whose report names no batch: what is known of each, and the sums that any cut-off would give.

The POS knows to the second when a payment was made, so that a cut-off is a line through a sorted list: the sums of
every candidate come from one cumulative sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from he_sync.reconcile.chain.arrays import NO_DAY, Small
from he_sync.reconcile.chain.keys import AnyInts, Ints, Mask, Places
from he_sync.reconcile.chain.local_time import DAY_SECONDS, local_seconds
from he_sync.reconcile.chain.settled import Settled

STEP = 900  # seconds between candidate cut-offs
CUTS = np.arange(-24, 25, dtype=np.int64)  # steps from midnight: 18:00 of the day before to 06:00


@dataclass(frozen=True)
class Unbatched:
    """The lines without a batch; `amount` is what funding pays for a line, `time` local seconds, `timed` if known."""

    row: Places
    store: Places
    brand: Small
    currency: Small
    time: Ints
    timed: Mask
    amount: Ints
    fee: Ints


def unbatched(settled: Settled, batch_of: Places) -> Unbatched:
    """Everything that settled without a batch; a settle date, where there is one, stands for a time at noon."""
    payments, lines, stores = settled.payments, settled.lines, settled.stores
    row = np.flatnonzero(batch_of < 0).astype(np.int32)
    store = settled.store_of_mid[settled.mid[row]]
    row, store = row[store >= 0], store[store >= 0]
    payment = settled.payment_of[row]
    noon = lines.day[row].astype(np.int64) * DAY_SECONDS + DAY_SECONDS // 2
    given = lines.settled[row] != NO_DAY
    noon[given] = lines.settled[row][given].astype(np.int64) * DAY_SECONDS + DAY_SECONDS // 2
    timed = (payment >= 0) & ~given
    zones = sorted(set(stores.zone))
    zone_of = np.array([zones.index(name) for name in stores.zone], np.int64)
    clock = local_seconds(payments.seconds[np.maximum(payment, 0)][timed], zone_of[store[timed]], zones)
    time = noon
    time[timed] = clock
    amount = np.where(stores.net[store], lines.net[row], lines.gross[row])
    return Unbatched(row, store, lines.brand[row], lines.currency[row], time, timed, amount, lines.fee[row])


def batch_days(time: Ints, timed: Mask, cut: AnyInts | np.int64) -> Ints:
    """The batch date of each line at its store's cut-off, in steps from midnight."""
    return np.asarray((time - np.where(timed, cut, 0) * STEP) // DAY_SECONDS)


def sums_by_cut(one: Unbatched, rows: Ints, values: Ints, first: int, days: int) -> Ints:
    """Sums of `values` by candidate cut-off and batch date, shape (cuts, days)."""
    timed = rows[one.timed[rows]]
    order = timed[np.argsort(one.time[timed], kind="stable")]
    running = np.concatenate((np.zeros(1, np.int64), np.cumsum(values[order])))
    edges = (first + np.arange(days + 1, dtype=np.int64)) * DAY_SECONDS
    place = np.searchsorted(one.time[order], edges[None, :] + CUTS[:, None] * STEP)
    result = np.diff(running[place], axis=1)
    rest = rows[~one.timed[rows]]
    fixed = np.zeros(days, np.int64)
    np.add.at(fixed, one.time[rest] // DAY_SECONDS - first, values[rest])
    return result + fixed
