"""InventoryQtyAdjSvc: stock corrections by signed delta. No entity set; the parameter row is never stored.

Sequence (order inferred): GetInventoryQtyAdj -> the caller fills in the row -> PreSetInventoryQtyAdj ->
NegativeInventoryTest -> SetInventoryQtyAdj. Only the last one writes; it checks everything again by itself.
"""

from __future__ import annotations

from decimal import Decimal

from he_sync.sandbox.epicor import fiscal, rows, stock
from he_sync.sandbox.epicor.bo import BusinessObject, Dataset, Method, answer, argument, dataset_in, register
from he_sync.sandbox.epicor.catalog import table
from he_sync.sandbox.epicor.checks import asking, decimal, required, valid
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.rows import Row
from he_sync.sandbox.epicor.stock import Movement
from he_sync.sandbox.epicor.switches import NEGATIVE_STOCK

ADJ, BROWSE = "InventoryQtyAdj", "InventoryQtyAdjBrw"
REASON_TYPE = "M"


def get_inventory_qty_adj(ctx: Context, args: Row) -> Row:
    """(partnumber, uomCode) -> a row to fill in: the part's plant and stock unit, today, no quantity."""
    return answer({ADJ: [_fresh(ctx, argument(args, "partnumber"), str(args.get("uomCode") or ""))]})


def get_for_part(ctx: Context, args: Row) -> Row:
    """(partnumber, uomCode, ds) -> the bins to choose from, and the row to fill in."""
    row = _fresh(ctx, argument(args, "partnumber"), str(args.get("uomCode") or ""))
    return answer({BROWSE: _bins(ctx, row["PartNum"], row["WareHseCode"])}, ds={ADJ: [row]})


def browse(ctx: Context, args: Row) -> Row:
    """(partNum, attributeSetID, wareHouseCode) -> the bins that hold the part, and the primary bin."""
    part, warehouse = valid(ctx, "Part", "Part Number", argument(args, "partNum")), argument(args, "wareHouseCode")
    place = {
        **table("PartWhse").defaults(),
        **(rows.read(ctx, "PartWhse", part["PartNum"], ctx.plant, warehouse) or {}),
    }
    found = _bins(ctx, part["PartNum"], warehouse)
    return answer({BROWSE: found}, primaryBin=stock.primary_bin(ctx, {**place, "WarehouseCode": warehouse}))


def change_warehouse(ctx: Context, args: Row) -> Row:
    """(wareHseCode, ds): the row moves to another warehouse; its bins come back."""
    ds, code = dataset_in(args), argument(args, "wareHseCode")
    row, house = asking(ds, ADJ), valid(ctx, "Warehse", "Warehouse", argument(args, "wareHseCode"))
    held = stock.on_hand(ctx, row["PartNum"], code)
    row.update(WareHseCode=code, WareHseDescription=house["Description"], OnHandQty=held)
    return answer({BROWSE: _bins(ctx, row["PartNum"], code)}, ds=ds)


def _change(column: str, parameter: str) -> Method:
    def method(_ctx: Context, args: Row) -> Row:
        ds = dataset_in(args)
        asking(ds, ADJ)[column] = argument(args, parameter)
        return answer(ds=ds)

    return method


def pre_set(ctx: Context, args: Row) -> Row:
    """(ds) -> requiresUserInput: what Set would refuse is refused here already."""
    ds = dataset_in(args)
    for row in _asked(ds):
        _checked(ctx, row)
    return answer(ds=ds, requiresUserInput=False)


def negative_test(ctx: Context, args: Row) -> Row:
    """(pcPartNum, pcWhseCode, ..., ipSellingQuantity) -> what a signed adjustment would do to the stock.

    `pcNeqQtyAction` is None, Warn or Stop (our reading of the part class's choice), `pcMessage` the reason.
    """
    part = valid(ctx, "Part", "Part Number", argument(args, "pcPartNum"))
    change = stock.in_stock_unit(ctx, part, decimal(args, "ipSellingQuantity", 0), str(args.get("pcDimCode") or ""))
    left = stock.on_hand(ctx, part["PartNum"], argument(args, "pcWhseCode")) + change
    if change >= 0 or left >= 0:
        return answer(pcNeqQtyAction="None", pcMessage="")
    return answer(
        pcNeqQtyAction=NEGATIVE_STOCK.read(ctx.state), pcMessage=f"On hand quantity would become negative: {left:f}."
    )


def set_inventory_qty_adj(ctx: Context, args: Row) -> Row:
    """(ds) -> the rows done, and `partTranPKs`: SysDate~SysTime~TranNum of each PartTran row, comma between them."""
    ds = dataset_in(args)
    with ctx.transaction():
        written = [_adjust(ctx, _checked(ctx, row)) for row in _asked(ds)]
    for row in ds[ADJ]:
        row.update(RowMod="", AdjustQuantity=0, OnHandQty=stock.on_hand(ctx, row["PartNum"], row["WareHseCode"]))
    keys = [f"{row['SysDate'][:10]}~{row['SysTime']}~{row['TranNum']}" for row in written]
    return answer(ds=ds, partTranPKs=",".join(keys))


