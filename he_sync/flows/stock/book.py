"""The shop's movements to Epicor: each line of its ledger is taken once and booked once.

Sales, transfers and receipts are facts wherever they happen; a count or an adjustment is a count's own business, and
only its owner's counts. What Epicor moves itself (packs, returns with their receipt) is left to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from he_sync.flows import plan
from he_sync.flows import push as pushing
from he_sync.flows.benches import bench
from he_sync.flows.stock import ledger, shop
from he_sync.flows.stock.ledger import Decided
from he_sync.flows.stock.letters import Trouble
from he_sync.flows.stock.sets import PUBLISHED, Yard, subject
from he_sync.model.calendar import business_date
from he_sync.model.quantity import MILLI, from_milli
from he_sync.model.retailer import Retailer
from he_sync.model.retailer import Store as Place
from he_sync.store import cursors, dead_letters, effects, movements, published
from he_sync.store.effects import Effect

KIND = "book_pos_movement"
CURSOR, BEGIN = "heartland/inventory booked", "heartland/inventory booked from"
OVERLAP = 500
"""Ids read again below the newest that was taken: a movement may be committed behind a later one's id."""
PAGE = 1_000
NAMED = 3
"""Documents that a summary names."""
EVEN = "it came to nothing with the others of its day"
Row = Mapping[str, Any]


@dataclass
class Booking:
    """Lines that were taken, what became of them, and what a person must see."""

    taken: int = 0
    booked: int = 0
    left: Counter[str] = field(default_factory=Counter)
    effects: list[Effect] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    stopped: str = ""


def unbooked(yard: Yard) -> set[shop.Cell]:
    """Cells that the shop moved and whose movement was not taken yet. Before the first booking nothing counts.

    What we wrote there, and what Epicor moves itself, is no news to Epicor.
    """
    last, found = cursors.read(yard.store, CURSOR).value, set()
    for rows in _pages(yard, int(last)) if last else ():
        for row, one in zip(rows, _decided(yard, rows), strict=True):
            if not one.movement.why or one.movement.why.startswith(movements.WAITS):
                found.add((int(row["item_id"]), int(row["location_id"])))
    return found


def propose(yard: Yard) -> Booking:
    """What would be booked. Nothing is written anywhere."""
    out, last = Booking(), cursors.read(yard.store, CURSOR).value
    for rows in _pages(yard, int(last)) if last else ():
        _count(out, _decided(yard, rows), yard.retailer)
    return out


def take(yard: Yard, now: datetime) -> Booking:
    """Take what the ledger has, page by page, each in one transaction with its effects and the cursor.

    The first look takes nothing: what moved before it is levelled by the nightly comparison.
    """
    out, last = Booking(), cursors.read(yard.store, CURSOR).value
    if not last:
        newest = f"{shop.newest(yard.systems.heartland):020d}"
        yard.store.run(lambda connection: [cursors.move(connection, name, newest, now) for name in (BEGIN, CURSOR)])
        return out
    _again(yard, out, now)
    top = int(last)
    for rows in _pages(yard, top):
        top = max(top, *(int(row["id"]) for row in rows))
        _take(yard, out, rows, top, now)
    yard.store.run(lambda connection: cursors.move(connection, CURSOR, f"{top:020d}", now))
    return out


def push(yard: Yard, worker: str, now: pushing.Clock | None = None) -> Booking:
    """Take what moved and book it."""
    out = take(yard, datetime.now(UTC))
    done = pushing.push(yard.store, bench(yard.store, yard.systems, yard.retailer), worker, "epicor", now)
    out.states, out.problems, out.stopped = done.states, done.problems, done.stopped
    return out


def _pages(yard: Yard, last: int) -> Iterator[Sequence[Row]]:
    """Lines that change what is on hand and were not taken yet; what an order commits is no movement."""
    start = max(int(cursors.read(yard.store, BEGIN).value), last - OVERLAP)
    for page in yard.systems.heartland.walk(shop.LEDGER, start=start, page_size=PAGE):
        known = movements.known(yard.store, [int(row["id"]) for row in page])
        if rows := [row for row in page if row.get("delta_qty") and int(row["id"]) not in known]:
            yield rows


