"""Stages 1 and 2 for card payments: the processor's reference, then what a line without one still says.

Reference accounting 4.3 L1: processor reference, then amount and time window. A line that names another payment is never
taken. The expected fee is part of the fallback key, because two tenders of one brand may share an amount and a day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from he_sync.reconcile.chain.arrays import REFUND, Lines, Payments, Stores
from he_sync.reconcile.chain.fees import Schedule
from he_sync.reconcile.chain.found import AUTOMATIC, SUGGESTED, TOLERATED, Found
from he_sync.reconcile.chain.keys import NOWHERE, AnyInts, Ints, Mask, Places, find, group
from he_sync.reconcile.chain.local_time import DAY_SECONDS, local_seconds
from he_sync.reconcile.chain.outcome import SETTLED

EXACT = ("exact_key", "processor_reference")
BEST = ("exact_key", "best_of_reference")
CLOSE_DIGITS = 2


@dataclass(frozen=True)
class Settled:
    """Who settled whom: positions in the other table or -1, and each merchant number's store position."""

    line_of: Places
    payment_of: Places
    due: Mask  # payments that must settle
    mids: Ints
    store_of_mid: Places
    mid: Places  # of each line
    tolerated: Mask  # lines whose amount tolerance let pass


def match_lines(
    payments: Payments,
    lines: Lines,
    stores: Stores,
    voided: Mask,
    schedule: Schedule,
    found: Found,
) -> Settled:
    """Pair card payments with settlement lines."""
    due = schedule.card[payments.tender] & ~voided & (payments.kind <= REFUND)
    line_of = np.full(len(payments.ids), NOWHERE, np.int32)
    payment_of = np.full(len(lines.ids), NOWHERE, np.int32)
    _by_reference(payments, lines, due, line_of, payment_of)
    mids, mid = _merchants(lines)
    result = Settled(line_of, payment_of, due, mids, _stores_of(mids, mid, payments, stores, payment_of), mid, np.zeros(len(lines), bool))
    doubted = _doubt(payments, lines, stores, result)
    fallback = Fallback(payments, lines, stores, schedule, result, doubted, found)
    fallback.run()
    _take_back(payments, lines, result, doubted)
    _link_exact(payments, lines, result, fallback.taken, found)
    return result


def _doubt(payments: Payments, lines: Lines, stores: Stores, settled: Settled) -> tuple[Ints, Ints]:
    """Pairs by reference with another store, or another amount that no lost tip explains: the reference may be garbled.

    They are taken apart; returns their payments and lines, for what no other key explains better.
    """
    line = np.flatnonzero(settled.payment_of >= 0)
    payment = settled.payment_of[line]
    off = lines.gross[line] - payments.amount[payment]
    odd = (off != 0) & (off != -payments.tip[payment])
    store = find(stores.ids, payments.store[payment])
    odd |= store != settled.store_of_mid[settled.mid[line]]
    line, payment = line[odd], payment[odd]
    settled.payment_of[line], settled.line_of[payment] = NOWHERE, NOWHERE
    return payment.astype(np.int64), line


def _take_back(payments: Payments, lines: Lines, settled: Settled, doubted: tuple[Ints, Ints]) -> None:
    """A doubted pair that is still free on both sides belongs together after all: its amount differs."""
    payment, line = doubted
    free = (settled.line_of[payment] < 0) & (settled.payment_of[line] < 0)
    same = payments.kind[payment] == lines.type[line]
    settled.line_of[payment[free & same]] = line[free & same]
    settled.payment_of[line[free & same]] = payment[free & same]


