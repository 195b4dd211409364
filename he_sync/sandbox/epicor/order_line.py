"""Sales order lines and the release that each makes for itself: parts, units, prices, discounts, stock figures."""

from __future__ import annotations

from collections.abc import Collection
from decimal import ROUND_HALF_UP, Decimal

from he_sync.sandbox.epicor import rows
from he_sync.sandbox.epicor.amounts import changed_now, money, newly, twin
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.order_head import count_later, open_head
from he_sync.sandbox.epicor.rows import Hooks, Row
from he_sync.sandbox.epicor.switches import NEGATIVE_QUANTITY, TAX_CATEGORIES

QUANTITY = Decimal("0.00000001")


def _line_complete(_: Context, row: Row, given: Collection[str]) -> None:
    row.update({name: value for name, value in {"OpenLine": True, "LineType": "PART"}.items() if name not in given})


def _line_new(ctx: Context, row: Row) -> None:
    head = rows.read(ctx, "OrderHed", row["OrderNum"])
    row.update(
        OpenLine=True,
        LineType="PART",
        **({name: head[name] for name in ("CustNum", "RequestDate", "NeedByDate")} if head else {}),
    )


def _line_before(ctx: Context, row: Row, before: Row | None) -> None:
    head = open_head(ctx, "OrderDtl", row, before)
    if not row["PartNum"]:
        raise Business("Part is required.", table="OrderDtl", field="PartNum")
    part = rows.read(ctx, "Part", row["PartNum"])
    if newly(row, before, "PartNum"):
        put_part(row, part)
    if newly(row, before, "SalesUM") and not row["SalesUM"]:
        raise Business("Quantity UOM is required.", table="OrderDtl", field="SalesUM")
    categories = TAX_CATEGORIES.read(ctx.state)
    if categories and row["TaxCatID"] and row["TaxCatID"] not in categories.split(","):
        raise Business("Category ID references invalid value.", table="OrderDtl", field="TaxCatID")
    row["CustNum"] = head["CustNum"]
    row.update({name: head[name] for name in ("RequestDate", "NeedByDate") if row[name] is None})
    price_line(ctx, row, before, part)
    changed_now(ctx, row)


def put_part(row: Row, part: Row | None) -> None:
    """What every line takes from its part where it says nothing itself; a part need not be in Part."""
    if part is None:
        row["IUM"] = row["IUM"] or row["SalesUM"]
        return
    if part["InActive"]:
        raise Business("Part is inactive.", table="OrderDtl", field="PartNum")
    taken = {"LineDesc": part["PartDescription"], "ProdCode": part["ProdCode"]}
    row.update({name: value for name, value in taken.items() if not row[name]})
    row["IUM"] = part["IUM"]


def screen_part(row: Row, part: Row | None) -> None:
    """What only the screen takes from the part: a write that skips it gets no unit and no tax category."""
    if part is not None:
        taken = {"SalesUM": part["SalesUM"] or part["IUM"], "TaxCatID": part["TaxCatID"]}
        row.update({name: value for name, value in taken.items() if not row[name]})


def factor(ctx: Context, part: str, unit: str) -> Decimal:
    """Base units in one unit of the part; 1 for a unit without a conversion."""
    found = rows.read(ctx, "PartUOM", part, unit)
    return Decimal(found["ConvFactor"]) if found and found["ConvFactor"] else Decimal(1)


def price_line(ctx: Context, row: Row, before: Row | None, part: Row | None) -> None:
    """Quantities by unit, price, discount and extension of a line. A percent beside a flat discount drops the flat."""
    if not row["SellingQuantity"] and row["OrderQty"]:
        row["SellingQuantity"] = row["OrderQty"]
    if row["SellingQuantity"] < 0 and NEGATIVE_QUANTITY.read(ctx.state) == "refuse":
        raise Business("Quantity must be greater than zero.", table="OrderDtl", field="SellingQuantity")
    per_stock = factor(ctx, row["PartNum"], row["SalesUM"]) / factor(ctx, row["PartNum"], row["IUM"])
    row["OrderQty"] = _short((row["SellingQuantity"] * per_stock).quantize(QUANTITY, ROUND_HALF_UP))
    price = twin(row, before, "UnitPrice")
    if before is None and not price and part and not row["OverridePriceList"]:
        price = row["UnitPrice"] = row["DocUnitPrice"] = part["UnitPrice"]
    row["ListPrice"] = row["DocListPrice"] = row["DocListPrice"] or (part["UnitPrice"] if part else 0)
    extended = row["ExtPriceDtl"] = row["DocExtPriceDtl"] = money(row["SellingQuantity"] * price)
    if row["DiscountPercent"]:
        row["DocDiscount"] = row["Discount"] = money(extended * row["DiscountPercent"] / 100)
    else:
        twin(row, before, "Discount")


