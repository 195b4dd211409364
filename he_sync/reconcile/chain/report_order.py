"""Accounts whose report lists deposit after deposit: then each deposit is a run of lines, cut where the money says.

Nobody promises that order, so it must prove itself on the account: runs of consecutive line ids near the natural
boundaries must make nearly every deposit to the cent. A run that meets its deposit by luck is one in some twenty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from he_sync.reconcile.chain.blind_legs import Unit
from he_sync.reconcile.chain.keys import Ints, Mask

WINDOW = 64  # lines to each side of a natural boundary
PROVED, FEWEST = 0.9, 4  # share and number of deposits that must be exact
UNMET = 100_000  # lines: a boundary goes no farther from the natural one than it must, but any way for a deposit
PLACE = 8  # bits of a position in a window beside its cost: the least is the cheapest, of equals the first


@dataclass(frozen=True)
class Runs:
    """Ends of the units' runs in the lane's lines by id and their sums, which deposits they meet, and unsure lines."""

    lines: Ints
    ends: Ints
    sums: Ints
    exact: Mask
    unsure: Ints


def runs(lane: Sequence[Unit], lines: Ints, unit_of: Ints, amounts: Ints) -> Runs | None:
    """Cut a lane's lines, in the order of the report, into its deposits; None where that order is not the report's.

    `unit_of` is the natural unit of each line; deposits of one value date may pay each other's units.
    """
    paid = np.array([unit.due is not None and bool(unit.batches) for unit in lane], bool)
    if np.count_nonzero(paid) < FEWEST:
        return None
    natural = np.cumsum(np.bincount(unit_of, minlength=len(lane)))
    running = np.concatenate((np.zeros(1, np.int64), np.cumsum(amounts)))
    wanted = _wanted(lane)
    ends = _cut(wanted, paid, natural, running)
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


def _cut(wanted: Sequence[set[int]], paid: Mask, natural: Ints, running: Ints) -> Ints:
    """The ends that leave fewest deposits unmet, by the shortest path over positions near the natural ones."""
    count, last = len(running) - 1, len(wanted) - 1
    here, cost = range(1), np.zeros(1, np.int64)
    places, came = [], []
    for i, amounts in enumerate(wanted):
        there = range(count, count + 1) if i == last else _near(int(natural[i]), count)
        key = (cost << PLACE) + np.arange(len(here))
        reached = np.minimum(np.arange(there.start - here.start, there.stop - here.start), len(here) - 1)
        best = np.minimum.accumulate(key)[reached]
        if paid[i]:
            best += UNMET << PLACE
            for amount in amounts:
                _meet(best, key, (here, there), running, amount)
        came.append(best & ((1 << PLACE) - 1))
        places.append(there)
        here, cost = there, (best >> PLACE) + np.abs(np.arange(there.start, there.stop) - natural[i])
    ends, at = np.zeros(len(wanted), np.int64), int(np.argmin(cost))
    for i in range(last, -1, -1):
        ends[i] = places[i][at]
        at = int(came[i][at])
    return ends


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
