"""`he-sync close tills DATE`: ticket numbers that are nowhere or there twice, and cash over or short, by register."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from he_sync.cli import close_books
from he_sync.flows.books.ground import date_of
from he_sync.flows.books.tills import Register, count, tills
from he_sync.model.money import show


def till(
    day: close_books.Day,
    counts: Annotated[
        Path | None, typer.Option(help="CSV of drawers: store, register, counted; opening, paid_in, paid_out")
    ] = None,
    who: close_books.Who = close_books.ME,
    as_json: close_books.AsJson = False,
) -> None:
    """Each register's tickets and cash; exit 1 for missing or doubled numbers, and for drawers off or not counted.

    Counts that are given become part of the store-days' journals: cash as counted, the rest on over and short.
    """
    date = date_of(day)
    with close_books.memory() as books:
        if counts:
            count(books, date, counts, who)
        found, currency = tills(books, date), books.retailer.currency
    said = close_books.Said([_row(one, currency) for one in found.registers], list(found.to_do(currency)))
    said.tell(as_json=as_json)


def _row(one: Register, currency: str) -> dict[str, Any]:
    row: dict[str, Any] = {"store": one.store, "register": one.register, "tickets": one.tickets, "voided": one.voided}
    drawer = one.drawer
    cash = (drawer.taken, drawer.expected, drawer.counted, drawer.over) if drawer else (None,) * 4
    told = ("" if cents is None else show(cents, currency) for cents in cash)
    return row | dict(zip(("cash taken", "expected", "counted", "over"), told, strict=True))