def _short(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent."""
    whole = value.to_integral_value()
    return whole if whole == value else value.normalize()


def _line_after(ctx: Context, row: Row, before: Row | None) -> None:
    releases = rows.children(ctx, "OrderRel", row)
    if before is None and not releases:
        rows.insert(ctx, "OrderRel", {**_keys(row), "OrderRelNum": 1, **_release_of(row)})
    elif before and len(releases) == 1 and row["SellingQuantity"] != before["SellingQuantity"]:
        rows.update(ctx, "OrderRel", releases[0], {"SellingReqQty": row["SellingQuantity"]})
    count_later(ctx, row["OrderNum"])


def _keys(row: Row) -> Row:
    return {name: row[name] for name in ("Company", "OrderNum", "OrderLine")}


def _release_of(line: Row) -> Row:
    return {"SellingReqQty": line["SellingQuantity"], "ReqDate": line["RequestDate"], "NeedByDate": line["NeedByDate"]}


def _line_gone(ctx: Context, row: Row) -> None:
    count_later(ctx, row["OrderNum"])


def _line_calculated(ctx: Context, row: Row) -> None:
    releases = rows.children(ctx, "OrderRel", row)
    row["TotalReleases"] = len(releases)
    row["TotalShipped"] = sum((one["OurStockShippedQty"] + one["OurJobShippedQty"] for one in releases), Decimal(0))
    warehouse = releases[0]["WarehouseCode"] if releases else ""
    row["WarehouseCode"] = row["WarehouseCode"] or warehouse
    row.update(stock(ctx, row["PartNum"], row["WarehouseCode"]))
    row["TotalPrice"] = row["DocTotalPrice"] = row["DocExtPriceDtl"] - row["DocDiscount"]


def stock(ctx: Context, part: str, warehouse: str) -> Row:
    """On hand and available of a part at a warehouse, as lines and releases calculate them."""
    found = rows.find(ctx, "PartWhse", PartNum=part, WarehouseCode=warehouse) if warehouse else []
    on_hand = sum((one["OnHandQty"] for one in found), Decimal(0))
    return {
        "OnHandQuantity": on_hand,
        "AvailableQuantity": on_hand - sum((one["AllocatedQty"] for one in found), Decimal(0)),
    }


# releases


def _release_before(ctx: Context, row: Row, before: Row | None) -> None:
    line = rows.need(ctx, "OrderDtl", row["OrderNum"], row["OrderLine"])
    head = rows.need(ctx, "OrderHed", row["OrderNum"])
    row.update({name: line[name] for name in ("PartNum", "IUM", "SalesUM", "RevisionNum", "LineType")})
    if before is None:
        _release_defaults(ctx, row, line, head)
    per_stock = factor(ctx, row["PartNum"], row["SalesUM"]) / factor(ctx, row["PartNum"], row["IUM"])
    row["OurReqQty"] = _short((row["SellingReqQty"] * per_stock).quantize(QUANTITY, ROUND_HALF_UP))
    changed_now(ctx, row)


def _release_defaults(ctx: Context, row: Row, line: Row, head: Row) -> None:
    row.update(
        OpenRelease=line["OpenLine"], FirmRelease=True, OpenOrder=head["OpenOrder"], Plant=row["Plant"] or head["Plant"]
    )
    row.update(
        {name: row[name] or head[name] for name in ("ShipToNum", "ShipToCustNum", "ShipViaCode", "TaxRegionCode")}
    )
    row["SellingReqQty"] = row["SellingReqQty"] or line["SellingQuantity"]
    plant = rows.read(ctx, "PartPlant", row["PartNum"], row["Plant"])
    row["WarehouseCode"] = row["WarehouseCode"] or (plant["PrimWhse"] if plant else "")


def _release_calculated(ctx: Context, row: Row) -> None:
    row.update(stock(ctx, row["PartNum"], row["WarehouseCode"]))
    row["ReleaseStatus"] = "VOID" if row["VoidRelease"] else "OPEN" if row["OpenRelease"] else "CLOSED"


LINE = Hooks(
    numbers=("OrderLine", 1),
    new=_line_new,
    complete=_line_complete,
    before_write=_line_before,
    after_write=_line_after,
    after_delete=_line_gone,
    calculate=_line_calculated,
)
RELEASE = Hooks(numbers=("OrderRelNum", 1), before_write=_release_before, calculate=_release_calculated)
