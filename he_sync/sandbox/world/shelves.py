"""The two pictures of a stock row: Heartland's inventory value in eaches, Epicor's PartWhse in its stocking unit.

Epicor's available = (OnHandQty - ReservedQty) * factor must equal the POS's qty_available, which is qty_on_hand less
qty_committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from he_sync.sandbox.world.randomness import MILLI, money, quantity, stream
from he_sync.sandbox.world.rows import COMPANY, PLANT, Rows, epicor_key

if TYPE_CHECKING:
    from he_sync.sandbox.state import Document, State
    from he_sync.sandbox.world.catalogue import Item
    from he_sync.sandbox.world.places import Place
    from he_sync.sandbox.world.whole import World

VALUES = "heartland/inventory/values"
PART_WHSE = "epicor/PartWhse"
CHUNK = 500


def pos_key(item: Item, place: Place) -> str:
    """Key of an inventory value."""
    return f"{item.id}~{place.store.location_id}"


def erp_key(item: Item, place: Place) -> str:
    """Key of a PartWhse row."""
    return epicor_key(item.public_id, PLANT, place.code)


def in_unit(item: Item, milli: int) -> int | Decimal:
    """Thousandths of eaches in the part's stocking unit, exact because case goods move in threes."""
    value = Decimal(milli) / (MILLI * item.factor)
    return int(value) if value == value.to_integral_value() else value.normalize()


def milli(value: Decimal | int) -> int:
    """A stored quantity in thousandths."""
    return int(value * MILLI)


def pos_value(item: Item, place: Place, on_hand: int, committed: int) -> Document:
    """The inventory value of thousandths on hand and committed."""
    return {
        "item_id": item.id,
        "location_id": place.store.location_id,
        "qty": quantity(on_hand),
        "qty_on_hand": quantity(on_hand),
        "qty_committed": quantity(committed),
        "qty_on_po": 0,
        "qty_in_transit": 0,
        "qty_available": quantity(on_hand - committed),
        "unit_cost": money(item.cost),
    }


def pos_changed(now: Document, fresh: Document) -> Document:
    """A stored inventory value with other stock: what is on order, on its way and its cost stay as they were."""
    return now | fresh | {name: now[name] for name in ("qty_on_po", "qty_in_transit", "unit_cost") if name in now}


def erp_value(item: Item, place: Place, on_hand: int, reserved: int) -> Document:
    """The PartWhse row of thousandths of eaches on hand and reserved."""
    held = {"ReservedQty": in_unit(item, reserved), "SalesReservedQty": in_unit(item, reserved)} if reserved else {}
    return {
        "Company": COMPANY,
        "PartNum": item.public_id,
        "Plant": PLANT,
        "WarehouseCode": place.code,
        "OnHandQty": in_unit(item, on_hand),
        **held,
        "IUM": item.unit,
        "PrimBinNum": "01",
    }


def opening(rows: Rows, world: World) -> None:
    """Stock on the first evening; one row in twelve of single goods holds a reservation that both systems know."""
    for place in world.places:
        rng = stream(world.seed, f"stock:{place.code}")
        for item in world.stocked(place):
            on_hand = rng.randrange(24, 120) * 3 * MILLI * (1 if place.sells else 20)
            held = rng.randrange(1, 6) * MILLI if item.unit == "EA" and rng.random() < 1 / 12 else 0
            rows.add(VALUES, pos_key(item, place), pos_value(item, place, on_hand, held))
            rows.add(PART_WHSE, erp_key(item, place), erp_value(item, place, on_hand, held), parent=item.key)


def read(state: State, table: str, keys: Iterable[str]) -> Iterator[tuple[str, Document]]:
    """Documents by key, as many of them as exist."""
    wanted = list(keys)
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        for document in state.select(table, f"key IN ({','.join('?' * len(some))})", some):
            yield document_key(table, document), document


def document_key(table: str, document: Document) -> str:
    """The key a stock document is stored under."""
    if table == VALUES:
        return f"{document['item_id']}~{document['location_id']}"
    if table == PART_WHSE:
        return epicor_key(document["PartNum"], document.get("Plant", PLANT), document["WarehouseCode"])
    return epicor_key(document["PartNum"], document["WarehouseCode"], document["BinNum"], document.get("LotNum", ""))
