"""An item's stock at a place out of the last pulls and the effects since, as figures that name their records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from he_sync.connect import strict_json
from he_sync.mapping import epicor, heartland
from he_sync.model.errors import FixInput
from he_sync.model.quantity import to_milli
from he_sync.model.retailer import Retailer, Store
from he_sync.stock.available import NO_CHANNEL, Answer, explain
from he_sync.stock.figures import Cell, Figure, Inbound, Item, Sold
from he_sync.stock.kits import kit
from he_sync.stock.policy import Policy
from he_sync.stock.units import Unit, to_base
from he_sync.store import effects
from he_sync.store.database import Store as Memory
from he_sync.store.lake import Lake

Document = Mapping[str, Any]
ITEMS, VALUES, PARTS = "heartland/items", "heartland/stock", "epicor/parts"
ADJUSTED = {"heartland": "adjust_pos_stock", "epicor": "adjust_erp_stock"}
UNDER_WAY = ("planned", "waiting_approval", "intent", "doubtful")
WINDOW = 28
"""Days back that days of cover look at: four of each weekday."""
ON_THE_WAY = ("qty_in_transit", "qty_on_po")


@dataclass(frozen=True)
class Pulled:
    """The pulls of one day, with the memory that knows what was written since."""

    lake: Lake
    store: Memory
    retailer: Retailer
    day: str

    def read_at(self, entity: str) -> datetime:
        """When the pull began: what a record said then."""
        snapshot = self.lake.current("raw", entity, self.day)
        return datetime.fromisoformat(str(snapshot.facts["began"]))

    def document(self, entity: str, key: str) -> Document | None:
        """The record of that key; None where the pull has none."""
        for name, payload in self.lake.payloads(entity, self.day):
            if name == key:
                return _loaded(payload)
        return None

    def item(self, sku: str) -> Document | None:
        """The POS's item of a SKU."""
        for _, payload in self.lake.payloads(ITEMS, self.day):
            if sku in payload and str((found := _loaded(payload))["public_id"]) == sku:
                return found
        return None


def _loaded(payload: str) -> Document:
    document: Document = strict_json.loads(payload)
    return document


def last_day(lake: Lake) -> str:
    """The last day on which stock was pulled. Raises FixInput where it never was."""
    days = sorted(path.parent.name for path in (lake.root / "raw" / VALUES).glob("*/current.json"))
    if not days:
        raise FixInput(f"{lake.root}: stock was never pulled; run `he-sync close DATE --plan-only` first")
    return days[-1]


def why(pulled: Pulled, policy: Policy, sku: str, code: str, channel: str = NO_CHANNEL) -> Answer:
    """Available to sell, with every term. Raises FixInput for an unknown place, item or channel."""
    place = next((store for store in pulled.retailer.stores if store.code == code), None)
    if place is None:
        known = ", ".join(store.code for store in pulled.retailer.stores)
        raise FixInput(f"{code} is no place of the profile; it has {known}")
    if channel and code not in policy.channels.get(channel, (code,)):
        raise FixInput(f"channel {channel} does not sell from {code}; it sells from {policy.channels[channel]}")
    today = date.fromisoformat(pulled.day)
    item = policy.item(sku)

    def answer(single: Item) -> Answer:
        covered = policy.buffer(single.klass, code, channel).days > 0
        found = cell(pulled, single.sku, place)
        found = replace(found, sold=_sold(pulled, single.sku, place)) if covered else found
        return explain(single, found, policy, today, channel)

    if not item.components:
        return answer(item)
    return kit(item, code, {part: answer(policy.item(part)) for part, _ in item.components})


def cell(pulled: Pulled, sku: str, place: Store) -> Cell:
    """What both systems say of an item at a place. Raises FixInput where neither knows the item."""
    item, part = pulled.item(sku), pulled.document(PARTS, sku)
    if item is None and part is None:
        raise FixInput(f"item {sku} is in neither system's pull of {pulled.day}")
    value = item and pulled.document(VALUES, f"{item['id']}~{place.location_id}")
    ours, theirs = _heartland(pulled, sku, place, value), _epicor(pulled, sku, place, part)
    first, second = (ours, theirs) if place.stock_owner == "heartland" else (theirs, ours)
    moved, pending = _movements(pulled, sku, place, part)
    return Cell(
        sku,
        place.code,
        on_hand=first["on hand"],
        beside=second["on hand"],
        reserved=theirs.get("reserved"),
        allocated=theirs.get("allocated"),
        committed=ours.get("committed"),
        inbound=tuple(_arriving(pulled, sku, place, value)),
        moved=moved,
        pending=pending,
    )


