"""Cash receipts and the invoice lines they pay (CashRecSvc).

Sequence: CashGrpSvc GetNewCashGrp -> Update; CashRecSvc GetNewCashHeadType -> GetCustomerInfo -> ChangeTranAmtCashHead
-> UpdateMaster("CashHead"); per invoice GetNewCashDtl -> GetDtlInvoiceInfo -> UpdateMaster("CashDtl"); then the group
is posted (cash_posting.py). Until then the ledger and the bank know nothing of a receipt.
"""

from __future__ import annotations

from decimal import Decimal

from he_sync.sandbox.epicor import fiscal, journal, rows
from he_sync.sandbox.epicor.bo import BusinessObject, Dataset, answer, argument, dataset_in, register, save
from he_sync.sandbox.epicor.cash_groups import DETAIL, GROUP, HEAD, WITHOUT_CUSTOMER, check_group_open, receipts
from he_sync.sandbox.epicor.cash_posting import reverse_cash_receipt
from he_sync.sandbox.epicor.checks import asking, decimal, internal, required, valid, whole
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.rows import Hooks, Row

TYPES = frozenset({"PayInv", "PrePay", "UApp", "Misc", "Adjust", "CMemo", "DepPay"})
FIRST_HEAD = 1001
TOTALS = ("opTotalMisc", "opTotalDiscount", "opTotalDeposit", "opTotalARAmount", "opTotalWithhold", "opTotalWriteOff")


def new_receipt(ctx: Context, args: Row) -> Row:
    """GetNewCashHeadType(ds, groupID, tranType) -> ds with a receipt of that type in the group."""
    ds, kind = dataset_in(args), argument(args, "tranType")
    group = check_group_open(ctx, argument(args, "groupID"))
    if kind not in TYPES:
        raise Business("Transaction Type references invalid value.", table=HEAD, field="TranType")
    taken = {"GroupID": group["GroupID"], "TranDate": group["TranDate"], "BankAcctID": group["BankAcctID"]}
    ds.setdefault(HEAD, []).append(
        rows.new(ctx, HEAD, **taken, TranType=kind, CurrencyCode=journal.CURRENCY, ExchangeRate=1)
    )
    return answer(ds=ds)


def customer_info(ctx: Context, args: Row) -> Row:
    """GetCustomerInfo(custID, ds): whose money it is."""
    ds, customer = dataset_in(args), argument(args, "custID")
    found = rows.find(ctx, "Customer", CustID=customer)
    if not found:
        raise Business("Customer references invalid value.", table=HEAD, field="CustID")
    asking(ds, HEAD).update(CustID=customer, CustNum=found[0]["CustNum"])
    return answer(ds=ds)


def change_amount(_ctx: Context, args: Row) -> Row:
    """ChangeTranAmtCashHead(ipTranAmtType "D" or "B", proposedTranAmt, ds); one currency, so both amounts move."""
    ds, amount = dataset_in(args), decimal(args, "proposedTranAmt")
    if argument(args, "ipTranAmtType") not in {"D", "B"}:
        raise Business("Amount Type references invalid value.", table=HEAD)
    row = asking(ds, HEAD)
    free = amount - Decimal(row.get("AppliedAmt") or 0)
    row.update(TranAmt=amount, DocTranAmt=amount, ReceiptAmt=amount, UnAppliedAmt=free, DocUnAppliedAmt=free)
    return answer(ds=ds)


def order_info(ctx: Context, args: Row) -> Row:
    """GetOrderInfo(orderNum, ds): the order that a prepayment belongs to."""
    ds, number = dataset_in(args), whole(args, "orderNum")
    order = valid(ctx, "OrderHed", "Order", number)
    asking(ds, HEAD).update(OrderNum=number, CustNum=order["CustNum"])
    return answer(ds=ds)


