"""What stays of a leg's running residual: money that slipped comes back with the next deposit, a shortfall does not."""

from __future__ import annotations

import numpy as np

from he_sync.reconcile.chain.keys import Ints, Mask
from he_sync.reconcile.chain.slip_odds import USUAL

NEVER = 80.0  # cost of a residual larger than what can slip
CHANGE = 1e-3  # share of deposits that differ for good


def levels(running: Ints, lines: Ints, plausible: int, unpaid: Mask) -> Ints:
    """The part of each running residual that is there for good, by the cheapest path.

    A boundary costs what its residual above the level is worth as evidence (`lines` might have slipped there, of
    `plausible` minor units at most), a change of level what such a deposit is. The level may change where a deposit is
    `unpaid` at no cost: what slipped into it never came.
    """
    states = np.unique(np.append(running, 0))
    none = USUAL * np.maximum(lines, 1)[:, None]
    off = np.abs(running[:, None] - states[None, :])
    some = np.log(2 * max(plausible, 1)) - np.log(-np.expm1(-none))
    cost = np.where(off == 0, none, np.where(off <= plausible, some, NEVER))
    change = np.where(unpaid, 1.0, np.log(2 * max(plausible, 1) / CHANGE))
    total = np.where(states == 0, 0.0, NEVER * NEVER)
    came = np.zeros(cost.shape, np.int64)
    for i in range(len(running)):
        best = int(np.argmin(total))
        stays = total <= total[best] + change[i]
        came[i] = np.where(stays, np.arange(len(states)), best)
        total = np.where(stays, total, total[best] + change[i]) + cost[i]
    at, path = int(np.argmin(total)), np.zeros(len(running), np.int64)
    for i in range(len(running) - 1, -1, -1):
        path[i] = states[at]
        at = int(came[i, at])
    return path
