"""The cut-offs of all stores without batch ids, from the ledger's fee journal or, without one, from the deposits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from he_sync.reconcile.chain.arrays import Stores
from he_sync.reconcile.chain.blind_legs import Ground, Leg
from he_sync.reconcile.chain.blind_lines import CUTS, Unbatched, batch_days, sums_by_cut
from he_sync.reconcile.chain.cut_odds import Crossing, likeliest, refine
from he_sync.reconcile.chain.cutoffs import CutOff, by_deposits, by_fees
from he_sync.reconcile.chain.keys import Ints
from he_sync.reconcile.chain.slip_odds import FEE_SIZE, USUAL, SlipOdds


class BlindCuts:
    """Sums of a store's lines by candidate cut-off, and what they are held against."""

    def __init__(self, ground: Ground, stores: Stores, legs: list[Leg]) -> None:
        self.ground, self.stores, self.legs, self.one = ground, stores, legs, ground.one
        self.days = ground.first + np.arange(ground.days, dtype=np.int64)

    def infer(self) -> dict[int, CutOff]:
        """By store position; stores whose fees the ledger tells first, the others of an account together."""
        cuts: dict[int, CutOff] = {}
        for store, rows in _by_store(self.one):
            if store in self.ground.fees.stores:
                cuts[store] = self._by_fees(store, rows)
        for account in sorted({leg.account for leg in self.legs}):
            legs = [leg for leg in self.legs if leg.account == account]
            members = np.unique(np.concatenate([self.one.store[leg.rows] for leg in legs])).tolist()
            if unknown := [store for store in members if store not in cuts]:
                cuts |= _Account(self, legs, unknown, cuts).infer()
        return cuts

    def _by_fees(self, store: int, rows: Ints) -> CutOff:
        ground = self.ground
        sums = sums_by_cut(self.one, rows, self.one.fee, ground.first, ground.days)
        currency = int(self.one.currency[rows[0]])
        fees = [ground.fees.total(store, currency, ground.first + i) for i in range(ground.days)]
        cut = by_fees(sums, np.array(fees, np.int64))
        return cut if cut.clear else self._weighed(cut, rows, sums, np.array(fees, np.int64))

    def _weighed(self, cut: CutOff, rows: Ints, sums: Ints, fees: Ints) -> CutOff:
        """Few days, or days without sales at night: the cut-off under which the fees that slipped are likeliest."""
        day = batch_days(self.one.time[rows], self.one.timed[rows], np.int64(cut.steps))
        keep = np.flatnonzero((fees != 0) | (sums != sums[0]).any(axis=0))
        order = np.argsort(day, kind="stable")
        edges = np.searchsorted(day[order], self.ground.first + np.append(keep, keep + 1)).reshape(2, -1)
        running, due = np.cumsum(sums, axis=1)[:, keep], np.cumsum(fees)[keep]
        odds = [
            self.ground.odds.at(self.one.fee[rows[order[start:end]]], USUAL, FEE_SIZE, over)
            for start, end, over in zip(*edges.tolist(), np.ascontiguousarray((running - due).T), strict=True)
        ]
        (chance,) = refine([running], Crossing(due, odds), [cut.steps])
        return replace(cut, steps=likeliest(chance, cut.steps), chance=chance)


def _by_store(one: Unbatched) -> Iterator[tuple[int, Ints]]:
    """Stores with the rows of their lines that have a brand."""
    rows = np.flatnonzero(one.brand >= 0)
    store = one.store[rows]
    small = store.astype(np.int16) if len(rows) and int(store.max()) < 1 << 15 else store  # sorted by digits
    order = np.argsort(small, kind="stable")
    found, starts = np.unique(store[order], return_index=True)
    ends = [*starts[1:].tolist(), len(rows)]
    for one_store, start, end in zip(found.tolist(), starts.tolist(), ends, strict=False):
        yield one_store, rows[order[start:end]]


