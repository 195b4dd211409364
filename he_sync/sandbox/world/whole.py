"""The world as one value: what seed and size make of places, goods and people, the same in every process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from he_sync.sandbox.world.catalogue import Item, carries, catalogue, not_yet
from he_sync.sandbox.world.people import Customer, first_evening
from he_sync.sandbox.world.places import SIZES, Place, Size, places, retailer

if TYPE_CHECKING:
    from he_sync.model.retailer import Retailer


@dataclass(frozen=True)
class World:
    """All that does not change from day to day."""

    seed: int
    name: str
    size: Size
    places: tuple[Place, ...]
    items: tuple[Item, ...]
    people: tuple[Customer, ...]
    retailer: Retailer

    @property
    def stores(self) -> tuple[Place, ...]:
        """The places that sell."""
        return self.places[:-1]

    @property
    def centre(self) -> Place:
        """The distribution centre."""
        return self.places[-1]

    @cached_property
    def by_code(self) -> dict[str, Place]:
        """Places by our code."""
        return {place.code: place for place in self.places}

    @cached_property
    def by_public_id(self) -> dict[str, Item]:
        """Items by public id, which is the part number."""
        return {item.public_id: item for item in self.items}

    def keeps(self, place: Place, item: Item) -> bool:
        """Whether a place keeps an item in stock."""
        return carries(place, item, self.size.share) and not not_yet(place, item)

    def stocked(self, place: Place) -> list[Item]:
        """The items a place keeps in stock."""
        return [item for item in self.items if self.keeps(place, item)]

    def not_yet_stocked(self, place: Place) -> list[Item]:
        """The items of its range that have not come in yet."""
        return [item for item in self.items if carries(place, item, self.size.share) and not_yet(place, item)]


@lru_cache(maxsize=4)
def whole(seed: int, name: str) -> World:
    """The world of a seed and a size. Raises ValueError for a size nobody declared."""
    if name not in SIZES:
        raise ValueError(f"size {name!r} is unknown; take one of {', '.join(SIZES)}")
    size = SIZES[name]
    return World(
        seed=seed,
        name=name,
        size=size,
        places=places(size),
        items=catalogue(seed, size.items),
        people=first_evening(seed, size.customers),
        retailer=retailer(size),
    )
