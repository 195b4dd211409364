"""Deposits of a leg that pays several a day, against groups of batches."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, permutations

from he_sync.reconcile.chain.blind_legs import Batch, Due, Unit
from he_sync.reconcile.chain.leg_batches import LegBatches

PART_DAYS = 4  # a second part comes on the next bank day, over a long weekend at most
TURNS = 5  # deposits of one value date whose order is tried through


class Pairing:
    """Which deposits paid which group of batches: to the cent, then in parts, then near."""

    def __init__(
        self,
        groups: list[list[Batch]],
        dues: list[Due],
        value_of: dict[Batch, int],
        books: LegBatches,
    ) -> None:
        self.groups, self.dues, self.books = groups, dues, books
        plausible = books.plausible
        self.value = [value_of[group[0]] for group in groups]
        self.sum = [sum(books.amount[batch] for batch in group) for group in groups]
        self._bare = {value for value, total in zip(self.value, self.sum, strict=True) if not total}
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
                if self.dues[pair[0]].day == self.value[j] and not self._slipped(j, pair)
            )
            near = [pair for gap, pair in gaps if gap <= most]
            if len(near) == 1 or (near and gaps[0][0] < gaps[1][0]):
                self._take(j, *near[0])
                if len(near) > 1:
                    self.doubtful.add(j)

    def _slipped(self, j: int, pair: tuple[int, int]) -> bool:
        """Whether the second deposit is one line of the group, paid on a value date that has no other: a slip."""
        due = self.dues[pair[1]]
        return due.day in self._bare and any(
            bool((self.books.one.amount[self.books.rows_of[batch]] == due.amount).any()) for batch in self.groups[j]
        )

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
