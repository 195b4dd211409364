"""A day's stock as both systems had it: what is below nothing, how far they are apart by place, what to count again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from he_sync.flows.compare import from_frame
from he_sync.flows.stock import book
from he_sync.flows.stock.night import PULLS, read_between
from he_sync.model.contract import records
from he_sync.model.difference import Difference
from he_sync.model.quantity import MILLI, from_milli
from he_sync.store import cursors, movements
from he_sync.store.database import Store
from he_sync.store.lake import Lake

APART = timedelta(hours=1)
"""Between the reads of both sides: counts that are further apart are of two different evenings."""
BOOKED_WITHIN = timedelta(days=1)
RECOUNT_MINOR = 10_000
"""Worth of a drift from which on a place is asked to count the item again: 100.00, about an hour of a clerk's time."""


@dataclass(frozen=True)
class Place:
    """One place: cells that differ, units apart without sign, and what they are worth at Epicor's price."""

    code: str
    cells: int
    milli: int
    minor: int


@dataclass(frozen=True)
class Drift:
    """Places by worth, the largest first, and items to count again, each with its worth."""

    places: tuple[Place, ...]
    recounts: tuple[tuple[Difference, int], ...]

    @property
    def minor(self) -> int:
        """What all of it is worth."""
        return sum(one.minor for one in self.places)


def levels(lake: Lake, day: str) -> pd.DataFrame:
    """What both sides counted, as pulled and made canonical."""
    return lake.read("canonical", "stock_levels", day)


def negatives(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """(record, cause) of counts below nothing: published as zero, never hidden."""
    found = rows[rows["available_milli"] < 0].sort_values(["store", "sku", "side"])
    return [(f"item {row.sku} @ {row.store}", _cause(row.side, row.on_hand_milli, row)) for row in records(found)]


def _cause(side: str, on_hand: int, row: object) -> str:
    reserved = int(getattr(row, "reserved_milli", 0))
    if on_hand < 0:
        return f"{side} counts {from_milli(on_hand):f} on hand"
    return f"{side} holds {from_milli(reserved):f} of {from_milli(on_hand):f} on hand"


def drift(lake: Lake, day: str) -> Drift:
    """The day's differences by place and worth."""
    products = lake.read("canonical", "products", day)
    priced = products[products["side"] == "epicor"]
    prices = dict(zip(priced["sku"], priced["price_minor"].astype(int), strict=True))
    found = [(one, _worth(one, prices)) for one in from_frame(lake.read("reconcile", "inventory", day))]
    codes = sorted({one.store for one, _ in found})
    places = [_place(code, [(one, minor) for one, minor in found if one.store == code]) for code in codes]
    again = sorted((pair for pair in found if pair[1] >= RECOUNT_MINOR), key=lambda pair: (-pair[1], pair[0].subject))
    return Drift(tuple(sorted(places, key=lambda one: (-one.minor, one.code))), tuple(again))


def _worth(one: Difference, prices: dict[str, int]) -> int:
    """Minor units of the units that differ, at the price of one; half a cent up."""
    sku = one.subject.removeprefix("item ").partition(" @ ")[0]
    return (abs(one.delta_milli) * prices.get(sku, 0) + MILLI // 2) // MILLI


def _place(code: str, some: Iterable[tuple[Difference, int]]) -> Place:
    pairs = list(some)
    return Place(code, len(pairs), sum(abs(one.delta_milli) for one, _ in pairs), sum(minor for _, minor in pairs))


def stale(lake: Lake, store: Store, day: str) -> list[str]:
    """Why the day's counts may not be compared as they are: one line a reason."""
    span = read_between(lake, day)
    if span is None:
        return [f"{' and '.join(PULLS)} were not pulled"]
    began, ended = span
    found = [f"both sides were read {ended - began} apart, more than {APART}"] if ended - began > APART else []
    cursor = cursors.read(store, book.CURSOR)
    if cursor.moved_at and ended - cursor.moved_at > BOOKED_WITHIN:
        found.append(f"the shop's movements were last booked at {cursor.moved_at:%Y-%m-%d %H:%M}")
    waiting = movements.waiting(store)
    return found + ([f"{len(waiting)} movements of the shop wait for a person"] if waiting else [])
