"""Stage 5: at what local hour each store's batch closes, inferred where the processor does not say.

Where the ledger shows a batch's fees, a store's cut-off is the one that makes most days exact. Elsewhere all stores of
an account are fitted together: coordinate descent on capped absolute deviations with restarts (reference reconciliation
4).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from he_sync.reconcile.chain.blind_lines import CUTS
from he_sync.reconcile.chain.keys import Floats, Ints

ROUNDS = 12
WIDER = (1000, 16, 4)  # caps before the last one: far off, every day is beyond a tight cap and no step looks better
CLEAR = 4  # days that any other cut-off must miss more
STARTS = (0, -8, 8, 16)  # steps: midnight, 22:00, 02:00, 04:00


@dataclass(frozen=True)
class CutOff:
    """A store's inferred cut-off in steps from midnight, its support, and the chance of each candidate.

    The support is days exact of days with sales; where no chance is known, there is no doubt.
    """

    steps: int
    exact: int
    days: int
    chance: Floats = field(default_factory=lambda: np.zeros(len(CUTS)))
    clear: bool = True  # whether every other one makes clearly fewer days exact


def by_fees(sums: Ints, fees: Ints) -> CutOff:
    """The cut-off whose daily fees (cuts, days) equal the ledger's (days) on most days."""
    off = np.abs(sums - fees)
    busy = int(np.count_nonzero(fees))
    cost = np.count_nonzero(off, axis=1)
    best = _middle(cost, np.minimum(off, max(int(np.median(fees)), 1)).sum(axis=1))
    exact = int(np.count_nonzero((off[best] == 0) & (fees != 0)))
    others = cost[(sums != sums[best]).any(axis=1)]
    clear = not len(others) or int(others.min()) >= cost[best] + CLEAR
    return CutOff(int(CUTS[best]), exact, busy, clear=clear)


def by_deposits(sums: list[Ints], deposits: Ints, cap: int) -> list[CutOff]:
    """One cut-off a store from sums (cuts, value dates) of each and the deposits of all of them together."""
    best: tuple[int, list[int]] | None = None
    middle = len(CUTS) // 2
    for start in STARTS:
        chosen = [middle + start] * len(sums)
        for wide in (*WIDER, 1):
            cost = _descend(sums, deposits, cap * wide, chosen)
        if best is None or cost < best[0]:
            best = cost, chosen
    chosen = best[1] if best else []
    total = sum((part[at] for part, at in zip(sums, chosen, strict=True)), np.zeros(len(deposits), np.int64))
    exact = int(np.count_nonzero((total == deposits) & (deposits != 0)))
    return [CutOff(int(CUTS[at]), exact, int(np.count_nonzero(deposits))) for at in chosen]


def _descend(sums: list[Ints], deposits: Ints, cap: int, chosen: list[int]) -> int:
    """Move one store's cut-off at a time while that lowers the cost; changes `chosen`, returns the cost."""
    total = sum((part[at] for part, at in zip(sums, chosen, strict=True)), np.zeros(len(deposits), np.int64))
    last = int(np.minimum(np.abs(total - deposits), cap).sum())
    for _ in range(ROUNDS):
        for store, part in enumerate(sums):
            rest = total - part[chosen[store]]
            cost = np.minimum(np.abs(rest + part - deposits), cap).sum(axis=1)
            at = _middle(cost, cost)
            if cost[at] < cost[chosen[store]]:
                chosen[store] = at
                total = rest + part[at]
        now = int(np.minimum(np.abs(total - deposits), cap).sum())
        if now == last:
            break
        last = now
    return last


def _middle(first: Ints, second: Ints) -> int:
    """The best candidate; among equals a whole hour, then the one nearest to midnight."""
    order = np.lexsort((CUTS, np.abs(CUTS), CUTS % 4 != 0, second, first))
    return int(order[0])
