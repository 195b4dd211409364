"""A leg's lines by natural batch: their money, what may slip out of each, and the fees that the ledger lacks of it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from he_sync.reconcile.chain.blind_legs import Batch, Ground, Inferred, Leg, Unit
from he_sync.reconcile.chain.keys import Ints
from he_sync.reconcile.chain.slips import Candidates

PLAUSIBLE = 3  # lines that slip over one boundary; a larger residual is another deposit, not a slip


class LegBatches:
    """Lines by batch, as positions in the lines without a batch."""

    def __init__(self, ground: Ground, leg: Leg, result: Inferred, brands: set[int]) -> None:
        """`brands` are those of all legs of the account."""
        self.ground, self.leg, self.one = ground, leg, ground.one
        self.rows_of, self.amount, self._fee = _by_batch(ground, leg, result)
        largest = np.sort(np.abs(self.one.amount[leg.rows]))[-PLAUSIBLE:]
        self.plausible = int(largest.sum())  # more cannot have slipped over one boundary
        self._fees_of, self._brands = result.fees, brands
        self._known: dict[Batch, Candidates] = {}

    @cached_property
    def fee_gap(self) -> dict[int, dict[int, int]]:
        """By store and day: running sum of the ledger's fees minus the lines' fees, where the ledger tells.

        Computed where it is asked for: a report in the order of its deposits needs no fees.
        """
        gaps: dict[int, dict[int, int]] = {}
        ground, leg, fees_of = self.ground, self.leg, self._fees_of()
        for store in sorted({batch[0] for batch in self.rows_of} & ground.fees.stores):
            running, gaps[store] = 0, {}
            for day in range(ground.first, ground.first + ground.days):
                nearest = dict.fromkeys(self._brands, 0) | fees_of.get((store, leg.currency, day), {})
                posted = ground.fees.by_brand(store, leg.currency, day, nearest).get(leg.brand, (0, 0))[0]
                running += posted - self._fee.get((store, day), 0)
                gaps[store][day] = running
        return gaps

    def gap(self, unit: Unit) -> int:
        """What a deposit has more than its natural batches."""
        return unit.amount - sum(self.amount[batch] for batch in unit.batches)

    def rebase(self, unit: Unit) -> None:
        """The money agrees and no lines explain the fees: it is the fee journal that is off, from here on."""
        for store in set(unit.stores) & set(self.fee_gap):
            off = self.fee_gap[store].get(unit.last, 0)
            self.fee_gap[store] = {day: gap - off for day, gap in self.fee_gap[store].items()}

    def lines(self, unit: Unit) -> Ints:
        """All lines of a unit's batches."""
        return np.concatenate([np.empty(0, np.int64), *(self.rows_of[batch] for batch in unit.batches)])

    def leaving(self, unit: Unit) -> list[Candidates]:
        """By store, the lines of the unit's last day and the fees that slipped out of it."""
        return [self._candidates(store, unit.last) for store in unit.stores]

    def _candidates(self, store: int, last: int) -> Candidates:
        """The same while its target is the same."""
        gap = self.fee_gap.get(store)
        target = None if gap is None else -gap.get(last, 0)
        known = self._known.get((store, last))
        if known is None or known.target != target:
            rows = self.rows_of.get((store, last), np.empty(0, np.int64))
            known = Candidates(rows, self.one.amount[rows], self.one.fee[rows], target)
            self._known[store, last] = known
        return known


def _by_batch(
    ground: Ground, leg: Leg, result: Inferred
) -> tuple[dict[Batch, Ints], dict[Batch, int], dict[Batch, int]]:
    """Rows, money and fees of each batch."""
    store, day = ground.one.store[leg.rows].astype(np.int64), result.day[leg.rows]
    order = np.lexsort((leg.rows, day, store))
    rows, store, day = leg.rows[order], store[order], day[order]
    starts = np.flatnonzero((np.diff(store, prepend=-1) != 0) | (np.diff(day, prepend=day[:1] - 1) != 0))
    keys = list(zip(store[starts].tolist(), day[starts].tolist(), strict=True))
    ends = [*starts[1:].tolist(), len(rows)]
    parts = {key: rows[a:b] for key, a, b in zip(keys, starts.tolist(), ends, strict=True)}
    amount, fee = (np.add.reduceat(column[rows], starts).tolist() for column in (ground.one.amount, ground.one.fee))
    return parts, dict(zip(keys, amount, strict=True)), dict(zip(keys, fee, strict=True))
