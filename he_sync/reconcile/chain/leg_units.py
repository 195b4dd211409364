"""From deposits and batches of a leg to units in order: which deposit pays which batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from he_sync.reconcile.chain.blind_legs import Batch, Due, Unit
from he_sync.reconcile.chain.day_deposits import Pairing
from he_sync.reconcile.chain.leg_batches import LegBatches


def make_units(books: LegBatches) -> list[Unit]:
    """Pair deposits with batches: one for all of a value date, else one a day or one a batch, as is more exact."""
    leg = books.leg
    value_of = {batch: books.ground.value(batch, leg.brand) for batch in books.rows_of}
    dues: dict[int, list[Due]] = defaultdict(list)
    for due in leg.deposits:
        dues[due.day].append(due)
    if all(len(some) == 1 for some in dues.values()):
        groups = _grouped(value_of, lambda batch: value_of[batch])
        return [
            Unit(dues[value][0] if value in dues else None, groups.get(value, []), value)
            for value in sorted(set(groups) | set(dues))
        ]
    value_of |= _without_lines(books, value_of, dues)
    ways = [_grouped(value_of, lambda batch: (batch[1], 0)), _grouped(value_of, lambda batch: (batch[1], batch[0]))]
    pairings = [Pairing([*way.values()], leg.deposits, value_of, books) for way in ways]
    return max(pairings, key=lambda pairing: pairing.exact).units()


def _without_lines(books: LegBatches, value_of: dict[Batch, int], dues: dict[int, list[Due]]) -> dict[Batch, int]:
    """Batches of days without sales on whose value date a deposit came: what slipped into them is all they have."""
    ground, brand = books.ground, books.leg.brand
    bare = set(dues) - set(value_of.values())
    found: dict[Batch, int] = {}
    for day in range(ground.first, ground.first + ground.days):
        value = ground.value((0, day), brand)
        if value in bare:
            found |= dict.fromkeys(((store, day) for store in sorted({store for store, _ in value_of})), value)
    books.rows_of |= dict.fromkeys(found, np.empty(0, np.int64))
    books.amount |= dict.fromkeys(found, 0)
    return found


def _grouped(batches: Iterable[Batch], key: Callable[[Batch], Any]) -> dict[Any, list[Batch]]:
    groups: dict[Any, list[Batch]] = defaultdict(list)
    for batch in sorted(batches, key=lambda one: (one[1], one[0])):
        groups[key(batch)].append(batch)
    return dict(groups)


def lanes(units: list[Unit]) -> list[list[Unit]]:
    """Units whose money moves only among themselves: a store's own where every deposit pays one store."""
    if any(len(unit.stores) > 1 for unit in units):
        return [units]
    found: dict[int, list[Unit]] = defaultdict(list)
    for unit in units:
        found[unit.batches[0][0] if unit.batches else -1].append(unit)
    return [found[store] for store in sorted(found)]


def carry(books: LegBatches, lane: list[Unit]) -> None:
    """A batch that nothing paid, though the ledger tells of all deposits, went into the next one as a whole.

    So did one of refunds alone, wherever it is told.
    """
    for i, unit in enumerate(lane):
        if unit.due or not unit.batches:
            continue
        total = -books.gap(unit)
        following = next((later for later in lane[i + 1 :] if later.due is not None), None)
        if following is None or abs(total) > books.plausible:
            continue
        if total <= 0 or not books.leg.only_bank:
            following.batches = [*unit.batches, *following.batches]
            unit.batches = []
    lane[:] = [unit for unit in lane if unit.due or unit.batches]
