"""Accounts whose report lists deposit after deposit: then each deposit is a run of lines, cut where the money says.

Nobody promises that order, so it must prove itself on the account: runs of consecutive line ids near the natural
boundaries must make nearly every deposit to the cent. A run that meets its deposit by luck is one in some twenty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from he_sync.reconcile.chain.blind_legs import Unit
from he_sync.reconcile.chain.keys import Ints, Mask
from he_sync.reconcile.chain.known_paths import Begun, KnownPaths, Lane, digest

WINDOW = 64  # lines to each side of a natural boundary
PROVED, FEWEST = 0.9, 4  # share and number of deposits that must be exact
UNMET = 100_000  # lines: a boundary goes no farther from the natural one than it must, but any way for a deposit
OPEN = 7  # days before the last value date in which a deposit may still be met otherwise, so that nothing is kept
PLACE = 8  # bits of a position in a window beside its cost: the least is the cheapest, of equals the first


@dataclass(frozen=True)
class Runs:
    """Ends of the units' runs in the lane's lines by id and their sums, which deposits they meet, and unsure lines."""

    lines: Ints
    ends: Ints
    sums: Ints
    exact: Mask
    unsure: Ints


def runs(
    lane: Sequence[Unit], lines: Ints, unit_of: Ints, amounts: Ints, known: tuple[KnownPaths, Lane] | None = None
) -> Runs | None:
    """Cut a lane's lines, in the order of the report, into its deposits; None where that order is not the report's.

    `unit_of` is the natural unit of each line; deposits of one value date may pay each other's units. `known` are the
    paths of an earlier run, and the lane's name there.
    """
    paid = np.array([unit.due is not None and bool(unit.batches) for unit in lane], bool)
    if np.count_nonzero(paid) < FEWEST:
        return None
    natural = np.cumsum(np.bincount(unit_of, minlength=len(lane)))
    running = np.concatenate((np.zeros(1, np.int64), np.cumsum(amounts)))
    wanted = _wanted(lane)
    ends = _Cut(wanted, paid, natural, running).ends(_settled(lane), *(known or (KnownPaths(), (0, 0, 0, 0))))
    sums = np.diff(running[ends], prepend=0)
    exact = np.array([int(one) in some for one, some in zip(sums.tolist(), wanted, strict=True)], bool) & paid
    if np.count_nonzero(exact) < PROVED * np.count_nonzero(paid):
        return None
    return Runs(lines, ends, sums, exact, np.unique(np.concatenate([lines[:0], *_unsure(lines, ends, exact, running)])))


def _wanted(lane: Sequence[Unit]) -> list[set[int]]:
    """By unit, the deposits of its value date."""
    of_day: dict[int, set[int]] = defaultdict(set)
    for unit in lane:
        if unit.due is not None:
            of_day[unit.day].add(unit.amount)
    return [of_day.get(unit.day, set()) for unit in lane]


def _settled(lane: Sequence[Unit]) -> int:
    """How many units stand before the last days."""
    last = lane[-1].day - OPEN
    return next((i for i, unit in enumerate(lane) if unit.day > last), 0)


@dataclass(frozen=True)
class _Cut:
    """What the ends of a lane's runs hang on."""

    wanted: Sequence[set[int]]
    paid: Mask
    natural: Ints
    running: Ints

    def ends(self, settled: int, paths: KnownPaths, lane: Lane) -> Ints:
        """The ends that leave fewest deposits unmet, by the shortest path over positions near the natural ones.

        What earlier runs found of the first units is taken over; of `settled` ones it is kept for the next run.
        """
        count, last = len(self.running) - 1, len(self.wanted) - 1
        came, here, cost = list[Ints](), range(1), np.zeros(1, np.int64)
        known = paths.known.get(lane)
        if known and len(known.came) <= settled and self._digest(len(known.came)) == known.digest:
            came = [row.astype(np.int64) for row in known.came]
            here, cost = _near(int(self.natural[len(came) - 1]), count), known.cost
            if len(came) == settled:
                paths.used[lane] = known
        for i in range(len(came), len(self.wanted)):
            there = range(count, count + 1) if i == last else _near(int(self.natural[i]), count)
            best = self._step(i, here, there, cost)
            came.append(best & ((1 << PLACE) - 1))
            here, cost = there, (best >> PLACE) + np.abs(np.arange(there.start, there.stop) - self.natural[i])
            if i + 1 == settled and (told := self._digest(settled)):
                paths.used[lane] = Begun(told, _table(came), cost)
        return self._back(came, int(np.argmin(cost)))

    def _step(self, i: int, here: range, there: range, cost: Ints) -> Ints:
        """The cheapest way to each place of a unit, and the place of the one before that it comes from."""
        key = (cost << PLACE) + np.arange(len(here))
        reached = np.minimum(np.arange(there.start - here.start, there.stop - here.start), len(here) - 1)
        best: Ints = np.minimum.accumulate(key)[reached]
        if self.paid[i]:
            best += UNMET << PLACE
            for amount in self.wanted[i]:
                _meet(best, key, (here, there), self.running, amount)
        return best

    def _back(self, came: Sequence[Ints], at: int) -> Ints:
        """The ends on the way to a place of the last unit."""
        count, last = len(self.running) - 1, len(came) - 1
        ends = np.zeros(len(came), np.int64)
        for i in range(last, -1, -1):
            ends[i] = count if i == last else _near(int(self.natural[i]), count)[at]
            at = int(came[i][at])
        return ends

    def _digest(self, units: int) -> bytes:
        """Of the first units; none where their places end with the lines, or with the lane, which will go on."""
        if not 0 < units < len(self.wanted):
            return b""
        stop = int(self.natural[units - 1]) + WINDOW + 1
        if stop > len(self.running):
            return b""
        return digest(self.wanted[:units], self.paid[:units], self.natural[:units], self.running[:stop])


def _table(came: Sequence[Ints]) -> NDArray[np.uint8]:
    """A row a unit, as wide as a window."""
    table = np.zeros((len(came), 2 * WINDOW + 1), np.uint8)
    for row, places in zip(table, came, strict=True):
        row[: len(places)] = places
    return table


def _meet(best: Ints, key: Ints, windows: tuple[range, range], running: Ints, amount: int) -> None:
    """Take the cheapest start of each end whose lines make the amount.

    Of 16,641 pairs nearly none does: laid out as one row they are looked through in 20 us, as a table in 100.
    """
    here, there = windows
    lacks = running[there.start : there.stop] - amount
    met = np.flatnonzero(np.equal.outer(lacks, running[here.start : here.stop]))
    if len(met):
        end, start = np.divmod(met, len(here))
        follows = here.start + start <= there.start + end
        np.minimum.at(best, end[follows], key[start[follows]])


def _near(place: int, count: int) -> range:
    return range(max(place - WINDOW, 0), min(place + WINDOW, count) + 1)


def _unsure(lines: Ints, ends: Ints, exact: Mask, running: Ints) -> Iterator[Ints]:
    """Lines that could as well be in the run beside theirs: lines that cancel out at an end, and runs that are not met.

    A run between two that are met has no other lines, whether it is met or not.
    """
    starts = np.append(0, ends[:-1])
    for i in range(len(ends) - 1):
        if exact[i] or exact[i + 1]:
            near = _near(int(ends[i]), len(lines))
            same = near.start + np.flatnonzero(running[near.start : near.stop] == running[ends[i]])
            yield lines[same.min() : same.max()]
        else:
            yield lines[starts[i] : ends[i + 1]]