def _by_reference(
    payments: Payments, lines: Lines, due: Mask, line_of: Places, payment_of: Places
) -> None:
    """Pair by reference; where several share one, the pair with equal amounts first, then the lowest ids."""
    items = np.flatnonzero((lines.type <= REFUND) & (lines.ref != 0)).astype(np.int32)
    first = payments.by_ref.find(lines.ref[items])
    items, first = items[first >= 0], first[first >= 0]
    simple = due[first] & (payments.kind[first] == lines.type[items]) & (payments.currency[first] == lines.currency[items])
    simple &= np.bincount(first, minlength=len(payments))[first] == 1
    shared = _shared(payments, due)
    if len(shared):
        simple &= find(shared, lines.ref[items]) < 0
    line_of[first[simple]], payment_of[items[simple]] = items[simple], first[simple]
    if not simple.all():
        _best(payments, lines, due, items[~simple], line_of, payment_of)


def _shared(payments: Payments, due: Mask) -> Ints:
    """References that a second payment which must settle carries too."""
    second = np.flatnonzero(due & (payments.ref != 0))
    second = second[payments.by_ref.find(payments.ref[second]) != second]
    return payments.ref[second]


def _best(
    payments: Payments, lines: Lines, due: Mask, right: Places, line_of: Places, payment_of: Places
) -> None:
    """All pairs inside a repeated reference, best first; each record is used once."""
    shared = np.flatnonzero(due)
    shared = shared[find(lines.ref[right], payments.ref[shared]) >= 0]
    one, other = pairs_of(payments.ref[shared], lines.ref[right])
    place, line = shared[one], right[other]
    fit = payments.currency[place] == lines.currency[line]
    fit &= payments.kind[place] == lines.type[line]
    place, line = place[fit], line[fit]
    off = payments.amount[place] - lines.gross[line]
    tip = off != payments.tip[place]
    order = np.lexsort((line, place, np.abs(off), tip, off != 0))
    for payment, record in zip(place[order].tolist(), line[order].tolist(), strict=True):
        if line_of[payment] < 0 and payment_of[record] < 0:
            line_of[payment], payment_of[record] = record, payment


def pairs_of(left: AnyInts, right: AnyInts) -> tuple[Ints, Ints]:
    """Every pair of positions with equal keys; meant for the few keys that repeat."""
    order = np.argsort(left, kind="stable")
    ranked = left[order]
    start, stop = np.searchsorted(ranked, right, "left"), np.searchsorted(ranked, right, "right")
    count = stop - start
    other = np.repeat(np.arange(len(right)), count)
    inside = np.arange(len(other)) - np.repeat(np.cumsum(count) - count, count)
    return order[np.repeat(start, count) + inside], other


def _merchants(lines: Lines) -> tuple[Ints, Places]:
    low = int(lines.mid.min()) if len(lines.mid) else 0
    span = int(lines.mid.max()) - low + 1 if len(lines.mid) else 0
    if span <= max(1 << 20, len(lines.mid)):
        present = np.flatnonzero(np.bincount(lines.mid - low, minlength=span)) if span else np.empty(0, np.int64)
        mids = (present + low).astype(np.int64)
    else:
        mids = np.unique(lines.mid)
    return mids, find(mids, lines.mid)


def _stores_of(mids: Ints, mid: Places, payments: Payments, stores: Stores, payment_of: Places) -> Places:
    """The store of a merchant number is the one that most of its lines' payments name."""
    hit = np.flatnonzero(payment_of >= 0)
    store = find(stores.ids, payments.store[payment_of[hit]])
    known = store >= 0
    size = max(len(stores.ids), 1)
    votes = np.bincount(mid[hit[known]].astype(np.int64) * size + store[known], minlength=len(mids) * size)
    table = votes.reshape(len(mids), size)
    return np.where(table.any(axis=1), table.argmax(axis=1), NOWHERE).astype(np.int32)


