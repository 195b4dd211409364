"""Shipments of sales orders (CustShipSvc).

Sequence (order inferred): GetNewShipHead -> GetHeadOrderInfo -> UpdateMaster(ipPackNum 0); per line GetNewOrdrShipDtl
-> GetOrderInfo -> GetOrderLineInfo -> GetQtyInfo -> UpdateMaster; then ReadyToInvoice true with ipShippedFlagChanged.
Only that last step ships: stock leaves (STK-CUS), the releases count what was shipped, and a release, line or order
with nothing left to ship closes. Taking ReadyToInvoice back undoes all of it, until the pack is invoiced.
"""

from __future__ import annotations

from decimal import Decimal

from he_sync.sandbox.epicor import rows, stock
from he_sync.sandbox.epicor.bo import BusinessObject, answer, dataset_in, register, save
from he_sync.sandbox.epicor.checks import asking, decimal, internal, mark, required, valid, whole
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.rows import Hooks, Row
from he_sync.sandbox.epicor.stock import Movement

HEAD, DETAIL, ORDER, LINE, RELEASE = "ShipHead", "ShipDtl", "OrderHed", "OrderDtl", "OrderRel"
FIRST_PACK = 3001
MESSAGES = (
    *("opReleaseMessage", "opCompleteMessage", "opShippingMessage", "opLotMessage", "opInventoryMessage"),
    *("opLockQtyMessage", "opAllocationMessage", "opPartListNeedsAttr", "opLotListNeedsAttr"),
    *("shipCreditMsg", "msg", "opPostUpdMessage"),
)
ERRORS = ("cError", "compError", "checkComplianceError", "changeStatusError", "checkShipDtlAgain")

# entering


def new_head(ctx: Context, row: Row) -> None:
    """A new pack's defaults."""
    row.update(ShipDate=ctx.today(), ShipStatus="OPEN", Plant=ctx.plant)


def head_order_info(ctx: Context, args: Row) -> Row:
    """GetHeadOrderInfo(orderNum, ds) -> ds with the order's customer and address, creditMessage."""
    ds, order = dataset_in(args), _open_order(ctx, whole(args, "orderNum"))
    taken = {
        "CustNum": order["CustNum"],
        "ShipToNum": order["ShipToNum"],
        "ShipToCustNum": order["ShipToCustNum"] or order["CustNum"],
    }
    asking(ds, HEAD).update(
        taken,
        OrderNum=order["OrderNum"],
        ShipViaCode=order["ShipViaCode"],
        BTCustNum=order["BTCustNum"] or order["CustNum"],
    )
    return answer(ds=ds, creditMessage="")


def new_detail(ctx: Context, args: Row) -> Row:
    """GetNewOrdrShipDtl(ds, packNum, orderNum) -> ds with a line of the pack for that order."""
    ds, pack = dataset_in(args), valid(ctx, HEAD, "Pack", whole(args, "packNum"))
    order = whole(args, "orderNum", 0)
    ds.setdefault(DETAIL, []).append(
        rows.new(ctx, DETAIL, PackNum=pack["PackNum"], OrderNum=order, CustNum=pack["CustNum"], Plant=pack["Plant"])
    )
    return answer(ds=ds)


def order_info(ctx: Context, args: Row) -> Row:
    """GetOrderInfo(orderNum, ds): the order of the line."""
    ds, order = dataset_in(args), _open_order(ctx, whole(args, "orderNum"))
    asking(ds, DETAIL).update(OrderNum=order["OrderNum"], CustNum=order["CustNum"])
    return answer(ds=ds, creditMessage="")


def order_line_info(ctx: Context, args: Row) -> Row:
    """GetOrderLineInfo(ds, packLine, orderLine, subsPart): part, unit and the first open release of the order line."""
    ds = dataset_in(args)
    row = asking(ds, DETAIL)
    line = valid(ctx, LINE, "Order Line", row["OrderNum"], whole(args, "orderLine"))
    same = ("OrderLine", "PartNum", "LineDesc", "RevisionNum", "IUM", "SalesUM", "LineType")
    row.update({column: line[column] for column in same}, InventoryShipUOM=line["IUM"])
    found = [release for release in rows.children(ctx, RELEASE, line) if release["OpenRelease"]]
    if found:
        _take_release(ctx, row, found[0])
    return answer(ds=ds)


