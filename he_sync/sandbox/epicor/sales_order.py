"""Erp.BO.SalesOrderSvc: the calls of the order entry screen, and the sets.

Creating is not idempotent: the same customer and PONum twice are two orders.
"""

from __future__ import annotations

from typing import Any

from he_sync.sandbox.epicor import catalog, rows
from he_sync.sandbox.epicor.bo import BusinessObject, Method, answer, argument, dataset, dataset_in, register, save
from he_sync.sandbox.epicor.checks import asking, decimal, server_only, whole
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business, NotFound
from he_sync.sandbox.epicor.order_head import HEAD, HEAD_CHARGE, LINE_CHARGE, TAX_SUMMARY, sold_to
from he_sync.sandbox.epicor.order_line import LINE, RELEASE, price_line, put_part, screen_part, stock
from he_sync.sandbox.epicor.rows import Hooks, Row

SEARCH = server_only("A search")


def active(ds: Row, name: str) -> Row:
    """The row of a dataset that a Change method is about: the last that is new or changed, else the last."""
    row = asking(ds, name)
    row.update({**catalog.table(name).defaults(), **row, "RowMod": row.get("RowMod") or "U"})
    return row


def _by_id(ctx: Context, custom_id: str) -> Row:
    found = rows.find(ctx, "Customer", limit=1, CustID=custom_id)
    if not found:
        raise Business("Customer not found", table="Customer")
    return found[0]


def _change_sold_to(ctx: Context, args: Row) -> Row:
    ds = dataset_in(args)
    row = active(ds, "OrderHed")
    sold_to(row, _by_id(ctx, row["CustomerCustID"]), defaults=True)
    return answer(ds=ds)


def _change_customer(ctx: Context, args: Row) -> Row:
    ds = dataset_in(args)
    row = active(ds, "OrderHed")
    sold_to(row, rows.need(ctx, "Customer", row["CustNum"]), defaults=True)
    return answer(ds=ds)


def _change_cust_id(ctx: Context, args: Row) -> Row:
    ds = dataset_in(args)
    row = active(ds, "OrderHed")
    sold_to(row, _by_id(ctx, str(argument(args, "proposedCustomerCustID"))), defaults=True)
    return answer(ds=ds, creditLimitMessage="", agingMessage="")


def _change_part(ctx: Context, args: Row) -> Row:
    ds, number = dataset_in(args), str(argument(args, "partNum"))
    row = active(ds, "OrderDtl")
    part = rows.read(ctx, "Part", number)
    row.update(PartNum=number, LineDesc="", ProdCode="", TaxCatID="", SalesUM=str(args.get("uomCode") or ""))
    put_part(row, part)
    screen_part(row, part)
    row["UnitPrice"] = row["DocUnitPrice"] = part["UnitPrice"] if part else row["DocUnitPrice"]
    empty = (
        "cDeleteComponentsMessage",
        "questionString",
        "cWarningMessage",
        "cConfigPartMessage",
        "cSubPartMessage",
        "explodeBOMerrMessage",
        "cMsgType",
    )
    flags = (
        "lSubstitutePartExist",
        "lIsPhantom",
        "multipleMatch",
        "promptToExplodeBOM",
        "multiSubsAvail",
        "runOutQtyAvail",
    )
    out: dict[str, Any] = {**dict.fromkeys(empty, ""), **dict.fromkeys(flags, False)}
    return answer(ds=ds, partNum=number, uomCode=row["SalesUM"], **out)


def _change_quantity(ctx: Context, args: Row) -> Row:
    ds = dataset_in(args)
    row = active(ds, "OrderDtl")
    row.update(SellingQuantity=decimal(args, "ipSellingQuantity"))
    price_line(ctx, row, None, rows.read(ctx, "Part", row["PartNum"]))
    empty = dict.fromkeys(("pcMessage", "pcNeqQtyAction", "opWarningMsg", "cSellingQuantityChangedMsgText"), "")
    return answer(ds=ds, **empty)


def _reprice(ctx: Context, args: Row) -> Row:
    """ChangeUnitPrice, ChangeDiscountPercent: the line priced again from what the row says now."""
    ds = dataset_in(args)
    row = active(ds, "OrderDtl")
    price_line(ctx, row, None, rows.read(ctx, "Part", row["PartNum"]))
    return answer(ds=ds)


MESSAGES = (
    "cResponseMsg",
    "cCreditShipAction",
    "cDisplayMsg",
    "cCompliantMsg",
    "cResponseMsgOrdRel",
    "cAgingMessage",
    "cShipByDateMessage",
    "cNeedByDateMessage",
)


def _master_update(ctx: Context, args: Row) -> Row:
    ds = save(ctx, SALES_ORDER, dataset_in(args))
    return answer(lContinue=True, **dict.fromkeys(MESSAGES, ""), ds=ds)


