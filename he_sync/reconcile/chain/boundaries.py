"""The boundaries between the deposits of a lane: what slipped over each, which lines, and how sure that is."""

from __future__ import annotations

from collections import defaultdict
from itertools import permutations

import numpy as np

from he_sync.reconcile.chain.blind_legs import Due, Inferred, Left, Unit
from he_sync.reconcile.chain.day_deposits import TURNS
from he_sync.reconcile.chain.keys import Ints, Mask
from he_sync.reconcile.chain.leg_batches import LegBatches
from he_sync.reconcile.chain.levels import levels
from he_sync.reconcile.chain.report_order import Runs, runs
from he_sync.reconcile.chain.slip_odds import USUAL, SlipOdds, usual_share
from he_sync.reconcile.chain.slips import slipped

UNSURE = 1.0
OPEN = 20.0  # cost of a boundary that nothing explains
BETTER = 4.0  # an order of deposits is sure if every other one costs so much more


class Boundaries:
    """Walks a leg's lanes; `moved` gives a line its later batch day, `wrong` the chance that a line is elsewhere."""

    def __init__(self, books: LegBatches, result: Inferred) -> None:
        self.books, self.result = books, result
        self.moved: dict[int, int] = {}
        self.wrong: dict[int, float] = {}
        self._odds: dict[tuple[int, ...], SlipOdds] = {}
        self._share = USUAL

    def walk(self, lane: list[Unit]) -> None:
        """Tell what slips back and forth from what stays; the one moves lines, the other is left of its deposit."""
        if self._by_report(lane):
            return
        self._reorder(lane)
        gaps = [self.books.gap(unit) if unit.due else 0 for unit in lane]
        running = np.cumsum(np.array(gaps, np.int64))
        lines = np.array([sum(len(one.line) for one in self.books.leaving(unit)) for unit in lane], np.int64)
        level = levels(running, lines, self.books.plausible, np.array([unit.due is None for unit in lane], bool))
        over = (level - running).tolist()
        self._share = usual_share(lines, level == running)
        jumps = (np.diff(level, prepend=0) != 0).tolist()
        for unit, amount, jump in zip(lane, over, jumps, strict=True):
            if unit.doubtful or abs(amount) > self.books.plausible or jump:
                self._doubt(self.books.lines(unit))
            self._cross(unit, amount)
        stays = np.diff(level, prepend=0) + [0 if unit.due else self.books.gap(unit) for unit in lane]
        if len(lane):
            stays[-1] += running[-1] - level[-1]
        self._leave(lane, stays, running == level)

    def _by_report(self, lane: list[Unit]) -> bool:
        """Where the report lists deposit after deposit, each one's lines are known without any cut-off."""
        parts = [self.books.lines(unit) for unit in lane]
        lines = np.concatenate([np.empty(0, np.int64), *parts])
        order = np.argsort(self.books.one.row[lines], kind="stable")
        unit_of = np.repeat(np.arange(len(lane)), [len(part) for part in parts])
        stores, leg = {store for unit in lane for store, _ in unit.batches}, self.books.leg
        name = leg.account, leg.brand, leg.currency, stores.pop() if len(stores) == 1 else -1
        known = self.books.ground.odds.paths, name
        found = runs(lane, lines[order], unit_of[order], self.books.one.amount[lines[order]], known)
        if found is None:
            return False
        self._swap(lane, found)
        self._bring(lane, found)
        self._doubt(found.unsure)
        self._leave(lane, np.array([unit.amount for unit in lane], np.int64) - found.sums, found.exact)
        return True

    def _swap(self, lane: list[Unit], found: Runs) -> None:
        """Deposits of one value date go to the units whose runs they are."""
        sums, turns = found.sums.tolist(), defaultdict(list)
        for i in np.flatnonzero(found.exact).tolist():
            turns[lane[i].day].append(i)
        for turn in turns.values():
            paid = {lane[i].amount: (lane[i].due, lane[i].parts) for i in turn}
            if {sums[i] for i in turn} == set(paid) and len(paid) == len(turn):
                for i in turn:
                    lane[i].due, lane[i].parts = paid[sums[i]]
                    lane[i].doubtful = False

    def _bring(self, lane: list[Unit], found: Runs) -> None:
        """A line whose natural day is another unit's gets the nearest day of the one in whose run it is."""
        natural = self.result.day[found.lines[: found.ends[-1]]]
        anyway = [int(natural.min(initial=0)), int(natural.max(initial=0))]
        spans = [[day for _, day in unit.batches] or anyway for unit in lane]
        counts = np.diff(found.ends, prepend=0)
        low, high = (np.repeat(np.array([of(days) for days in spans], np.int64), counts) for of in (min, max))
        moved = np.flatnonzero((natural < low) | (natural > high))
        day = np.clip(natural[moved], low[moved], high[moved])
        self.moved.update(zip(found.lines[moved].tolist(), day.tolist(), strict=True))

    def _doubt(self, lines: Ints) -> None:
        self.wrong.update(dict.fromkeys(lines.tolist(), UNSURE))

    def _cross(self, unit: Unit, amount: int) -> None:
        """Which lines went from the unit's last day into the next deposit."""
        stores = self.books.leaving(unit)
        if not stores:
            return
        if any(one.target is None for one in stores):
            self._weigh(unit, amount)
            return
        verdict = slipped(stores, amount)
        if not verdict.sure and not amount:
            self.books.rebase(unit)
            return
        self._doubt(np.array(verdict.doubtful, np.int64))
        self.moved.update(dict.fromkeys(verdict.lines, unit.last + 1))

    def _weigh(self, unit: Unit, amount: int) -> None:
        """Without fees: each line's own chance to have slipped; more likely than not moves it."""
        if not amount:
            return
        line, odds = self._pool(unit)
        chance, other = odds.lines(amount), odds.unlike(amount)
        wrong = np.minimum(chance, 1 - chance) * (1 - other) + other / 2
        for i, one in enumerate(line.tolist()):
            self.wrong[one] = max(self.wrong.get(one, 0), float(wrong[i]))
            if chance[i] * (1 - other) > 1 / 2:
                self.moved[one] = unit.last + 1

    def _pool(self, unit: Unit) -> tuple[Ints, SlipOdds]:
        """The lines that may have slipped out of a unit: of all stores whose fees do not say that none did."""
        stores = [one for one in self.books.leaving(unit) if one.target != 0]
        line = np.concatenate([np.empty(0, np.int64), *(one.line for one in stores)])
        key = (unit.last, *unit.stores)
        if key not in self._odds:
            self._odds[key] = SlipOdds(self.books.one.amount[line], self._share)
        return line, self._odds[key]

    def _leave(self, lane: list[Unit], stays: Ints, exact: Mask) -> None:
        """What stays is a residual of its deposit, or of the one that never came; steady if a later one is exact."""
        leg, result = self.books.leg, self.result
        where = leg.account, leg.brand, leg.currency
        for i, (unit, cents) in enumerate(zip(lane, _without_swaps(lane, stays), strict=True)):
            if not cents:
                continue
            if unit.due is None:
                result.missing.append(Left(-1, *where, unit.day, cents))
            else:
                text = f"deposit {unit.amount}, its lines make {unit.amount - cents}"
                result.residuals.append(Left(unit.due.place, *where, unit.day, cents, text))
                if bool(exact[i:].any()):
                    result.steady.add(unit.due.place)

    def _reorder(self, lane: list[Unit]) -> None:
        """Deposits of one value date whose sums are off: the order that leaves fewest boundaries unexplained."""
        residual = 0
        for value in dict.fromkeys(unit.day for unit in lane):
            turn = [unit for unit in lane if unit.day == value and unit.due and unit.batches]
            off = [unit for unit in turn if self.books.gap(unit)]
            net = sum(self.books.gap(unit) for unit in turn)
            if 1 < len(off) <= TURNS:
                # What lies open before a turn that closes in itself says nothing of its order.
                self._choose_order(turn, off, residual if net else 0)
            residual += sum(self.books.gap(unit) for unit in lane if unit.day == value and unit.due)

    def _choose_order(self, turn: list[Unit], off: list[Unit], residual: int) -> None:
        """Try every order of those that are `off`: the one at hand stays unless another explains more of the turn.

        It is sure if no other explains nearly as much; where none explains the turn, nothing is learned of it.
        """
        paid = [(unit.due, unit.parts) for unit in off]
        costs = {}
        for order in permutations(range(len(off))):
            _pay(off, [paid[i] for i in order])
            costs[order] = self._cost(turn, residual)
        best = min(costs, key=lambda order: (costs[order], order))
        near = sum(cost < costs[best] + BETTER for cost in costs.values())
        _pay(off, [paid[i] for i in best])
        for unit in off if costs[best] < OPEN else ():
            unit.doubtful = near > 1

    def _cost(self, turn: list[Unit], residual: int) -> float:
        cost = 0.0
        for unit in turn:
            residual += self.books.gap(unit)
            stores = self.books.leaving(unit)
            if all(one.target is not None for one in stores):
                cost += 0 if slipped(stores, -residual).sure else OPEN
            else:
                cost += -float(np.log(max(float(self._pool(unit)[1].of(-residual)), np.exp(-OPEN))))
        return cost


def _pay(units: list[Unit], paid: list[tuple[Due | None, list[Due]]]) -> None:
    for unit, (due, parts) in zip(units, paid, strict=True):
        unit.due, unit.parts = due, parts


def _without_swaps(lane: list[Unit], stays: Ints) -> list[int]:
    """Neighbours whose residuals cancel out lack no money: it is their lines that are not told apart."""
    result: list[int] = stays.tolist()
    for i in range(1, len(lane)):
        if lane[i - 1].due and lane[i].due and result[i] and result[i] == -result[i - 1]:
            result[i - 1] = result[i] = 0
    return result
