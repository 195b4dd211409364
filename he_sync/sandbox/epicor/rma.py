"""Returns (RMAProcSvc): a return of order lines, its receipts, and the credit memo for it.

Sequence: GetNewRMAHead -> ChangeCustomer -> Update; GetNewRMADtl -> ChangeOrderNumber -> ChangeOrderLine -> Update;
GetNewRMARcpt -> Update; RMACreditAdd. What is received waits for inspection, so the stock on hand does not change; by
switch it goes into stock at once, with a movement whose TranType RMA-STK is our name for it.
"""

from __future__ import annotations

from decimal import Decimal

from he_sync.sandbox.epicor import rows, stock
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, dataset_in, register
from he_sync.sandbox.epicor.catalog import table
from he_sync.sandbox.epicor.checks import asking, internal, minor, required, valid, whole
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.rows import Hooks, Row
from he_sync.sandbox.epicor.stock import Movement
from he_sync.sandbox.epicor.switches import RMA_RECEIPT

HEAD, DETAIL, RECEIPT = "RMAHead", "RMADtl", "RMARcpt"
FIRST_RMA = 4001


def new_return(ctx: Context, row: Row) -> None:
    """A new return's defaults."""
    row.update(RMADate=ctx.today(), OpenRMA=True)


def check_return(ctx: Context, row: Row, before: Row | None) -> None:
    """A return has a customer."""
    required(HEAD, row, CustNum="Customer")
    valid(ctx, "Customer", "Customer", row["CustNum"])
    row.update(
        RMADate=row["RMADate"] or ctx.today(),
        ChangedBy=ctx.user,
        ChangeDate=ctx.today(),
        OpenRMA=row["OpenRMA"] or before is None,
    )


def change_customer(ctx: Context, args: Row) -> Row:
    """ChangeCustomer(ds, cCustID)."""
    ds, found = dataset_in(args), rows.find(ctx, "Customer", CustID=argument(args, "cCustID"))
    if not found:
        raise Business("Customer references invalid value.", table=HEAD, field="CustNum")
    asking(ds, HEAD).update(
        CustNum=found[0]["CustNum"], CustomerCustID=found[0]["CustID"], CustomerName=found[0]["Name"]
    )
    return answer(ds=ds)


def change_order(ctx: Context, args: Row) -> Row:
    """ChangeOrderNumber(ds, iOrderNum): the order that the line comes from."""
    ds, number = dataset_in(args), whole(args, "iOrderNum")
    order = valid(ctx, "OrderHed", "Order Number", number)
    asking(ds, DETAIL).update(OrderNum=number, CustNum=order["CustNum"], ShipToNum=order["ShipToNum"])
    return answer(ds=ds)


def change_order_line(ctx: Context, args: Row) -> Row:
    """ChangeOrderLine(ds, iOrderLine): part, text, unit and quantity of that line."""
    ds = dataset_in(args)
    row = asking(ds, DETAIL)
    line = valid(ctx, "OrderDtl", "Order Line", row["OrderNum"], whole(args, "iOrderLine"))
    row.update({column: line[column] for column in ("OrderLine", "PartNum", "LineDesc", "RevisionNum")})
    row.update(OrderRelNum=1, ReturnQty=line["OrderQty"], ReturnQtyUOM=line["IUM"])
    return answer(ds=ds)


def check_line(ctx: Context, row: Row, before: Row | None) -> None:
    """A line returns some quantity for a reason, no more than the order line had."""
    head = valid(ctx, HEAD, "RMA", row["RMANum"])
    required(DETAIL, row, PartNum="Part", ReturnReasonCode="Return Reason")
    if not rows.find(ctx, "Reason", ReasonCode=row["ReturnReasonCode"]):
        raise Business("Return Reason references invalid value.", table=DETAIL, field="ReturnReasonCode")
    if Decimal(row["ReturnQty"]) <= 0:
        raise Business("Return Quantity is required.", table=DETAIL, field="ReturnQty")
    if row["OrderNum"] and row["OrderLine"]:
        line = valid(ctx, "OrderDtl", "Order Line", row["OrderNum"], row["OrderLine"])
        if Decimal(row["ReturnQty"]) > Decimal(line["OrderQty"]):
            raise Business("Return Quantity exceeds the order line.", table=DETAIL, field="ReturnQty")
    row.update(CustNum=row["CustNum"] or head["CustNum"], ChangedBy=ctx.user, ChangeDate=ctx.today())
    if before is None:
        row.update(OpenRMA=True, OpenDtl=True)


def check_receipt(ctx: Context, row: Row, before: Row | None) -> None:
    """A receipt takes back no more than the line returns."""
    line = valid(ctx, DETAIL, "RMA Line", row["RMANum"], row["RMALine"])
    required(RECEIPT, row, WareHouseCode="Warehouse")
    valid(ctx, "Warehse", "Warehouse", row["WareHouseCode"])
    others = [one for one in rows.children(ctx, RECEIPT, line) if one["RMAReceipt"] != row["RMAReceipt"]]
    already = sum((Decimal(one["ReceivedQty"]) for one in others), Decimal(0))
    if Decimal(row["ReceivedQty"]) <= 0:
        raise Business("Received Quantity is required.", table=RECEIPT, field="ReceivedQty")
    if already + Decimal(row["ReceivedQty"]) > Decimal(line["ReturnQty"]):
        raise Business("Received Quantity exceeds the return.", table=RECEIPT, field="ReceivedQty")
    row.update(
        RcvDate=row["RcvDate"] or ctx.today(),
        PartNum=line["PartNum"],
        ReceivedQtyUOM=row["ReceivedQtyUOM"] or line["ReturnQtyUOM"],
    )
    row.update(
        Plant=row["Plant"] or ctx.plant,
        ChangedBy=ctx.user,
        ChangeDate=ctx.today(),
        OpenReceipt=before is None or row["OpenReceipt"],
    )


