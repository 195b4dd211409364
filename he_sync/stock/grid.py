"""Available to sell of many cells at once, in dense int64 arrays: the numbers of `available.explain`, cell by cell.

Arrays are milli, one element a cell, all of one length. A million cells take about a tenth of a second; `explain` is
for the one that somebody asks about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from he_sync.model.errors import BadRecord
from he_sync.model.quantity import MILLI
from he_sync.stock.policy import BASIS, Policy

Milli = NDArray[np.int64]
MOST = 2**48
"""Milli in a cell: 280 billion units, and times BASIS still an int64."""


@dataclass(frozen=True)
class Cells:
    """Figures of cells. `proven` is what documents on both sides hold, `named` what documents hold on each side.

    `moved` and `inbound` are sums of what counts; `whole` says that the item is sold by whole units.
    """

    on_hand: Milli
    moved: Milli
    reserved: Milli
    allocated: Milli
    committed: Milli
    proven: Milli
    named_epicor: Milli
    named_heartland: Milli
    inbound: Milli
    sold: Milli
    whole: NDArray[np.bool_]


@dataclass(frozen=True)
class Buffers:
    """The buffer rule of each cell: milli, basis points and days of cover."""

    milli: Milli
    basis_points: Milli
    days: Milli


@dataclass(frozen=True)
class Levels:
    """`free` is before buffer and inbound: below zero it is an exception; `published` is what is offered."""

    free: Milli
    raw: Milli
    published: Milli


def buffers(policy: Policy, channel: str, classes: Sequence[str], locations: Sequence[str], at: Milli) -> Buffers:
    """The rule of each cell; `at` has the cell's class and location as columns of indexes into the names."""
    rules = [[policy.buffer(klass, location, channel) for location in locations] for klass in classes]
    tables = [
        [[rule.units * MILLI for rule in row] for row in rules],
        [[rule.basis_points for rule in row] for row in rules],
        [[rule.days for rule in row] for row in rules],
    ]
    return Buffers(*(np.array(table, np.int64)[at[:, 0], at[:, 1]] for table in tables))


def levels(cells: Cells, kept: Buffers, policy: Policy, sold_days: int = 1) -> Levels:
    """Levels of all cells. Raises BadRecord with the first cell whose figure is out of range or a refused fraction."""
    _check(cells)
    epicor = cells.reserved + (cells.allocated if policy.allocated else 0)
    there = cells.on_hand + cells.moved
    free = there - epicor - cells.committed + _shared(cells, policy, epicor)
    raw = free - _buffer(cells, kept, sold_days) + cells.inbound
    return Levels(free, raw, np.maximum(raw, 0))


def _check(cells: Cells) -> None:
    for one in fields(cells):
        values = getattr(cells, one.name)
        wrong = (np.abs(values) > MOST) if one.name != "whole" else np.zeros(1, bool)
        if one.name not in {"whole", "sold"}:
            wrong |= cells.whole & (values % MILLI != 0)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise BadRecord(f"cell {at}: {one.name} {values[at]} milli is out of range or a fraction of a whole item")


def _shared(cells: Cells, policy: Policy, epicor: Milli) -> Milli:
    both = cells.proven
    if policy.commitments == "larger":
        rest = np.minimum(epicor - cells.named_epicor, cells.committed - cells.named_heartland)
        both = both + np.maximum(rest, 0)
    found: Milli = np.maximum(np.minimum(both, np.minimum(epicor, cells.committed)), 0)
    return found


def _buffer(cells: Cells, kept: Buffers, sold_days: int) -> Milli:
    share = -(-np.maximum(cells.on_hand, 0) * kept.basis_points // BASIS)
    cover = -(-np.maximum(cells.sold, 0) * kept.days // sold_days)
    most = np.maximum(np.maximum(kept.milli, share), cover)
    found: Milli = np.where(cells.whole, -(-most // MILLI) * MILLI, most)
    return found


def kits(published: Milli, component: Milli, per: Milli, first: Milli) -> Milli:
    """Kits in milli by kit and location: whole ones that the scarcest component allows.

    `published` is items x locations. Kit k needs `per[i]` milli of item `component[i]` for i from `first[k]` on; each
    kit has a component. Sum over the last axis for a channel.
    """
    found: Milli = np.minimum.reduceat(published[component] // per[:, None], first, axis=0) * MILLI
    return found