def _fresh(ctx: Context, part_number: str, unit: str) -> Row:
    part = valid(ctx, "Part", "Part Number", part_number)
    plant = rows.read(ctx, "PartPlant", part_number, ctx.plant)
    warehouse = plant["PrimWhse"] if plant else ""
    known = {
        "PartNum": part_number,
        "PartPartDescription": part["PartDescription"],
        "PartIUM": part["IUM"],
        "StkUOMCode": part["IUM"],
    }
    entered = {
        "UnitOfMeasure": unit or part["IUM"],
        "OnHandUOM": part["IUM"],
        "TransDate": ctx.today(),
        "WareHseCode": warehouse,
    }
    held = stock.on_hand(ctx, part_number, warehouse)
    return {
        **rows.new(ctx, ADJ, **known, **entered),
        "OnHandQty": held,
        "ReasonType": REASON_TYPE,
        "ReasonCodeReq": True,
        "RowMod": "",
    }


def _bins(ctx: Context, part: str, warehouse: str) -> list[Row]:
    unit = valid(ctx, "Part", "Part Number", part)["IUM"]
    shape, found = table(BROWSE).defaults(), stock.bins_of(ctx, part, warehouse)
    return [
        {
            **shape,
            "Company": ctx.company,
            "PartNum": part,
            "WareHseCode": warehouse,
            "StkUOMCode": unit,
            "BaseOnHandUOM": unit,
        }
        | {"BinNum": row["BinNum"], "OnHandQty": row["OnhandQty"], "BaseOnHandQty": row["OnhandQty"]}
        for row in found
    ]


def _asked(ds: Dataset) -> list[Row]:
    found = [row for row in ds.get(ADJ) or [] if row.get("RowMod") in {"A", "U"}]
    if not found:
        raise Business(f"{ADJ} not available", table=ADJ)
    return found


def _checked(ctx: Context, given: Row) -> Row:
    """The row with every column, checked. Raises Business for what is missing, unknown or closed."""
    row = rows.fill(table(ADJ), rows.typed(table(ADJ), given))
    required(ADJ, row, PartNum="Part Number", WareHseCode="Warehouse", ReasonCode="Reason Code")
    part = valid(ctx, "Part", "Part Number", row["PartNum"])
    valid(ctx, "Warehse", "Warehouse", row["WareHseCode"])
    if not rows.find(ctx, "Reason", ReasonCode=row["ReasonCode"]):
        raise Business("Reason Code references invalid value.", table=ADJ, field="ReasonCode")
    if part["NonStock"]:
        raise Business("Part is not a stocked part.", table=ADJ, field="PartNum")
    if not row["AdjustQuantity"]:
        raise Business("Adjust Quantity is required.", table=ADJ, field="AdjustQuantity")
    unit = row["UnitOfMeasure"] or part["IUM"]
    change = stock.in_stock_unit(ctx, part, Decimal(row["AdjustQuantity"]), unit)
    stock.refuse_negative(ctx, stock.on_hand(ctx, row["PartNum"], row["WareHseCode"]), change)
    fiscal.check_open(ctx, row["TransDate"] or ctx.today())
    return {**row, "UnitOfMeasure": unit, "TransDate": row["TransDate"] or ctx.today()}


def _adjust(ctx: Context, row: Row) -> Row:
    quantity, why = (
        Decimal(row["AdjustQuantity"]),
        {"InvAdjReason": row["ReasonCode"], "TranReference": row["Reference"]},
    )
    where = (row["PartNum"], row["WareHseCode"], row["BinNum"])
    return stock.move(ctx, Movement("ADJ-QTY", *where, quantity, row["UnitOfMeasure"], row["TransDate"], why))


INVENTORY_QTY_ADJ = register(
    BusinessObject(
        "Erp.BO.InventoryQtyAdjSvc",
        extra=(ADJ, BROWSE),
        methods={
            "GetInventoryQtyAdj": get_inventory_qty_adj,
            "GetInventoryQtyAdjForPart": get_for_part,
            "GetInventoryQtyAdjBrw": browse,
            "OnChangeWareHseCode": change_warehouse,
            "OnChangeBinNum": _change("BinNum", "binNum"),
            "OnChangeLotNum": _change("LotNum", "lotNum"),
            "OnChangeUnitOfMeasure": _change("UnitOfMeasure", "ium"),
            "ChangeUOM": _change("UnitOfMeasure", "UOM"),
            "CheckSN": lambda _ctx, _args: answer(serialNumbersRequired=False),
            "KitPartStatus": lambda _ctx, _args: answer(kitMessage=""),
            "GetAvailTranDocTypes": lambda _ctx, _args: answer(AvailTypes=""),
            "PreSetInventoryQtyAdj": pre_set,
            "NegativeInventoryTest": negative_test,
            "SetInventoryQtyAdj": set_inventory_qty_adj,
        },
    )
)
