"""News of Epicor's counts as adjustment sets: what is under way is left alone, the rest is planned once.

A set is one effect, about its place: sets of a place go one after the other, line by line. It is written down together
with what it publishes, and with the movements that it levels and nobody else may tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from he_sync.connect.systems import Systems
from he_sync.flows import plan
from he_sync.flows.stock import shop as shops
from he_sync.flows.stock import untold as movements_there
from he_sync.flows.stock.letters import Trouble
from he_sync.flows.stock.untold import Untold
from he_sync.model.errors import BadRecord
from he_sync.model.quantity import MILLI, from_milli
from he_sync.model.retailer import Retailer
from he_sync.stock import push as pure
from he_sync.stock.policy import Policy
from he_sync.stock.push import Line, Plan, Set, Spot, Target
from he_sync.store import effects, movements, published, under_way
from he_sync.store.database import Store
from he_sync.store.effects import Effect, effect_key

KIND = "adjust_pos_set"
PUBLISHED = "stock"
"""How counts are called among what was published; the subject is that of the night's corrections."""
COUNTED = "its movement is in a count that is levelled"


@dataclass(frozen=True)
class Yard:
    """What stock flows work with. A set has `lines` at most; `most_milli` None sends changes of any size."""

    systems: Systems
    store: Store
    retailer: Retailer
    policy: Policy
    lines: int = 100
    most_milli: int | None = None

    @property
    def limited(self) -> Yard:
        """With the limit of the profile, over which a person must want it."""
        return replace(self, most_milli=self.retailer.limits.stock_units * MILLI)


@dataclass(frozen=True)
class News:
    """Counts that are news, from one page or several: by SKU the newest movement in them and the stocking unit."""

    targets: tuple[Target, ...] = ()
    marks: Mapping[str, int] = field(default_factory=dict)
    factors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Planned:
    """The pure plan of some news, what is held back and why, and the movements behind the rest."""

    plan: Plan
    held: Mapping[Spot, str]
    untold: Untold
    items: Mapping[Spot, tuple[int, int]]
    troubles: tuple[Trouble, ...]


def subject(spot: Spot) -> str:
    """What effects and differences about a spot are called."""
    return f"item {spot[0]} @ {spot[1]}"


def news(yard: Yard, targets: Iterable[Target]) -> list[Target]:
    """The counts that were not published as they are, of places that Epicor owns."""
    owned = [one for one in targets if yard.retailer.stock_owner(one.item.klass, one.location) == "epicor"]
    known = published.of(yard.store, PUBLISHED, [subject(one.spot) for one in owned])
    return [one for one in owned if (was := known.get(subject(one.spot))) is None or was.content != one.content]


def planned(yard: Yard, some: News, unbooked: Iterable[shops.Cell], shut: Mapping[str, str], now: datetime) -> Planned:
    """Plan the news against the latest read of the shop. Nothing is written anywhere.

    `unbooked` are cells of the shop whose movements Epicor was not told yet, `shut` the places that it has closed.
    """
    untold = movements_there.read(yard.store, yard.systems, yard.retailer, some.marks, now)
    shop = shops.read(yard.systems.heartland, yard.retailer, [one.spot for one in some.targets])
    held = _held(yard, some.targets, untold)
    held |= _not_booked(yard, some.targets, shop, set(unbooked))
    troubles = [_shut(one, shut[one.location]) for one in some.targets if one.location in shut]
    troubles += [_twice(sku, ids) for sku, ids in sorted(shop.twice.items())]
    going = [
        replace(one, item=replace(one.item, fractional=one.item.fractional or one.item.sku in shop.fractional))
        for one in some.targets
        if one.spot not in held and one.location not in shut and one.item.sku not in shop.twice
    ]
    made = pure.plan(going, shop.reads, {}, yard.retailer.stock_owner, lines=yard.lines, most_milli=yard.most_milli)
    troubles += [_refused(spot, why) for spot, why in made.refused]
    items = {spot: (one.item_id, some.factors.get(spot[0], 1)) for spot, one in shop.reads.items()}
    return Planned(made, held, untold, items, tuple(troubles))


def _held(yard: Yard, targets: Sequence[Target], untold: Untold) -> dict[Spot, str]:
    """What an earlier write, a booking or a pack of the spot still moves."""
    with yard.store.begin() as connection:
        names = [subject(one.spot) for one in targets]
        busy = under_way.unfinished(connection, names)
        sent = published.of(connection, PUBLISHED, names)
    began = min((one.count.at for one in targets), default=None)
    late = {(one.sku, one.place) for one in movements.unsettled(yard.store, {one.item.sku for one in targets}, began)}
    held = {}
    for one in targets:
        name = subject(one.spot)
        if why := busy.get(name) or (sent[name].under_way and "a set of it is under way" if name in sent else ""):
            held[one.spot] = why
        elif one.spot in late:
            held[one.spot] = "Epicor may not have counted what was booked of it lately"
        elif why := movements_there.waits(yard.store, untold, one.spot):
            held[one.spot] = why
    return held


