"""Accounts without batch ids: cut-offs, natural batches, deposits, slips; what stays unsure is said, not guessed.

At each boundary between units the running residual is what slipped over it; a residual that stays is money that the
chain cannot explain.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache, partial

import numpy as np

from he_sync.reconcile.chain.batch_fees import BatchFees
from he_sync.reconcile.chain.blind_cuts import BlindCuts
from he_sync.reconcile.chain.blind_legs import Batch, Dues, Ground, Inferred, Leg, Unit
from he_sync.reconcile.chain.blind_lines import CUTS, Unbatched, batch_days
from he_sync.reconcile.chain.boundaries import Boundaries
from he_sync.reconcile.chain.cut_odds import UNLIKELY
from he_sync.reconcile.chain.expected import Funding
from he_sync.reconcile.chain.keys import Floats, Ints, group
from he_sync.reconcile.chain.known_odds import KnownOdds
from he_sync.reconcile.chain.leg_batches import LegBatches
from he_sync.reconcile.chain.leg_units import carry, lanes, make_units
from he_sync.reconcile.chain.slips import GATE

MARGIN = 3  # days around the lines' own
ALLOWED = 4e-4  # wrong lines that are expected among those of a leg that are sure


class Blind:
    """Infers batches and deposits of lines without batch ids."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that an account without batch ids is told by
        self, one: Unbatched, funding: Funding, fees: BatchFees, lags: list[int], dues: Dues, odds: KnownOdds
    ) -> None:
        """`lags` by brand code; `odds` are those of an earlier run."""
        self.one, self.stores = one, funding.stores
        first = int(one.time.min() // 86_400) - MARGIN
        days = int(one.time.max() // 86_400) + MARGIN + 1 - first
        self.ground = Ground(one, fees, funding.bank_days, lags, first, days, odds)
        columns = (self.stores.account[one.store], one.brand, one.currency)
        order, _, rank = group(columns, np.arange(len(one.row)))
        self.legs = []
        for rows in np.split(order, np.flatnonzero(rank == 0)[1:]):
            account, brand, currency = (int(column[rows[0]]) for column in columns)
            key = account, brand, currency
            due = sorted(dues.by_leg.get(key, ()), key=lambda due: (due.day, due.place))
            self.legs.append(Leg(*key, rows, due, key in dues.from_bank))

    def infer(self) -> Inferred:
        """Cut-offs first, then each leg on its own."""
        cuts = BlindCuts(self.ground, self.stores, self.legs).infer()
        steps = np.zeros(len(self.stores.ids), np.int64)
        for store, cut in cuts.items():
            steps[store] = cut.steps
        count = len(self.one.row)
        day = batch_days(self.one.time, self.one.timed, steps[self.one.store])
        fees = cache(partial(self._fees, day.copy()))
        result = Inferred(day, np.full(count, -1, np.int64), np.zeros(count, bool), cuts, fees)
        for leg in self.legs:
            self._follow(leg, result)
        return result

    def _follow(self, leg: Leg, result: Inferred) -> None:
        """Units, boundaries, then the deposit of every line."""
        brands = {other.brand for other in self.legs if other.account == leg.account}
        books = LegBatches(self.ground, leg, result, brands)
        leg.units = make_units(books)
        boundaries = Boundaries(books, result)
        for lane in lanes(leg.units):
            carry(books, lane)
            boundaries.walk(lane)
        _assign(books, boundaries, result)

    def _fees(self, day: Ints) -> dict[tuple[int, int, int], dict[int, int]]:
        """The lines' fees by natural batch."""
        one = self.one
        columns = (one.store, one.currency, day, one.brand)
        order, _, rank = group(columns, one.row)
        starts = np.flatnonzero(rank == 0)
        fees: dict[tuple[int, int, int], dict[int, int]] = defaultdict(dict)
        store, currency, days, brand = (column[order[starts]].tolist() for column in columns)
        sums = np.add.reduceat(one.fee[order], starts).tolist()
        for key, code, fee in zip(zip(store, currency, days, strict=True), brand, sums, strict=True):
            fees[key][code] = fee
        return fees


def _assign(books: LegBatches, boundaries: Boundaries, result: Inferred) -> None:
    """Give every line its deposit, and say which are sure."""
    place: dict[Batch, Unit] = {batch: unit for unit in books.leg.units for batch in unit.batches}
    rows = books.leg.rows
    natural = result.day[rows]
    for batch, lines in books.rows_of.items():
        due = place[batch].due
        result.due[lines] = due.place if due else -1
    for line, day in sorted(boundaries.moved.items()):
        new = _unit_on(books, place, int(books.one.store[line]), day)
        result.day[line] = day
        if new is not None:
            result.due[line] = new.due.place if new.due else -1
    slip = np.zeros(len(rows))
    slip[np.searchsorted(rows, list(boundaries.wrong))] = list(boundaries.wrong.values())
    wrong = 1 - (1 - slip) * (1 - _cut_elsewhere(books, place, natural, result))
    result.sure[rows] = (result.due[rows] >= 0) & _sure(wrong)
    result.parts |= {
        unit.due.place: [one.place for one in unit.parts] for unit in books.leg.units if unit.due and unit.parts
    }


def _cut_elsewhere(books: LegBatches, place: dict[Batch, Unit], natural: Ints, result: Inferred) -> Floats:
    """The chance of each line of a leg that its store's cut-off is another one, under which it is paid elsewhere.

    `natural` is the batch day of each line.
    """
    one, rows = books.one, books.leg.rows
    found = np.zeros(len(rows))
    for store in np.unique(one.store[rows]).tolist():
        cut = result.cuts[store]
        likely = np.flatnonzero((cut.chance > UNLIKELY) & (cut.steps != CUTS)).tolist()
        mine = np.flatnonzero(one.store[rows] == store) if likely else rows[:0]
        for at in likely:
            days = batch_days(one.time[rows[mine]], one.timed[rows[mine]], CUTS[at])
            for i in np.flatnonzero(days != natural[mine]).tolist():
                here, there = (store, int(natural[mine[i]])), (store, int(days[i]))
                if place.get(there) is not place[here]:
                    found[mine[i]] += cut.chance[at]
    return found


def _sure(wrong: Floats) -> Ints:
    """The likeliest lines first, as many as keep the expected share of wrong ones allowed; none that is in doubt."""
    order = np.argsort(wrong, kind="stable")
    share = np.cumsum(wrong[order]) / np.arange(1, len(wrong) + 1)
    sure = np.zeros(len(wrong), bool)
    sure[order[(share <= ALLOWED) & (wrong[order] < GATE)]] = True
    return sure


def _unit_on(books: LegBatches, place: dict[Batch, Unit], store: int, day: int) -> Unit | None:
    """The unit of a store's batch day, or of another store's on that day where the store has none of its own."""
    if (store, day) in place:
        return place[store, day]
    value = books.ground.value((store, day), books.leg.brand)
    return next((unit for unit in books.leg.units if unit.day == value), None)
