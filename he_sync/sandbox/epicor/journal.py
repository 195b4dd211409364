"""The general ledger's one way in: a balanced set of lines of a date becomes posted GLJrnDtl rows.

Every posting uses it (journal groups, cash receipts, invoices), so debit equals credit and an open period hold for all.
Rows of TranGLC say which document a posted line came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import simplejson

from he_sync.sandbox.epicor import fiscal, rows
from he_sync.sandbox.epicor.checks import internal, minor
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.rows import Row
from he_sync.sandbox.epicor.switches import GL_CONTROLS

BOOK = "MAIN"
COA = "MAIN"
CURRENCY = "USD"
SEPARATOR = "|"
LINKED = [
    "BookID",
    "COACode",
    "GLAccount",
    "JournalCode",
    "JournalNum",
    "JournalLine",
    "FiscalYear",
    "DebitAmount",
    "CreditAmount",
]


@dataclass(frozen=True)
class Line:
    """One ledger line before it is posted; a positive amount is a debit."""

    account: str
    amount: Decimal
    description: str = ""
    columns: Row = field(default_factory=dict)

    @property
    def sides(self) -> Row:
        """The amount in its debit and credit columns."""
        debit, credit = max(self.amount, Decimal(0)), max(-self.amount, Decimal(0))
        return {"DebitAmount": debit, "CreditAmount": credit, "BookDebitAmount": debit, "BookCreditAmount": credit}


@dataclass(frozen=True)
class Journal:
    """A set of lines that is posted together. `source` is the document behind it: table name and up to six keys."""

    code: str
    date: str
    lines: Sequence[Line]
    module: str
    group: str = ""
    source: tuple[str, ...] = ()
    number: int = 0


def post(ctx: Context, journal: Journal) -> int:
    """Write the journal and return its number. Raises Business when it does not balance or its period is closed."""
    fiscal.check_open(ctx, journal.date)
    if out := sum((line.amount for line in journal.lines), Decimal(0)):
        raise Business(f"Journal does not balance: debits less credits are {minor(out)}.", table="GLJrnDtl")
    when = fiscal.period(journal.date)
    number = journal.number or next_number(ctx, journal.code, when["FiscalYear"])
    for place, line in enumerate(journal.lines, start=1):
        row = rows.insert(
            internal(ctx), "GLJrnDtl", _row(ctx, journal, line, JournalNum=number, JournalLine=place, **when)
        )
        if journal.source:
            _link(ctx, journal, row)
    return number


def next_number(ctx: Context, code: str, year: int) -> int:
    """The next journal number of a code and year, entered and posted journals together."""
    scope: Row = {"BookID": BOOK, "FiscalYear": year, "JournalCode": code}
    return max(rows.next_number(ctx, table, "JournalNum", **scope) for table in ("GLJrnHed", "GLJrnDtl"))


def segments(account: str) -> Row:
    """SegValue1.. of an account in its stored form, segments joined by a bar."""
    return {f"SegValue{place}": code for place, code in enumerate(account.split(SEPARATOR), start=1)}


def control(ctx: Context, name: str, store: str) -> str:
    """The account that a GL control yields at a store: natural account and store segment."""
    return f"{simplejson.loads(GL_CONTROLS.read(ctx.state))[name]}{SEPARATOR}{store}"


def _row(ctx: Context, journal: Journal, line: Line, **keys: Any) -> Row:
    return {
        "Company": ctx.company,
        "BookID": BOOK,
        "JournalCode": journal.code,
        "GroupID": journal.group,
        "JEDate": journal.date,
        "Description": line.description,
        "CurrencyCode": CURRENCY,
        "COACode": COA,
        "GLAccount": line.account,
        "SourceModule": journal.module,
        "Posted": True,
        "PostedBy": ctx.user,
        "PostedDate": ctx.today(),
        **segments(line.account),
        **line.sides,
        **line.columns,
        **keys,
    }


def _link(ctx: Context, journal: Journal, posted: Row) -> None:
    table, *keys = journal.source
    named: Row = {f"Key{place}": key for place, key in enumerate([*keys, *[""] * (6 - len(keys))], start=1)}
    number = rows.next_number(ctx, "TranGLC", "TGLCTranNum", RelatedToFile=table, **named)
    link = {"RelatedToFile": table, **named, "TGLCTranNum": number, "RecordType": "A", "TranDate": posted["JEDate"]}
    rows.insert(internal(ctx), "TranGLC", {**link, **{column: posted[column] for column in LINKED}})
