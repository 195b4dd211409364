"""Stage 2 for lines without a usable reference: store, brand, amount, local day and fee, then with one of them less.

The expected fee is part of the key, because two tenders of one brand may share an amount and a day. A garbled reference
counts as none where few of its digits are wrong; a line that repeats what its payment says is a second settlement.
"""

from __future__ import annotations

import numpy as np

from he_sync.reconcile.chain.arrays import REFUND
from he_sync.reconcile.chain.found import AUTOMATIC, SUGGESTED, Found
from he_sync.reconcile.chain.keys import Ints, Mask
from he_sync.reconcile.chain.merchants import local_days
from he_sync.reconcile.chain.pairing import pair_ranked
from he_sync.reconcile.chain.settled import Settled

CLOSE_DIGITS = 2


class Fallback:
    """Pairs what the reference left, payments and lines by position."""

    def __init__(self, settled: Settled, doubted: Ints, found: Found) -> None:
        """`doubted` are lines whose reference contradicts their payment."""
        self.settled, self.found = settled, found
        self.payments, self.lines = settled.payments, settled.lines
        self.taken: list[Ints] = []
        self.left = np.flatnonzero(settled.due & (settled.line_of < 0))
        self.right = np.flatnonzero((self.lines.type <= REFUND) & (settled.payment_of < 0))
        self.right = self.right[self._may_lack_payment(doubted)]
        stores = settled.stores
        place = stores.places(self.payments.store[self.left])
        self.store = place.astype(np.int64)
        self.day = local_days(self.payments, self.left, stores)

    def _may_lack_payment(self, doubted: Ints) -> Mask:
        """Lines whose reference is missing, no payment's at all, or that of a payment of another store or amount."""
        settled, payments, right = self.settled, self.payments, self.right
        names = self.lines.ref[right]
        place = payments.by_ref.find(names)
        known = np.flatnonzero(place >= 0)
        payment, line = place[known], right[known]
        off = self.lines.gross[line] - payments.amount[payment]
        store = settled.stores.ids[np.maximum(settled.store_of_mid[settled.mid[line]], 0)]
        result = np.ones(len(right), bool)
        result[known] = (payments.store[payment] != store) | ((off != 0) & (off != -payments.tip[payment]))
        return np.asarray(result | np.isin(right, doubted))

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
        price = self.settled.schedule.expected(tender, amount, refund) if fee else np.zeros(len(amount), np.int64)
        mine = (
            self.store[free],
            self.settled.schedule.brand[tender][free],
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
        result: Mask = names == 0
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


def alike(garbled: str, true: str) -> bool:
    """Whether a reference may be the other with up to two wrong digits, or a part of it cut off."""
    if len(garbled) == len(true):
        return sum(a != b for a, b in zip(garbled, true, strict=True)) <= CLOSE_DIGITS
    shorter, longer = sorted((garbled, true), key=len)
    return len(shorter) > len(longer) // 2 and (longer.startswith(shorter) or longer.endswith(shorter))
