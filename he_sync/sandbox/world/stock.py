"""A day's goods in motion on both sides: sold, brought back, committed to orders, sent from the centre to the stores.

The POS writes one inventory transaction a line and the legacy integration one PartTran a part, place and day. Both
sides move by the same quantity, on top of whatever the rows hold: a difference that stands stays, one that was written
back stays written back. A spot whose difference was planted is never moved again (`Today.stuck`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from he_sync.sandbox.world.randomness import MILLI, at_local, quantity, stamp
from he_sync.sandbox.world.shelves import VALUES, milli, pos_key, read

if TYPE_CHECKING:
    from he_sync.sandbox.state import Document
    from he_sync.sandbox.world.catalogue import Item
    from he_sync.sandbox.world.places import Place
    from he_sync.sandbox.world.sale import Sale
    from he_sync.sandbox.world.today import Spot, Today
    from he_sync.sandbox.world.whole import World

LOW = 18 * MILLI
REFILL = 36 * MILLI
LOAD_HOUR = 21 * 3600 + 1800
LEDGER = "heartland/inventory/transactions"
TRANSFERS = "heartland/inventory/transfers"


@dataclass(frozen=True)
class Cause:
    """Why goods moved at the POS: the document and when."""

    kind: str
    id: int
    at: str


@dataclass
class Moves:
    """Changes of on-hand and held quantities in thousandths of eaches, by spot, for each side."""

    world: World
    pos: dict[Spot, list[int]] = field(default_factory=dict)
    erp: dict[Spot, list[int]] = field(default_factory=dict)

    def both(self, place: Place, item: Item, on_hand: int, held: int = 0) -> None:
        """The same move in both systems."""
        for side in (self.pos, self.erp):
            self.one(side, place, item, on_hand, held)

    @staticmethod
    def one(side: dict[Spot, list[int]], place: Place, item: Item, on_hand: int, held: int) -> None:
        """A move in one system."""
        change = side.setdefault((place.number, item.index), [0, 0])
        change[0] += on_hand
        change[1] += held

    def item(self, spot: Spot) -> Item:
        """What lies on a spot."""
        return self.world.items[spot[1]]

    def place(self, spot: Spot) -> Place:
        """Where a spot is."""
        return self.world.places[spot[0] - 1]

    def value_key(self, spot: Spot) -> str:
        """Key of its inventory value."""
        return pos_key(self.item(spot), self.place(spot))


def sale_moves(today: Today, moves: Moves, sale: Sale) -> None:
    """What one sale takes from the shelf, or commits at the centre when it is an order. Voided sales move nothing."""
    order = sale.kind == "Order"
    place = moves.world.centre if order else sale.place
    cause = Cause("SalesOrder" if order else sale.kind, sale.id, stamp(sale.at))
    for line in () if sale.voided else sale.lines:
        if order and line.item.kind != "stock":
            continue
        for item in [moves.world.items[part] for part in line.item.components] or [line.item]:
            on_hand, held = (0, line.milli) if order else (-line.milli, 0)
            moves.both(place, item, on_hand, held)
            _transaction(today, (place, item), (on_hand, held), cause)


def _transaction(today: Today, spot: tuple[Place, Item], change: tuple[int, int], cause: Cause) -> None:
    key, (place, item) = today.numbers.take(LEDGER), spot
    document = {
        "id": key,
        "item_id": item.id,
        "location_id": place.store.location_id,
        "delta_qty": quantity(change[0]) or None,
        "delta_qty_committed": quantity(change[1]) or None,
        "delta_qty_in_transit": None,
        "source_type": cause.kind,
        "source_id": cause.id,
        "created_at": cause.at,
        "updated_at": cause.at,
    }
    today.rows.add(LEDGER, key, document)


def refill(today: Today, moves: Moves) -> dict[Spot, int]:
    """Send goods from the centre to the shelves that ran low; returns what had moved in Epicor before that."""
    before = {spot: change[0] for spot, change in moves.erp.items()}
    held = dict(read(today.state, VALUES, [moves.value_key(spot) for spot in moves.pos]))
    low: dict[int, list[Item]] = {}
    for spot, change in list(moves.pos.items()):
        document = held.get(moves.value_key(spot))
        if document is not None and _runs_low(today, spot, document, change[0]):
            low.setdefault(spot[0], []).append(moves.item(spot))
    for number, items in low.items():
        _transfer(today, moves, today.world.places[number - 1], items)
    return before


def _runs_low(today: Today, spot: Spot, document: Document, change: int) -> bool:
    """Whether a store's shelf falls under the reorder point and both ends may move."""
    world, source = today.world, (today.world.centre.number, spot[1])
    if spot[0] == source[0] or spot in today.stuck or source in today.stuck:
        return False
    left = milli(document["qty_on_hand"]) - milli(document["qty_committed"]) + change
    return left < LOW and world.keeps(world.centre, world.items[spot[1]])


def _transfer(today: Today, moves: Moves, place: Place, items: list[Item]) -> None:
    """One transfer a store, shipped and received the same evening."""
    centre, key = today.world.centre, today.numbers.take(TRANSFERS)
    at = stamp(at_local(today.day, LOAD_HOUR, today.world.retailer.timezone))
    ends = {"from_location_id": centre.store.location_id, "to_location_id": place.store.location_id}
    document = {"id": key, "public_id": str(key), **ends, "status": "complete", "created_at": at, "updated_at": at}
    today.rows.add(TRANSFERS, key, document)
    for item in items:
        line = today.numbers.take(f"{TRANSFERS}.lines")
        amounts = {"qty": quantity(REFILL), "qty_received": quantity(REFILL)}
        row = {"id": line, "item_id": item.id, **amounts, "created_at": at, "updated_at": at}
        today.rows.add(f"{TRANSFERS}.lines", line, row, parent=key)
        for end, change in ((centre, -REFILL), (place, REFILL)):
            moves.both(end, item, change)
            _transaction(today, (end, item), (change, 0), Cause("Transfer", key, at))