def _link_exact(payments: Payments, lines: Lines, settled: Settled, taken: list[Ints], found: Found) -> None:
    by_key = settled.line_of >= 0
    for payment in taken:
        by_key[payment] = False
    hit = np.flatnonzero(by_key)
    line = settled.line_of[hit]
    passed = _tolerated(payments, lines, hit, line, found)
    settled.tolerated[line[passed]] = True
    for here, strength in ((~passed, AUTOMATIC), (passed, TOLERATED)):
        found.link("PL", payments.ids[hit[here]], lines.ids[line[here]], EXACT, strength=strength)


def _tolerated(payments: Payments, lines: Lines, payment: Ints, line: Places, found: Found) -> Mask:
    """Pairs whose amounts differ by what tolerance lets pass; a lost tip is no rounding and never passes."""
    passed = np.zeros(len(payment), bool)
    if not found.allowance.rules.tolerances:
        return passed
    off = lines.gross[line] - payments.amount[payment]
    for i in np.flatnonzero((off != 0) & (off != -payments.tip[payment])).tolist():
        place = payment[i]
        passed[i] = found.allowance.passes(
            "PL",
            SETTLED,
            int(payments.currency[place]),
            int(payments.store[place]),
            int(payments.day[place]),
            (int(payments.amount[place]), int(lines.gross[line[i]])),
        )
    return passed


class Fallback:
    """Stage 2 on what is left: store, brand, amount, local day and fee, then without one of them at a time."""

    def __init__(
        self,
        payments: Payments,
        lines: Lines,
        stores: Stores,
        schedule: Schedule,
        settled: Settled,
        doubted: tuple[Ints, Ints],
        found: Found,
    ) -> None:
        self.taken: list[Ints] = []
        self.doubted = np.zeros(len(lines.ids), bool)
        self.doubted[doubted[1]] = True
        self.payments, self.lines, self.settled, self.found = payments, lines, settled, found
        self.stores = stores
        self.left = np.flatnonzero(settled.due & (settled.line_of < 0))
        wanted = (lines.type <= REFUND) & (settled.payment_of < 0)
        self.right = np.flatnonzero(wanted)
        self.right = self.right[self._may_lack_payment()]
        place = find(stores.ids, payments.store[self.left])
        self.store = place.astype(np.int64)
        zones = sorted(set(stores.zone))
        zone_of = np.array([zones.index(name) for name in stores.zone], np.int64)
        clock = local_seconds(payments.seconds[self.left], zone_of[place], zones)
        self.day = clock // DAY_SECONDS
        self.schedule = schedule

    def _may_lack_payment(self) -> Mask:
        """Lines whose reference is missing, no payment's at all, or that of a payment of another store or amount.

        A line that repeats what its payment says is a second settlement of it and never another payment's.
        """
        names = self.lines.ref[self.right]
        place = self.payments.by_ref.find(names)
        safe = np.maximum(place, 0)
        off = self.lines.gross[self.right] - self.payments.amount[safe]
        store = self.stores.ids[np.maximum(self.settled.store_of_mid[self.settled.mid[self.right]], 0)]
        repeats = (self.payments.store[safe] == store) & ((off == 0) | (off == -self.payments.tip[safe]))
        return (names == 0) | (place < 0) | ~repeats | self.doubted[self.right]

    def run(self) -> None:
        """Every rule in order of trust on what the rules before it left."""
        if not len(self.left) or not len(self.right):
            return
        plain, tip = self.payments.amount[self.left], self.payments.tip[self.left]
        self._pair("amount_day_fee", plain, fee=True, days=0)
        self._pair("amount_day", plain, fee=False, days=0)
        self._pair("without_tip_fee", plain - tip, fee=True, days=0)
        self._pair("without_tip", plain - tip, fee=False, days=0)
        self._pair("amount_next_day", plain, fee=True, days=1)
        self._pair("amount_day_before", plain, fee=True, days=-1)

    def _pair(self, rule: str, amount: Ints, *, fee: bool, days: int) -> None:
        if not self.found.allowance.rules.uses("PL", rule):
            return
        lines, settled, tender = self.lines, self.settled, self.payments.tender[self.left]
        free = np.flatnonzero(settled.line_of[self.left] < 0)
        open_lines = self.right[settled.payment_of[self.right] < 0]
        refund = self.payments.kind[self.left] == REFUND
        price = self.schedule.expected(tender, amount, refund) if fee else np.zeros(len(amount), np.int64)
        mine = (
            self.store[free],
            self.schedule.brand[tender][free],
            self.payments.kind[self.left][free],
            self.payments.currency[self.left][free],
            amount[free],
            self.day[free] + days,
            price[free],
        )
        theirs = (
            settled.store_of_mid[settled.mid[open_lines]],
            lines.brand[open_lines],
            lines.type[open_lines],
            lines.currency[open_lines],
            lines.gross[open_lines],
            lines.day[open_lines],
            lines.fee[open_lines] if fee else np.zeros(len(open_lines), np.int64),
        )
        times = self.payments.seconds[self.left][free]
        one, other, rivals, even = pair_ranked(mine, theirs, times, lines.settled[open_lines])
        left, right = self.left[free[one]], open_lines[other]
        near = self._near(left, right)
        self._take(left[near], right[near], rule, rivals[near], even[near])

    def _near(self, left: Ints, right: Ints) -> Mask:
        """A garbled reference may replace the payment's only if few digits differ."""
        names = self.lines.ref[right]
        result = names == 0
        for i in np.flatnonzero(~result).tolist():
            result[i] = alike(str(names[i]), str(self.payments.ref[left[i]]))
        return result

    def _take(self, left: Ints, right: Ints, rule: str, rivals: Ints, even: Mask) -> None:
        self.settled.line_of[left], self.settled.payment_of[right] = right, left
        self.taken.append(left)
        for sure, strength in ((True, AUTOMATIC), (False, SUGGESTED)):
            here = even == sure
            self.found.link(
                "PL",
                self.payments.ids[left[here]],
                self.lines.ids[right[here]],
                ("fallback_key", rule),
                strength=strength,
                alternatives=rivals[here],
            )


