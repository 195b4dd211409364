"""Stock of places that the ERP owns: each movement there that the shop does not know is made in the shop, once.

A movement changes AvailableQuantity (OnHand - Reserved) by its own quantity, so the difference is read from the ledger
of movements, not from two counts: between a pack's leaving the ERP and its invoice in the shop the counts differ for a
good reason, and whoever levelled them then would book the pack twice. What the shop moves itself is left out: packs of
its own orders (their invoice moves them) and adjustments that we wrote. Counts are compared every night.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from he_sync.connect.epicor_query import both, in_list, lists
from he_sync.connect.systems import Systems
from he_sync.flows import plan
from he_sync.flows.case import Case, Desk, going
from he_sync.flows.fulfilment import parts
from he_sync.flows.fulfilment.reading import ORDERS, ROOM, Row
from he_sync.mapping.epicor import owner_of
from he_sync.model.errors import BadRecord
from he_sync.model.quantity import MILLI, from_milli
from he_sync.model.retailer import Store as Place
from he_sync.store import applied, cursors
from he_sync.store.applied import Applied
from he_sync.store.database import Store
from he_sync.store.effects import Effect

MOVEMENTS = ("Erp.BO.PartTranSvc", "PartTrans")
COLUMNS = ("TranNum", "TranType", "PartNum", "WareHouseCode", "TranQty", "UM", "OrderNum", "JobNum", "TranReference")
DIRECTION = {
    **dict.fromkeys(("MFG-STK", "PUR-STK", "RMA-STK", "INS-STK", "MTL-STK", "PLT-STK", "ADJ-QTY"), 1),
    **dict.fromkeys(("STK-CUS", "STK-MTL", "STK-INS", "STK-PLT", "STK-UKN", "STK-ASM"), -1),
}
"""What a movement type does to what is on hand; ADJ-QTY carries its own sign. Other types move no stock of a place."""
OURS = "HE "
"""How the reference of an adjustment begins that we wrote (writers.mark)."""
FLOOR = "epicor/PartTran from"
"""SysRevID from which on movements are made in the shop: what came before, the nightly comparison levels."""
OVERLAP = 1_000
"""Revisions read again below the newest that was told: a movement may be committed behind a later one's number."""
SIDE = "epicor"


def decide(cases: list[Case], desk: Desk) -> list[Case]:
    """Effects for movements of the parts that the cases are about; a case that is about none passes."""
    wanted = {case.entity: _sku(case, desk) for case in going(cases)}
    skus = sorted({sku for sku in wanted.values() if sku})
    if not skus or not _places(desk):
        return cases
    rows = _movements(desk, skus)
    news = [row for some in rows.values() for row in some]
    heads = _owners(desk, news)
    parts.factors(desk, skus)
    parts.item_ids(desk, [str(row["PartNum"]) for row in news])
    return [
        case if case.settled or not wanted[case.entity] else _decided(case, rows[wanted[case.entity]], heads, desk)
        for case in cases
    ]


def _sku(case: Case, desk: Desk) -> str:
    """The part of a case: of a part's event, or what a completed job made."""
    if case.kind == "erp_part":
        return case.number
    job = desk.remembered.get("erp jobs", {}).get(case.number) if case.kind == "erp_job" else None
    return str(job["PartNum"]) if job and job.get("JobComplete") else ""


def _places(desk: Desk) -> dict[str, Place]:
    """Places whose stock the ERP owns, by warehouse. What the shop owns is never touched."""
    return {store.warehouse: store for store in desk.retailer.stores if store.stock_owner == "epicor"}


def _movements(desk: Desk, skus: Sequence[str]) -> dict[str, list[Row]]:
    """Movements of each part that may not have been told yet, in the order of their revisions."""
    told = applied.get_many(desk.store, [f"erp_part {sku}" for sku in skus], SIDE)
    first = floor(desk.store, desk.systems, desk.now)
    since = {sku: _since(told.get(f"erp_part {sku}"), first) for sku in skus}
    places = in_list("WareHouseCode", sorted(_places(desk)))
    found: dict[str, list[Row]] = {sku: [] for sku in skus}
    for some in lists("PartNum", skus, ROOM):
        asked = both(in_list("PartNum", some), places)
        lowest = min(since[sku] for sku in some)
        for page in desk.systems.epicor.walk(*MOVEMENTS, filter=asked, select=COLUMNS, start=lowest):
            for row in page:
                if int(row["SysRevID"]) > since[str(row["PartNum"])]:
                    found[str(row["PartNum"])].append(row)
    return found


def _since(told: Applied | None, first: int) -> int:
    return max(first, int(told.version) - OVERLAP) if told else first


