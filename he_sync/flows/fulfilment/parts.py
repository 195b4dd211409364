"""Parts as they are stocked: how many base units one stocking unit holds, and which item of the shop a part is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from he_sync.connect.heartland_query import Filter
from he_sync.flows.case import Desk
from he_sync.mapping import epicor
from he_sync.model.errors import BadRecord
from he_sync.model.quantity import to_milli

PARTS = ("Erp.BO.PartSvc", "Parts")
UNITS = "PartUOMs($select=UOMCode,ConvFactor)"
MOST_ITEMS = 100


def factors(desk: Desk, skus: Iterable[str]) -> Mapping[str, int | None]:
    """Base units in one stocking unit, by part; None for a part that the ERP does not have."""
    return desk.look_up("stocking units", skus, lambda some: _factors(desk, some))


def _factors(desk: Desk, skus: list[str]) -> dict[str, int]:
    rows = desk.systems.epicor.read_any(*PARTS, "PartNum", skus, select=("PartNum", "IUM"), expand=UNITS)
    return {str(row["PartNum"]): _factor(row, desk) for row in rows}


def _factor(row: Mapping[str, Any], desk: Desk) -> int:
    """0 where the unit has no conversion: whoever needs it says so of his own record."""
    try:
        return next(int(made["factor"]) for frame, made in epicor.part(row, desk.retailer) if frame == "products")
    except BadRecord:
        return 0


def milli(sku: str, quantity: Decimal, factor: int | None) -> int:
    """Thousandths of a piece. Raises BadRecord for a unit without conversion; a part that is in no list counts singly.

    Epicor keeps eight decimals of a case, and a third of a case of six is two pieces.
    """
    if factor == 0:
        raise BadRecord(
            f"part {sku} is stocked in a unit without conversion; add PartUOM in Epicor or units in the profile"
        )
    return to_milli((quantity * (factor or 1)).quantize(Decimal("0.001")))


def item_ids(desk: Desk, skus: Iterable[str]) -> Mapping[str, int | None]:
    """Heartland items by part number."""
    return desk.look_up("items by number", skus, lambda some: _items(desk, some))


def _items(desk: Desk, skus: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for first in range(0, len(skus), MOST_ITEMS):
        asked: Filter = {"public_id": {"$in": skus[first : first + MOST_ITEMS]}}
        for page in desk.systems.heartland.walk("items", asked, only=("public_id",)):
            found |= {str(row["public_id"]): int(row["id"]) for row in page}
    return found
