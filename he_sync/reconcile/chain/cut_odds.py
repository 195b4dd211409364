"""How likely each cut-off is: what slipped over every boundary under it, weighed by what may slip there.

The first guess comes from sums that ignore slips (`cutoffs`). Slipped money only comes late, never early, and in sums
of lines; that tells hours apart in which a store sells once a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from he_sync.reconcile.chain.blind_lines import CUTS
from he_sync.reconcile.chain.keys import AnyInts, Floats, Ints, Mask
from he_sync.reconcile.chain.known_odds import OddsAt
from he_sync.reconcile.chain.slip_odds import SlipOdds

ROUNDS = 8
PAIRED = 12  # stores of an account whose cut-offs are moved two at a time, at 2 ms a pair
UNLIKELY = 1e-6
ASKED = 4.6  # powers of e by which the boundaries must agree better than luck, beside what choosing costs
MOVED = 0.5  # share of cut-offs that must move a boundary which proves one


@dataclass(frozen=True)
class Crossing:
    """All boundaries of an account: what is missing at each if no line came (boundaries), and the odds of its sums."""

    missing: Ints
    odds: Sequence[SlipOdds | OddsAt]

    def cost(self, sums: AnyInts) -> Floats:
        """How unlikely lines of these running sums (..., boundaries) are, smaller is likelier."""
        over = sums - self.missing
        cost = np.zeros(over.shape[:-1])
        for i, one in enumerate(self.odds):
            cost -= np.log(one.of(over[..., i]) + one.other)
        return cost

    def proof(self, sums: Ints, open_to: Mask) -> float:
        """How much better than by luck the boundaries that cut-offs move agree with running sums, in powers of e."""
        over = sums - self.missing
        return sum(
            max(float(np.log(self.odds[i].of(int(over[i])) * self.odds[i].size + np.finfo(float).tiny)), 0.0)
            for i in np.flatnonzero(open_to).tolist()
        )


def refine(running: Sequence[Ints], crossing: Crossing, first: Sequence[int]) -> list[Floats]:
    """The chance of each candidate cut-off by store, from running sums (cuts, boundaries) of each and a first guess.

    All alike where the boundaries prove none.
    """
    chosen = [CUTS.tolist().index(steps) for steps in first]
    total = np.sum([part[at] for part, at in zip(running, chosen, strict=True)], axis=0)

    known: dict[int, tuple[Ints, Floats]] = {}

    def alone(store: int) -> Floats:
        """Costs of a store's candidates while the others stay; of a store by itself they are always the same."""
        others = total - running[store][chosen[store]]
        if store not in known or not np.array_equal(known[store][0], others):
            known[store] = others, crossing.cost(others + running[store])
        return known[store][1]

    for _ in range(ROUNDS):
        before = list(chosen)
        for store in range(len(running)):
            best = nearest(alone(store))
            total = total + running[store][best] - running[store][chosen[store]]
            chosen[store] = best
        if chosen == before and not _together(running, crossing, chosen, total):
            break
        total = np.sum([part[at] for part, at in zip(running, chosen, strict=True)], axis=0)
    moved = np.mean([part != part[at] for part, at in zip(running, chosen, strict=True)], axis=(0, 1)) > MOVED
    if crossing.proof(total, moved) < ASKED + len(running) * np.log(len(CUTS)):
        return [np.full(len(CUTS), 1 / len(CUTS)) for _ in running]
    return [chances(alone(store)) for store in range(len(running))]


def _together(running: Sequence[Ints], crossing: Crossing, chosen: list[int], total: Ints) -> bool:
    """Move two cut-offs at a time where that is likelier; one a turn."""
    if not 1 < len(running) <= PAIRED:
        return False
    now = float(crossing.cost(total))
    for one, other in combinations(range(len(running)), 2):
        rest = total - running[one][chosen[one]] - running[other][chosen[other]]
        cost = crossing.cost(rest + running[one][:, None, :] + running[other][None, :, :])
        at = np.unravel_index(int(np.argmin(cost)), cost.shape)
        if cost[at] < now - 1:
            chosen[one], chosen[other] = int(at[0]), int(at[1])
            return True
    return False


def nearest(cost: Floats) -> int:
    """The cheapest candidate; among equals a whole hour, then the one nearest to midnight."""
    return int(np.lexsort((CUTS, np.abs(CUTS), CUTS % 4 != 0, np.round(cost, 6)))[0])


def chances(cost: Floats) -> Floats:
    """Costs as chances that add up to 1."""
    odds = np.exp(cost.min() - cost)
    return np.asarray(odds / odds.sum())


def likeliest(chance: Floats, first: int) -> int:
    """The likeliest cut-off in steps; the first guess where all are alike."""
    return first if np.ptp(chance) == 0 else int(CUTS[nearest(-np.log(chance + UNLIKELY))])
