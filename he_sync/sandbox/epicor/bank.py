"""Bank accounts and bank transactions: BankAcctSvc, and BankAdjEntrySvc with its groups and BankTrans.

The ledger account of a bank account is a GL control. A row loaded with a GLAccount carries it; without one the control
`bank` and the account's own id yield it. Bank transactions of receipts and deposits come from postings as well.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from he_sync.sandbox.epicor import fiscal, journal, rows
from he_sync.sandbox.epicor.bo import BusinessObject, answer, apply, argument, dataset_in, register
from he_sync.sandbox.epicor.checks import asking, day, decimal, group_id, internal, required, valid, whole
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business, NotFound
from he_sync.sandbox.epicor.rows import Hooks, Row

GROUP, TRAN = "BankGrp", "BankTran"


def ledger_account(ctx: Context, bank: str) -> str:
    """The ledger account of a bank account."""
    row = valid(ctx, "BankAcct", "Bank Account", bank)
    return str(row.get("GLAccount") or journal.control(ctx, "bank", bank))


def store_of(ctx: Context, bank: str) -> str:
    """The store segment that the postings of a bank account carry."""
    return ledger_account(ctx, bank).rpartition(journal.SEPARATOR)[2]


def record(ctx: Context, bank: str, date: str, amount: Decimal, **columns: Any) -> Row:
    """A bank transaction that a posting makes."""
    row = {"BankAcctID": bank, "TranDate": date, "TranAmt": amount, "DocTranAmt": amount, "GLPosted": True, **columns}
    return rows.insert(internal(ctx), TRAN, row)


def new_group(ctx: Context, row: Row) -> None:
    """A new group's defaults."""
    row.update(TranDate=ctx.today(), CreatedBy=ctx.user, ActiveUserID=ctx.user)


def check_group(ctx: Context, row: Row, _before: Row | None) -> None:
    """A group has a name, a date and a bank account."""
    group_id(GROUP, row)
    required(GROUP, row, BankAcctID="Bank Account", TranDate="Transaction Date")
    valid(ctx, "BankAcct", "Bank Account", row["BankAcctID"])
    row.update(fiscal.period(row["TranDate"]))


def check_tran(ctx: Context, row: Row, before: Row | None) -> None:
    """A transaction has a bank account and a date in an open period; a posted one stays as it is."""
    required(TRAN, row, BankAcctID="Bank Account", TranDate="Transaction Date")
    valid(ctx, "BankAcct", "Bank Account", row["BankAcctID"])
    if ctx.call and before and before["GLPosted"]:
        raise Business("Bank transaction is posted and cannot be changed.", table=TRAN)
    fiscal.check_open(ctx, row["TranDate"])
    amount = row["DocTranAmt"] or row["TranAmt"]
    row.update(
        fiscal.period(row["TranDate"]),
        TranAmt=amount,
        DocTranAmt=amount,
        CurrencyCode=row["CurrencyCode"] or journal.CURRENCY,
    )
    row.update(EntryPerson=row["EntryPerson"] or ctx.user, EntryDate=row["EntryDate"] or ctx.today())


def new_tran_in_group(ctx: Context, args: Row) -> Row:
    """GetNewBankTran1(ds, vGroupID) -> ds with a transaction of the group's bank account and date."""
    ds, group = dataset_in(args), valid(ctx, GROUP, "Group", argument(args, "vGroupID"))
    taken = {column: group[column] for column in ("GroupID", "BankAcctID", "TranDate")}
    ds.setdefault(TRAN, []).append(rows.new(ctx, TRAN, **taken, SourceModule="CM"))
    return answer(ds=ds)


def change_amount(_ctx: Context, args: Row) -> Row:
    """ChangeTranAmt(ipTranAmtType, ProposedTranAmt, ds)."""
    ds, amount = dataset_in(args), decimal(args, "ProposedTranAmt")
    asking(ds, TRAN).update(TranAmt=amount, DocTranAmt=amount, DispTranAmt=amount, DispDocTranAmt=amount)
    return answer(ds=ds)


def change_date(_ctx: Context, args: Row) -> Row:
    """ChangeTranDate(ProposedTranDate, ds)."""
    ds = dataset_in(args)
    asking(ds, TRAN)["TranDate"] = day(argument(args, "ProposedTranDate"))
    return answer(ds=ds)


def update(ctx: Context, args: Row) -> Row:
    """Update(ds): the group's row and the transactions in it; all or nothing."""
    ds = dataset_in(args)
    with ctx.transaction():
        for table in (GROUP, TRAN):
            ds[table] = [_applied(ctx, table, row) for row in ds.get(table) or []]
    return answer(ds={table: [row for row in ds[table] if row] for table in (GROUP, TRAN)})


def _applied(ctx: Context, table: str, row: Row) -> Row | None:
    if row.get("RowMod") not in {"A", "U", "D"}:
        return row
    return apply(
        ctx, table, {column: value for column, value in row.items() if column in rows.prepare(ctx.state, table).columns}
    )


def get_by_id(ctx: Context, args: Row) -> Row:
    """GetByID(groupID) -> the group with its transactions."""
    group = rows.read(ctx, GROUP, argument(args, "groupID"))
    if group is None:
        raise NotFound("Record not found.", table=GROUP, method="GetByID")
    return answer({GROUP: [group], TRAN: rows.find(ctx, TRAN, GroupID=group["GroupID"]), "ExtensionTables": []})


def get_by_tran_num(ctx: Context, args: Row) -> Row:
    """(pcBankAcctID, piTranNum, plVoided) -> one transaction."""
    found = rows.read(ctx, TRAN, argument(args, "pcBankAcctID"), whole(args, "piTranNum"), bool(args.get("plVoided")))
    if found is None:
        raise NotFound("Record not found.", table=TRAN, method="GetByTranNum")
    return answer({GROUP: [], TRAN: [found], "ExtensionTables": []})


def group_exists(ctx: Context, args: Row) -> Row:
    """AdjGroupExists(ipGroupID)."""
    return answer(rows.read(ctx, GROUP, argument(args, "ipGroupID")) is not None)


BANK_ACCT = register(BusinessObject("Erp.BO.BankAcctSvc", sets={"BankAccts": "BankAcct"}, root="BankAcct"))
BANK_ADJ = register(
    BusinessObject(
        "Erp.BO.BankAdjEntrySvc",
        sets={"BankAdjEntries": GROUP, "BankTrans": TRAN},
        root=GROUP,
        hooks={
            GROUP: Hooks(new=new_group, before_write=check_group),
            TRAN: Hooks(numbers=("TranNum", 1), before_write=check_tran),
        },
        methods={
            "GetByID": get_by_id,
            "GetByTranNum": get_by_tran_num,
            "GetNewBankTran1": new_tran_in_group,
            "ChangeTranAmt": change_amount,
            "ChangeTranDate": change_date,
            "AdjGroupExists": group_exists,
            "PreUpdate": lambda _ctx, args: answer(ds=dataset_in(args), requiresUserInput=False),
            "Update": update,
        },
    )
)
