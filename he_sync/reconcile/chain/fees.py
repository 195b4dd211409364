"""What the contract says a settled item costs. Half a cent rounds up, as processors bill."""

from __future__ import annotations

import numpy as np

from he_sync.reconcile.chain.arrays import Codes, Small
from he_sync.reconcile.chain.keys import AnyInts, Ints, Mask
from he_sync.reconcile.chain.terms import Terms

BASIS = 10_000


class Schedule:
    """The fee schedule by tender code."""

    def __init__(self, terms: Terms, codes: Codes) -> None:
        size = len(codes.tenders) + 1
        self.bps = np.zeros(size, np.int64)
        self.item = np.zeros(size, np.int64)
        self.card = np.zeros(size, bool)
        self.brand = np.full(size, len(codes.brands), np.int16)
        self.free_refunds = terms.refunds_are_free
        for tender, fee in terms.fees.items():
            place = codes.tenders.index(tender)
            self.bps[place], self.item[place] = fee.bps, fee.per_item_cents
        for tender, brand in terms.brand_group.items():
            place = codes.tenders.index(tender)
            self.card[place], self.brand[place] = True, codes.brands.index(brand)

    def expected(self, tender: Small, gross: Ints, refund: Mask) -> Ints:
        """Fee in minor units: basis points of a sale plus the item; refunds cost the item only, or nothing."""
        share = (self.bps[tender] * np.abs(gross) + BASIS // 2) // BASIS
        share[refund] = 0
        item = self.item[tender]
        return share + np.where(refund, 0, item) if self.free_refunds else share + item

    def any_of(self, brand: AnyInts, gross: Ints, fee: Ints, refund: Mask) -> Ints:
        """For lines without a payment: the fee of the brand's tender that comes nearest to what was charged."""
        best = np.zeros(len(gross), np.int64)
        near = np.full(len(gross), np.iinfo(np.int64).max)
        for tender in np.flatnonzero(self.card).tolist():
            price = self.expected(np.full(len(gross), tender, np.int16), gross, refund)
            gap = np.abs(fee - price)
            better = (self.brand[tender] == brand) & (gap < near)
            best[better], near[better] = price[better], gap[better]
        return best
