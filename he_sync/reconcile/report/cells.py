"""Tables and their cells: amounts, counts, shares and names as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable

from he_sync.model.money import show

SURE = 0.9995
"""A share from which on a percentage with two digits reads 100."""


def money(cents: int, currency: str) -> str:
    """An amount for a table's cell; a minus sign that is one, and the colour of it."""
    text = show(cents, currency).replace("-", "\N{MINUS SIGN}")
    return f'<span class="minus">{text}</span>' if cents < 0 else text


def eaches(count: int) -> str:
    """A count of eaches, signed like money."""
    text = f"{count:,}".replace("-", "\N{MINUS SIGN}")
    return f'<span class="minus">{text}</span>' if count < 0 else text


WORDS = {"gl": "ledger posting", "erp": "ERP", "pos": "POS", "uom": "unit"}


def words(name: str) -> str:
    """A class as words: inv_missing_in_erp -> Missing in ERP."""
    text = " ".join(WORDS.get(word, word) for word in name.removeprefix("inv_").split("_"))
    return text[:1].upper() + text[1:]


def table(caption: str, heads: Iterable[str], rows: Iterable[str], kind: str = "") -> str:
    """A table with a caption and column heads; a head that starts with # is of numbers, with | of pictures."""
    cells = "".join(_column(head) for head in heads)
    return (
        f'<div class="scroll"><table{f" class={kind}" if kind else ""}><caption>{caption}</caption>'
        f"<thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _column(head: str) -> str:
    if head.startswith("|"):
        return f'<th scope="col" class="chart"><span class="hidden">{head[1:]}</span></th>'
    return f'<th scope="col" class="n">{head[1:]}</th>' if head.startswith("#") else f'<th scope="col">{head}</th>'


def row(head: str, *cells: str, kind: str = "") -> str:
    """A row with its head; a cell that starts with # is a number, one that starts with < and svg a picture."""
    shown = "".join(
        f'<td class="n">{cell[1:]}</td>'
        if cell.startswith("#")
        else f'<td class="chart">{cell}</td>'
        if cell.startswith("<svg")
        else f"<td>{cell}</td>"
        for cell in cells
    )
    return f'<tr{f" class={kind}" if kind else ""}><th scope="row">{head}</th>{shown}</tr>'


def percent(share: float) -> str:
    """A share with two digits; never 100 % where something is left, nor 0 % where there is something."""
    if 0 < share < 1 - SURE:
        return "under 0.05 %"
    if SURE < share < 1:
        return "over 99.95 %"
    return f"{share:.2%}".replace("%", " %")
