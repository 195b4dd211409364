"""One line of a bank statement, and how amounts, dates and errors are read from any format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from he_sync.model.errors import BadRecord, FixInput
from he_sync.model.money import to_minor


@dataclass(frozen=True)
class StatementLine:
    """A booked amount in minor units, credit positive. `row` is its line or entry in the file, from 1."""

    account: str
    currency: str
    value_date: date
    amount_minor: int
    memo: str
    reference: str
    row: int


@dataclass(frozen=True)
class Place:
    """Where in a file something stands: `line 7` of a text, `entry 3` of an XML file."""

    path: Path
    what: str
    row: int

    def refuse(self, why: str) -> FixInput:
        """The error that names file, row and rule."""
        return FixInput(f"{self.path.name}: {self.what} {self.row}: {why}")

    def minor(self, text: str, currency: str, pattern: str = r"[+-]?[0-9]+(\.[0-9]+)?") -> int:
        """An amount in major units, exact. Raises FixInput; `1e3`, blanks and fractions of a cent are no amounts."""
        if not re.fullmatch(pattern, text):
            raise self.refuse(f"amount {text!r} is not a decimal number")
        try:
            return to_minor(Decimal(text.replace(",", ".")), currency)
        except BadRecord as error:
            raise self.refuse(str(error)) from None

    def day(self, text: str, form: str) -> date:
        """A date in a form of strptime. Raises FixInput."""
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day without a time
        except ValueError:
            raise self.refuse(f"date {text!r} is not of the form {form}") from None


def text_of(path: Path) -> str:
    """A file's text: UTF-8, else the code page that banks in the Americas and western Europe write."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
