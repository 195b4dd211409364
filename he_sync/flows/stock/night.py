"""What the nightly comparison must leave alone: counts that bookings or sets moved around the time when it looked.

A difference between two counts may be nothing but a movement that one side has and the other is about to be told.
Whoever corrected it would move the same units a second time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from he_sync.flows.stock import book
from he_sync.flows.stock.sets import PUBLISHED, Yard
from he_sync.model.errors import FixInput
from he_sync.store import cursors, movements, published
from he_sync.store.database import Store
from he_sync.store.lake import Lake

PULLS = ("heartland/stock", "epicor/parts")
SKEW = timedelta(minutes=2)
"""How far the shop's clock may be from ours."""
NOT_READ = "the shop's movements were not read since its counts"


def catch_up(yard: Yard, now: datetime) -> book.Booking:
    """Take what the shop moved until now, where bookings were ever begun: then the plan knows what is on its way."""
    begun = cursors.read(yard.store, book.CURSOR).value
    return book.take(yard, now) if begun else book.Booking()


def moving(store: Store, lake: Lake, day: str, subjects: Iterable[str]) -> dict[str, str]:
    """Of these subjects ("item SKU @ PLACE") the ones whose difference may be a movement under way, and why."""
    wanted = {name: _spot(name) for name in subjects}
    span = read_between(lake, day)
    if not wanted or span is None:
        return {}
    began, ended = span
    held = {
        name: "a set of it was sent since it was read"
        for name, one in published.of(store, PUBLISHED, wanted).items()
        if one.under_way or (one.since and one.since >= began)
    }
    cursor = cursors.read(store, book.CURSOR)
    if cursor.moved_at is None:
        return held
    if cursor.moved_at < ended:
        return dict.fromkeys(wanted, NOT_READ) | held
    skus = {sku for sku, _ in wanted.values()}
    late = [*movements.unsettled(store, skus, began), *movements.lately(store, skus, began - SKEW)]
    spots = {(one.sku, one.place): f"{one.document} moved it and Epicor may not have counted it" for one in late}
    return {name: spots[spot] for name, spot in wanted.items() if spot in spots} | held


def _spot(name: str) -> tuple[str, str]:
    sku, _, place = name.removeprefix("item ").partition(" @ ")
    return sku, place


def read_between(lake: Lake, day: str) -> tuple[datetime, datetime] | None:
    """When the day's counts were read, first call to last; None where they were not."""
    try:
        facts = [lake.current("raw", name, day).facts for name in PULLS]
    except FixInput:
        return None
    if not all("began" in one for one in facts):
        return None
    began = [datetime.fromisoformat(str(one["began"])) for one in facts]
    ended = [start + timedelta(seconds=float(one["seconds"])) for start, one in zip(began, facts, strict=True)]
    return min(began), max(ended)
