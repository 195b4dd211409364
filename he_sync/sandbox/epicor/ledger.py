"""Journal groups of the general ledger and their posting.

Sequence: GLJrnGrpSvc GetNewGLJrnGrp -> Update; journals (ledger_entry.py); then CheckBeforePost and PostGroupJournals,
or GLJrnAsynchSvc with the GroupID. Entered lines (GLJrnDtlMnl) become posted lines (GLJrnDtl) that keep GroupID and
Description; a header stays behind as Posted. A posted group takes no journal and cannot be posted again.
"""

from __future__ import annotations

from decimal import Decimal

from he_sync.sandbox.epicor import agent, fiscal, journal, rows
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, dataset_in, register
from he_sync.sandbox.epicor.checks import group_id, internal, minor, required, valid
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business, KineticError
from he_sync.sandbox.epicor.journal import BOOK, Journal, Line
from he_sync.sandbox.epicor.rows import Hooks, Row
from he_sync.sandbox.epicor.switches import POSTED_GROUP, UNBALANCED_JOURNAL

GROUP, HEAD, ENTERED = "GLJrnGrp", "GLJrnHed", "GLJrnDtlMnl"
JOURNAL_CODE = "GJ"
HEAD_KEYS = ("BookID", "FiscalYear", "FiscalYearSuffix", "JournalCode", "JournalNum", "FiscalCalendarID")
CARRIED = (
    "Description",
    "VendorNum",
    "APInvoiceNum",
    "ARInvoiceNum",
    "BankAcctID",
    "CheckNum",
    "CRHeadNum",
    "BankTranNum",
    "CommentText",
    "CustNum",
)


def new_group(ctx: Context, row: Row) -> None:
    """A new group's defaults: today, the main book, the manual journal code."""
    row.update(
        JEDate=ctx.today(),
        BookID=BOOK,
        JournalCode=JOURNAL_CODE,
        CreatedBy=ctx.user,
        CreateDate=ctx.today(),
        SingleBook=True,
    )
    row.update(fiscal.period(ctx.today()), ActiveUserID=ctx.user)


def check_group(ctx: Context, row: Row, before: Row | None) -> None:
    """A group has a name of at most nine characters and a date; a posted one is finished."""
    group_id(GROUP, row)
    required(GROUP, row, JEDate="Apply Date")
    if before and ctx.call and posted(ctx, row["GroupID"]):
        raise Business(f"Group {row['GroupID']} has already been posted.", table=GROUP)
    row.update(
        BookID=row["BookID"] or BOOK, JournalCode=row["JournalCode"] or JOURNAL_CODE, **fiscal.period(row["JEDate"])
    )


def heads(ctx: Context, group: str) -> list[Row]:
    """The journals entered in a group, posted or not."""
    return rows.sort(rows.find(ctx, HEAD, GroupID=group), rows.prepare(ctx.state, HEAD))


def posted(ctx: Context, group: str) -> bool:
    """Whether everything in the group is posted, and something is."""
    found = heads(ctx, group)
    return bool(found) and all(head["Posted"] for head in found)


def check_before_post(ctx: Context, args: Row) -> Row:
    """(groupID): refuses what PostGroupJournals would refuse."""
    for head in _open_heads(ctx, argument(args, "groupID")):
        _lines(ctx, head)
        fiscal.check_open(ctx, head["JEDate"])
    return {}


def post_group_journals(ctx: Context, args: Row) -> Row:
    """(postGroupID) -> NotAllPostedMessage, empty when every journal of the group was posted."""
    return answer(NotAllPostedMessage=post_group(ctx, argument(args, "postGroupID")))


def post_group(ctx: Context, group: str) -> str:
    """Post every open journal of a group; the text names those that were left behind. Raises Business."""
    failed = []
    with ctx.transaction():
        for head in _open_heads(ctx, group):
            try:
                _post(ctx, head)
            except KineticError as error:
                if UNBALANCED_JOURNAL.read(ctx.state) == "refuse":
                    raise
                failed.append(f"Journal {head['JournalNum']} was not posted: {error.message}")
        if not failed and POSTED_GROUP.read(ctx.state) == "deleted":
            rows.delete(ctx, GROUP, rows.need(ctx, GROUP, group))
    return " ".join(failed)


def _open_heads(ctx: Context, group: str) -> list[Row]:
    valid(ctx, GROUP, "Group", group)
    if posted(ctx, group):
        raise Business(f"Group {group} has already been posted.", table=GROUP)
    found = [head for head in heads(ctx, group) if not head["Posted"]]
    if not found:
        raise Business(f"Group {group} has no journals to post.", table=GROUP)
    return found


def _lines(ctx: Context, head: Row) -> list[Row]:
    found = rows.children(ctx, ENTERED, head)
    if not found:
        raise Business(f"Journal {head['JournalNum']} has no lines.", table=HEAD)
    if out := sum((Decimal(row["DebitAmount"]) - Decimal(row["CreditAmount"]) for row in found), Decimal(0)):
        raise Business(
            f"Journal {head['JournalNum']} does not balance: debits less credits are {minor(out)}.", table=HEAD
        )
    return found


def _post(ctx: Context, head: Row) -> None:
    """The header is marked first: the totals of a posted journal stay when its entered lines go."""
    entered = _lines(ctx, head)
    lines = [_line(row) for row in entered]
    code, date = head["JournalCode"], head["JEDate"]
    journal.post(ctx, Journal(code, date, lines, "GL", head["GroupID"], number=head["JournalNum"]))
    rows.update(internal(ctx), HEAD, head, {"Posted": True, "PostedDate": ctx.today()})
    for row in entered:
        rows.delete(internal(ctx), ENTERED, row)


def _line(row: Row) -> Line:
    amount = Decimal(row["DebitAmount"]) - Decimal(row["CreditAmount"])
    return Line(row["GLAccount"], amount, row["Description"], {column: row[column] for column in CARRIED})


def change_nothing(ctx: Context, args: Row) -> Row:
    """Locks and unlocks of a group that only answer."""
    valid(ctx, GROUP, "Group", argument(args, "groupID", args.get("inGroupID")))
    return answer(ds=dataset_in(args)) if "ds" in args else {}


GROUPS = register(
    BusinessObject(
        "Erp.BO.GLJrnGrpSvc",
        sets={"GLJrnGrps": GROUP},
        root=GROUP,
        hooks={GROUP: Hooks(new=new_group, before_write=check_group)},
        methods={
            "CheckBeforePost": check_before_post,
            "PostGroupJournals": post_group_journals,
            "IsNeedAsyncronousPosting": lambda _ctx, _args: answer(returned=False),
            "UnlockGroup": change_nothing,
            "GroupUnlock": change_nothing,
            "GroupLock": change_nothing,
        },
    )
)
POSTING = agent.process("Erp.PROC.GLJrnAsynchSvc", "GLJrnAsynchParam", post_group)
