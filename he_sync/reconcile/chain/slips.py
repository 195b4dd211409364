"""Stage 6: which lines went into the next batch, from what the boundary between two batches lacks.

A running residual at a boundary is the sum of the lines that slipped over it. A set of at most three lines is accepted
where it is the only one (up to equal lines) and so few come near by luck that none is to be expected: the chance gate
(reference reconciliation 2.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from he_sync.reconcile.chain.keys import Ints

NEAR = 200  # minor units to each side in which lucky sets are counted
Lines = tuple[tuple[int, ...], ...]  # positions, one part a store

GATE = 0.02  # lucky sets to be expected at most
LARGEST = 3
EXTRA = 2  # lines beyond one a store
FEW = 150  # lines of which, without fees to narrow them, three slipping at once may be left out of account
MOST = 50_000  # sets looked at


@dataclass(frozen=True)
class Candidates:
    """The lines that one store's batch may have lost; `target` is the fees that slipped, None where none is known."""

    line: Ints
    amount: Ints
    fee: Ints
    target: int | None


@dataclass(frozen=True)
class Verdict:
    """`lines` slipped and `sure`; `doubtful` lines may have; `sets` is how many sets explain the residual."""

    lines: tuple[int, ...]
    doubtful: tuple[int, ...]
    sets: int
    sure: bool


NOTHING = Verdict((), (), 0, sure=True)


def slipped(stores: Sequence[Candidates], amount: int | None) -> Verdict:
    """Explain a boundary: `amount` is the money that slipped over it, None where the boundary moves no money."""
    moving = [one for one in stores if one.target != 0]
    known = all(one.target is not None for one in stores)
    if not moving or (not known and amount == 0):
        return NOTHING if not amount else Verdict((), (), 0, sure=False)
    if not known:
        moving = [_pooled(moving)]
    for size in range(len(moving), len(moving) + (EXTRA if known else 1) + 1):
        sets, luck = _sets(moving, size, amount) if known else _of_amount(moving[0], size, amount or 0)
        if sets and not known and size > 1 and len(moving[0].line) > FEW:
            break
        if sets:
            return _judge(moving, sets, luck)
    return Verdict((), tuple(int(line) for one in moving for line in one.line), 0, sure=False)


def _pooled(stores: list[Candidates]) -> Candidates:
    return Candidates(
        np.concatenate([one.line for one in stores]),
        np.concatenate([one.amount for one in stores]),
        np.concatenate([one.fee for one in stores]),
        None,
    )


def _of_amount(one: Candidates, size: int, amount: int) -> tuple[list[Lines], float]:
    """Sets of one or two lines that make an amount, where no fees narrow them; and the lucky ones to be expected."""
    money = one.amount
    if size == 1:
        near = int(np.count_nonzero(np.abs(money - amount) <= NEAR))
        found: list[Lines] = [((i,),) for i in np.flatnonzero(money == amount).tolist()]
        return found, max(near - len(found), 0) / (2 * NEAR + 1)
    order = np.argsort(money, kind="stable")
    ranked = money[order]
    low = np.searchsorted(ranked, amount - ranked - NEAR, "left")
    high = np.searchsorted(ranked, amount - ranked + NEAR, "right")
    near = int((high - low).sum()) // 2
    pairs: list[Lines] = [
        ((int(order[i]), int(order[j])),)
        for i in range(len(ranked))
        for j in range(*np.searchsorted(ranked, [amount - ranked[i], amount - ranked[i] + 1]))
        if i < j
    ]
    return pairs, max(near - len(pairs), 0) / (2 * NEAR + 1)


def _sets(stores: list[Candidates], size: int, amount: int | None) -> tuple[list[Lines], float]:
    """Sets of `size` lines in all, one part a store, that make fees and amount; and the lucky ones to be expected."""
    found: list[Lines] = []
    near = looked = 0
    for sizes in product(range(1, LARGEST + 1), repeat=len(stores)):
        if sum(sizes) != size:
            continue
        parts = [_parts(one, many) for one, many in zip(stores, sizes, strict=True)]
        total = int(np.prod([len(part) for part in parts], dtype=object))
        looked += total
        if looked > MOST:
            return [], float("inf")
        for chosen in product(*parts):
            money = sum(value for value, _ in chosen)
            near += amount is not None and abs(money - amount) <= NEAR
            if amount is None or money == amount:
                found.append(tuple(lines for _, lines in chosen))
    return found, max(near - len(found), 0) / (2 * NEAR + 1)


def _parts(one: Candidates, many: int) -> list[tuple[int, tuple[int, ...]]]:
    """Sets of `many` lines of a store whose fees make its target, with their money; positions, not line numbers."""
    fee, amount = one.fee.tolist(), one.amount.tolist()
    if many == 1:
        return [(amount[i], (i,)) for i in range(len(fee)) if fee[i] == one.target]
    return [(sum(amount[i] for i in chosen), chosen) for chosen in _fee_sets(one, many)]


def _fee_sets(one: Candidates, many: int) -> list[tuple[int, ...]]:
    count = len(one.fee)
    if many == 2:  # noqa: PLR2004
        left, right = np.nonzero(np.triu(one.fee[:, None] + one.fee[None, :] == one.target, 1))
        return list(zip(left.tolist(), right.tolist(), strict=True))
    result: list[tuple[int, ...]] = []
    pairs = one.fee[:, None] + one.fee[None, :]
    for i in range(count - 2):
        left, right = np.nonzero(np.triu(pairs[i + 1 :, i + 1 :] == one.target - one.fee[i], 1))
        result += [(i, a + i + 1, b + i + 1) for a, b in zip(left.tolist(), right.tolist(), strict=True)]
        if len(result) > MOST:
            break
    return result


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
