"""What the ledger says a batch cost: its fee journal by store and batch date, evidence for accounts without batch ids.

A fee is never zero, so that a day whose lines cost what the journal says has exactly these lines.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np

from he_sync.reconcile.chain.arrays import BATCH, Postings, Stores
from he_sync.reconcile.chain.terms import Terms


@dataclass
class BatchFees:
    """Fees by (store position, currency, day): a list of (brand code or -1, fee, batch reference)."""

    rows: dict[tuple[int, int, int], list[tuple[int, int, int]]] = field(default_factory=lambda: defaultdict(list))
    stores: set[int] = field(default_factory=set)
    _named: dict[tuple[int, int, int], dict[int, tuple[int, int]]] = field(default_factory=dict)  # by row alone

    def total(self, store: int, currency: int, day: int) -> int:
        """All brands' fees of the day."""
        return sum(fee for _, fee, _ in self.rows.get((store, currency, day), ()))

    def alike(self, store: int, currency: int, day: int, fee: int) -> int:
        """Other rows of the day that cost the same and name no brand either: nothing says which batch is whose."""
        rows = self.rows.get((store, currency, day), ())
        return max(sum(brand < 0 and cents == fee for brand, cents, _ in rows) - 1, 0)

    def by_brand(self, store: int, currency: int, day: int, nearest: dict[int, int]) -> dict[int, tuple[int, int]]:
        """Fee and reference by brand; a row that does not name its brand goes to the brand whose fees come nearest."""
        key = store, currency, day
        if (known := self._named.get(key)) is not None:
            return known
        rows = self.rows.get(key, ())
        result = {brand: (fee, ref) for brand, fee, ref in rows if brand >= 0}
        unnamed = [(fee, ref) for brand, fee, ref in rows if brand < 0]
        if not unnamed:
            self._named[key] = result
        left = [brand for brand in sorted(nearest) if brand not in result]
        if unnamed and len(unnamed) <= len(left):
            best = min(
                permutations(left, len(unnamed)),
                key=lambda brands: sum(abs(nearest[b] - fee) for b, (fee, _) in zip(brands, unnamed, strict=True)),
            )
            result |= dict(zip(best, unnamed, strict=True))
        return result


def batch_fees(
    postings: Postings, stores: Stores, wanted: set[int], terms: Terms, brands: tuple[str, ...]
) -> BatchFees:
    """Read the fee journals of some stores; the brand is the one whose clearing account paid."""
    result = BatchFees()
    if "fees" not in terms.accounts:
        return result
    brand_of = {terms.accounts[tender]: brands.index(brand) for tender, brand in terms.brand_group.items()}
    rows = np.flatnonzero(postings.source == BATCH)
    place = stores.places(postings.store[rows])
    rows, place = rows[place >= 0], place[place >= 0]
    keep = np.isin(place, np.array(sorted(wanted), np.int64))
    rows, place = rows[keep], place[keep]
    payer: dict[tuple[int, int, int], int] = {}
    for row in rows[np.isin(postings.account[rows], np.array(sorted(brand_of), np.int64))].tolist():
        key = int(postings.store[row]), int(postings.ref[row]), -int(postings.amount[row])
        payer[key] = brand_of[int(postings.account[row])]
    for row, store in zip(rows.tolist(), place.tolist(), strict=True):
        if int(postings.account[row]) == terms.accounts["fees"]:
            fee, ref = int(postings.amount[row]), int(postings.ref[row])
            brand = payer.get((int(postings.store[row]), ref, fee), -1)
            result.rows[store, int(postings.currency[row]), int(postings.day[row])].append((brand, fee, ref))
            result.stores.add(store)
    return result
