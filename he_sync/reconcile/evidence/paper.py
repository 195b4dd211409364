"""The evidence as a paper to read and keep: headings and tables in one fixed face, A4 across."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from tabulate import tabulate

from he_sync.reconcile.evidence.sheets import Cell, Sheet

ACROSS = (11.69, 8.27)
LINES, CHARACTERS = 52, 150
"""Of a page."""
MARGIN, TOP, LEADING, SIZE = 0.04, 0.95, 0.0172, 7.6
LONGEST_CELL = 44


def write_paper(title: str, lead: Sequence[str], sheets: Iterable[Sheet], path: Path) -> Path:
    """A PDF with the lead on its first page and the tables after it; every page says what it is of and its number."""
    pages = list(_pages(list(_lines(lead, sheets))))
    told = {"Title": title, "Creator": "he-sync", "Producer": "he-sync", "CreationDate": None}
    with PdfPages(path, metadata=told) as book:
        for number, page in enumerate(pages, start=1):
            book.savefig(_page(f"{title}   {number}/{len(pages)}", page))
    return path


def _lines(lead: Sequence[str], sheets: Iterable[Sheet]) -> Iterator[tuple[str, bool]]:
    """Lines of text, and whether each is a heading."""
    for line in lead:
        yield from ((part, False) for part in _folded(line))
    for sheet in sheets:
        yield "", False
        yield sheet.name.replace("_", " ").capitalize(), True
        if not sheet.rows:
            yield "none", False
            continue
        rows = [[_cell(cell) for cell in row] for row in sheet.rows]
        sides = ["right" if not isinstance(cell, str) else "left" for cell in sheet.rows[0]]
        heads = [name.replace("_", " ") for name in sheet.columns]
        text = tabulate(rows, headers=heads, tablefmt="simple", disable_numparse=True, colalign=sides)
        yield from ((line[:CHARACTERS], False) for line in text.splitlines())


def _folded(line: str) -> list[str]:
    return [line[start : start + CHARACTERS] for start in range(0, len(line), CHARACTERS)] or [""]


def _cell(cell: Cell) -> str:
    text = cell if isinstance(cell, str) else f"{cell:,}"
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 3]}..."


def _pages(lines: list[tuple[str, bool]]) -> Iterator[list[tuple[str, bool]]]:
    for start in range(0, max(len(lines), 1), LINES):
        yield lines[start : start + LINES]


def _page(head: str, lines: list[tuple[str, bool]]) -> Figure:
    figure = Figure(figsize=ACROSS)
    figure.text(MARGIN, TOP + 2 * LEADING, head, fontsize=SIZE + 1, fontweight="bold", parse_math=False)
    for place, (line, heading) in enumerate(lines):
        face: dict[str, Any] = {"family": "DejaVu Sans Mono", "fontweight": "bold" if heading else "normal"}
        figure.text(MARGIN, TOP - place * LEADING, line, fontsize=SIZE, va="top", parse_math=False, **face)
    return figure