def pair_ranked(
    mine: tuple[AnyInts, ...], theirs: tuple[AnyInts, ...], order: AnyInts, other_order: AnyInts
) -> tuple[Ints, Ints, Ints, Mask]:
    """Pair equal keys by rank: positions on both sides, rivals of each pair, and whether both sides were as many."""
    columns = [np.concatenate((a.astype(np.int64), b.astype(np.int64))) for a, b in zip(mine, theirs, strict=True)]
    side = np.repeat((0, 1), (len(order), len(other_order)))
    rows, number, _ = group(columns, np.concatenate((order, other_order)))
    if not len(rows):
        empty = np.empty(0, np.int64)
        return empty, empty, empty, np.empty(0, bool)
    lefts, rights = rows[side[rows] == 0], rows[side[rows] == 1]
    groups = int(number[-1]) + 1
    many = np.bincount(number[side[rows] == 0], minlength=groups)
    others = np.bincount(number[side[rows] == 1], minlength=groups)
    pairs = np.minimum(many, others)
    first = np.cumsum(many) - many
    second = np.cumsum(others) - others
    which = np.repeat(np.arange(groups), pairs)
    rank = np.arange(len(which)) - np.repeat(np.cumsum(pairs) - pairs, pairs)
    one = lefts[first[which] + rank]
    other = rights[second[which] + rank] - len(order)
    return one, other, np.maximum(many, others)[which] - 1, (many == others)[which]


def alike(garbled: str, true: str) -> bool:
    """Whether a reference may be the other with up to two wrong digits, or a part of it cut off."""
    if len(garbled) == len(true):
        return sum(a != b for a, b in zip(garbled, true, strict=True)) <= CLOSE_DIGITS
    shorter, longer = sorted((garbled, true), key=len)
    return len(shorter) > len(longer) // 2 and (longer.startswith(shorter) or longer.endswith(shorter))
