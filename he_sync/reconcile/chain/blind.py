"""Accounts without batch ids: cut-offs, natural batches, deposits, slips; what stays unsure is said, not guessed.

A leg is one bank account, brand group and currency. Its units are deposits with the batches (store, day) they pay. At
each boundary between units the running residual is what slipped over it; a residual that stays is money that the chain
cannot explain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations, permutations
from typing import Any

import numpy as np

from he_sync.reconcile.chain.batch_fees import BatchFees
from he_sync.reconcile.chain.blind_lines import Unbatched, batch_days, sums_by_cut
from he_sync.reconcile.chain.cutoffs import CutOff, by_deposits, by_fees
from he_sync.reconcile.chain.expected import Funding
from he_sync.reconcile.chain.keys import Ints, Mask, group
from he_sync.reconcile.chain.slips import NOTHING, Candidates, Verdict, slipped

MARGIN = 3  # days around the lines' own
PART_DAYS = 4  # a second part comes on the next bank day, over a long weekend at most
TURNS = 5  # deposits of one value date whose order is tried through
PLAUSIBLE = 3  # lines that slip over one boundary; a larger residual is another deposit, not a slip
Batch = tuple[int, int]  # store position, day


@dataclass(frozen=True)
class Due:
    """A deposit of a leg: its place among the expected deposits, value date, amount."""

    place: int
    day: int
    amount: int


@dataclass(frozen=True)
class Dues:
    """Deposits by leg (account, brand code, currency); `from_bank` are the legs that only the bank tells of."""

    by_leg: Mapping[tuple[int, int, int], list[Due]]
    from_bank: frozenset[tuple[int, int, int]] = frozenset()


@dataclass
class Unit:
    """One deposit (None: none is known) and the batches it pays."""

    due: Due | None
    batches: list[Batch]
    day: int  # value date
    parts: list[Due] = field(default_factory=list)  # further deposits that paid the same batches
    doubtful: bool = False  # another deposit of the day fits nearly as well

    @property
    def amount(self) -> int:
        """What is to be explained by lines."""
        return (self.due.amount if self.due else 0) + sum(part.amount for part in self.parts)


@dataclass
class Leg:
    """One account, brand and currency while it is worked on."""

    account: int
    brand: int
    currency: int
    rows: Ints
    deposits: list[Due]
    only_bank: bool  # no ledger tells of its deposits: one that never came is not known
    units: list[Unit] = field(default_factory=list)


@dataclass(frozen=True)
class Left:
    """Cents of a leg's deposit that the lines do not explain; `place` among the expected deposits, -1: none came."""

    place: int
    account: int
    brand: int
    currency: int
    day: int
    cents: int
    evidence: str = ""


@dataclass
class Inferred:
    """The result: batch day of each line, the expected deposit that paid it (-1), whether that is sure; residuals."""

    day: Ints
    due: Ints
    sure: Mask
    cuts: dict[int, CutOff]
    fees: dict[tuple[int, int, int], dict[int, int]]  # of natural batches, by store, currency and day, then brand
    parts: dict[int, list[int]] = field(default_factory=dict)  # further deposits that paid with an expected one
    steady: set[int] = field(default_factory=set)  # expected deposits whose residual no slip can explain
    residuals: list[Left] = field(default_factory=list)
    missing: list[Left] = field(default_factory=list)


