"""AP invoices: entry by group (APInvoiceSvc, APInvGrpSvc). Keys are the supplier's number and the supplier's own text.

Sequence: APInvGrpSvc GetNewAPInvGrp -> Update; APInvoiceSvc GetNewAPInvHedInvoice(cGroupID) -> ChangeVendorID ->
InvoiceNum, dates, ChangeInvoiceVendorAmt -> UpdateMaster; lines by GetNewAPInvDtlMiscellaneous -> UpdateMaster, their
accounts by GetNewAPInvExp. No posting service of AP is known to the reference, so an AP invoice stays unposted here.
"""

from __future__ import annotations

from decimal import Decimal

from he_sync.sandbox.epicor import fiscal, journal, rows
from he_sync.sandbox.epicor.bo import BusinessObject, Method, answer, argument, dataset_in, register, save
from he_sync.sandbox.epicor.checks import asking, day, decimal, group_id, internal, required, valid, whole
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.rows import Hooks, Row

GROUP, HEAD, DETAIL, EXPENSE, TAX = "APInvGrp", "APInvHed", "APInvDtl", "APInvExp", "APInvTax"
OUT = {
    "requiresUserInput": False,
    "opMessage": "",
    "opMsgChkBankRef": "",
    "opChkRevMsg": "",
    "lEnableGenLegalNum": False,
    "opDUAMsg": "",
}


def _new_in_group(*, debit_memo: bool) -> Method:
    def method(ctx: Context, args: Row) -> Row:
        ds, group = dataset_in(args), valid(ctx, GROUP, "Group", argument(args, "cGroupID"))
        row = rows.new(ctx, HEAD, GroupID=group["GroupID"], DebitMemo=debit_memo, CurrencyCode=journal.CURRENCY)
        row.update(InvoiceDate=group["InvoiceDate"], ApplyDate=group["ApplyDate"])
        ds.setdefault(HEAD, []).append(row)
        return answer(ds=ds)

    return method


def change_vendor(ctx: Context, args: Row) -> Row:
    """ChangeVendorID(ProposedVendorID, confirmCheck, ds) -> ds with the supplier's number and terms."""
    ds, found = (
        dataset_in(args),
        [row for row in rows.find(ctx, "Vendor", VendorID=argument(args, "ProposedVendorID")) if not row["Inactive"]],
    )
    if not found:
        raise Business("Supplier references invalid value.", table=HEAD, field="VendorNum")
    asking(ds, HEAD).update(VendorNum=found[0]["VendorNum"], TermsCode=found[0]["TermsCode"])
    return answer(ds=ds, confirmMsg="")


def change_date(_ctx: Context, args: Row) -> Row:
    """ChangeInvoiceDate(ProposedInvoiceDate, recalcAmts, ds)."""
    ds, date = dataset_in(args), day(argument(args, "ProposedInvoiceDate"))
    asking(ds, HEAD).update(InvoiceDate=date, ApplyDate=date)
    return answer(ds=ds)


def change_amount(_ctx: Context, args: Row) -> Row:
    """ChangeInvoiceVendorAmt(ProposedInvoiceVendorAmt, ds): what the supplier's paper says."""
    ds, amount = dataset_in(args), decimal(args, "ProposedInvoiceVendorAmt")
    asking(ds, HEAD).update(InvoiceVendorAmt=amount, DocInvoiceVendorAmt=amount)
    return answer(ds=ds)


def new_line(ctx: Context, args: Row) -> Row:
    """GetNewAPInvDtlMiscellaneous(ds, iVendorNum, cInvoiceNum) -> ds with a miscellaneous line."""
    ds, keys = dataset_in(args), (whole(args, "iVendorNum"), argument(args, "cInvoiceNum"))
    valid(ctx, HEAD, "Invoice", *keys)
    row = rows.new(ctx, DETAIL, VendorNum=keys[0], InvoiceNum=keys[1], LineType="M", CurrencyCode=journal.CURRENCY)
    ds.setdefault(DETAIL, []).append(row)
    return answer(ds=ds)


def check_invoice(ctx: Context, row: Row, before: Row | None) -> None:
    """An invoice has a group, a supplier, the supplier's number and an open date; a posted one stays."""
    if ctx.call and before and before["Posted"]:
        raise Business("Invoice is posted and cannot be changed.", table=HEAD)
    required(HEAD, row, GroupID="Group", VendorNum="Supplier", InvoiceNum="Invoice", InvoiceDate="Invoice Date")
    valid(ctx, GROUP, "Group", row["GroupID"])
    vendor = valid(ctx, "Vendor", "Supplier", row["VendorNum"])
    row.update(ApplyDate=row["ApplyDate"] or row["InvoiceDate"], DueDate=row["DueDate"] or row["InvoiceDate"])
    fiscal.check_open(ctx, row["ApplyDate"])
    paper = row["DocInvoiceVendorAmt"] or row["InvoiceVendorAmt"]
    row.update(
        fiscal.period(row["ApplyDate"]),
        DocInvoiceVendorAmt=paper,
        InvoiceVendorAmt=paper,
        TermsCode=row["TermsCode"] or vendor["TermsCode"],
    )
    row.update(EntryPerson=row["EntryPerson"] or ctx.user, OpenPayable=row["OpenPayable"] or before is None)