def _not_booked(yard: Yard, targets: Sequence[Target], shop: shops.Shop, unbooked: set[shops.Cell]) -> dict[Spot, str]:
    ids = {store.code: store.location_id for store in yard.retailer.stores}
    return {
        one.spot: "the shop moved it and Epicor was not told yet"
        for one in targets
        if (read := shop.reads.get(one.spot)) and (read.item_id, ids[one.location]) in unbooked
    }


def _shut(one: Target, why: str) -> Trouble:
    return Trouble("heartland", subject(one.spot), "its place is open", f"{why}; close its warehouse or open it again")


def _twice(sku: str, ids: Sequence[int]) -> Trouble:
    names = " and ".join(map(str, ids))
    text = f"items {names} of Heartland are both called {sku}, and one may be master of its count; rename one"
    return Trouble("heartland", f"item {sku}", "has one master", text)


def _refused(spot: Spot, why: str) -> Trouble:
    rule = "is an item of the shop" if "no item of the shop" in why else "has one count in whole units"
    return Trouble("epicor", subject(spot), rule, f"{subject(spot)}: {why}")


# writing down


def commit(yard: Yard, made: Planned, now: datetime) -> dict[Spot, str]:
    """Write down the sets, each in a transaction of its own; gives the spots that somebody was quicker with."""
    equal = {subject(one.spot): one.content for one in made.plan.equal}
    yard.store.run(lambda connection: published.put(connection, PUBLISHED, equal, None, now))
    held: dict[Spot, str] = {}
    for one in made.plan.sets:
        try:
            yard.store.run(lambda connection, one=one: _commit(connection, yard, made, one, now))  # type: ignore[misc] # a default binds the loop's value
        except BadRecord as error:
            held |= {(line.sku, one.location): str(error) for line in one.lines}
    return held


def _commit(connection: Connection, yard: Yard, made: Planned, one: Set, now: datetime) -> None:
    """Raises BadRecord where a movement of the set is told by somebody else meanwhile."""
    day = now.date().isoformat()
    spots = [(line.sku, one.location) for line in one.lines]
    claims = [
        claim
        for spot in spots
        for claim in movements_there.claims(made.untold, spot, made.items[spot], yard.retailer, day)
    ]
    effects.plan_in(connection, claims)
    for claim in claims:
        effects.withdraw_in(connection, claim.key, "he-sync", COUNTED)
    told = under_way.states(connection, [claim.key for claim in claims])
    for claim in claims:
        if told[claim.key] not in effects.DONE:
            raise BadRecord(f"{claim.summary}: the event path tells it just now")
    effect = _not_withdrawn(connection, effect_of(one, yard.retailer, day))
    effects.plan_in(connection, [effect])
    contents = {subject((line.sku, one.location)): line.content for line in one.lines}
    published.put(connection, PUBLISHED, contents, effect.key, now)


def _not_withdrawn(connection: Connection, effect: Effect) -> Effect:
    """The same change of the same reads may be planned again after it was refused, e.g. for a place that was closed."""
    again, turn = effect, 1
    while under_way.states(connection, [again.key]).get(again.key) == "withdrawn":
        turn += 1
        again = replace(effect, key=effect_key(effect.key, KIND, effect.entity, str(turn), "", ""))
    return again


def effect_of(one: Set, retailer: Retailer, day: str) -> Effect:
    """The set as an effect: what it stands on is in its body, so that whoever sends it can tell that it is stale."""
    store = next(each for each in retailer.stores if each.code == one.location)
    entity = f"stock @ {one.location}"
    body = {
        "place": one.location,
        "location_id": store.location_id,
        "reason_id": retailer.heartland_adjustment_reason_id,
        "mark": min(int(line.version) for line in one.lines),
        "read_at": one.read_at.isoformat(),
        "lines": [_body(line) for line in one.lines],
    }
    units = from_milli(sum(abs(line.delta_milli) for line in one.lines))
    text = f"{len(one.lines)} counts of {one.location}, {units:f} units moved"
    name = plan.key(retailer, KIND, entity, one.key)
    return Effect(name, KIND, "heartland", entity, day, body, limit_ok=True, summary=text)


def _body(line: Line) -> dict[str, object]:
    amounts = {"old": from_milli(line.old_milli), "delta": from_milli(line.delta_milli)}
    return {"sku": line.sku, "item_id": line.item_id, "class": line.klass, **amounts}