def follow_receipt(ctx: Context, row: Row, before: Row | None) -> None:
    """By switch a new receipt puts what came back into its warehouse and bin."""
    if before is not None or RMA_RECEIPT.read(ctx.state) == "inspection":
        return
    line = rows.need(ctx, DETAIL, row["RMANum"], row["RMALine"])
    why = {"RMANum": row["RMANum"], "RMALine": row["RMALine"], "OrderNum": line["OrderNum"]}
    known = {column: value for column, value in why.items() if column in table("PartTran").columns}
    where = (row["PartNum"], row["WareHouseCode"], row["BinNum"], Decimal(row["ReceivedQty"]), row["ReceivedQtyUOM"])
    stock.move(ctx, Movement("RMA-STK", *where, row["RcvDate"], known))


def calculate_line(ctx: Context, row: Row) -> None:
    """Whether something of the line has come back."""
    row["RMARcptExists"] = bool(rows.children(ctx, RECEIPT, row))


def credit_add(ctx: Context, args: Row) -> Row:
    """RMACreditAdd(iRMANum, iRMALine, iCorrection, ds) -> iInvoiceNum, iInvoiceLine: a credit memo, once a line."""
    number, place = whole(args, "iRMANum"), whole(args, "iRMALine")
    head, line = valid(ctx, HEAD, "RMA", number), valid(ctx, DETAIL, "RMA Line", number, place)
    if line["InvoiceNum"]:
        raise Business("A credit memo exists for this RMA line.", table=DETAIL)
    with ctx.transaction():
        memo = _memo(ctx, head)
        credit = rows.insert(internal(ctx), "InvcDtl", {"InvoiceNum": memo["InvoiceNum"], **_credit(ctx, line)})
        made = {"InvoiceNum": memo["InvoiceNum"], "InvoiceLine": credit["InvoiceLine"]}
        rows.update(internal(ctx), DETAIL, line, {**made, "OpenDtl": False})
        rows.update(internal(ctx), HEAD, head, {"InvoiceNum": memo["InvoiceNum"]})
    return answer(iInvoiceNum=made["InvoiceNum"], iInvoiceLine=made["InvoiceLine"], opErrMsg="", ds=dataset_in(args))


def _memo(ctx: Context, head: Row) -> Row:
    found = rows.read(ctx, "InvcHead", head["InvoiceNum"]) if head["InvoiceNum"] else None
    if found is not None and not found["Posted"]:
        return found
    memo = {"CustNum": head["CustNum"], "CreditMemo": True, "InvoiceType": "MIS", "RMANum": head["RMANum"]}
    return rows.insert(internal(ctx), "InvcHead", memo)


def _credit(ctx: Context, line: Row) -> Row:
    """The line of the credit memo: the price of the order line times what comes back, negative."""
    sold = rows.read(ctx, "OrderDtl", line["OrderNum"], line["OrderLine"]) if line["OrderNum"] else None
    price, quantity = Decimal(sold["DocUnitPrice"]) if sold else Decimal(0), Decimal(line["ReturnQty"])
    share = (
        Decimal(sold["DocDiscount"]) * quantity / Decimal(sold["OrderQty"]) if sold and sold["OrderQty"] else Decimal(0)
    )
    same = ("PartNum", "LineDesc", "OrderNum", "OrderLine", "OrderRelNum", "RMANum", "RMALine", "CustNum")
    figures = {
        "DocUnitPrice": price,
        "DocExtPrice": -minor(quantity * price),
        "DocDiscount": -minor(share),
        "SellingShipQty": -quantity,
    }
    return {**{column: line[column] for column in same}, **figures}


def credit_exists(ctx: Context, args: Row) -> Row:
    """CreditMemoExistsForRMA(rmaNum) -> rmaExists."""
    head = valid(ctx, HEAD, "RMA", whole(args, "rmaNum"))
    return answer(rmaExists=bool(head["InvoiceNum"]))


RETURNS = register(
    BusinessObject(
        "Erp.BO.RMAProcSvc",
        sets={"RMAProcs": HEAD, "RMADtls": DETAIL, "RMARcpts": RECEIPT},
        root=HEAD,
        hooks={
            HEAD: Hooks(("RMANum", FIRST_RMA), new_return, check_return),
            DETAIL: Hooks(("RMALine", 1), before_write=check_line, calculate=calculate_line),
            RECEIPT: Hooks(("RMAReceipt", 1), before_write=check_receipt, after_write=follow_receipt),
        },
        methods={
            "ChangeCustomer": change_customer,
            "ChangeOrderNumber": change_order,
            "ChangeOrderLine": change_order_line,
            "PreUpdate": lambda _ctx, args: answer(ds=dataset_in(args), RequiresUserInput=False),
            "RMACreditAdd": credit_add,
            "CreditMemoExistsForRMA": credit_exists,
        },
    )
)