class _Account:
    """An account's stores without fees side by side: one column a leg and value date."""

    def __init__(self, whole: BlindCuts, legs: list[Leg], members: list[int], known: dict[int, CutOff]) -> None:
        self.one, self.ground, self.members = whole.one, whole.ground, members
        self.starts = [self._starts(leg, whole.days) for leg in legs]
        self.legs, self.days = legs, whole.days
        self.money = [self._money(leg) for leg in legs]
        self.sums = {store: [self._sums(store, i) for i in range(len(legs))] for store in members}
        everyone = np.unique(np.concatenate([self.one.store[leg.rows] for leg in legs]))
        for store in np.setdiff1d(everyone, members).tolist():
            at = CUTS.tolist().index(known[store].steps)
            self.money = [money - self._sums(store, i)[at] for i, money in enumerate(self.money)]

    def _starts(self, leg: Leg, days: Ints) -> Ints:
        """Where the days of a new value date begin."""
        return np.flatnonzero(np.diff(self._value(leg, days), prepend=-1))

    def _value(self, leg: Leg, days: Ints) -> Ints:
        return self.ground.bank_days.after(days, self.ground.lags[leg.brand])

    def _money(self, leg: Leg) -> Ints:
        dates = np.unique(self._value(leg, self.days))
        money = np.zeros(len(dates), np.int64)
        for due in leg.deposits:
            at = int(np.searchsorted(dates, due.day))
            if at < len(dates) and dates[at] == due.day:
                money[at] += due.amount
        return money

    def _sums(self, store: int, i: int) -> Ints:
        rows = self.legs[i].rows[self.one.store[self.legs[i].rows] == store]
        daily = sums_by_cut(self.one, rows, self.one.amount, self.ground.first, self.ground.days)
        return np.asarray(np.add.reduceat(daily, self.starts[i], axis=1))

    def infer(self) -> dict[int, CutOff]:
        """A first guess that ignores slips, then the likeliest."""
        cap = int(np.percentile(np.abs(self.one.amount), 95)) if len(self.one.amount) else 1
        sums = [np.concatenate(self.sums[store], axis=1) for store in self.members]
        first = by_deposits(sums, np.concatenate(self.money), max(cap, 1))
        crossing, keep = self._crossing([cut.steps for cut in first])
        running = [np.concatenate([np.cumsum(one, axis=1) for one in self.sums[s]], axis=1) for s in self.members]
        found = refine([one[:, keep] for one in running], crossing, [cut.steps for cut in first])
        return {
            store: replace(cut, steps=likeliest(chance, cut.steps), chance=chance)
            for store, cut, chance in zip(self.members, first, found, strict=True)
        }

    def _crossing(self, steps: list[int]) -> tuple[Crossing, Ints]:
        """The boundaries at which a deposit came, and what may slip over each under the first guess."""
        missing, odds, keep, offset = [], [], [], 0
        for i, leg in enumerate(self.legs):
            at = [CUTS.tolist().index(step) for step in steps]
            mine = np.sum([self.sums[store][i][a] for store, a in zip(self.members, at, strict=True)], axis=0)
            came = self.money[i] != 0
            missing.append(np.cumsum(np.where(came, self.money[i], mine)))
            last = self.days[np.append(self.starts[i][1:], len(self.days)) - 1]
            for place in np.flatnonzero(came).tolist():
                keep.append(offset + place)
                odds.append(SlipOdds(self.one.amount[self._pool(leg, int(last[place]), steps)], USUAL))
            offset += len(came)
        kept = np.array(keep, np.int64)
        return Crossing(np.concatenate(missing)[kept], odds), kept

    def _pool(self, leg: Leg, day: int, steps: list[int]) -> Ints:
        by_store = np.zeros(int(self.one.store.max()) + 1, np.int64)
        by_store[self.members] = steps
        rows = leg.rows
        days = batch_days(self.one.time[rows], self.one.timed[rows], by_store[self.one.store[rows]])
        return np.asarray(rows[(days == day) & np.isin(self.one.store[rows], self.members)])
