"""Accounts whose report lists deposit after deposit: then each deposit is a run of lines, cut where the money says.

Nobody promises that order, so it must prove itself on the account: runs of consecutive line ids near the natural
boundaries must make nearly every deposit to the cent. A run that meets its deposit by luck is one in some twenty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from he_sync.reconcile.chain.blind_legs import Unit
from he_sync.reconcile.chain.keys import Ints, Mask

WINDOW = 64  # lines to each side of a natural boundary
PROVED, FEWEST = 0.9, 4  # share and number of deposits that must be exact
FAR = 1e-5  # a boundary goes no farther from the natural one than it must


@dataclass(frozen=True)
class Runs:
    """Ends of the units' runs in the lane's lines by id, which deposits they meet, and lines that equal ends share."""

    lines: Ints
    ends: Ints
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
    ends = _cut(lane, paid, natural, running)
    sums = np.diff(running[ends], prepend=0)
    wanted = [_wanted(lane, unit) for unit in lane]
    exact = np.array([int(one) in some for one, some in zip(sums.tolist(), wanted, strict=True)], bool) & paid
    if np.count_nonzero(exact) < PROVED * np.count_nonzero(paid):
        return None
    return Runs(lines, ends, exact, np.unique(np.concatenate([lines[:0], *_unsure(lines, ends, exact, running)])))


def _wanted(lane: Sequence[Unit], unit: Unit) -> set[int]:
    return {other.amount for other in lane if other.day == unit.day and other.due is not None}


def _cut(lane: Sequence[Unit], paid: Mask, natural: Ints, running: Ints) -> Ints:
    """The ends that leave fewest deposits unmet, by the shortest path over positions near the natural ones."""
    count, last = len(running) - 1, len(lane) - 1
    here, cost = np.zeros(1, np.int64), np.zeros(1)
    places, came = [], []
    for i, unit in enumerate(lane):
        there = np.array([count]) if i == last else _near(int(natural[i]), count)
        step = np.where(there[None, :] < here[:, None], np.inf, FAR * np.abs(there - natural[i])[None, :])
        if paid[i]:
            sums = running[there][None, :] - running[here][:, None]
            met = np.zeros(sums.shape, bool)
            for amount in _wanted(lane, unit):
                met |= sums == amount
            step = step + ~met
        total = cost[:, None] + step
        came.append(np.argmin(total, axis=0))
        places.append(there)
        here, cost = there, total.min(axis=0)
    ends, at = np.zeros(len(lane), np.int64), int(np.argmin(cost))
    for i in range(last, -1, -1):
        ends[i] = places[i][at]
        at = int(came[i][at])
    return ends


def _near(place: int, count: int) -> Ints:
    return np.arange(max(place - WINDOW, 0), min(place + WINDOW, count) + 1, dtype=np.int64)


def _unsure(lines: Ints, ends: Ints, exact: Mask, running: Ints) -> Iterator[Ints]:
    """Lines that could as well be in the run beside theirs: lines that cancel out at an end, and runs that are not met.

    A run between two that are met has no other lines, whether it is met or not.
    """
    starts = np.append(0, ends[:-1])
    for i in range(len(ends) - 1):
        if exact[i] or exact[i + 1]:
            near = _near(int(ends[i]), len(lines))
            same = near[running[near] == running[ends[i]]]
            yield lines[same.min() : same.max()]
        else:
            yield lines[starts[i] : ends[i + 1]]