def order_release_info(ctx: Context, args: Row) -> Row:
    """GetOrderRelInfo(ds, packLine, orderRelNum, allowNewShipTo): another release of the line."""
    ds = dataset_in(args)
    row = asking(ds, DETAIL)
    _take_release(
        ctx, row, valid(ctx, RELEASE, "Order Release", row["OrderNum"], row["OrderLine"], whole(args, "orderRelNum"))
    )
    return answer(ds=ds)


def _take_release(ctx: Context, row: Row, release: Row) -> None:
    place = {"WarehouseCode": release["WarehouseCode"], "PrimBinNum": ""}
    row.update(
        OrderRelNum=release["OrderRelNum"], WarehouseCode=release["WarehouseCode"], BinNum=stock.primary_bin(ctx, place)
    )


def quantity_info(_ctx: Context, args: Row) -> Row:
    """GetQtyInfo(ds, packLine, displayInvQty, ourJobShipQty): what leaves from stock, and what from the job."""
    ds, ours, job = dataset_in(args), decimal(args, "displayInvQty", 0), decimal(args, "ourJobShipQty", 0)
    row = asking(ds, DETAIL)
    row.update(
        OurInventoryShipQty=ours,
        DisplayInvQty=ours,
        SellingInventoryShipQty=ours,
        OurJobShipQty=job,
        SellingJobShipQty=job,
    )
    return answer(ds=ds)


def update_master(ctx: Context, args: Row) -> Row:
    """UpdateMaster(ds, do... flags, ipShippedFlagChanged, ipPackNum, ipBTCustNum) -> ds, messages, updateComplete."""
    return answer(
        ds=save(ctx, SHIPMENTS, dataset_in(args)),
        **dict.fromkeys(MESSAGES, ""),
        **dict.fromkeys(ERRORS, False),
        updateComplete=True,
    )


def _open_order(ctx: Context, number: int) -> Row:
    order = valid(ctx, ORDER, "Order Number", number)
    if order["VoidOrder"] or not order["OpenOrder"]:
        raise Business("Order is closed.", table=ORDER)
    return order


def check_head(ctx: Context, row: Row, before: Row | None) -> None:
    """A pack has a customer; an invoiced one stays as it is, and an empty one does not ship."""
    if ctx.call and before and before["Invoiced"]:
        raise Business("Pack is invoiced and cannot be changed.", table=HEAD)
    required(HEAD, row, CustNum="Customer")
    valid(ctx, "Customer", "Customer", row["CustNum"])
    row.update(
        ShipDate=row["ShipDate"] or ctx.today(),
        Plant=row["Plant"] or ctx.plant,
        ChangeDate=ctx.today(),
        ChangedBy=ctx.user,
    )
    if row["ReadyToInvoice"] and not (before and rows.children(ctx, DETAIL, before)):
        raise Business("Pack has no lines.", table=HEAD, field="ReadyToInvoice")
    if not row["Voided"] and not row["Invoiced"]:
        row["ShipStatus"] = "SHIPPED" if row["ReadyToInvoice"] else "OPEN"


def check_detail(ctx: Context, row: Row, _before: Row | None) -> None:
    """A line ships some quantity of an open release, from a pack that has not left."""
    if ctx.call is None:
        return
    pack = valid(ctx, HEAD, "Pack", row["PackNum"])
    if pack["ReadyToInvoice"]:
        raise Business("Pack is shipped and cannot be changed.", table=DETAIL)
    required(DETAIL, row, OrderNum="Order Number", OrderLine="Order Line", OrderRelNum="Order Release")
    release = valid(ctx, RELEASE, "Order Release", row["OrderNum"], row["OrderLine"], row["OrderRelNum"])
    if not release["OpenRelease"]:
        raise Business("Order release is closed.", table=DETAIL, field="OrderRelNum")
    if Decimal(row["OurInventoryShipQty"]) + Decimal(row["OurJobShipQty"]) <= 0:
        raise Business("Ship Quantity is required.", table=DETAIL, field="OurInventoryShipQty")
    line = valid(ctx, LINE, "Order Line", row["OrderNum"], row["OrderLine"])
    row.update({column: row[column] or line[column] for column in ("PartNum", "LineDesc", "IUM", "SalesUM")})
    row.update(
        CustNum=pack["CustNum"],
        WarehouseCode=row["WarehouseCode"] or release["WarehouseCode"],
        ChangedBy=ctx.user,
        ChangeDate=ctx.today(),
    )