def floor(store: Store, systems: Systems, now: datetime) -> int:
    """The revision from which on movements count. Whoever asks first sets it, the first poll as a rule."""
    value = cursors.read(store, FLOOR).value
    if value:
        return int(value)
    newest = systems.epicor.newest(*MOVEMENTS)
    with store.begin() as connection:
        cursors.move(connection, FLOOR, f"{newest:020d}", now)
    return newest


def _owners(desk: Desk, rows: Iterable[Row]) -> Mapping[int, str | None]:
    """Whose sale an order is that a movement belongs to; "" for one of the ERP's own."""
    numbers = sorted({int(row.get("OrderNum") or 0) for row in rows} - {0})
    return desk.look_up("owners of erp orders", numbers, lambda some: _asked_owners(desk, some))


def _asked_owners(desk: Desk, numbers: list[int]) -> dict[int, str]:
    rows = desk.systems.epicor.read_any(*ORDERS, "OrderNum", numbers, select=("OrderNum", "PONum"))
    return {int(row["OrderNum"]): owner_of(str(row.get("PONum") or "")) for row in rows}


def _decided(case: Case, rows: Sequence[Row], owners: Mapping[int, str | None], desk: Desk) -> Case:
    known = [row for row in rows if not _is_known(row, owners)]
    try:
        effects = tuple(effect for row in known for effect in _effects(row, desk))
    except BadRecord as error:
        return case.fail("PartNum", "can be counted in the shop", str(error))
    case = replace(case, effects=(*case.effects, *effects))
    for effect in effects:
        case = case.told("decided", effect.summary, desk)
    if not rows or case.kind != "erp_part":
        return case
    newest = max(int(row["SysRevID"]) for row in rows)
    version = f"{newest:020d}"
    return replace(case, applied=applied.project(case.entity, SIDE, version, {"movement": newest}, desk.now))


def _is_known(row: Row, owners: Mapping[int, str | None]) -> bool:
    """Whether the shop moves it itself: an adjustment that we wrote, or a sale of its own."""
    ours = str(row.get("TranReference") or "").startswith(OURS)
    return ours or bool(owners.get(int(row.get("OrderNum") or 0)))


def _effects(row: Row, desk: Desk) -> Iterable[Effect]:
    kind, sku = str(row["TranType"]), str(row["PartNum"])
    quantity = Decimal(row.get("TranQty") or 0) * DIRECTION.get(kind, 0)
    milli = parts.milli(sku, quantity, parts.factors(desk, [sku])[sku])
    return [_effect(row, milli, desk)] if milli else []


def made_to_order(location: int, shipped: tuple[Row, Row], line: Row, milli: int, desk: Desk) -> list[Effect]:
    """The receipt of goods that a pack's line took from a job, once; none at a place that the shop owns."""
    place = desk.retailer.by_location.get(location)
    if place is None or place.stock_owner != "epicor":
        return []
    pack, row = shipped
    why = f"pack {pack['PackNum']} line {row['PackLine']}"
    return [_adjustment(place, (str(row["PartNum"]), int(line["item_id"])), milli, (why, f"{why} made to order"), desk)]


def _effect(row: Row, milli: int, desk: Desk) -> Effect:
    sku, place = str(row["PartNum"]), _places(desk)[str(row["WareHouseCode"])]
    item = parts.item_ids(desk, [sku])[sku]
    if item is None:
        raise BadRecord(f"part {sku} is no item of the shop; create the item before its stock")
    return _adjustment(place, (sku, item), milli, (f"movement {row['TranNum']}", _why(row)), desk)


def _adjustment(place: Place, item: tuple[str, int], milli: int, why: tuple[str, str], desk: Desk) -> Effect:
    """`item` is SKU and id, `why` the part of the key that is the movement's own and what people read."""
    delta, subject = from_milli(milli), f"item {item[0]} @ {place.code}"
    body = {
        "location_id": place.location_id,
        "item_id": item[1],
        "delta": delta,
        "reason_id": desk.retailer.heartland_adjustment_reason_id,
    }
    most = desk.retailer.limits.stock_units
    under = abs(milli) <= most * MILLI
    return Effect(
        plan.key(desk.retailer, "adjust_pos_stock", subject, why[0]),
        "adjust_pos_stock",
        "heartland",
        subject,
        desk.now.date().isoformat(),
        body,
        limit_ok=under,
        summary=f"{subject}: {delta:+f} by {why[1]}",
        waits_because="" if under else f"{delta:+f} is more than {most} pieces",
    )


def _why(row: Row) -> str:
    job = str(row.get("JobNum") or "")
    return f"{row['TranType']} {row['TranNum']}" + (f" of job {job}" if job else "")