def _again(yard: Yard, out: Booking, now: datetime) -> None:
    """What waited for a person is decided anew, with the profile and the parts as they are now."""
    if numbers := movements.waiting(yard.store):
        rows = yard.systems.heartland.by_ids(shop.LEDGER, numbers)
        _take(yard, out, [rows[number] for number in sorted(rows)], 0, now)


def _decided(yard: Yard, rows: Sequence[Row]) -> list[Decided]:
    known = ledger.look_up(yard.systems, yard.retailer, rows)
    return list(ledger.decide(rows, known, yard.retailer))


def _take(yard: Yard, out: Booking, rows: Sequence[Row], top: int, now: datetime) -> None:
    decided = _decided(yard, rows)
    made = _count(out, decided, yard.retailer)
    yard.store.run(lambda connection: _commit(connection, decided, made, top, now))


Made = list[tuple[Effect, list[Decided]]]


def _count(out: Booking, decided: Sequence[Decided], retailer: Retailer) -> Made:
    """Count lines in; gives the effects with the lines of each."""
    going = [one for one in decided if not one.movement.why]
    made = list(_effects(going, retailer))
    out.taken, out.booked = out.taken + len(decided), out.booked + len(going)
    out.left.update(one.movement.why.partition(":")[0] for one in decided if one.movement.why)
    out.troubles += [one.trouble for one in decided if one.trouble]
    out.effects += [effect for effect, _ in made]
    return made


def _effects(going: Iterable[Decided], retailer: Retailer) -> Iterator[tuple[Effect, list[Decided]]]:
    """One transaction in Epicor for what moved of an item at a place on a day; counts apart from movements."""
    stores = {one.code: one for one in retailer.stores}
    groups: dict[tuple[str, str, bool, str], list[Decided]] = {}
    for one in going:
        store = stores[one.movement.place]
        day = business_date(one.movement.moved_at, store.timezone, store.rollover_hour).isoformat()
        groups.setdefault((one.movement.sku, store.code, one.is_count, day), []).append(one)
    for (_, code, _, day), some in groups.items():
        milli = sum(one.movement.milli for one in some)
        if milli:
            yield _effect(some, milli, stores[code], (retailer, day)), some


def _effect(some: Sequence[Decided], milli: int, store: Place, of: tuple[Retailer, str]) -> Effect:
    (retailer, day), first = of, some[0]
    name, delta = subject((first.movement.sku, store.code)), from_milli(milli)
    documents = ", ".join(dict.fromkeys(one.movement.document for one in some[:NAMED]))
    more = f" and {len(some) - NAMED} more" if len(some) > NAMED else ""
    numbers = [one.movement.number for one in some]
    place = {"part": first.movement.sku, "warehouse": store.warehouse, "bin": store.bin, "place": store.code}
    moved = {"delta": delta, "unit": retailer.units.base, "date": day}
    body = {**place, **moved, "class": first.klass, "counts": first.is_count, "movements": numbers}
    key = plan.key(retailer, KIND, name, f"{numbers[0]}-{numbers[-1]}-{len(numbers)}")
    most = retailer.limits.stock_units
    under = not first.is_count or abs(milli) <= most * MILLI
    because = "" if under else f"a count that moves {delta:+f}, more than {most} pieces"
    text = f"{name}: {delta:+f} by {documents}{more}"
    return Effect(key, KIND, "epicor", name, day, body, limit_ok=under, summary=text, waits_because=because)


def _commit(connection: Connection, decided: Sequence[Decided], made: Made, top: int, now: datetime) -> None:
    effects.plan_in(connection, [effect for effect, _ in made])
    keys = {one.movement.number: effect.key for effect, some in made for one in some}
    lines = [replace(one.movement, effect_key=keys.get(one.movement.number, "")) for one in decided]
    movements.put(connection, [one if one.effect_key or one.why else replace(one, why=EVEN) for one in lines])
    foreign = [subject((one.movement.sku, one.movement.place)) for one in decided if one.is_count and one.movement.why]
    published.forget(connection, PUBLISHED, foreign)
    day = now.date().isoformat()
    dead_letters.put_in(connection, [one.trouble.letter(day) for one in decided if one.trouble])
    if top:
        cursors.move(connection, CURSOR, f"{top:020d}", now)
