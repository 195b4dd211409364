"""Manual journals: headers in a group, and their entered lines.

Sequence: GetNewGlJrnHedTran -> GetNewGLJrnDtlMnl for each line -> PreUpdate -> Update; header and lines may go in one
Update, then the server's journal number reaches the lines. Only a posted group (ledger.py) reaches the ledger itself.
"""

from __future__ import annotations

from decimal import Decimal

from he_sync.sandbox.epicor import fiscal, journal, rows
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, dataset, dataset_in, register
from he_sync.sandbox.epicor.checks import asking, internal, required, valid, whole
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.journal import BOOK, COA
from he_sync.sandbox.epicor.ledger import ENTERED, GROUP, HEAD, HEAD_KEYS, JOURNAL_CODE, heads, posted
from he_sync.sandbox.epicor.rows import Hooks, Row


def new_head_in_group(ctx: Context, args: Row) -> Row:
    """(ds, GroupID) -> ds with a journal header that takes its date, book and code from the group."""
    ds, group = dataset_in(args), valid(ctx, GROUP, "Group", argument(args, "GroupID"))
    if posted(ctx, group["GroupID"]):
        raise Business(f"Group {group['GroupID']} has already been posted.", table=GROUP)
    taken = {column: group[column] for column in ("GroupID", "BookID", "JournalCode", "JEDate")}
    ds.setdefault(HEAD, []).append(rows.new(ctx, HEAD, **taken, **fiscal.period(group["JEDate"])))
    return answer(ds=ds)


def check_head(ctx: Context, row: Row, before: Row | None) -> None:
    """A journal belongs to a group and takes its period from its date; its number comes from the server."""
    required(HEAD, row, GroupID="Group", JEDate="Apply Date")
    valid(ctx, GROUP, "Group", row["GroupID"])
    if ctx.call and before and before["Posted"]:
        raise Business(f"Journal {row['JournalNum']} is posted and cannot be changed.", table=HEAD)
    when = fiscal.period(row["JEDate"])
    if before and when["FiscalYear"] != before["FiscalYear"]:
        raise Business("Apply Date is outside of the fiscal year of the journal.", table=HEAD, field="JEDate")
    fiscal.check_open(ctx, row["JEDate"])
    row.update(
        BookID=row["BookID"] or BOOK,
        JournalCode=row["JournalCode"] or JOURNAL_CODE,
        CurrencyCode=row["CurrencyCode"] or "USD",
        **when,
    )
    row.update(EnteredBy=row["EnteredBy"] or ctx.user, CreateDate=row["CreateDate"] or ctx.today())
    row["JournalNum"] = row["JournalNum"] or journal.next_number(ctx, row["JournalCode"], row["FiscalYear"])


def keep_posted_head(ctx: Context, row: Row) -> None:
    """A posted journal stays."""
    if ctx.call and row["Posted"]:
        raise Business(f"Journal {row['JournalNum']} is posted and cannot be deleted.", table=HEAD)


def new_line(ctx: Context, args: Row) -> Row:
    """(ds, bookID, fiscalYear, fiscalYearSuffix, journalCode, journalNum, journalLine) -> ds with a line of it.

    `journalLine` 0 is numbered on Update. A journal that is still in the same ds (number 0) is taken from there.
    """
    ds, number = dataset_in(args), whole(args, "journalNum", 0)
    asked = {
        "BookID": argument(args, "bookID", BOOK),
        "FiscalYear": whole(args, "fiscalYear", 0),
        "JournalCode": argument(args, "journalCode", JOURNAL_CODE),
    }
    stored = rows.find(ctx, HEAD, JournalNum=number, **asked) if number else []
    head = stored[0] if stored else asking(ds, HEAD)
    taken = {
        column: head[column]
        for column in (*HEAD_KEYS, "GroupID", "JEDate", "FiscalPeriod", "Description", "CurrencyCode")
    }
    ds.setdefault(ENTERED, []).append(
        rows.new(ctx, ENTERED, **taken, JournalLine=whole(args, "journalLine", 0), COACode=COA)
    )
    return answer(ds=ds)


