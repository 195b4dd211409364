"""What one day in the making shares: the world, its rows and numbers, its plants, the spots where no goods move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from random import Random

    from he_sync.sandbox.state import State
    from he_sync.sandbox.world.plants import Plants
    from he_sync.sandbox.world.rows import Numbers, Rows
    from he_sync.sandbox.world.whole import World

from he_sync.sandbox.world.randomness import stream

Spot = tuple[int, int]
"""Place number and item index."""


@dataclass(frozen=True)
class Today:
    """One day in the making."""

    state: State
    world: World
    rows: Rows
    numbers: Numbers
    plants: Plants
    stuck: set[Spot]

    @property
    def day(self) -> date:
        """The business date."""
        return self.plants.day

    def chance(self, topic: str) -> Random:
        """The day's stream of a topic."""
        return stream(self.world.seed, topic, self.day)
