"""How much of the stock is offered: buffers by class, location and channel, what counts as held and as arriving."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from he_sync.model.errors import FixSettings
from he_sync.model.quantity import to_milli
from he_sync.model.retailer import Record
from he_sync.stock.figures import Item

BASIS = 10_000
"""Basis points in the whole."""


class Buffer(Record):
    """What is kept back, the largest of the three; of several that fit an item's place the first counts.

    An empty tuple fits every class, location or channel.
    """

    classes: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    units: Annotated[int, Field(ge=0)] = 0
    percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)] = Decimal(0)
    days: Annotated[int, Field(ge=0, le=3650, description="Days of cover at the rate of recent sales")] = 0

    @cached_property
    def basis_points(self) -> int:
        """The percentage, exactly."""
        return int(self.percent * 100)

    def fits(self, klass: str, location: str, channel: str) -> bool:
        """Whether it is meant for this class, location and channel."""
        asked = ((self.classes, klass), (self.locations, location), (self.channels, channel))
        return all(not named or one in named for named, one in asked)


Quantity = Annotated[Decimal, Field(gt=0, decimal_places=3)]


class Policy(Record):
    """The rules of one retailer.

    `commitments`: "larger" takes what both systems hold for the same orders, as it is where every order flows to the
    other side; "documents" counts once only what a document on both sides proves. `allocated` subtracts Epicor's
    allocations beside its reservations. `inbound_days` None counts nothing that has not arrived.
    """

    commitments: Literal["larger", "documents"] = "larger"
    allocated: bool = False
    inbound_days: Annotated[int, Field(ge=0)] | None = None
    buffers: tuple[Buffer, ...] = ()
    channels: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Locations that a channel sells from"
    )

    fractional: tuple[str, ...] = Field(default=(), description="SKUs and classes that are sold by fractions of a unit")
    lead_days: dict[str, int] = Field(default_factory=dict, description="By SKU or class of what is made to order")
    kits: dict[str, dict[str, Quantity]] = Field(default_factory=dict, description="Components of one kit, by SKU")

    def item(self, sku: str, klass: str = "") -> Item:
        """An item as the rules see it; what names its SKU counts more than what names its class."""
        lead = self.lead_days.get(sku, self.lead_days.get(klass))
        parts = tuple((part, to_milli(per)) for part, per in self.kits.get(sku, {}).items())
        return Item(sku, klass, bool({sku, klass} & set(self.fractional)), lead, parts)

    def buffer(self, klass: str, location: str, channel: str) -> Buffer:
        """The buffer that counts; none is a buffer of nothing."""
        return next((one for one in self.buffers if one.fits(klass, location, channel)), NO_BUFFER)


NO_BUFFER = Buffer()
"""Where no rule fits."""


def read_policy(path: Path) -> Policy:
    """Read a policy in YAML. Raises FixSettings with file, place and rule of the first thing that is wrong."""
    try:
        return Policy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except OSError as error:
        raise FixSettings(f"{path}: cannot read the stock policy ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise FixSettings(f"{path}: not YAML ({error})".replace("\n", " ")) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise FixSettings(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
