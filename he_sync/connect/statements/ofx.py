"""OFX, version 1 (SGML, where a value's tag need not be closed) and 2 (XML), as banks give it for download.

Read as a row of tags; only statements of bank and card accounts are taken. A transaction's FITID is once per account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from he_sync.connect.statements.line import Place, StatementLine, text_of
from he_sync.model.errors import FixInput

TAG = re.compile(r"<(/?)([A-Z0-9._]+)>([^<]*)")
AMOUNT = r"[+-]?[0-9]+([.,][0-9]+)?"
STATEMENTS = frozenset({"STMTRS", "CCSTMTRS"})


@dataclass(frozen=True)
class _Tag:
    """An opening or closing tag, its text, and the line on which it stands."""

    name: str
    closes: bool
    text: str
    row: int


def read(path: Path) -> list[StatementLine]:
    """All transactions of a file. Raises FixInput with file, line and rule."""
    tags = list(_tags(text_of(path)))
    if not tags or not any(tag.name == "OFX" and not tag.closes for tag in tags):
        raise FixInput(f"{path.name}: row 1: no <OFX> in it")
    if not (tags[-1].name == "OFX" and tags[-1].closes):
        raise FixInput(f"{path.name}: line {tags[-1].row}: does not end in </OFX>; the file is cut off")
    found = list(_statements(path, tags))
    seen: dict[tuple[str, str], int] = {}
    for line in found:
        first = seen.setdefault((line.account, line.reference), line.row)
        if first != line.row:
            raise Place(path, "line", line.row).refuse(f"FITID {line.reference} is there already, on line {first}")
    return found


def _tags(text: str) -> Iterator[_Tag]:
    row, start = 1, 0
    for match in TAG.finditer(text):
        row += text.count("\n", start, match.start())
        start = match.start()
        yield _Tag(match[2], bool(match[1]), unescape(match[3]).strip(), row)


def _statements(path: Path, tags: list[_Tag]) -> Iterator[StatementLine]:
    account = currency = ""
    one: dict[str, str] | None = None
    row = 0
    for tag in tags:
        if tag.name in STATEMENTS:
            account = currency = ""
        elif tag.name == "STMTTRN":
            if tag.closes and one is not None:
                yield _line(Place(path, "line", row), one, account, currency)
            one, row = None if tag.closes else {}, tag.row
        elif one is not None and not tag.closes:
            one.setdefault(tag.name, tag.text)
        elif tag.name == "ACCTID" and not tag.closes:
            account = tag.text
        elif tag.name == "CURDEF" and not tag.closes:
            currency = tag.text
    if one is not None:
        raise Place(path, "line", row).refuse("a transaction STMTTRN that does not end")


def _line(place: Place, one: dict[str, str], account: str, currency: str) -> StatementLine:
    for name in ("TRNAMT", "DTPOSTED", "FITID"):
        if not one.get(name):
            raise place.refuse(f"a transaction without {name}")
    if not account or not currency:
        raise place.refuse("a transaction without an account (ACCTID) or a currency (CURDEF)")
    amount = place.minor(one["TRNAMT"], currency, AMOUNT)
    memo = " ".join(text for name in ("NAME", "MEMO") if (text := one.get(name, "")))
    return StatementLine(
        account, currency, place.day(one["DTPOSTED"][:8], "%Y%m%d"), amount, memo, one["FITID"], place.row
    )