class Blind:
    """Infers batches and deposits of lines without batch ids."""

    def __init__(
        self,
        one: Unbatched,
        funding: Funding,
        fees: BatchFees,
        lags: list[int],
        dues: Dues,
    ) -> None:
        """`lags` by brand code."""
        self.one, self.stores, self.fees, self.lags = one, funding.stores, fees, lags
        self.bank_days = funding.bank_days
        self.first = int(one.time.min() // 86_400) - MARGIN
        self.days = int(one.time.max() // 86_400) + MARGIN + 1 - self.first
        account = self.stores.account[one.store]
        legs: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        keys = zip(account.tolist(), one.brand.tolist(), one.currency.tolist(), strict=True)
        for i, key in enumerate(keys):
            legs[key].append(i)
        self.legs = [
            Leg(
                *key,
                np.array(legs[key], np.int64),
                sorted(dues.by_leg.get(key, ()), key=lambda due: (due.day, due.place)),
                key in dues.from_bank,
            )
            for key in sorted(legs)
        ]

    def infer(self) -> Inferred:
        """Cut-offs first, then each leg on its own."""
        cuts = self._cutoffs()
        steps = np.zeros(len(self.stores.ids), np.int64)
        for store, cut in cuts.items():
            steps[store] = cut.steps
        count = len(self.one.row)
        day = batch_days(self.one.time, self.one.timed, steps[self.one.store])
        result = Inferred(day, np.full(count, -1, np.int64), np.zeros(count, bool), cuts, self._fees(day))
        for leg in self.legs:
            Chain(self, leg, result).run()
        return result

    def _fees(self, day: Ints) -> dict[tuple[int, int, int], dict[int, int]]:
        """The lines' fees by natural batch."""
        one = self.one
        order, _, rank = group((one.store, one.currency, day, one.brand), one.row)
        fees: dict[tuple[int, int, int], dict[int, int]] = defaultdict(dict)
        for rows in np.split(order, np.flatnonzero(rank == 0)[1:]) if len(order) else []:
            i = rows[0]
            key = int(one.store[i]), int(one.currency[i]), int(day[i])
            fees[key][int(one.brand[i])] = int(one.fee[rows].sum())
        return fees

    def _cutoffs(self) -> dict[int, CutOff]:
        cuts: dict[int, CutOff] = {}
        for store in sorted(set(self.one.store.tolist())):
            if store in self.fees.stores:
                rows = np.flatnonzero((self.one.store == store) & (self.one.brand >= 0))
                cuts[store] = self._by_fees(store, rows)
        for account in sorted({leg.account for leg in self.legs}):
            members = sorted(set(self.one.store[self.stores.account[self.one.store] == account].tolist()) - set(cuts))
            if members:
                cuts |= dict(zip(members, self._by_deposits(account, members), strict=True))
        return cuts

    def _by_fees(self, store: int, rows: Ints) -> CutOff:
        sums = sums_by_cut(self.one, rows, self.one.fee, self.first, self.days)
        currency = int(self.one.currency[rows[0]])
        fees = np.array([self.fees.total(store, currency, self.first + i) for i in range(self.days)], np.int64)
        return by_fees(sums, fees)

    def _by_deposits(self, account: int, members: list[int]) -> list[CutOff]:
        """All brands of the account side by side: one column a brand and value date."""
        parts: list[list[Ints]] = [[] for _ in members]
        wanted: list[Ints] = []
        for leg in (leg for leg in self.legs if leg.account == account):
            days = self.first + np.arange(self.days, dtype=np.int64)
            value = self.bank_days.after(days, self.lags[leg.brand])
            dates, place = np.unique(value, return_inverse=True)
            money = np.zeros(len(dates), np.int64)
            for due in leg.deposits:
                at = int(np.searchsorted(dates, due.day))
                if at < len(dates) and dates[at] == due.day:
                    money[at] += due.amount
            starts = np.flatnonzero(np.diff(place, prepend=-1))
            for number, store in enumerate(members):
                rows = leg.rows[self.one.store[leg.rows] == store]
                daily = sums_by_cut(self.one, rows, self.one.amount, self.first, self.days)
                parts[number].append(np.add.reduceat(daily, starts, axis=1))
            wanted.append(money)
        cap = int(np.percentile(np.abs(self.one.amount), 95)) if len(self.one.amount) else 1
        return by_deposits([np.concatenate(part, axis=1) for part in parts], np.concatenate(wanted), max(cap, 1))


def _grouped(batches: Iterable[Batch], key: Callable[[Batch], Any]) -> dict[Any, list[Batch]]:
    groups: dict[Any, list[Batch]] = defaultdict(list)
    for batch in sorted(batches, key=lambda one: (one[1], one[0])):
        groups[key(batch)].append(batch)
    return dict(groups)


class Pairing:
    """Deposits of a leg that pays several a day, against groups of batches: to the cent, then in parts, then near."""

    def __init__(
        self,
        groups: list[list[Batch]],
        dues: list[Due],
        value_of: dict[Batch, int],
        amount: dict[Batch, int],
        plausible: int,
    ) -> None:
        """`plausible` is the most that may have slipped over one boundary."""
        self.groups, self.dues = groups, dues
        self.value = [value_of[group[0]] for group in groups]
        self.sum = [sum(amount[batch] for batch in group) for group in groups]
        self.paid: dict[int, list[int]] = {}
        self.free = set(range(len(dues)))
        self.doubtful: set[int] = set()
        self._at: dict[int, list[int]] = defaultdict(list)
        for i, due in enumerate(dues):
            self._at[due.day].append(i)
        self._singles(0)
        self.exact = sum(len(groups[j]) for j in self.paid)
        self._pairs(0)
        self._in_turn(plausible)
        self._singles(plausible)
        self._pairs(plausible)
        self._singles(None)
        self._rest()

    def _near(self, j: int) -> list[int]:
        days = range(self.value[j], self.value[j] + PART_DAYS + 1)
        return [i for day in days for i in self._at.get(day, ()) if i in self.free]

    def _take(self, j: int, *dues: int) -> None:
        self.paid.setdefault(j, []).extend(dues)
        self.free.difference_update(dues)

    def _singles(self, most: int | None) -> None:
        found = sorted(
            (abs(self.dues[i].amount - self.sum[j]), i, j)
            for j in range(len(self.groups))
            if j not in self.paid
            for i in self._near(j)
            if self.dues[i].day == self.value[j]
        )
        for off, i, j in found:
            if i in self.free and j not in self.paid and (most is None or off <= most):
                self._take(j, i)

    def _in_turn(self, most: int) -> None:
        """Where a value date has as many deposits as groups left: the order in which money slips forward, never back.

        An order is doubtful where another one costs hardly more.
        """
        for value in sorted(set(self.value)):
            groups = [j for j in range(len(self.groups)) if self.value[j] == value and j not in self.paid]
            dues = [i for i in self._at.get(value, ()) if i in self.free]
            if not 1 < len(groups) == len(dues) <= TURNS or any(
                self.groups[j][0][0] != self.groups[groups[0]][0][0] for j in groups
            ):
                continue
            costs = sorted((self._cost(groups, order), order) for order in permutations(dues))
            if costs[0][0] > 2 * len(groups) * most:
                continue
            for j, i in zip(groups, costs[0][1], strict=True):
                self._take(j, i)
            if 2 * costs[1][0] < 3 * costs[0][0]:
                self.doubtful.update(groups)

    def _cost(self, groups: list[int], order: tuple[int, ...]) -> int:
        """Money out of place, and once more what would have come too early."""
        running = cost = 0
        for j, i in zip(groups, order, strict=True):
            running += self.dues[i].amount - self.sum[j]
            cost += abs(self.dues[i].amount - self.sum[j]) + max(running, 0)
        return cost

    def _pairs(self, most: int) -> None:
        """Two deposits, the first on the value date, that make a group but for what may have slipped."""
        for j in range(len(self.groups)):
            if j in self.paid:
                continue
            gaps = sorted(
                (abs(sum(self.dues[i].amount for i in pair) - self.sum[j]), pair)
                for pair in combinations(self._near(j), 2)
                if self.dues[pair[0]].day == self.value[j]
            )
            near = [pair for gap, pair in gaps if gap <= most]
            if len(near) == 1 or (near and gaps[0][0] < gaps[1][0]):
                self._take(j, *near[0])
                if len(near) > 1:
                    self.doubtful.add(j)

    def _rest(self) -> None:
        """What no group took is a part of the group that it brings nearest to its sum."""
        for i in sorted(self.free):
            due = self.dues[i]
            gaps = [
                (abs(sum(self.dues[k].amount for k in self.paid[j]) + due.amount - self.sum[j]), j)
                for j in self.paid
                if 0 <= due.day - self.value[j] <= PART_DAYS
                and sum(self.dues[k].amount for k in self.paid[j]) < self.sum[j]
            ]
            if gaps:
                self._take(min(gaps)[1], i)

    def units(self) -> list[Unit]:
        """Units in the order of their batches, then deposits without batches."""
        units = [
            Unit(None, group, self.value[j])
            if j not in self.paid
            else Unit(
                self.dues[self.paid[j][0]],
                group,
                self.value[j],
                [self.dues[i] for i in self.paid[j][1:]],
                doubtful=j in self.doubtful,
            )
            for j, group in enumerate(self.groups)
        ]
        return units + [Unit(self.dues[i], [], self.dues[i].day) for i in sorted(self.free)]


class Chain:
    """One leg: its units in order, the boundaries between them, and where every line went."""

    def __init__(self, blind: Blind, leg: Leg, result: Inferred) -> None:
        self.blind, self.leg, self.result, self.one = blind, leg, result, blind.one
        self.rows_of: dict[Batch, Ints] = {}
        rows = leg.rows
        order = np.lexsort((rows, result.day[rows], self.one.store[rows]))
        rows = rows[order]
        keys = list(zip(self.one.store[rows].tolist(), result.day[rows].tolist(), strict=True))
        start = 0
        for i in range(1, len(rows) + 1):
            if i == len(rows) or keys[i] != keys[start]:
                self.rows_of[keys[start]] = rows[start:i]
                start = i
        self.amount = {batch: int(self.one.amount[part].sum()) for batch, part in self.rows_of.items()}
        largest = np.sort(np.abs(self.one.amount[leg.rows]))[-PLAUSIBLE:]
        self.plausible = int(largest.sum())  # more cannot have slipped over one boundary
        self.fee_gap = self._fee_gaps()
        self.moved: dict[int, int] = {}  # line -> batch day after a slip
        self.doubtful: set[int] = set()
        self.known: dict[Batch, Candidates] = {}

    def _fee_gaps(self) -> dict[int, dict[int, int]]:
        """By store and day: running sum of the ledger's fees minus the lines' fees, where the ledger tells."""
        gaps: dict[int, dict[int, int]] = {}
        blind, leg = self.blind, self.leg
        for store in sorted({batch[0] for batch in self.rows_of} & blind.fees.stores):
            brands = {other.brand for other in blind.legs if other.account == leg.account}
            running, gaps[store] = 0, {}
            for day in range(blind.first, blind.first + blind.days):
                mine = self.rows_of.get((store, day))
                fee = int(self.one.fee[mine].sum()) if mine is not None else 0
                nearest = dict.fromkeys(brands, 0) | self.result.fees.get((store, leg.currency, day), {})
                posted = blind.fees.by_brand(store, leg.currency, day, nearest).get(leg.brand, (0, 0))[0]
                running += posted - fee
                gaps[store][day] = running
        return gaps

    def run(self) -> None:
        """Units, boundaries, then the deposit of every line."""
        self._make_units()
        for lane in self._lanes():
            self._carry(lane)
            self._reorder(lane)
            self._walk(lane)
        self._assign()

    def _make_units(self) -> None:
        """Pair deposits with batches: one for all of a value date, else one a day or one a batch, as is more exact."""
        value_of = {
            batch: self.blind.bank_days.one(batch[1], self.blind.lags[self.leg.brand]) for batch in self.rows_of
        }
        dues: dict[int, list[Due]] = defaultdict(list)
        for due in self.leg.deposits:
            dues[due.day].append(due)
        if all(len(some) == 1 for some in dues.values()):
            groups = _grouped(value_of, lambda batch: value_of[batch])
            self.leg.units = [
                Unit(dues[value][0] if value in dues else None, groups.get(value, []), value)
                for value in sorted(set(groups) | set(dues))
            ]
            return
        ways = [_grouped(value_of, lambda batch: (batch[1], 0)), _grouped(value_of, lambda batch: (batch[1], batch[0]))]
        pairings = [Pairing([*way.values()], self.leg.deposits, value_of, self.amount, self.plausible) for way in ways]
        self.leg.units = max(pairings, key=lambda pairing: pairing.exact).units()

    def _gap(self, unit: Unit) -> int:
        return unit.amount - sum(self.amount[batch] for batch in unit.batches)

    def _lanes(self) -> list[list[Unit]]:
        """Units whose money moves only among themselves: a store's own where every deposit pays one store."""
        if any(len({store for store, _ in unit.batches}) > 1 for unit in self.leg.units):
            return [self.leg.units]
        lanes: dict[int, list[Unit]] = defaultdict(list)
        for unit in self.leg.units:
            lanes[unit.batches[0][0] if unit.batches else -1].append(unit)
        return [lanes[store] for store in sorted(lanes)]

    def _carry(self, lane: list[Unit]) -> None:
        """A batch that nothing paid, though the ledger tells of all deposits, went into the next one as a whole.

        So did one of refunds alone, wherever it is told.
        """
        for i, unit in enumerate(lane):
            total = -self._gap(unit)
            following = next((later for later in lane[i + 1 :] if later.due is not None), None)
            if unit.due or not unit.batches or following is None or abs(total) > self.plausible:
                continue
            if total <= 0 or not self.leg.only_bank:
                following.batches = [*unit.batches, *following.batches]
                unit.batches = []
        lane[:] = [unit for unit in lane if unit.due or unit.batches]

    def _reorder(self, lane: list[Unit]) -> None:
        """Deposits of one value date whose sums are off: the order that leaves fewest boundaries unexplained."""
        residual = 0
        for value in dict.fromkeys(unit.day for unit in lane):
            turn = [unit for unit in lane if unit.day == value and unit.due and unit.batches and not unit.parts]
            off = [unit for unit in turn if self._gap(unit)]
            if 1 < len(off) <= TURNS:
                self._choose_order(turn, off, residual)
            residual += sum(self._gap(unit) for unit in lane if unit.day == value and unit.due)

    def _choose_order(self, turn: list[Unit], off: list[Unit], residual: int) -> None:
        """Try every order of those that are `off`: the one at hand stays unless another explains more of the turn.

        It is sure if no other explains as much.
        """
        dues = [unit.due for unit in off]
        open_by: dict[tuple[Due | None, ...], int] = {}
        for order in permutations(dues):
            for unit, due in zip(off, order, strict=True):
                unit.due = due
            running, open_by[order] = residual, 0
            for unit in turn:
                running += self._gap(unit)
                last = max(day for _, day in unit.batches)
                open_by[order] += not self._boundary(unit, last, -running).sure
        best = min(open_by, key=lambda order: (open_by[order], order != tuple(dues)))
        alone = sum(count == open_by[best] for count in open_by.values()) == 1
        for unit, due in zip(off, best, strict=True):
            unit.due, unit.doubtful = due, unit.doubtful and not alone

    def _walk(self, lane: list[Unit]) -> None:
        """Explain the running residual at the boundary after each unit; a residual that stays belongs to its unit."""
        residual = 0
        for i, unit in enumerate(lane):
            if unit.due is None:
                continue
            residual += self._gap(unit)
            if unit.doubtful or abs(residual) > self.plausible:
                self.doubtful.update(line for batch in unit.batches for line in self.rows_of[batch].tolist())
            last = max((day for _, day in unit.batches), default=0)
            verdict = self._boundary(unit, last, -residual)
            if not verdict.sure and not residual:
                self._rebase(unit, last)
                continue
            if verdict.sure:
                self._move(verdict, last)
                continue
            self.doubtful.update(verdict.doubtful)
            if self._stays(lane, i, residual) or not verdict.doubtful:
                residual = 0
                self.result.steady.add(unit.due.place)

    def _rebase(self, unit: Unit, last: int) -> None:
        """The money agrees and no lines explain the fees: it is the fee journal that is off, from here on."""
        for store in {store for store, _ in unit.batches} & set(self.fee_gap):
            off = self.fee_gap[store].get(last, 0)
            self.fee_gap[store] = {day: gap - off for day, gap in self.fee_gap[store].items()}

    def _stays(self, lane: list[Unit], i: int, residual: int) -> bool:
        """Whether the next unit adds nothing to the residual: then nothing slipped, the money itself differs."""
        following = next((unit for unit in lane[i + 1 :] if unit.due is not None), None)
        if following is None or following.due is None:
            return True
        return residual != 0 and self._gap(following) == 0

    def _boundary(self, unit: Unit, last: int, amount: int) -> Verdict:
        stores = sorted({store for store, _ in unit.batches})
        candidates = [self._candidates(store, last) for store in stores]
        if not candidates:
            return NOTHING if not amount else Verdict((), (), 0, sure=False)
        return slipped(candidates, amount)

    def _candidates(self, store: int, last: int) -> Candidates:
        """The lines of a store's batch and the fees that slipped out of it; the same while its target is the same."""
        gap = self.fee_gap.get(store)
        target = None if gap is None else -gap.get(last, 0)
        known = self.known.get((store, last))
        if known is None or known.target != target:
            rows = self.rows_of.get((store, last), np.empty(0, np.int64))
            known = Candidates(rows, self.one.amount[rows], self.one.fee[rows], target)
            self.known[store, last] = known
        return known

    def _move(self, verdict: Verdict, day: int) -> None:
        for line in verdict.lines:
            self.moved[line] = day + 1
        self.doubtful.update(verdict.doubtful)

    def _assign(self) -> None:
        """Give every line its deposit; count what each deposit still lacks."""
        place: dict[Batch, Unit] = {batch: unit for unit in self.leg.units for batch in unit.batches}
        left = {id(unit): unit.amount for unit in self.leg.units}
        result = self.result
        for batch, rows in self.rows_of.items():
            unit = place[batch]
            result.due[rows] = unit.due.place if unit.due else -1
            result.sure[rows] = unit.due is not None
            left[id(unit)] -= self.amount[batch]
        for line, day in sorted(self.moved.items()):
            store = int(self.one.store[line])
            old, new = place[store, int(result.day[line])], self._unit_on(place, store, day)
            result.day[line] = day
            if new is not None:
                result.due[line] = new.due.place if new.due else -1
                result.sure[line] = new.due is not None
                left[id(old)] += int(self.one.amount[line])
                left[id(new)] -= int(self.one.amount[line])
        doubtful = np.array(sorted(self.doubtful), np.int64)
        result.sure[doubtful] = False
        leg = self.leg
        result.parts |= {
            unit.due.place: [one.place for one in unit.parts] for unit in leg.units if unit.due and unit.parts
        }
        for unit in leg.units:
            cents = left[id(unit)]
            if not cents:
                continue
            if unit.due is None:
                result.missing.append(Left(-1, leg.account, leg.brand, leg.currency, unit.day, cents))
            else:
                text = f"deposit {unit.amount}, its lines make {unit.amount - cents}; what slipped is not certain"
                where = leg.account, leg.brand, leg.currency, unit.day
                result.residuals.append(Left(unit.due.place, *where, cents, text))

    def _unit_on(self, place: dict[Batch, Unit], store: int, day: int) -> Unit | None:
        """The unit of a store's batch day, or of another store's on that day where the store has none of its own."""
        if (store, day) in place:
            return place[store, day]
        value = self.blind.bank_days.one(day, self.blind.lags[self.leg.brand])
        return next((unit for unit in self.leg.units if unit.day == value), None)