def keep_shipped(ctx: Context, row: Row) -> None:
    """What has left cannot be deleted."""
    if ctx.call and row["ReadyToInvoice"]:
        raise Business("Pack is shipped and cannot be deleted.")


def show_order(ctx: Context, row: Row) -> None:
    """The pack's order: its first line's."""
    found = rows.children(ctx, DETAIL, row)
    row["OrderNum"] = found[0]["OrderNum"] if found else 0


# shipping


def follow_head(ctx: Context, row: Row, before: Row | None) -> None:
    """Shipping, and taking it back, when ReadyToInvoice changes."""
    was = bool(before and before["ReadyToInvoice"])
    if row["ReadyToInvoice"] == was:
        return
    for detail in rows.children(ctx, DETAIL, row):
        _leave(ctx, row, detail, -1 if row["ReadyToInvoice"] else 1)
        changed = {"ReadyToInvoice": row["ReadyToInvoice"], "UpdatedInventory": row["ReadyToInvoice"]}
        rows.update(internal(ctx), DETAIL, detail, changed)
        _count(ctx, detail)


def _leave(ctx: Context, pack: Row, detail: Row, sign: int) -> None:
    quantity = Decimal(detail["OurInventoryShipQty"])
    if not quantity or rows.read(ctx, "Part", detail["PartNum"]) is None:
        return
    columns = {
        column: detail[column] for column in ("PackNum", "PackLine", "OrderNum", "OrderLine", "OrderRelNum", "CustNum")
    }
    where = (detail["PartNum"], detail["WarehouseCode"], detail["BinNum"])
    stock.move(ctx, Movement("STK-CUS", *where, sign * quantity, detail["IUM"], pack["ShipDate"], columns))


def _count(ctx: Context, detail: Row) -> None:
    """What a release has shipped is the sum of the shipped pack lines; what is done closes, what is not opens."""
    keys = (detail["OrderNum"], detail["OrderLine"], detail["OrderRelNum"])
    release = valid(ctx, RELEASE, "Order Release", *keys)
    same = [
        row
        for row in rows.find(ctx, DETAIL, OrderNum=keys[0])
        if (row["OrderLine"], row["OrderRelNum"]) == keys[1:] and row["ReadyToInvoice"]
    ]
    ours, job = (
        sum((Decimal(row[column]) for row in same), Decimal(0)) for column in ("OurInventoryShipQty", "OurJobShipQty")
    )
    done = ours + job >= Decimal(release["OurReqQty"]) or any(row["ShipCmpl"] for row in same)
    shipped = {"OurStockShippedQty": ours, "OurJobShippedQty": job}
    selling = {"SellingStockShippedQty": ours, "SellingJobShippedQty": job}
    mark(ctx, RELEASE, release, **shipped, **selling, OpenRelease=not done)
    _close_above(ctx, *keys[:2])


def _close_above(ctx: Context, order_num: int, order_line: int) -> None:
    line, order = valid(ctx, LINE, "Order Line", order_num, order_line), valid(ctx, ORDER, "Order Number", order_num)
    line_open = any(row["OpenRelease"] for row in rows.children(ctx, RELEASE, line))
    if line["OpenLine"] != line_open:
        mark(ctx, LINE, line, OpenLine=line_open)
    order_open = any(row["OpenLine"] for row in rows.children(ctx, LINE, order))
    if order["OpenOrder"] != order_open:
        mark(ctx, ORDER, order, OpenOrder=order_open)


SHIPMENTS = register(
    BusinessObject(
        "Erp.BO.CustShipSvc",
        sets={"CustShips": HEAD, "ShipDtls": DETAIL},
        root=HEAD,
        hooks={
            HEAD: Hooks(("PackNum", FIRST_PACK), new_head, check_head, follow_head, keep_shipped, calculate=show_order),
            DETAIL: Hooks(("PackLine", 1), before_write=check_detail, before_delete=keep_shipped),
        },
        methods={
            "GetHeadOrderInfo": head_order_info,
            "GetNewOrdrShipDtl": new_detail,
            "GetOrderInfo": order_info,
            "GetOrderLineInfo": order_line_info,
            "GetOrderRelInfo": order_release_info,
            "GetQtyInfo": quantity_info,
            "UpdateMaster": update_master,
        },
    )
)
