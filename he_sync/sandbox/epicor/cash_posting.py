"""Posting of cash receipt groups (Erp.PROC.CashRecPostSvc) and the reversal of a posted receipt.

GetNewParameters -> set GroupID -> SubmitToAgent or RunDirect. A receipt debits the ledger account of its bank account
and credits receivables (the applied part) and unapplied cash (the rest; for TranType Misc the misc account), makes one
BankTran, and takes its lines off the balances of the invoices.
"""

from __future__ import annotations

from decimal import Decimal

from he_sync.sandbox.epicor import agent, bank, journal, rows
from he_sync.sandbox.epicor.bo import answer, argument
from he_sync.sandbox.epicor.cash_groups import DETAIL, GROUP, HEAD, WITHOUT_CUSTOMER, check_group_open, receipts
from he_sync.sandbox.epicor.checks import day, internal, valid, whole
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.journal import Journal, Line
from he_sync.sandbox.epicor.rows import Row

JOURNAL_CODE = "CR"


def post_group(ctx: Context, group: str) -> None:
    """Post every open receipt of a group: ledger, bank, invoice balances. Raises Business, and nothing is posted."""
    check_group_open(ctx, group)
    with ctx.transaction():
        found = [row for row in receipts(ctx, group) if not row["Posted"]]
        if not found:
            raise Business(f"Group {group} has no receipts to post.", table=GROUP)
        for head in found:
            _post(ctx, head)


def _post(ctx: Context, head: Row) -> None:
    details = rows.children(ctx, DETAIL, head)
    _book(ctx, head, details, head["TranDate"], 1)
    for row in details:
        _settle(ctx, row, Decimal(row["TranAmt"]))
        rows.update(internal(ctx), DETAIL, row, {"Posted": True, "GLPosted": True})
    rows.update(internal(ctx), HEAD, head, {"Posted": True, "GLPosted": True})


def _book(ctx: Context, head: Row, details: list[Row], date: str, sign: int) -> None:
    """The ledger lines and the bank transaction of a receipt; sign -1 takes them back."""
    store, text = (
        bank.store_of(ctx, head["BankAcctID"]),
        head["Reference"] or f"Receipt {head['HeadNum']} {head['CheckRef']}".strip(),
    )
    used = sum((Decimal(row["TranAmt"]) for row in details), Decimal(0))
    other = "misc" if head["TranType"] in WITHOUT_CUSTOMER else "unapplied"
    parts = [
        (bank.ledger_account(ctx, head["BankAcctID"]), Decimal(head["TranAmt"])),
        (journal.control(ctx, "receivable", store), -used),
        (journal.control(ctx, other, store), used - Decimal(head["TranAmt"])),
    ]
    tran = bank.record(
        ctx,
        head["BankAcctID"],
        date,
        sign * Decimal(head["TranAmt"]),
        TranRef=head["CheckRef"],
        HeadNum=head["HeadNum"],
        SourceModule="AR",
    )
    columns = {
        "CRHeadNum": head["HeadNum"],
        "CustNum": head["CustNum"],
        "BankAcctID": head["BankAcctID"],
        "BankTranNum": tran["TranNum"],
    }
    lines = [Line(account, sign * amount, text, columns) for account, amount in parts if amount]
    source = (HEAD, head["GroupID"], str(head["HeadNum"]))
    journal.post(ctx, Journal(JOURNAL_CODE, date, lines, "AR", head["GroupID"], source))


def _settle(ctx: Context, detail: Row, amount: Decimal) -> None:
    invoice = valid(ctx, "InvcHead", "Invoice", detail["InvoiceNum"])
    left = Decimal(invoice["InvoiceBal"]) - amount
    closed = ctx.today() if not left else None
    rows.update(
        internal(ctx),
        "InvcHead",
        invoice,
        {"InvoiceBal": left, "DocInvoiceBal": left, "OpenInvoice": bool(left), "ClosedDate": closed},
    )


def reverse_cash_receipt(ctx: Context, args: Row) -> Row:
    """ReverseCashReceipt(headNum, reverseDate) -> postErrorLog, empty. Once, and only of a posted receipt."""
    found = rows.find(ctx, HEAD, HeadNum=whole(args, "headNum"))
    date = day(argument(args, "reverseDate")) or ctx.today()
    if not found:
        raise Business("Cash Receipt references invalid value.", table=HEAD, field="HeadNum")
    head = found[0]
    if not head["Posted"]:
        raise Business("Cash receipt is not posted.", table=HEAD)
    if head["ReverseDate"]:
        raise Business("Cash receipt has already been reversed.", table=HEAD)
    with ctx.transaction():
        details = rows.children(ctx, DETAIL, head)
        _book(ctx, head, details, date, -1)
        for row in details:
            _settle(ctx, row, -Decimal(row["TranAmt"]))
        rows.update(internal(ctx), HEAD, head, {"ReverseDate": date, "ReverseRef": head["HeadNum"]})
    return answer(postErrorLog="")


POSTING = agent.process("Erp.PROC.CashRecPostSvc", "CashRecPostParam", post_group)
