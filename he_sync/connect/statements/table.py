"""CSV, which every bank writes in its own way: `Layout` names the columns, the date's form and the decimal point."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from he_sync.connect.statements.line import Place, StatementLine, text_of
from he_sync.model.errors import FixInput


@dataclass(frozen=True)
class Layout:
    """A bank's columns. With `debit` amounts stand in two columns without a sign; "" for a column that is not there."""

    account: str = "account"
    currency: str = "currency"
    value_date: str = "value_date"
    amount: str = "amount"
    debit: str = ""
    memo: str = "memo"
    reference: str = "reference"
    date_form: str = "%Y-%m-%d"
    decimal: str = "."
    delimiter: str = ","

    def needed(self) -> tuple[str, ...]:
        """Columns that a file must have."""
        return tuple(one for one in (self.account, self.value_date, self.amount, self.debit) if one)


def read(path: Path, layout: Layout | None = None, currency: str = "USD") -> list[StatementLine]:
    """All rows of a file; `currency` where no column says it. Raises FixInput with file, line and rule."""
    layout, text = layout or Layout(), text_of(path)
    if not text.endswith("\n"):
        raise FixInput(f"{path.name}: the last row has no line end, so the file may be cut off; write it again")
    rows = csv.DictReader(StringIO(text), delimiter=layout.delimiter, restkey="more", strict=True)
    missing = [name for name in layout.needed() if name not in (rows.fieldnames or ())]
    if missing:
        raise FixInput(f"{path.name}: column {missing[0]} is missing; it has {', '.join(rows.fieldnames or ())}")
    found = []
    try:
        found += [_line(Place(path, "line", rows.line_num), row, layout, currency) for row in rows]
    except csv.Error as error:
        raise Place(path, "line", rows.line_num).refuse(f"not a row of CSV ({error})") from None
    return found


def _line(place: Place, row: dict[str, str], layout: Layout, currency: str) -> StatementLine:
    if None in row.values() or "more" in row:
        raise place.refuse("has more or fewer fields than there are column names")
    money = row.get(layout.currency) or currency
    day = place.day(row[layout.value_date], layout.date_form)
    if not row[layout.account]:
        raise place.refuse(f"{layout.account} is empty")
    memo, reference = row.get(layout.memo, ""), row.get(layout.reference, "")
    return StatementLine(
        row[layout.account], money, day, _amount(place, row, layout, money), memo, reference, place.row
    )


def _amount(place: Place, row: dict[str, str], layout: Layout, currency: str) -> int:
    pattern = rf"{{}}[0-9]+([{layout.decimal}][0-9]+)?"
    if not layout.debit:
        return place.minor(row[layout.amount], currency, pattern.format("[+-]?"))
    credit, debit = row[layout.amount], row[layout.debit]
    if bool(credit) == bool(debit):
        raise place.refuse(f"needs an amount in {layout.amount} or in {layout.debit}, and not in both")
    minor = place.minor(credit or debit, currency, pattern.format(""))
    return minor if credit else -minor
