"""What is known of an item at a location, each figure with its source, its time and its record; quantities in milli.

`*_milli` and `milli` are int64 thousandths of the item's base unit (model/quantity.py). Nothing here is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from he_sync.model.errors import BadRecord
from he_sync.model.quantity import MILLI, from_milli

Side = Literal["heartland", "epicor"]


@dataclass(frozen=True)
class Figure:
    """A quantity as one system stated it: in which record, read when (UTC)."""

    milli: int
    source: str
    at: datetime
    record: str


@dataclass(frozen=True)
class Held:
    """What one document holds, under a key that is the same in both systems, e.g. HR-O117060."""

    side: Side
    document: str
    figure: Figure


@dataclass(frozen=True)
class Inbound:
    """What is to arrive: a purchase, a transfer or a job, and on which day; None where nobody says."""

    due: date | None
    figure: Figure


@dataclass(frozen=True)
class Sold:
    """What was sold over so many days, for days of cover."""

    figure: Figure
    days: int


@dataclass(frozen=True)
class Item:
    """What the rules ask of an item. `components` are (sku, milli in one kit); `lead_days` makes it made to order."""

    sku: str
    klass: str = ""
    fractional: bool = False
    lead_days: int | None = None
    components: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Cell:
    """An item at a location.

    `on_hand` is the owner's; `beside` is what the other system counts. `moved` are movements that the owner does not
    know yet, signed: a lagging ERP has not heard of the last sales; `pending` are some that nobody made yet. `held`
    lists the documents behind `reserved` (Epicor) and `committed` (Heartland) as far as they are known.
    """

    sku: str
    location: str
    on_hand: Figure
    reserved: Figure | None = None
    allocated: Figure | None = None
    committed: Figure | None = None
    held: tuple[Held, ...] = ()
    moved: tuple[Figure, ...] = ()
    inbound: tuple[Inbound, ...] = ()
    sold: Sold | None = None
    beside: Figure | None = None
    pending: tuple[Figure, ...] = ()


def refuse_fractions(item: Item, cell: Cell) -> None:
    """Raises BadRecord with the record of the first figure that is no whole unit of an item sold by whole units."""
    some = (cell.on_hand, cell.reserved, cell.allocated, cell.committed, *(one.figure for one in cell.held))
    for figure in (*some, *cell.moved, *(one.figure for one in cell.inbound)):
        if figure and figure.milli % MILLI and not item.fractional:
            raise BadRecord(
                f"{figure.record}: {from_milli(figure.milli)} of item {item.sku}, which is sold by whole units; correct"
                " the count or allow fractions of the item"
            )
