"""Odds that a run has computed, by all that they hang on: a later run of the same engine need not compute them again.

A night adds a day to a store's days; the boundaries of the others, and what may slip there, are the same as before. A
table of odds takes 0.2 ms, a look at its inputs 0.01 ms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from he_sync.reconcile.chain.keys import AnyInts, Floats, Ints
from he_sync.reconcile.chain.known_paths import KnownPaths
from he_sync.reconcile.chain.slip_odds import OTHER, SlipOdds


class OddsAt:
    """The odds of one boundary's lines at some amounts only, as `SlipOdds` gives them."""

    def __init__(self, amounts: Ints, odds: Floats, size: int) -> None:
        self.size, self.other = size, OTHER / size
        self._amounts, first = np.unique(amounts, return_index=True)
        self._odds = odds[first]

    def of(self, amount: AnyInts | int) -> Floats:
        """Odds of amounts that are among those known."""
        return np.asarray(self._odds[np.searchsorted(self._amounts, amount)])


@dataclass
class KnownOdds:
    """What is known, and what of it and of new odds was `used`, by a hash of lines, share, size and amounts.

    Beside them the `paths` of lanes that the report's order cuts, which are known in the same way.
    """

    known: Mapping[bytes, Floats] = field(default_factory=dict)
    used: dict[bytes, Floats] = field(default_factory=dict)
    paths: KnownPaths = field(default_factory=KnownPaths)

    def anew(self) -> KnownOdds:
        """The same knowledge, nothing used."""
        return KnownOdds(self.known, paths=KnownPaths(self.paths.known))

    def at(self, lines: Ints, share: float, size: int, amounts: Ints) -> OddsAt:
        """The odds of some amounts, with `lines` by their amounts and the chance of each to slip."""
        head = np.array([share, size, len(lines)]).tobytes()
        key = hashlib.blake2b(head + lines.tobytes() + amounts.tobytes(), digest_size=16).digest()
        odds = self.known.get(key)
        if odds is None or len(odds) != len(amounts):
            odds = SlipOdds(lines, share, size).of(amounts)
        self.used[key] = odds
        return OddsAt(amounts, odds, size)
