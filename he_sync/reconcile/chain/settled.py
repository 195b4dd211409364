"""Stage 1 for card payments: the processor's reference (reference accounting 4.3 L1).

A reference that contradicts its payment, in store or amount, is doubted: another key may explain the line better, and
only what none explains stays with the payment it names.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from he_sync.reconcile.chain.arrays import REFUND, Lines, Payments, Stores
from he_sync.reconcile.chain.fees import Schedule
from he_sync.reconcile.chain.found import AUTOMATIC, TOLERATED, Found
from he_sync.reconcile.chain.keys import NOWHERE, Ints, Mask, Places, find
from he_sync.reconcile.chain.outcome import SETTLED
from he_sync.reconcile.chain.pairing import pairs_of

EXACT = ("exact_key", "processor_reference")


@dataclass(frozen=True)
class Learned:
    """What lines outside of a narrowed run say of merchant numbers: counts (mids, stores).

    `fixed` is the store position of each number where it is not to be learned again.
    """

    mids: Ints
    table: Ints
    fixed: Places | None = None


@dataclass
class Settled:
    """Payments and lines, and who settled whom: positions in the other table or -1."""

    payments: Payments
    lines: Lines
    stores: Stores
    schedule: Schedule
    due: Mask  # payments that must settle
    learned: Learned | None = None
    line_of: Places = field(init=False)
    payment_of: Places = field(init=False)
    tolerated: Mask = field(init=False)  # lines whose amount tolerance let pass
    mids: Ints = field(init=False)
    mid: Places = field(init=False)  # of each line, a position in `mids`
    store_of_mid: Places = field(init=False)  # a position in `stores`
    table: Ints = field(init=False)  # of these lines: how many of a number's (row) name a store (column)

    def __post_init__(self) -> None:
        self.line_of = np.full(len(self.payments), NOWHERE, np.int32)
        self.payment_of = np.full(len(self.lines), NOWHERE, np.int32)
        self.tolerated = np.zeros(len(self.lines), bool)
        self.mids, self.mid = _merchants(self.lines)
        if self.learned is not None:
            self.mids = np.union1d(self.mids, self.learned.mids)
            self.mid = find(self.mids, self.lines.mid)
        self.store_of_mid = np.full(len(self.mids), NOWHERE, np.int32)


def due(payments: Payments, voided: Mask, schedule: Schedule) -> Mask:
    """Card sales and refunds that no void has taken out."""
    return np.asarray(schedule.card[payments.tender] & ~voided & (payments.kind <= REFUND))


def match_references(settled: Settled) -> tuple[Ints, Ints]:
    """Pair by reference and learn each merchant number's store; the doubted pairs, taken apart: payments, lines."""
    seconds = _seconds(settled.payments, settled.due)
    items = _by_reference(settled, seconds)
    if len(items):
        _best(settled, items, seconds)
    _learn_stores(settled)
    return _doubt(settled)


def _by_reference(settled: Settled, seconds: Ints) -> Places:
    """Take references that one payment and one line share; returns the lines of the others that a payment knows."""
    payments, lines, must = settled.payments, settled.lines, settled.due
    items = np.flatnonzero((lines.type <= REFUND) & (lines.ref != 0)).astype(np.int32)
    first = payments.by_ref.find(lines.ref[items])
    items, first = items[first >= 0], first[first >= 0]
    simple = must[first] & (payments.kind[first] == lines.type[items])
    simple &= payments.currency[first] == lines.currency[items]
    simple &= np.bincount(first, minlength=len(payments))[first] == 1
    shared = np.zeros(len(payments), bool)
    shared[payments.by_ref.find(payments.ref[seconds])] = True
    simple &= ~shared[first]
    settled.line_of[first[simple]], settled.payment_of[items[simple]] = items[simple], first[simple]
    rest: Places = items[~simple]
    return rest


def _seconds(payments: Payments, must: Mask) -> Ints:
    """Payments that must settle and carry a reference which an earlier payment has."""
    second = np.flatnonzero(must & (payments.ref != 0))
    again: Ints = second[payments.by_ref.find(payments.ref[second]) != second]
    return again


