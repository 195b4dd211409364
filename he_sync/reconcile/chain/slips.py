"""Stage 6: which lines went into the next batch, from what the boundary between two batches lacks.

A running residual at a boundary is the sum of the lines that slipped over it. A set of at most three lines is accepted
where it is the only one (up to equal lines) and so few come near by luck that none is to be expected: the chance gate
(reference reconciliation 2.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from he_sync.reconcile.chain.keys import Ints

NEAR = 200  # minor units to each side in which lucky sets are counted
Lines = tuple[tuple[int, ...], ...]  # positions, one part a store

GATE = 0.02  # lucky sets to be expected at most
LARGEST = 3
EXTRA = 2  # lines beyond one a store
MANY = 1_500  # lines of which no three are searched: a million pairs, 0.2 s a boundary
MOST = 50_000  # choices of a half
MOST_FOUND = 50  # sets named; with that many nothing is sure


Part = tuple[int, tuple[int, ...]]  # money, positions


@dataclass(frozen=True)
class Candidates:
    """The lines that one store's batch may have lost; `target` is the fees that slipped, None where none is known.

    Without fees a line's own chance is weighed instead (`slip_odds`).
    """

    line: Ints
    amount: Ints
    fee: Ints
    target: int | None
    parts: dict[int, list[Part]] = field(default_factory=dict)  # of so many lines, once they were asked for


@dataclass(frozen=True)
class Verdict:
    """`lines` slipped and `sure`; `doubtful` lines may have; `sets` is how many sets explain the residual."""

    lines: tuple[int, ...]
    doubtful: tuple[int, ...]
    sets: int
    sure: bool


NOTHING = Verdict((), (), 0, sure=True)


def slipped(stores: Sequence[Candidates], amount: int) -> Verdict:
    """Explain a boundary between two deposits: `amount` is the money that slipped over it."""
    moving = [one for one in stores if one.target != 0]
    if not moving:
        return NOTHING if not amount else Verdict((), (), 0, sure=False)
    for size in range(len(moving), len(moving) + EXTRA + 1):
        sets, luck = _sets(moving, size, amount)
        if sets:
            return _judge(moving, sets, luck)
    able = (one.line[one.fee <= (one.target or 0)] for one in moving)
    return Verdict((), tuple(int(line) for lines in able for line in lines), 0, sure=False)


def _sets(stores: list[Candidates], size: int, amount: int) -> tuple[list[Lines], float]:
    """Sets of `size` lines in all, one part a store, that make fees and amount; and the lucky ones to be expected.

    The stores' parts are joined from two halves: the second is sorted by money and searched for what the first lacks.
    """
    found: list[Lines] = []
    near = 0
    most = min(LARGEST, size - len(stores) + 1)
    cache = {(at, many): _parts(one, many) for at, one in enumerate(stores) for many in range(1, most + 1)}
    for sizes in product(range(1, most + 1), repeat=len(stores)):
        if sum(sizes) != size:
            continue
        parts = [cache[at, many] for at, many in enumerate(sizes)]
        half = len(parts) // 2
        one, other = _joined(parts[:half]), _joined(parts[half:])
        if one is None or other is None:
            return [], float("inf")
        more, close = _meet(one, other, amount)
        found += more
        near += close
        if len(found) > MOST_FOUND:
            break
    return found, max(near - len(found), 0) / (2 * NEAR + 1)


def _joined(parts: list[list[Part]]) -> list[tuple[int, Lines]] | None:
    """Every choice of one part a store, with its money; None where there are too many."""
    result: list[tuple[int, Lines]] = [(0, ())]
    for part in parts:
        if len(result) * len(part) > MOST:
            return None
        result = [(money + value, (*lines, chosen)) for money, lines in result for value, chosen in part]
    return result


def _meet(one: list[tuple[int, Lines]], other: list[tuple[int, Lines]], amount: int) -> tuple[list[Lines], int]:
    """Pairs of choices that make the amount, at most MOST_FOUND, and how many come near."""
    if not one or not other:
        return [], 0
    money = np.array([value for value, _ in other], np.int64)
    order = np.argsort(money, kind="stable")
    lacks = amount - np.array([value for value, _ in one], np.int64)
    low, high = (np.searchsorted(money[order], lacks + off) for off in (-NEAR, NEAR + 1))
    first, last = (np.searchsorted(money[order], lacks + off) for off in (0, 1))
    found = [
        (*one[i][1], *other[order[j]][1])
        for i in np.flatnonzero(last > first).tolist()
        for j in range(int(first[i]), int(last[i]))
    ]
    return found[: MOST_FOUND + 1], int((high - low).sum())


def _parts(one: Candidates, many: int) -> list[Part]:
    """Sets of `many` lines of a store whose fees make its target, with their money; positions, not line numbers."""
    if many not in one.parts:
        amount = one.amount.tolist()
        one.parts[many] = [(sum(amount[i] for i in chosen), chosen) for chosen in _fee_sets(one, many)]
    return one.parts[many]


def _fee_sets(one: Candidates, many: int) -> list[tuple[int, ...]]:
    """Positions of one, two or three lines whose fees make the target; three by searching the sorted sums of two."""
    target = one.target or 0
    if many == 1:
        return [(i,) for i in np.flatnonzero(one.fee == target).tolist()]
    left, right = np.triu_indices(len(one.fee), 1)
    sums = one.fee[left] + one.fee[right]
    if many == 2 or len(one.fee) > MANY:  # noqa: PLR2004 - a pair
        hit = np.flatnonzero(sums == target)
        return list(zip(left[hit].tolist(), right[hit].tolist(), strict=True)) if many == 2 else []  # noqa: PLR2004
    order = np.argsort(sums, kind="stable")
    first, last = (np.searchsorted(sums[order], target - one.fee, side) for side in ("left", "right"))
    third = np.repeat(np.arange(len(one.fee)), last - first)
    inside = np.arange(len(third)) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
    pair = order[np.repeat(first, last - first) + inside]
    once = third < left[pair]
    columns = third[once], left[pair[once]], right[pair[once]]
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _judge(stores: list[Candidates], sets: list[Lines], luck: float) -> Verdict:
    """Sets that differ only in equal lines are one: the money is right, but not which of them slipped."""
    kinds = {
        tuple(
            tuple(sorted((int(one.fee[i]), int(one.amount[i])) for i in part))
            for one, part in zip(stores, chosen, strict=True)
        )
        for chosen in sets
    }
    every = {int(one.line[i]) for chosen in sets for one, part in zip(stores, chosen, strict=True) for i in part}
    first = tuple(int(one.line[i]) for one, part in zip(stores, sets[0], strict=True) for i in part)
    sure = len(kinds) == 1 and luck < GATE
    doubtful = every - set(first) if sure and len(sets) == 1 else every
    return Verdict(first if sure else (), tuple(sorted(doubtful)), len(sets), sure)
