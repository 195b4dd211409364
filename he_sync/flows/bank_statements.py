"""Bank statement files as `bank_lines`, the relation that the settlement chain reads.

A line's id comes from what it says and its turn among equal lines of its file, so that a line which two overlapping
statements have is one line.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from io import StringIO
from pathlib import Path

from he_sync.connect.statements.line import StatementLine
from he_sync.connect.statements.read import read
from he_sync.connect.statements.table import Layout
from he_sync.model.errors import FixInput

COLUMNS = ("bank_id", "bank_account", "value_date", "amount_cents", "memo", "currency")


@dataclass(frozen=True, order=True)
class BankLine:
    """One row of `bank_lines`; the amount in minor units of its currency."""

    bank_id: int
    bank_account: int
    value_date: date
    amount_cents: int
    memo: str
    currency: str


def bank_lines(
    files: Iterable[Path], accounts: Mapping[str, int], layout: Layout | None = None, currency: str = "USD"
) -> list[BankLine]:
    """The lines of all files, each once, by id; `accounts` has our number of an account by the bank's.

    Raises FixInput for a file that is refused and for an account that has no number.
    """
    found: dict[int, BankLine] = {}
    for path in files:
        turns: Counter[str] = Counter()
        for line in read(path, layout, currency):
            if line.account not in accounts:
                name = line.account
                raise FixInput(
                    f"{path.name}: row {line.row}: account {name} has no number; add --account {name}=NUMBER"
                )
            one = _bank_line(line, accounts[line.account], turns)
            found[one.bank_id] = one
    return sorted(found.values())


def _bank_line(line: StatementLine, account: int, turns: Counter[str]) -> BankLine:
    said = "\0".join(map(str, (account, line.currency, line.value_date, line.amount_minor, line.reference, line.memo)))
    turns[said] += 1
    number = int.from_bytes(sha256(f"{said}\0{turns[said]}".encode()).digest()[:8]) >> 2
    memo = line.memo or line.reference
    return BankLine(number, account, line.value_date, line.amount_minor, memo, line.currency)


def as_csv(lines: Iterable[BankLine]) -> str:
    """`bank_lines.csv`."""
    text = StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(COLUMNS)
    out.writerows([getattr(line, name) for name in COLUMNS] for line in lines)
    return text.getvalue()
