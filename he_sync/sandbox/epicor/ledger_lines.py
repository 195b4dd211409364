"""What the ledger shows: posted lines, the chart of accounts, segment values, and the documents behind a line.

Posted lines and links are read only; they come from postings (journal.py).
"""

from __future__ import annotations

from he_sync.sandbox.epicor import journal, rows
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, get_rows, register
from he_sync.sandbox.epicor.checks import required, server_only, valid
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.journal import COA
from he_sync.sandbox.epicor.rows import Hooks, Row

POSTED = "GLJrnDtl"


def rows_of_posted(ctx: Context, args: Row) -> Row:
    """GetRowsGLJrnDtl(whereClause, pageSize, absolutePage): GetRows under its other name."""
    return get_rows(POSTED_LINES)(ctx, args)


def account_exists(ctx: Context, args: Row) -> Row:
    """(ipCOACode, ipGLAccount) -> whether the account is in the chart."""
    return answer(rows.read(ctx, "GLAccount", argument(args, "ipCOACode"), argument(args, "ipGLAccount")) is not None)


def validate_account(ctx: Context, args: Row) -> Row:
    """ValidateGLAccount(COACode, GLAccount, ...): nothing comes back, or the refusal."""
    account = valid(ctx, "GLAccount", "GL Account", argument(args, "COACode"), argument(args, "GLAccount"))
    if not account["Active"]:
        raise Business("GL Account is inactive.", table="GLAccount")
    return {}


def segment_account(_ctx: Context, row: Row, _before: Row | None) -> None:
    """An account's segments are its stored form taken apart at the bars."""
    required("GLAccount", row, GLAccount="GL Account")
    row.update(journal.segments(row["GLAccount"]), COACode=row["COACode"] or COA)


def get_transaction_detail(ctx: Context, args: Row) -> Row:
    """GetTransactionDetail(ipBookID, ipDocumentType, ipKey1..6) -> the ledger lines behind a document."""
    keys: Row = {f"Key{place}": str(args.get(f"ipKey{place}") or "") for place in range(1, 7)}
    found = rows.find(ctx, "TranGLC", RelatedToFile=argument(args, "ipDocumentType"), **keys)
    return answer({"TranGLC": found}, opMessage="", opNoData=not found, opNoGLPosting=not found)


CLOSED = server_only("Posted journal lines")
POSTED_LINES = register(
    BusinessObject(
        "Erp.BO.GLJrnDtlSvc",
        sets={"GLJrnDtls": POSTED},
        root=POSTED,
        hooks={POSTED: Hooks(before_write=CLOSED, before_delete=CLOSED)},
        methods={"GetRowsGLJrnDtl": rows_of_posted},
    )
)
ACCOUNTS = register(
    BusinessObject(
        "Erp.BO.GLAccountSvc",
        sets={"GLAccounts": "GLAccount"},
        root="GLAccount",
        hooks={"GLAccount": Hooks(before_write=segment_account)},
        methods={"GlAccountExists": account_exists, "ValidateGLAccount": validate_account},
    )
)
SEGMENTS = register(
    BusinessObject("Erp.BO.COASegValuesSvc", sets={"COASegValues": "COASegValues"}, root="COASegValues")
)
DETAIL = register(
    BusinessObject(
        "Erp.BO.TranGLCDetailSvc",
        extra=("TranGLC",),
        hooks={"TranGLC": Hooks(before_write=server_only("Ledger links"), before_delete=server_only("Ledger links"))},
        methods={"GetTransactionDetail": get_transaction_detail},
    )
)