def check_line(ctx: Context, row: Row, _before: Row | None) -> None:
    """A line belongs to an unposted invoice; its cost is quantity times unit cost unless it is given."""
    head = valid(ctx, HEAD, "Invoice", row["VendorNum"], row["InvoiceNum"])
    if ctx.call and head["Posted"]:
        raise Business("Invoice is posted and cannot be changed.", table=DETAIL)
    cost = Decimal(row["DocExtCost"] or row["ExtCost"]) or Decimal(row["VendorQty"] or row["ScrVendorQty"]) * Decimal(
        row["DocUnitCost"] or row["UnitCost"]
    )
    row.update(ExtCost=cost, DocExtCost=cost)


def check_expense(ctx: Context, row: Row, _before: Row | None) -> None:
    """An expense names a valid account and an amount."""
    required(EXPENSE, row, GLAccount="GL Account")
    valid(ctx, "GLAccount", "GL Account", journal.COA, row["GLAccount"])
    row["ExpAmt"] = row["DocExpAmt"] = row["DocExpAmt"] or row["ExpAmt"]


def total(ctx: Context, row: Row, _before: Row | None = None) -> None:
    """The invoice's amount and balance follow its lines; a debit memo owes less than nothing."""
    head = rows.read(ctx, HEAD, row["VendorNum"], row["InvoiceNum"])
    if head is None or head["Posted"]:
        return
    lines = sum((Decimal(one["ExtCost"]) for one in rows.children(ctx, DETAIL, head)), Decimal(0))
    tax = sum((Decimal(one["TaxAmt"]) for one in rows.children(ctx, TAX, head)), Decimal(0))
    amount = -abs(lines + tax) if head["DebitMemo"] else lines + tax
    rows.update(
        internal(ctx), HEAD, head, dict.fromkeys(("InvoiceAmt", "DocInvoiceAmt", "InvoiceBal", "DocInvoiceBal"), amount)
    )


def update_master(ctx: Context, args: Row) -> Row:
    """UpdateMaster(ds, cGroupID, cTableName, ...) -> ds, the group's total, lUpdateRan."""
    saved = save(ctx, INVOICES, dataset_in(args))
    return answer(ds=saved, grpTotalInvAmt=_group_total(ctx, argument(args, "cGroupID")), lUpdateRan=True, **OUT)


def _group_total(ctx: Context, group: str) -> Decimal:
    return sum((Decimal(row["InvoiceAmt"]) for row in rows.find(ctx, HEAD, GroupID=group)), Decimal(0))


def new_group(ctx: Context, row: Row) -> None:
    """A new group's defaults."""
    row.update(InvoiceDate=ctx.today(), ApplyDate=ctx.today(), CreatedBy=ctx.user, ActiveUserID=ctx.user)


def check_group(_ctx: Context, row: Row, _before: Row | None) -> None:
    """A group has a name and dates."""
    group_id(GROUP, row)
    required(GROUP, row, InvoiceDate="Invoice Date")
    row["ApplyDate"] = row["ApplyDate"] or row["InvoiceDate"]
    row.update(fiscal.period(row["ApplyDate"]))


def pre_post(ctx: Context, args: Row) -> Row:
    """PrePostGroupInvoices(PostGroupID) -> ReturnMessage, VarianceMessage where paper and lines differ, TaxCalcFlag."""
    group = argument(args, "PostGroupID")
    valid(ctx, GROUP, "Group", group)
    apart = [
        row
        for row in rows.find(ctx, HEAD, GroupID=group)
        if Decimal(row["InvoiceVendorAmt"]) != Decimal(row["InvoiceAmt"])
    ]
    text = "; ".join(
        f"Invoice {row['InvoiceNum']}: {row['InvoiceVendorAmt']} against {row['InvoiceAmt']}" for row in apart
    )
    return answer(ReturnMessage="", VarianceMessage=text, TaxCalcFlag=False)


INVOICES = register(
    BusinessObject(
        "Erp.BO.APInvoiceSvc",
        sets={"APInvoices": HEAD, "APInvDtls": DETAIL, "APInvExps": EXPENSE, "APInvTaxes": TAX},
        root=HEAD,
        hooks={
            HEAD: Hooks(before_write=check_invoice),
            DETAIL: Hooks(("InvoiceLine", 1), before_write=check_line, after_write=total, after_delete=total),
            EXPENSE: Hooks(("InvExpSeq", 1), before_write=check_expense),
            TAX: Hooks(after_write=total, after_delete=total),
        },
        methods={
            "GetNewAPInvHedInvoice": _new_in_group(debit_memo=False),
            "GetNewAPInvHedDebitMemo": _new_in_group(debit_memo=True),
            "GetNewAPInvDtlMiscellaneous": new_line,
            "ChangeVendorID": change_vendor,
            "ChangeInvoiceDate": change_date,
            "ChangeInvoiceVendorAmt": change_amount,
            "PreUpdate": lambda _ctx, args: answer(ds=dataset_in(args), requiresUserInput=False),
            "UpdateMaster": update_master,
        },
    )
)
GROUPS = register(
    BusinessObject(
        "Erp.BO.APInvGrpSvc",
        sets={"APInvGrps": GROUP},
        root=GROUP,
        hooks={GROUP: Hooks(new=new_group, before_write=check_group)},
        methods={"PrePostGroupInvoices": pre_post},
    )
)