def _heartland(pulled: Pulled, sku: str, place: Store, value: Document | None) -> dict[str, Figure]:
    at = pulled.read_at(VALUES)
    if value is None:
        return {"on hand": Figure(0, "heartland", at, f"no inventory value of {sku} at location {place.location_id}")}
    record = f"inventory value {value['item_id']} at location {value['location_id']}"
    ((_, row),) = heartland.stock(dict(value), pulled.retailer, {int(value["item_id"]): sku})
    amounts = {"on hand": row["on_hand_milli"], "committed": row["reserved_milli"]}
    return _figures(amounts, "heartland", at, record)


def _figures(amounts: Mapping[str, int], source: str, at: datetime, record: str) -> dict[str, Figure]:
    """What is on hand even where it is nothing; of the rest what there is."""
    kept = {name: milli for name, milli in amounts.items() if milli or name == "on hand"}
    return {name: Figure(milli, source, at, record) for name, milli in kept.items()}


def _epicor(pulled: Pulled, sku: str, place: Store, part: Document | None) -> dict[str, Figure]:
    at, record = pulled.read_at(PARTS), f"PartWhse {sku} in {place.warehouse}"
    rows = epicor.part(dict(part), pulled.retailer) if part else ()
    for name, row in rows:
        if name == "stock_levels" and row["store"] == place.code:
            amounts = {"on hand": row["on_hand_milli"], "reserved": row["reserved_milli"]}
            amounts["allocated"] = _allocated(part or {}, place, row["factor"])
            return _figures(amounts, "epicor", at, record)
    return {"on hand": Figure(0, "epicor", at, f"no {record}")}


def _allocated(part: Document, place: Store, factor: int) -> int:
    (row,) = (one for one in part["PartWhses"] if one["WarehouseCode"] == place.warehouse)
    return to_base(Decimal(row.get("AllocatedQty") or 0), Unit(str(part.get("IUM")), factor), fractional=True)


def _arriving(pulled: Pulled, sku: str, place: Store, value: Document | None) -> Iterator[Inbound]:
    """What is on its way to the place as the POS knows it: sums without a day, so that they are noted, not counted."""
    for column in ON_THE_WAY:
        if value and (milli := to_milli(value.get(column) or 0)):
            record = f"{column} of {sku} at location {place.location_id}"
            yield Inbound(None, Figure(milli, "heartland", pulled.read_at(VALUES), record))


def _movements(
    pulled: Pulled, sku: str, place: Store, part: Document | None
) -> tuple[tuple[Figure, ...], tuple[Figure, ...]]:
    """Adjustments of ours at the owner of the place: those made since it was read, and those not made yet."""
    owner, subject = place.stock_owner, f"item {sku} @ {place.code}"
    since = pulled.read_at(VALUES if owner == "heartland" else PARTS)
    made = effects.confirmed_since(pulled.store, since, [ADJUSTED[owner]])
    planned = effects.listing(pulled.store, states=UNDER_WAY, entity=subject)
    base = pulled.retailer.units.base

    def figure(one: effects.Status) -> Figure:
        unit = str(one.effect.body.get("unit", base))
        holds = Unit(unit, 1 if unit == base else _factor(pulled, part))
        milli = to_base(Decimal(one.effect.body["delta"]), holds, fractional=True)
        return Figure(milli, owner, since, f"effect {one.effect.key}")

    return (
        tuple(figure(one) for one in made if one.effect.entity == subject),
        tuple(figure(one) for one in planned if one.effect.kind == ADJUSTED[owner]),
    )


def _sold(pulled: Pulled, sku: str, place: Store) -> Sold | None:
    """What tills sold net of returns over the days that were closed, WINDOW at most; None where none was."""
    last, total, days = date.fromisoformat(pulled.day), 0, 0
    for back in range(WINDOW):
        day = (last - timedelta(days=back)).isoformat()
        if not (pulled.lake.root / "canonical" / "ticket_lines" / day / "current.json").is_file():
            continue
        tickets, lines = (pulled.lake.read("canonical", name, day) for name in ("tickets", "ticket_lines"))
        here = tickets[(tickets.store == place.code) & ~tickets.voided].ticket_id
        mine = lines[(lines.sku == sku) & lines.owner.isin([f"ticket {one}" for one in here])]
        total, days = total + int(mine.quantity_milli.sum()), days + 1
    record = f"tickets of {place.code} on {days} days to {pulled.day}"
    return Sold(Figure(max(0, total), "heartland", pulled.read_at(VALUES), record), days) if days else None


def _factor(pulled: Pulled, part: Document | None) -> int:
    """Base units in one stocking unit of the part."""
    rows = epicor.part(dict(part), pulled.retailer) if part else ()
    return next((int(row["factor"]) for name, row in rows if name == "products"), 1)
