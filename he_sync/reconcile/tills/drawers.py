"""Cash over and short by register: what the drawer's count has beyond what was taken, paid in and paid out.

The count is not in what the POS serves (reference heartland: not found); finance gives it as a file. A register without
a count is named, never taken for right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Place = tuple[str, str]
"""Store and register."""


@dataclass(frozen=True)
class Count:
    """A drawer as it was counted at the date's end, minor units; `opening` is the float that it began with."""

    store: str
    register: str
    counted: int
    opening: int = 0
    paid_in: int = 0
    paid_out: int = 0


@dataclass(frozen=True)
class Drawer:
    """A register's cash of a date. `over` is what it holds too much, negative when short; None: nobody counted it."""

    store: str
    register: str
    taken: int
    expected: int
    counted: int | None

    @property
    def over(self) -> int | None:
        """Counted less expected."""
        return None if self.counted is None else self.counted - self.expected


def drawers(taken: Mapping[Place, int], counts: Iterable[Count]) -> tuple[Drawer, ...]:
    """Each register that took cash or was counted, by store and register."""
    counted = {(one.store, one.register): one for one in counts}
    return tuple(_drawer(place, taken.get(place, 0), counted.get(place)) for place in sorted({*taken, *counted}))


def _drawer(place: Place, taken: int, count: Count | None) -> Drawer:
    if count is None:
        return Drawer(*place, taken, taken, None)
    expected = count.opening + taken + count.paid_in - count.paid_out
    return Drawer(*place, taken, expected, count.counted)


def over_by_store(found: Iterable[Drawer]) -> dict[str, int]:
    """What the counted drawers of each store hold too much together; stores at nothing left out."""
    sums: dict[str, int] = {}
    for one in found:
        if one.over is not None:
            sums[one.store] = sums.get(one.store, 0) + one.over
    return {store: cents for store, cents in sums.items() if cents}
