"""One movement of stock: what is on hand in the warehouse and the bin changes, and PartTran says how and why.

Quantities on hand are kept in the part's stock unit (Part.IUM); a movement may come in any unit of the part. PartTran
keeps both: TranQty and UM in the stock unit, ActTranQty and ActTransUOM as entered. ADJ-QTY is signed; STK-CUS and
MFG-STK are positive and their name says the direction. BeginQty and AfterQty are the warehouse's quantity around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from he_sync.sandbox.epicor import rows
from he_sync.sandbox.epicor.checks import internal, required, valid
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.rows import Row
from he_sync.sandbox.epicor.switches import ADJUST_NEW_WAREHOUSE, NEGATIVE_STOCK

PLACES = Decimal("0.00000001")
UNSIGNED = {"STK-CUS": -1, "MFG-STK": 1}


@dataclass(frozen=True)
class Movement:
    """A change of stock: signed quantity in a unit, where, when, and the PartTran columns that say why."""

    kind: str
    part: str
    warehouse: str
    bin: str
    quantity: Decimal
    unit: str = ""
    date: str = ""
    columns: Row = field(default_factory=dict)


def move(ctx: Context, movement: Movement) -> Row:
    """Do it and return the PartTran row. Raises Business for what does not exist, and for less than nothing left."""
    part = valid(ctx, "Part", "Part Number", movement.part)
    change = in_stock_unit(ctx, part, movement.quantity, movement.unit)
    place = _warehouse(ctx, movement)
    before = Decimal(place["OnHandQty"])
    refuse_negative(ctx, before, change)
    spot = _bin(ctx, movement, place)
    lot = {"PartNum": movement.part, "WarehouseCode": movement.warehouse, "BinNum": spot, "LotNum": ""}
    held = _held(ctx, lot, before)
    rows.put(internal(ctx), "PartBin", {**lot, "UM": part["IUM"], "OnhandQty": held + change})
    rows.update(internal(ctx), "PartWhse", place, {"OnHandQty": before + change})
    return _write(ctx, movement, {"BinNum": spot, "BeginQty": before, "AfterQty": before + change}, part, change)


def in_stock_unit(ctx: Context, part: Row, quantity: Decimal, unit: str) -> Decimal:
    """A quantity in the part's stock unit, exact to eight decimals. Raises Business for a unit the part has not."""
    if not unit or unit == part["IUM"]:
        return quantity
    eaches = quantity * factor(ctx, part, unit)
    return (eaches / factor(ctx, part, part["IUM"])).quantize(PLACES, ROUND_HALF_UP).normalize() + 0


def factor(ctx: Context, part: Row, unit: str) -> Decimal:
    """How many eaches one of the unit holds."""
    found = rows.read(ctx, "PartUOM", part["PartNum"], unit)
    if found is None and unit not in {"EA", part["IUM"]}:
        raise Business("Quantity UOM references invalid value.", table="PartUOM", field="UOMCode")
    return Decimal(found["ConvFactor"] or 1) if found else Decimal(1)


def on_hand(ctx: Context, part: str, warehouse: str) -> Decimal:
    """What the warehouse holds of a part, in the part's stock unit."""
    found = rows.read(ctx, "PartWhse", part, ctx.plant, warehouse)
    return Decimal(found["OnHandQty"]) if found else Decimal(0)


def refuse_negative(ctx: Context, before: Decimal, change: Decimal) -> None:
    """Refuse a movement out that leaves less than nothing, where the setting stops it."""
    if change < 0 and before + change < 0 and NEGATIVE_STOCK.read(ctx.state) == "Stop":
        raise Business(
            f"On hand quantity would become negative: {before + change:f}.", table="PartWhse", field="OnHandQty"
        )


def primary_bin(ctx: Context, place: Row) -> str:
    """The bin for a movement that names none: the part's primary bin, else the warehouse's only one."""
    bins = rows.find(ctx, "WhseBin", WarehouseCode=place["WarehouseCode"])
    only: str = bins[0]["BinNum"] if len(bins) == 1 else ""
    return place["PrimBinNum"] or only


def bins_of(ctx: Context, part: str, warehouse: str) -> list[Row]:
    """The bins of a warehouse that hold the part."""
    return [row for row in rows.find(ctx, "PartBin", PartNum=part) if row["WarehouseCode"] == warehouse]


def _warehouse(ctx: Context, movement: Movement) -> Row:
    required("PartWhse", {"WarehouseCode": movement.warehouse}, WarehouseCode="Warehouse")
    valid(ctx, "Warehse", "Warehouse", movement.warehouse)
    found = rows.read(ctx, "PartWhse", movement.part, ctx.plant, movement.warehouse)
    if found is not None:
        return found
    if ADJUST_NEW_WAREHOUSE.read(ctx.state) == "refuse":
        raise Business("Warehouse references invalid value.", table="PartWhse", field="WarehouseCode")
    keys = {"PartNum": movement.part, "Plant": ctx.plant, "WarehouseCode": movement.warehouse}
    return rows.insert(internal(ctx), "PartWhse", keys)


def _bin(ctx: Context, movement: Movement, place: Row) -> str:
    spot = movement.bin or primary_bin(ctx, place)
    required("PartBin", {"BinNum": spot}, BinNum="Bin")
    known = {row["BinNum"] for row in rows.find(ctx, "WhseBin", WarehouseCode=movement.warehouse)}
    if known and spot not in known:
        raise Business("Bin references invalid value.", table="WhseBin", field="BinNum")
    return spot


def _held(ctx: Context, lot: Row, warehouse_total: Decimal) -> Decimal:
    """What the bin holds: everything in the warehouse unless another bin holds some of the part."""
    bins = {row["BinNum"]: Decimal(row["OnhandQty"]) for row in bins_of(ctx, lot["PartNum"], lot["WarehouseCode"])}
    if bins.keys() <= {lot["BinNum"]}:
        return warehouse_total
    return bins.get(lot["BinNum"], Decimal(0))


def _write(ctx: Context, movement: Movement, around: Row, part: Row, change: Decimal) -> Row:
    now = ctx.state.now()
    sign = UNSIGNED.get(movement.kind, 1)
    stamp = {"SysDate": ctx.today(), "SysTime": now.hour * 3600 + now.minute * 60 + now.second}
    units = {"UM": part["IUM"], "InvtyUOM": part["IUM"], "ActTransUOM": movement.unit or part["IUM"]}
    row = {
        "TranNum": rows.next_number(ctx, "PartTran", "TranNum"),
        "TranType": movement.kind,
        "TranClass": movement.kind[0],
        "PartNum": part["PartNum"],
        "PartDescription": part["PartDescription"],
        "WareHouseCode": movement.warehouse,
        "TranQty": change * sign,
        "ActTranQty": movement.quantity * sign,
        "InventoryTrans": True,
        "Plant": ctx.plant,
        "TranDate": movement.date or ctx.today(),
        "EntryPerson": ctx.user,
        **stamp,
        **units,
        **around,
        **movement.columns,
    }
    return rows.insert(internal(ctx), "PartTran", row)
