"""Parts with their plants, warehouses and units; bins and stock on hand as searches: PartSvc and its neighbours."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal

from he_sync.sandbox.epicor import catalog, rows
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, register
from he_sync.sandbox.epicor.checks import server_only
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.paging import Page
from he_sync.sandbox.epicor.rows import Hooks, Row
from he_sync.sandbox.epicor.where import clause, syntax

DEFAULTS = {
    "IUM": "EA",
    "TypeCode": "P",
    "UOMClassID": "COUNT",
    "CostMethod": "A",
    "QtyBearing": True,
    "PurchasingFactor": 1,
    "SellingFactor": 1,
}
SEARCH = server_only("A search")
BIN_COLUMNS = {
    "WhseCode": "WarehouseCode",
    "LotNumber": "LotNum",
    "QtyOnHand": "OnhandQty",
    "IUM": "UM",
    "QtyAllocated": "AllocatedQty",
}


def _new(_: Context, row: Row) -> None:
    row.update(DEFAULTS)


def _complete(_: Context, row: Row, given: Collection[str]) -> None:
    row.update({name: value for name, value in DEFAULTS.items() if name not in given})


def _before(ctx: Context, row: Row, before: Row | None) -> None:
    if not row["PartNum"]:
        raise Business("Part is required.", table="Part", field="PartNum")
    row.update({name: row[name] or row["IUM"] for name in ("SalesUM", "PUM")})
    if before is None:
        row["CreatedBy"], row["CreatedOn"] = ctx.user, ctx.today()
    row["ChangedOn"] = ctx.today()


def _on_hand(ctx: Context, row: Row) -> None:
    """PartPlant.OnHandQty is the sum of its warehouses; collections show it as zero."""
    found = rows.find(ctx, "PartWhse", PartNum=row["PartNum"], Plant=row["Plant"])
    row["OnHandQty"] = sum((one["OnHandQty"] for one in found), Decimal(0))


def _unit(_: Context, row: Row, before: Row | None) -> None:
    del before
    if not row["UOMCode"]:
        raise Business("UOM is required.", table="PartUOM", field="UOMCode")
    row["ConvFactor"] = row["ConvFactor"] or 1


# searches


def _bin_row(ctx: Context, found: Row) -> Row:
    """A bin of the state as PartBinSearch shows it."""
    shown = {name: found[own] for name, own in BIN_COLUMNS.items()}
    part = rows.read(ctx, "Part", found["PartNum"])
    names = {"PartDesc": part["PartDescription"] if part else "", "Plant": ctx.plant, "BinNum": found["BinNum"]}
    return {
        **catalog.table("PartBinSearch").defaults(),
        "Company": ctx.company,
        "PartNum": found["PartNum"],
        **names,
        **shown,
    }


def _bins(ctx: Context, **equal: str) -> Row:
    wanted: Row = {name: value for name, value in equal.items() if value}
    return {"PartBinSearch": [_bin_row(ctx, one) for one in rows.find(ctx, "PartBin", **wanted)]}


def _full_bin_search(ctx: Context, args: Row) -> Row:
    return answer(_bins(ctx, PartNum=str(argument(args, "partNum")), WarehouseCode=str(args.get("whseCode") or "")))


def _bin_contents(ctx: Context, args: Row) -> Row:
    return answer(_bins(ctx, WarehouseCode=str(argument(args, "whseCode")), BinNum=str(argument(args, "binNum"))))


def _bin_search(ctx: Context, args: Row) -> Row:
    """GetPartBinSearch: the where clause speaks of the search's columns."""
    table = rows.prepare(ctx.state, "PartBin")
    text = re.sub(
        r"\b(?:" + "|".join(BIN_COLUMNS) + r")\b", lambda name: BIN_COLUMNS[name[0]], str(args.get("whereClause") or "")
    )
    sql, params, order = clause(table, text)
    page = Page.asked(ctx, args)
    with syntax():
        found = ctx.state.select(table.collection, sql, params, order, page.limit, page.offset)
    shown = [_bin_row(ctx, rows.fill(table, one)) for one in page.cut(found)]
    return answer({"PartBinSearch": shown}, morePages=page.more(found))


def _on_hand_by_warehouse(ctx: Context, args: Row) -> Row:
    """GetPartOnHandWhse: one row a warehouse of the plant, and one a bin."""
    number, plant = str(argument(args, "cPartNum")), str(args.get("cPlant") or ctx.plant)
    part = rows.need(ctx, "Part", number)
    warehouses = rows.find(ctx, "PartWhse", PartNum=number, Plant=plant)
    return answer(
        {
            "PartOnHandWhse": [_warehouse_row(one, part) for one in warehouses],
            "PartOnHandBin": [_hand_bin(one, plant) for one in rows.find(ctx, "PartBin", PartNum=number)],
        },
    )


def _warehouse_row(found: Row, part: Row) -> Row:
    shown = {name: found[name] for name in ("Company", "PartNum", "Plant", "WarehouseCode")}
    quantities = {"QuantityOnHand": found["OnHandQty"], "AllocQty": found["AllocatedQty"]}
    return {
        **catalog.table("PartOnHandWhse").defaults(),
        **shown,
        **quantities,
        "IUM": part["IUM"],
        "PrimaryBinNum": found["PrimBinNum"],
    }


def _hand_bin(found: Row, plant: str) -> Row:
    shown = {name: found[name] for name in ("Company", "PartNum", "WarehouseCode", "BinNum", "LotNum")}
    quantities = {"Plant": plant, "QuantityOnHand": found["OnhandQty"], "UnitOfMeasure": found["UM"]}
    return {**catalog.table("PartOnHandBin").defaults(), **shown, **quantities}


def _cross_reference(ctx: Context, args: Row) -> Row:
    """GetPartXRefInfo: no cross references here, so a part is found under its own number or not at all."""
    number = str(argument(args, "partNum"))
    rows.need(ctx, "Part", number)
    return answer(partNum=number, serialWarning="", questionString="", multipleMatch=False)


PART = register(
    BusinessObject(
        "Erp.BO.PartSvc",
        {"Parts": "Part", "PartPlants": "PartPlant", "PartWhses": "PartWhse", "PartUOMs": "PartUOM"},
        "Part",
        hooks={
            "Part": Hooks(new=_new, complete=_complete, before_write=_before),
            "PartPlant": Hooks(calculate=_on_hand),
            "PartUOM": Hooks(before_write=_unit),
        },
        methods={"GetPartXRefInfo": _cross_reference},
    ),
)
BIN_SEARCH = register(
    BusinessObject(
        "Erp.BO.PartBinSearchSvc",
        methods={
            "GetFullBinSearch": _full_bin_search,
            "GetPartBinSearch": _bin_search,
            "GetBinContents": _bin_contents,
        },
    ),
)
WAREHOUSE_SEARCH = register(
    BusinessObject(
        "Erp.BO.PartWhseSearchSvc",
        {"PartWhseSearches": "PartWhseSearch"},
        "PartWhseSearch",
        hooks={"PartWhseSearch": Hooks(before_write=SEARCH, before_delete=SEARCH)},
    ),
)
ON_HAND = register(BusinessObject("Erp.BO.PartOnHandWhseSvc", methods={"GetPartOnHandWhse": _on_hand_by_warehouse}))