def new_detail(ctx: Context, args: Row) -> Row:
    """GetNewCashDtl(ds, groupID, headNum, invoiceNum) -> ds with a line of the receipt."""
    ds, number = dataset_in(args), whole(args, "headNum")
    head = valid(ctx, HEAD, "Cash Receipt", argument(args, "groupID"), number)
    taken = {column: head[column] for column in ("GroupID", "HeadNum", "TranType", "TranDate", "CustNum", "CheckRef")}
    ds.setdefault(DETAIL, []).append(rows.new(ctx, DETAIL, **taken, InvoiceNum=whole(args, "invoiceNum", 0)))
    return answer(ds=ds)


def invoice_info(ctx: Context, args: Row) -> Row:
    """GetDtlInvoiceInfo(invoiceNum, ds): pays as much of the invoice as the receipt has left."""
    ds, number = dataset_in(args), whole(args, "invoiceNum")
    row, invoice = asking(ds, DETAIL), valid(ctx, "InvcHead", "Invoice", number)
    head = valid(ctx, HEAD, "Cash Receipt", row["GroupID"], row["HeadNum"])
    free = Decimal(head["TranAmt"]) - applied(ctx, head)
    amount = max(min(free, owed(ctx, invoice)), Decimal(0))
    row.update(InvoiceNum=number, InvoiceAmt=invoice["InvoiceAmt"], InvoiceBal=invoice["InvoiceBal"])
    row.update(TranAmt=amount, DocTranAmt=amount, DispTranAmt=amount, DocDispTranAmt=amount)
    return answer(ds=ds)


def applied(ctx: Context, head: Row) -> Decimal:
    """What the receipt's lines use of it."""
    return sum((Decimal(row["TranAmt"]) for row in rows.children(ctx, DETAIL, head)), Decimal(0))


def owed(ctx: Context, invoice: Row) -> Decimal:
    """The invoice's balance less what entered receipts, not posted yet, will take of it."""
    waiting = (row for row in rows.find(ctx, DETAIL, InvoiceNum=invoice["InvoiceNum"]) if not row["Posted"])
    return Decimal(invoice["InvoiceBal"]) - sum((Decimal(row["TranAmt"]) for row in waiting), Decimal(0))


def update_master(ctx: Context, args: Row) -> Row:
    """UpdateMaster(ds, ipGroupID, ipTableName, updGroupTotals, ipIgnoreValidation): saves that table's rows only."""
    name, group = argument(args, "ipTableName"), argument(args, "ipGroupID")
    check_group_open(ctx, group)
    if name not in {HEAD, DETAIL}:
        raise Business(f"Table {name} references invalid value.")
    ds = dataset_in(args)
    chosen: Dataset = {table: found for table, found in ds.items() if table == name}
    return answer(ds=save(ctx, RECEIPTS, chosen), opUpdateRan=True, **_totals(ctx, group))


def _totals(ctx: Context, group: str) -> Row:
    found = receipts(ctx, group)
    cash = sum((Decimal(row["TranAmt"]) for row in found), Decimal(0))
    used = sum((Decimal(row["AppliedAmt"]) for row in found), Decimal(0))
    return {
        "opTotalCashReceived": cash,
        "opTotalApplied": used,
        "opUnappliedBalance": cash - used,
        **dict.fromkeys(TOTALS, 0),
    }


def check_head(ctx: Context, row: Row, before: Row | None) -> None:
    """A receipt has a group, a known type, an amount, a customer (unless Misc) and an open date; posted ones stay."""
    if ctx.call and before and before["Posted"]:
        raise Business("Cash receipt is posted and cannot be changed.", table=HEAD)
    required(HEAD, row, GroupID="Group", TranType="Transaction Type", TranDate="Transaction Date")
    if row["TranType"] not in TYPES:
        raise Business("Transaction Type references invalid value.", table=HEAD, field="TranType")
    group = valid(ctx, GROUP, "Group", row["GroupID"])
    amount = Decimal(row["DocTranAmt"] or row["TranAmt"])
    if not amount:
        raise Business("Receipt Amount is required.", table=HEAD, field="DocTranAmt")
    if row["TranType"] not in WITHOUT_CUSTOMER:
        required(HEAD, row, CustNum="Customer")
        row["CustID"] = valid(ctx, "Customer", "Customer", row["CustNum"])["CustID"]
    fiscal.check_open(ctx, row["TranDate"])
    row.update(BankAcctID=row["BankAcctID"] or group["BankAcctID"], **fiscal.period(row["TranDate"]))
    row["HeadNum"] = row["HeadNum"] or rows.next_number(ctx, HEAD, "HeadNum", FIRST_HEAD)
    _spread(ctx, row, amount)


