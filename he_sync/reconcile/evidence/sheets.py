"""A table of the evidence, and how it is written as CSV and as a sheet of one workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import xlsxwriter

Cell = str | int | Decimal
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a text must not begin with where a spreadsheet may open it: it would be run."""
MADE = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""The workbook's date of creation: a fixed one, so that the same evidence has the same bytes."""
WIDEST = 60


@dataclass(frozen=True)
class Sheet:
    """A named table; amounts are Decimal in major units, counts int, all else text."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def write_csv(sheet: Sheet, folder: Path) -> Path:
    """`<name>.csv`, UTF-8 with a heading; a text that a spreadsheet would run is led by an apostrophe."""
    path = folder / f"{sheet.name}.csv"
    path.write_text(as_csv(sheet), encoding="utf-8", newline="")
    return path


def as_csv(sheet: Sheet) -> str:
    """The same as text."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(sheet.columns)
    writer.writerows([_text(cell) for cell in row] for row in sheet.rows)
    return file.getvalue()


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        # The writer quotes no lone CR, and readers begin a row at it.
        text = cell.replace("\r\n", "\n").replace("\r", "\n")
        return f"'{text}" if text.startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


def write_workbook(sheets: Iterable[Sheet], path: Path) -> Path:
    """All tables in one workbook, amounts as numbers with two decimals.

    A workbook keeps doubles, which hold any amount below 10^13 to the cent; the exact ones are those of the CSV files.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": "Evidence of the close", "created": MADE})
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            page.freeze_panes(1, 0)
            page.write_row(0, 0, sheet.columns, bold)
            for place, row in enumerate(sheet.rows, start=1):
                for column, cell in enumerate(row):
                    if isinstance(cell, str):
                        page.write_string(place, column, cell)
                    else:
                        page.write_number(place, column, cell, money if isinstance(cell, Decimal) else None)
            for column, width in enumerate(_widths(sheet)):
                page.set_column(column, column, width)
            page.autofilter(0, 0, max(len(sheet.rows), 1), len(sheet.columns) - 1)
    return path


def _widths(sheet: Sheet) -> Sequence[int]:
    """Characters a column needs, so that no amount shows as hashes."""
    rows = [sheet.columns, *sheet.rows]
    return [
        min(
            max(len(f"{row[column]:,}" if not isinstance(row[column], str) else str(row[column])) for row in rows) + 2,
            WIDEST,
        )
        for column in range(len(sheet.columns))
    ]
