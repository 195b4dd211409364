"""Cash receipt groups (CashGrpSvc): a bank account, a date and who has the group open."""

from __future__ import annotations

from decimal import Decimal

from he_sync.sandbox.epicor import fiscal, rows
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, dataset_in, register, save
from he_sync.sandbox.epicor.checks import asking, day, group_id, required, valid
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.rows import Hooks, Row

GROUP, HEAD, DETAIL = "CashGrp", "CashHead", "CashDtl"
WITHOUT_CUSTOMER = frozenset({"Misc"})


def receipts(ctx: Context, group: str) -> list[Row]:
    """The receipts of a group, oldest first."""
    return rows.sort(rows.find(ctx, HEAD, GroupID=group), rows.prepare(ctx.state, HEAD))


def check_group_open(ctx: Context, group: str) -> Row:
    """The group, unless it is unknown or everything in it is posted."""
    row, found = valid(ctx, GROUP, "Group", group), receipts(ctx, group)
    if found and all(head["Posted"] for head in found):
        raise Business(f"Group {group} has already been posted.", table=GROUP)
    return row


def new_group(ctx: Context, row: Row) -> None:
    """A new group's defaults: today, opened by its maker."""
    row.update(TranDate=ctx.today(), CreatedBy=ctx.user, ActiveUserID=ctx.user, **fiscal.period(ctx.today()))


def check_group(ctx: Context, row: Row, before: Row | None) -> None:
    """A group has a name, a date and a known bank account; one that somebody else has open is locked."""
    group_id(GROUP, row)
    required(GROUP, row, TranDate="Transaction Date", BankAcctID="Bank Account")
    valid(ctx, "BankAcct", "Bank Account", row["BankAcctID"])
    if before and before["ActiveUserID"] not in {"", ctx.user}:
        raise Business(f"Group {row['GroupID']} is in use by {before['ActiveUserID']}.", table=GROUP)
    row.update(fiscal.period(row["TranDate"]))


def total(ctx: Context, row: Row) -> None:
    """The group's totals, as GetByID shows them."""
    found = receipts(ctx, row["GroupID"])
    cash, used = (sum((Decimal(one[column]) for one in found), Decimal(0)) for column in ("TranAmt", "AppliedAmt"))
    row.update(TotalCashReceived=cash, TotalApplied=used, UnappliedBalance=cash - used, HasDetails=bool(found))


def bank_info(ctx: Context, args: Row) -> Row:
    """GetGrpBankInfo(BankAcctId, ds)."""
    ds, bank = dataset_in(args), valid(ctx, "BankAcct", "Bank Account", argument(args, "BankAcctId"))
    asking(ds, GROUP).update(BankAcctID=bank["BankAcctID"], BankAcctIDDescription=bank["Description"])
    return answer(ds=ds)


def fiscal_info(_ctx: Context, args: Row) -> Row:
    """GetGrpFiscal(tranDate, ds)."""
    ds, date = dataset_in(args), day(argument(args, "tranDate"))
    if date is None:
        raise Business("Transaction Date is required.", table=GROUP, field="TranDate")
    asking(ds, GROUP).update(TranDate=date, **fiscal.period(date))
    return answer(ds=ds)


def update_master(ctx: Context, args: Row) -> Row:
    """UpdateMaster(ds): Update under its other name."""
    return answer(ds=save(ctx, GROUPS, dataset_in(args)), mode=0, oldBankBatchSysRowID="")


def exists(ctx: Context, args: Row) -> Row:
    """ReceiptGroupExists(ipGroupID)."""
    return answer(rows.read(ctx, GROUP, argument(args, "ipGroupID")) is not None)


def leave(ctx: Context, args: Row) -> Row:
    """LeaveCashGrp(groupID): nobody has the group open any more."""
    group = valid(ctx, GROUP, "Group", argument(args, "groupID"))
    rows.update(ctx, GROUP, group, {"ActiveUserID": ""})
    return {}


def pre_post(ctx: Context, args: Row) -> Row:
    """PrePostGroup(groupID) -> the questions of the screen, none here."""
    check_group_open(ctx, argument(args, "groupID"))
    return answer(vQuestion="", vTaxQuestion="", lnMessage="")


GROUPS = register(
    BusinessObject(
        "Erp.BO.CashGrpSvc",
        sets={"CashGrps": GROUP},
        root=GROUP,
        hooks={GROUP: Hooks(new=new_group, before_write=check_group, calculate=total)},
        methods={
            "GetGrpBankInfo": bank_info,
            "GetGrpFiscal": fiscal_info,
            "UpdateMaster": update_master,
            "ReceiptGroupExists": exists,
            "LeaveCashGrp": leave,
            "PrePostGroup": pre_post,
        },
    )
)
