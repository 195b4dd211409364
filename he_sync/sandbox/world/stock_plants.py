"""Plants the inventory leg after the day's goods have moved: on rows never planted before, stores and centre in turn.

A drift is 7 to 17 eaches of single goods on the ERP's side, where nothing is reserved, so it can be no reservation, no
negative and no count of cases. A unit error is the POS's eaches booked into OnHandQty of a part kept in cases. A
forgotten reservation is one the POS no longer commits: its available equals the ERP's on-hand. A flipped sign is the
ERP's on-hand below zero. A missing row is one of goods new to that place, which one system set up and the other did
not: nothing is ever deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from he_sync.sandbox.state import field
from he_sync.sandbox.world.plants import some
from he_sync.sandbox.world.randomness import MILLI
from he_sync.sandbox.world.shelves import PART_WHSE, VALUES, erp_key, erp_value, milli, pos_changed, pos_key, pos_value

if TYPE_CHECKING:
    from random import Random

    from he_sync.sandbox.state import State
    from he_sync.sandbox.world.catalogue import Item
    from he_sync.sandbox.world.places import Place
    from he_sync.sandbox.world.today import Spot, Today

CLASSES = (
    "inv_quantity_drift",
    "inv_uom_error",
    "inv_reserved_ignored",
    "inv_missing_in_pos",
    "inv_missing_in_erp",
    "inv_sign_flip",
)
MISSING = ("inv_missing_in_pos", "inv_missing_in_erp")
LEAST = 20 * MILLI
TRIES = 80
PLANTED = "world/planted"


@dataclass(frozen=True)
class Row:
    """One stock row in both systems, in thousandths of eaches."""

    item: Item
    place: Place
    on_hand: int
    committed: int
    erp_on_hand: int
    reserved: int

    @property
    def available(self) -> int:
        """What the POS has to sell."""
        return self.on_hand - self.committed

    @property
    def equal(self) -> bool:
        """Whether both systems say the same."""
        return self.available == self.erp_on_hand - self.reserved


def frozen(state: State) -> set[Spot]:
    """Spots whose stock was planted on some day: no goods move there any more."""
    return {(row["place"], row["item"]) for row in state.select(PLANTED, "parent = 'stock'")}


def plant_stock(today: Today) -> None:
    """The day's inventory differences; the spots they fall on are stuck from now on."""
    rng, world = today.chance("stock plants"), today.world
    spots = (len(world.stocked(world.stores[0])) + len(world.stocked(world.centre))) * len(world.places) // 2
    start = rng.randrange(len(world.places))
    for turn in range(len(CLASSES) * some(spots, len(CLASSES))):
        klass = CLASSES[turn % len(CLASSES)]
        places = [world.places[(start + turn + step) % len(world.places)] for step in range(len(world.places))]
        row = _find(today, rng, places, klass)
        if row:
            today.stuck.add((row.place.number, row.item.index))
            _write(today, rng, row, klass)


def _find(today: Today, rng: Random, places: list[Place], klass: str) -> Row | None:
    """A row that fits: of an item never planted anywhere if one is left, and at the first place if it can be."""
    planted = {index for _, index in today.stuck}
    for used in (planted, set[int]()):
        for place in places:
            for item in _candidates(today, rng, place, klass):
                if item.index in used or (place.number, item.index) in today.stuck:
                    continue
                row = _read(today.state, item, place)
                if row and row.equal and _fits(row, klass):
                    return row
    return None


def _candidates(today: Today, rng: Random, place: Place, klass: str) -> list[Item]:
    world = today.world
    if klass == "inv_reserved_ignored":
        where = f"{field('WarehouseCode')} = ? AND {field('ReservedQty')} > 0"
        items = [world.by_public_id[row["PartNum"]] for row in today.state.select(PART_WHSE, where, [place.code])]
    elif klass in MISSING:
        items = world.not_yet_stocked(place)
    else:
        items = [item for item in world.stocked(place) if (item.unit == "CS") == (klass == "inv_uom_error")]
    return rng.sample(items, min(TRIES, len(items)))


def _read(state: State, item: Item, place: Place) -> Row | None:
    """The row as both systems hold it, None where only one does; zero where neither does."""
    pos, erp = state.get(VALUES, pos_key(item, place)), state.get(PART_WHSE, erp_key(item, place))
    if pos is None and erp is None:
        return Row(item, place, 0, 0, 0, 0)
    if pos is None or erp is None:
        return None
    reserved = milli(erp.get("ReservedQty", 0) * item.factor)
    on_hand = milli(erp.get("OnHandQty", 0) * item.factor)
    return Row(item, place, milli(pos["qty_on_hand"]), milli(pos["qty_committed"]), on_hand, reserved)


def _fits(row: Row, klass: str) -> bool:
    if klass in MISSING:
        return row.on_hand == 0
    if klass == "inv_reserved_ignored":
        return row.item.unit == "EA" and 0 < row.reserved <= row.committed and row.available > 0
    return row.reserved == 0 and row.committed == 0 and row.available > LEAST and not row.item.cloth


def _write(today: Today, rng: Random, row: Row, klass: str) -> None:
    """Change one side, record the truth, and never touch the row again."""
    first = rng.randrange(8, 20) * 3 * MILLI
    delta = {
        "inv_missing_in_pos": -first,
        "inv_missing_in_erp": first,
        "inv_reserved_ignored": row.reserved,
        "inv_quantity_drift": rng.choice((-1, 1)) * rng.randrange(7, 18) * MILLI,
        "inv_uom_error": row.available - row.available * row.item.factor,
        "inv_sign_flip": 2 * row.available,
    }[klass]
    if klass == "inv_missing_in_erp":
        _pos(today, row, first, 0)
    elif klass == "inv_missing_in_pos":
        _erp(today, row, first)
    elif klass == "inv_reserved_ignored":
        _pos(today, row, row.on_hand, row.committed - row.reserved)
    else:
        _erp(today, row, row.available - delta)
    subject = f"item {row.item.public_id} @ {row.place.code}"
    today.plants.add(klass, subject, row.place.code, milli=delta)
    known = {"place": row.place.number, "item": row.item.index, "class": klass, "date": today.day.isoformat()}
    today.rows.add(PLANTED, subject, known, parent="stock")


def _pos(today: Today, row: Row, on_hand: int, committed: int) -> None:
    key, fresh = pos_key(row.item, row.place), pos_value(row.item, row.place, on_hand, committed)
    today.rows.add(VALUES, key, pos_changed(today.state.get(VALUES, key) or {}, fresh))


def _erp(today: Today, row: Row, on_hand: int) -> None:
    key = erp_key(row.item, row.place)
    document = (today.state.get(PART_WHSE, key) or {}) | erp_value(row.item, row.place, on_hand, 0)
    today.rows.add(PART_WHSE, key, document, parent=row.item.key)
