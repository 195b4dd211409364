"""Stage 0: a void and its sale cancel each other; neither settles, both stay in the ledger."""

from __future__ import annotations

import numpy as np

from he_sync.reconcile.chain.arrays import SALE, VOID, Payments
from he_sync.reconcile.chain.found import UNRESOLVED, Found
from he_sync.reconcile.chain.keys import AnyInts, Ints, Mask, find

NET = ("net_voids", "void_names_sale")
SHARED = ("net_voids", "void_shares_reference")


def net_voids(payments: Payments, found: Found) -> Mask:
    """Link voids to sales; the mask of payments that a void has taken out, voids included."""
    voids = np.flatnonzero(payments.kind == VOID)
    orig = np.zeros(len(voids), np.int64)
    for at, undone in payments.undone(payments.ids[voids]):
        orig[at] = undone
    sales = payments.by_id.find(orig)
    out = payments.kind == VOID
    good = _cancels(payments, voids, sales)
    found.link("VO", *_take(payments, voids[good], sales[good], out), NET)
    left = voids[~good]
    if not len(left):
        return np.asarray(out)
    open_sales = np.flatnonzero((payments.kind == SALE) & ~out & (payments.ref != 0))
    shared = left[payments.ref[left] != 0]
    place = find(payments.ref[open_sales], payments.ref[shared])
    sales = np.where(place >= 0, open_sales[place] if len(open_sales) else -1, -1)
    good = _cancels(payments, shared, sales)
    if found.allowance.rules.uses("VO", SHARED[1]):
        found.link("VO", *_take(payments, shared[good], sales[good], out), SHARED)
    else:
        good[:] = False
    open_voids = np.flatnonzero(np.isin(voids, np.setdiff1d(left, shared[good])))
    _unexplained(payments, voids[open_voids], orig[open_voids], found)
    return np.asarray(out)


def _cancels(payments: Payments, voids: AnyInts, sales: AnyInts) -> Mask:
    safe = np.maximum(sales, 0)
    return np.asarray(
        (sales >= 0)
        & (payments.kind[safe] == SALE)
        & (payments.amount[safe] == -payments.amount[voids])
        & (payments.currency[safe] == payments.currency[voids])
    )


def _take(payments: Payments, voids: AnyInts, sales: AnyInts, out: Mask) -> tuple[AnyInts, AnyInts]:
    """The first void of a sale takes it; a second one stays open. Ids of sales and voids."""
    _, first = np.unique(sales, return_index=True)
    out[sales[first]] = True
    return payments.ids[sales[first]], payments.ids[voids[first]]


def _unexplained(payments: Payments, voids: AnyInts, orig: Ints, found: Found) -> None:
    found.add(
        "pos_payments",
        UNRESOLVED,
        payments.ids[voids],
        related=orig,
        delta=np.zeros(len(voids), np.int64),
        evidence=[f"void cancels no sale of its amount (names {sale})" for sale in orig.tolist()],
        days=payments.day[voids],
        currency=payments.currency[voids],
        confidence=0.5,
    )
