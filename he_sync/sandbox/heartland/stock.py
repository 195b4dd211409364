"""Stock: every change moves an inventory value and writes its row in the ledger, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from he_sync.sandbox.heartland.fields import stamp
from he_sync.sandbox.heartland.lookups import document
from he_sync.sandbox.heartland.resources import RESOURCES, VALUES
from he_sync.sandbox.state import Document, State, field

LEDGER = RESOURCES["inventory/transactions"].store
QUANTITIES = ("qty", "qty_on_hand", "qty_committed", "qty_on_po", "qty_in_transit", "qty_available")
Place = tuple[Any, Any]
Commitments = dict[Place, Decimal]


@dataclass(frozen=True)
class Source:
    """The document that moves stock."""

    type: str
    id: Any


@dataclass(frozen=True)
class Move:
    """One change at one item and location, in the item's base unit."""

    item_id: Any
    location_id: Any
    qty: Decimal = Decimal(0)
    committed: Decimal = Decimal(0)
    in_transit: Decimal = Decimal(0)
    on_po: Decimal = Decimal(0)
    unit_cost: Any = None

    def reversed(self) -> Move:
        """The opposite change."""
        return Move(
            self.item_id, self.location_id, -self.qty, -self.committed, -self.in_transit, -self.on_po, self.unit_cost
        )

    def __bool__(self) -> bool:
        return any((self.qty, self.committed, self.in_transit, self.on_po))


def quantity(value: Any) -> Decimal:
    """A quantity as an exact number; nothing is zero."""
    return Decimal(value or 0)


def _wire(value: Decimal) -> int | Decimal:
    return int(value) if value == value.to_integral_value() else value.normalize()


def value_of(state: State, item_id: Any, location_id: Any) -> Document:
    """The inventory value of an item at a location; zeros when there is none yet."""
    found = state.get(VALUES.store, f"{item_id}~{location_id}")
    cost = None if found else document(state, "items", item_id).get("cost")
    return found or {"item_id": item_id, "location_id": location_id, **dict.fromkeys(QUANTITIES, 0), "unit_cost": cost}


def post(state: State, source: Source, moves: Iterable[Move]) -> None:
    """Apply moves and write the ledger. Items that are not tracked do not move."""
    for move in moves:
        if move and document(state, "items", move.item_id).get("track_inventory?", True):
            _apply(state, move)
            _ledger(state, source, move)


def _apply(state: State, move: Move) -> None:
    value = value_of(state, move.item_id, move.location_id)
    on_hand = quantity(value.get("qty_on_hand")) + move.qty
    committed = quantity(value.get("qty_committed")) + move.committed
    changed = {
        "qty": on_hand,
        "qty_on_hand": on_hand,
        "qty_committed": committed,
        "qty_in_transit": quantity(value.get("qty_in_transit")) + move.in_transit,
        "qty_on_po": quantity(value.get("qty_on_po")) + move.on_po,
        "qty_available": on_hand - committed,
    }
    value = {**value, **{name: _wire(number) for name, number in changed.items()}}
    if move.unit_cost is not None:
        value["unit_cost"] = move.unit_cost
    state.put(VALUES.store, f"{move.item_id}~{move.location_id}", value)


def _ledger(state: State, source: Source, move: Move) -> None:
    if not (move.qty or move.committed or move.in_transit):
        return
    key = state.next_id(LEDGER)
    row = {
        "id": key,
        "item_id": move.item_id,
        "location_id": move.location_id,
        "delta_qty": _wire(move.qty) if move.qty else None,
        "delta_qty_committed": _wire(move.committed) if move.committed else None,
        "delta_qty_in_transit": _wire(move.in_transit) if move.in_transit else None,
        "unit_cost": move.unit_cost,
        "source_type": source.type,
        "source_id": source.id,
        "created_at": stamp(state),
        "updated_at": stamp(state),
    }
    state.put(LEDGER, key, row)


def undo(state: State, source: Source) -> None:
    """Reverse whatever a document moved so far."""
    rows = state.select(LEDGER, f"{field('source_type')} = ? AND {field('source_id')} = ?", (source.type, source.id))
    moves = [
        Move(
            row["item_id"],
            row["location_id"],
            -quantity(row.get("delta_qty")),
            -quantity(row.get("delta_qty_committed")),
            -quantity(row.get("delta_qty_in_transit")),
        )
        for row in rows
    ]
    post(state, source, moves)


def recommit(state: State, source: Source, before: Commitments, after: Commitments) -> None:
    """Move committed stock from what a document held to what it holds now."""
    changed = {place: after.get(place, Decimal(0)) - before.get(place, Decimal(0)) for place in {**before, **after}}
    post(state, source, [Move(item, location, committed=delta) for (item, location), delta in changed.items()])