def _best(settled: Settled, right: Places, seconds: Ints) -> None:
    """All pairs inside a repeated reference, equal amounts first, then the lowest ids; each record is used once."""
    payments, lines = settled.payments, settled.lines
    first = payments.by_ref.find(lines.ref[right])
    shared = np.union1d(first, seconds)
    shared = shared[settled.due[shared]]
    one, other = pairs_of(payments.ref[shared], lines.ref[right])
    place, line = shared[one], right[other]
    fit = payments.currency[place] == lines.currency[line]
    fit &= payments.kind[place] == lines.type[line]
    place, line = place[fit], line[fit]
    off = payments.amount[place] - lines.gross[line]
    tip = off != payments.tip[place]
    order = np.lexsort((line, place, np.abs(off), tip, off != 0))
    for payment, record in zip(place[order].tolist(), line[order].tolist(), strict=True):
        if settled.line_of[payment] < 0 and settled.payment_of[record] < 0:
            settled.line_of[payment], settled.payment_of[record] = record, payment


def _merchants(lines: Lines) -> tuple[Ints, Places]:
    low = int(lines.mid.min()) if len(lines.mid) else 0
    span = int(lines.mid.max()) - low + 1 if len(lines.mid) else 0
    if span <= max(1 << 20, len(lines.mid)):
        present = np.flatnonzero(np.bincount(lines.mid - low, minlength=span)) if span else np.empty(0, np.int64)
        mids = (present + low).astype(np.int64)
    else:
        mids = np.unique(lines.mid)
    return mids, find(mids, lines.mid)


def _learn_stores(settled: Settled) -> None:
    """The store of a merchant number is the one that most of its lines' payments name."""
    stores = settled.stores
    hit = np.flatnonzero(settled.payment_of >= 0)
    store = stores.places(settled.payments.store[settled.payment_of[hit]])
    known = store >= 0
    size = max(len(stores.ids), 1)
    pair = settled.mid[hit[known]].astype(np.int64) * size + store[known]
    table = np.bincount(pair, minlength=len(settled.mids) * size).reshape(len(settled.mids), size)
    settled.table = table
    if settled.learned is not None:
        table = table.copy()
        table[find(settled.mids, settled.learned.mids)] += settled.learned.table
    settled.store_of_mid = np.where(table.any(axis=1), table.argmax(axis=1), NOWHERE).astype(np.int32)
    if settled.learned is not None and settled.learned.fixed is not None:
        settled.store_of_mid[find(settled.mids, settled.learned.mids)] = settled.learned.fixed


def _doubt(settled: Settled) -> tuple[Ints, Ints]:
    """Pairs by reference with another store, or another amount that no lost tip explains: taken apart."""
    payments, lines = settled.payments, settled.lines
    line = np.flatnonzero(settled.payment_of >= 0)
    payment = settled.payment_of[line]
    off = lines.gross[line] - payments.amount[payment]
    odd = (off != 0) & (off != -payments.tip[payment])
    store = settled.stores.places(payments.store[payment])
    odd |= store != settled.store_of_mid[settled.mid[line]]
    line, payment = line[odd], payment[odd]
    settled.payment_of[line], settled.line_of[payment] = NOWHERE, NOWHERE
    return payment.astype(np.int64), line


def take_back(settled: Settled, doubted: tuple[Ints, Ints]) -> None:
    """A doubted pair that is still free on both sides belongs together after all: its amount differs."""
    payment, line = doubted
    free = (settled.line_of[payment] < 0) & (settled.payment_of[line] < 0)
    free &= settled.payments.kind[payment] == settled.lines.type[line]
    settled.line_of[payment[free]] = line[free]
    settled.payment_of[line[free]] = payment[free]


def link_references(settled: Settled, taken: list[Ints], found: Found) -> None:
    """Link all pairs but the payments that other rules have taken and linked."""
    by_key = settled.line_of >= 0
    for payment in taken:
        by_key[payment] = False
    hit = np.flatnonzero(by_key)
    line = settled.line_of[hit]
    passed = _tolerated(settled, hit, found)
    settled.tolerated[line[passed]] = True
    for here, strength in ((~passed, AUTOMATIC), (passed, TOLERATED)):
        left, right = settled.payments.ids[hit[here]], settled.lines.ids[line[here]]
        found.link("PL", left, right, EXACT, strength=strength)


def _tolerated(settled: Settled, payment: Ints, found: Found) -> Mask:
    """Payments whose line differs by what tolerance lets pass; a lost tip is no rounding and never passes."""
    payments, line = settled.payments, settled.line_of[payment]
    passed = np.zeros(len(payment), bool)
    if not found.allowance.rules.tolerances:
        return passed
    off = settled.lines.gross[line] - payments.amount[payment]
    for i in np.flatnonzero((off != 0) & (off != -payments.tip[payment])).tolist():
        place = payment[i]
        where = int(payments.currency[place]), int(payments.store[place]), int(payments.day[place])
        amounts = int(payments.amount[place]), int(settled.lines.gross[line[i]])
        passed[i] = found.allowance.passes("PL", SETTLED, where, amounts)
    return passed