def _spread(ctx: Context, row: Row, amount: Decimal) -> None:
    used = applied(ctx, row)
    if used > amount > 0:
        raise Business("Applied amount exceeds the receipt.", table=HEAD, field="DocTranAmt")
    row.update(TranAmt=amount, DocTranAmt=amount, AppliedAmt=used, DocAppliedAmt=used)
    row.update(
        UnAppliedAmt=amount - used, DocUnAppliedAmt=amount - used, OnAccount=row["TranType"] in {"UApp", "PrePay"}
    )


def check_detail(ctx: Context, row: Row, before: Row | None) -> None:
    """A line pays an open, posted invoice of the customer, no more than it owes and the receipt has."""
    head = valid(ctx, HEAD, "Cash Receipt", row["GroupID"], row["HeadNum"])
    if ctx.call is None:
        return
    if head["Posted"]:
        raise Business("Cash receipt is posted and cannot be changed.", table=DETAIL)
    required(DETAIL, row, InvoiceNum="Invoice")
    invoice = valid(ctx, "InvcHead", "Invoice", row["InvoiceNum"])
    if invoice["CustNum"] != head["CustNum"] or not invoice["Posted"]:
        raise Business("Invoice references invalid value.", table=DETAIL, field="InvoiceNum")
    old = Decimal(before["TranAmt"]) if before else Decimal(0)
    amount = Decimal(row["DocTranAmt"] or row["TranAmt"])
    if amount > owed(ctx, invoice) + old:
        raise Business("Amount exceeds the balance of the invoice.", table=DETAIL, field="DocTranAmt")
    if applied(ctx, head) - old + amount > Decimal(head["TranAmt"]):
        raise Business("Applied amount exceeds the receipt.", table=DETAIL, field="DocTranAmt")
    row.update(
        TranAmt=amount, DocTranAmt=amount, TranType=head["TranType"], CustNum=head["CustNum"], TranDate=head["TranDate"]
    )


def follow_detail(ctx: Context, row: Row, _before: Row | None = None) -> None:
    """The receipt's applied and unapplied amounts follow its lines."""
    head = rows.read(ctx, HEAD, row["GroupID"], row["HeadNum"])
    if head is not None and not head["Posted"]:
        rows.update(internal(ctx), HEAD, head, {"ReadyToCalc": True})


def keep_posted(ctx: Context, row: Row) -> None:
    """A posted receipt and its lines stay."""
    if ctx.call and row["Posted"]:
        raise Business("Cash receipt is posted and cannot be deleted.", table=HEAD)


RECEIPTS = register(
    BusinessObject(
        "Erp.BO.CashRecSvc",
        sets={"CashRecs": HEAD, "CashDtls": DETAIL, "BankTrans": "BankTran"},
        root=HEAD,
        hooks={
            HEAD: Hooks(before_write=check_head, before_delete=keep_posted),
            DETAIL: Hooks(
                before_write=check_detail,
                after_write=follow_detail,
                before_delete=keep_posted,
                after_delete=follow_detail,
            ),
        },
        methods={
            "GetNewCashHeadType": new_receipt,
            "GetCustomerInfo": customer_info,
            "ChangeTranAmtCashHead": change_amount,
            "ChangeTranAmt": change_amount,
            "GetOrderInfo": order_info,
            "GetNewCashDtl": new_detail,
            "GetDtlInvoiceInfo": invoice_info,
            "PreUpdate": lambda _ctx, args: answer(ds=dataset_in(args), requiresUserInput=False),
            "UpdateMaster": update_master,
            "ReverseCashReceipt": reverse_cash_receipt,
        },
    )
)
