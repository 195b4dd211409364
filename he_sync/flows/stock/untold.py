"""Movements of Epicor that a count holds and the event path has not told the shop yet.

Whoever levels a count must have them told by nobody else: each is planned under the key that the event path would
give it and withdrawn in the same transaction, so that the event path finds it known. A movement on its way already
holds the count back, and so does a pack whose invoice the shop does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from he_sync.connect.epicor_query import in_list, lists
from he_sync.connect.systems import Systems
from he_sync.flows import plan
from he_sync.flows.fulfilment import parts
from he_sync.flows.fulfilment.stock import DIRECTION, MOVEMENTS, OURS, OVERLAP, SIDE, floor
from he_sync.mapping.epicor import owner_of
from he_sync.model.quantity import from_milli
from he_sync.model.retailer import Retailer
from he_sync.model.retailer import Store as Place
from he_sync.stock.push import Spot
from he_sync.store import applied, effects
from he_sync.store.database import Store
from he_sync.store.effects import Effect

COLUMNS = (
    *("TranNum", "TranType", "PartNum", "WareHouseCode", "TranQty", "UM"),
    *("OrderNum", "PackNum", "JobNum", "TranReference"),
)
ORDERS = ("Erp.BO.SalesOrderSvc", "SalesOrders")
ROOM = 5_000
KIND = "adjust_pos_stock"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Untold:
    """Movements by spot, lowest first, and whose sale each order of theirs is ("" for one of Epicor's own)."""

    rows: Mapping[Spot, tuple[Row, ...]]
    owners: Mapping[int, str]


def read(store: Store, systems: Systems, retailer: Retailer, marks: Mapping[str, int], now: datetime) -> Untold:
    """Movements of these parts up to the mark of each that the event path may not have told."""
    first = floor(store, systems, now)
    told = applied.get_many(store, [f"erp_part {sku}" for sku in marks], SIDE)
    since = {sku: max(first, int(one.version) - OVERLAP) for sku in marks if (one := told.get(f"erp_part {sku}"))}
    found: dict[Spot, list[Row]] = {}
    places = {one.warehouse: one.code for one in retailer.stores}
    for some in lists("PartNum", sorted(marks), ROOM):
        lowest = min(since.get(sku, first) for sku in some)
        asked = in_list("PartNum", some)
        for page in systems.epicor.walk(*MOVEMENTS, filter=asked, select=COLUMNS, start=lowest):
            for row in page:
                sku, code = str(row["PartNum"]), places.get(str(row["WareHouseCode"]))
                if code and since.get(sku, first) < int(row["SysRevID"]) <= marks[sku]:
                    found.setdefault((sku, code), []).append(row)
    owners = _owners(systems, [row for rows in found.values() for row in rows])
    return Untold({spot: tuple(rows) for spot, rows in found.items()}, owners)


def _owners(systems: Systems, rows: Iterable[Row]) -> dict[int, str]:
    numbers = sorted({int(row.get("OrderNum") or 0) for row in rows} - {0})
    found = systems.epicor.read_any(*ORDERS, "OrderNum", numbers, select=("OrderNum", "PONum")) if numbers else []
    return {int(row["OrderNum"]): owner_of(str(row.get("PONum") or "")) for row in found}


def waits(store: Store, untold: Untold, spot: Spot) -> str:
    """Why a count cannot be levelled because of a pack that the shop does not know; "" where none is under way."""
    for row in untold.rows.get(spot, ()):
        owner = untold.owners.get(int(row.get("OrderNum") or 0), "")
        if not owner or row["TranType"] != "STK-CUS":
            continue
        packs = [one for one in effects.listing(store, entity=owner) if one.effect.kind == "invoice_order"]
        if not any(str(one.effect.body.get("pack")) == str(row["PackNum"]) and _done(one) for one in packs):
            return f"pack {row['PackNum']} of {owner} left, and the shop has no invoice of it yet"
    return ""


def _done(one: effects.Status) -> bool:
    return one.state == "confirmed"


def claims(untold: Untold, spot: Spot, item: tuple[int, int], retailer: Retailer, day: str) -> Iterator[Effect]:
    """An effect for each movement of the spot that the event path would tell. `item` is its id and base units in one.

    Key and body are the event path's own, so that it knows them again.
    """
    place = next(one for one in retailer.stores if one.code == spot[1])
    for row in untold.rows.get(spot, ()):
        ours = str(row.get("TranReference") or "").startswith(OURS)
        if ours or untold.owners.get(int(row.get("OrderNum") or 0)):
            continue
        quantity = Decimal(row.get("TranQty") or 0) * DIRECTION.get(str(row["TranType"]), 0)
        if milli := parts.milli(spot[0], quantity, item[1]):
            yield _claim(row, place, (spot[0], item[0]), milli, (retailer, day))


def _claim(row: Row, place: Place, item: tuple[str, int], milli: int, of: tuple[Retailer, str]) -> Effect:
    retailer, day = of
    subject, delta = f"item {item[0]} @ {place.code}", from_milli(milli)
    body = {
        "location_id": place.location_id,
        "item_id": item[1],
        "delta": delta,
        "reason_id": retailer.heartland_adjustment_reason_id,
    }
    name = plan.key(retailer, KIND, subject, f"movement {row['TranNum']}")
    text = f"{subject}: {delta:+f} by {row['TranType']} {row['TranNum']}, counted"
    return Effect(name, KIND, "heartland", subject, day, body, limit_ok=True, summary=text)