def _submit(ctx: Context, args: Row) -> Row:
    """SubmitNewOrder: everything stored at once and the head released to calculation and fulfilment."""
    ds = dataset_in(args)
    for row in ds.get("OrderHed") or []:
        row.update(ReadyToCalc=True, ReadyToFulfill=True, RowMod=row.get("RowMod") or "U")
    return answer(ds=save(ctx, SALES_ORDER, ds))


def _set_open(ctx: Context, order: int, is_open: bool, line: int | None = None, release: int | None = None) -> Row:
    """Open or close an order, one of its lines or one release, with everything below it."""
    head = rows.read(ctx, "OrderHed", order)
    if head is None:
        raise NotFound("Record not found.", table="OrderHed")
    for one in rows.children(ctx, "OrderDtl", head):
        if line in {None, one["OrderLine"]}:
            for below in rows.children(ctx, "OrderRel", one):
                if release in {None, below["OrderRelNum"]}:
                    rows.update(ctx, "OrderRel", below, {"OpenRelease": is_open})
            if release is None:
                rows.update(ctx, "OrderDtl", one, {"OpenLine": is_open})
    if line is None:
        rows.update(ctx, "OrderHed", head, {"OpenOrder": is_open})
    ctx.settle()
    return answer(dataset(ctx, SALES_ORDER, rows.need(ctx, "OrderHed", order)))


def _opening(is_open: bool, *names: str) -> Method:
    return lambda ctx, args: _set_open(ctx, whole(args, "iOrderNum"), is_open, *[whole(args, name) for name in names])


def _check_number(ctx: Context, args: Row) -> Row:
    found = rows.read(ctx, "OrderHed", whole(args, "ProposedSONum")) is not None
    return answer(opFoundSO=found, opMessage="Sales order exists." if found else "")


def _inventory(ctx: Context, args: Row) -> Row:
    """GetInventoryQuantities: the calculated quantities of the dataset's lines and releases."""
    ds = dataset_in(args)
    for name in ("OrderRel",) if args.get("lOnlyRel") else ("OrderDtl", "OrderRel"):
        for row in ds.get(name) or []:
            row.update(stock(ctx, row.get("PartNum", ""), row.get("WarehouseCode", "")))
    return answer(ds=ds)


def _change_make(ctx: Context, args: Row) -> Row:
    """ChangeMake(ipMake, ds): the marked releases are made for the order, or come from stock."""
    ds = dataset_in(args)
    active(ds, "OrderRel")["Make"] = bool(argument(args, "ipMake"))
    del ctx
    return answer(ds=ds)


LINE_SEARCH = register(
    BusinessObject(
        "Erp.BO.OrderDtlSearchSvc",
        {"OrderDtlSearches": "OrderDtlSearch"},
        "OrderDtlSearch",
        hooks={"OrderDtlSearch": Hooks(before_write=SEARCH, before_delete=SEARCH)},
    ),
)
SALES_ORDER = register(
    BusinessObject(
        "Erp.BO.SalesOrderSvc",
        {
            "SalesOrders": "OrderHed",
            "OHOrderMscs": "OHOrderMsc",
            "OrderDtls": "OrderDtl",
            "OrderMscs": "OrderMsc",
            "OrderRels": "OrderRel",
            "OrderRelTaxes": "OrderRelTax",
            "HedTaxSums": "HedTaxSum",
        },
        "OrderHed",
        list_table="OrderHedList",
        hooks={
            "OrderHed": HEAD,
            "OrderDtl": LINE,
            "OrderRel": RELEASE,
            "OHOrderMsc": HEAD_CHARGE,
            "OrderMsc": LINE_CHARGE,
            "HedTaxSum": TAX_SUMMARY,
        },
        methods={
            "ChangeSoldToID": _change_sold_to,
            "ChangeCustomer": _change_customer,
            "ChangeOrderHedCustomerCustID": _change_cust_id,
            "ChangePartNumMaster": _change_part,
            "ChangeSellingQtyMaster": _change_quantity,
            "ChangeMake": _change_make,
            "ChangeUnitPrice": _reprice,
            "ChangeDiscountPercent": _reprice,
            "MasterUpdate": _master_update,
            "SubmitNewOrder": _submit,
            "CloseOrder": _opening(False),
            "CloseOrderLine": _opening(False, "iOrderLine"),
            "CloseRelease": _opening(False, "iOrderLine", "iOrderRelNum"),
            "ReopenOrder": _opening(True),
            "ReopenOrderLine": _opening(True, "iOrderLine"),
            "CheckSONum": _check_number,
            "GetInventoryQuantities": _inventory,
        },
    ),
)