def check_line(ctx: Context, row: Row, _before: Row | None) -> None:
    """A line has a valid, active account and one side; a transaction amount alone is debit when positive."""
    head = valid(ctx, HEAD, "Journal", *[row[key] for key in HEAD_KEYS])
    if head["Posted"]:
        raise Business(f"Journal {row['JournalNum']} is posted and cannot be changed.", table=ENTERED)
    required(ENTERED, row, GLAccount="GL Account")
    account = valid(ctx, "GLAccount", "GL Account", COA, row["GLAccount"])
    if not account["Active"]:
        raise Business("GL Account is inactive.", table=ENTERED, field="GLAccount")
    _sides(row)
    taken = {column: row[column] or head[column] for column in ("GroupID", "JEDate", "Description", "CurrencyCode")}
    row.update(
        taken, COACode=COA, FiscalPeriod=head["FiscalPeriod"], SourceModule="GL", **journal.segments(row["GLAccount"])
    )
    if not row["JournalLine"]:
        row["JournalLine"] = rows.next_number(ctx, ENTERED, "JournalLine", **{key: row[key] for key in HEAD_KEYS})


def _sides(row: Row) -> None:
    debit, credit = Decimal(row["DebitAmount"]), Decimal(row["CreditAmount"])
    if not debit and not credit:
        amount = Decimal(row["TransAmt"] or row["DocTransAmt"])
        debit, credit = max(amount, Decimal(0)), max(-amount, Decimal(0))
    if debit and credit:
        raise Business("A line is a debit or a credit, not both.", table=ENTERED, field="DebitAmount")
    row.update(DebitAmount=debit, CreditAmount=credit, TransAmt=debit - credit, DocTransAmt=debit - credit)


def total_head(ctx: Context, row: Row, _before: Row | None = None) -> None:
    """The header's totals follow its lines."""
    head = rows.read(ctx, HEAD, *[row[key] for key in HEAD_KEYS])
    if head is None or head["Posted"]:
        return
    lines = rows.children(ctx, ENTERED, head)
    debit, credit = (
        sum((Decimal(line[side]) for line in lines), Decimal(0)) for side in ("DebitAmount", "CreditAmount")
    )
    rows.update(internal(ctx), HEAD, head, {"TotDebit": debit, "TotCredit": credit, "Balance": debit - credit})


def get_by_group_id(ctx: Context, args: Row) -> Row:
    """(GroupID) -> every journal of the group with its lines."""
    return answer(dataset(ctx, ENTRY, *heads(ctx, argument(args, "GroupID"))))


def change_account(ctx: Context, args: Row) -> Row:
    """(iLineNum, ds): the segments and the description of the line's account."""
    ds = dataset_in(args)
    row = asking(ds, ENTERED)
    account = valid(ctx, "GLAccount", "GL Account", COA, row["GLAccount"])
    row.update(journal.segments(row["GLAccount"]), GLAccountDesc=account["AccountDesc"])
    return answer(ds=ds, currCodeChanged=False)


def pre_update(_ctx: Context, args: Row) -> Row:
    """(ds) -> RequiresUserInput, never here."""
    return answer(ds=dataset_in(args), RequiresUserInput=False)


ENTRY = register(
    BusinessObject(
        "Erp.BO.GLJournalEntrySvc",
        sets={"GLJournalEntries": HEAD, "GLJrnDtlMnls": ENTERED},
        root=HEAD,
        hooks={
            HEAD: Hooks(before_write=check_head, before_delete=keep_posted_head),
            ENTERED: Hooks(before_write=check_line, after_write=total_head, after_delete=total_head),
        },
        methods={
            "GetNewGlJrnHedTran": new_head_in_group,
            "GetNewGLJrnDtlMnl": new_line,
            "GetByGroupID": get_by_group_id,
            "ChangeGlAcct1": change_account,
            "PreUpdate": pre_update,
        },
    )
)
