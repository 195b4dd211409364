"""`he-sync close fees`: what each merchant id really pays, by month and card group, and where that moved."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from he_sync.cli import close_books
from he_sync.flows.books.fees import fees
from he_sync.flows.books.ground import date_of
from he_sync.model.money import show
from he_sync.reconcile.clearing.rates import ALARM, Rate, points


def fees_of(
    until: Annotated[str, typer.Option(help="Business date up to which to look; its month and three before")],
    alarm: Annotated[int, typer.Option(min=0, help="Basis points beyond which a rate is told")] = ALARM,
    as_json: close_books.AsJson = False,
) -> None:
    """Fees by deposits; exit 1 where a rate is further than the alarm from the month before or from the contract."""
    with close_books.memory() as books:
        currency = books.retailer.currency
        found = fees(books, date_of(until), alarm)
    said = [one.text(currency) for one in found.drifts]
    close_books.Said([_row(one, currency) for one in found.rates], said).tell(as_json=as_json)


def _row(one: Rate, currency: str) -> dict[str, Any]:
    return {
        "store": one.store,
        "group": one.group,
        "month": one.month,
        "deposits": show(one.deposits_minor, currency),
        "fees": show(one.fees_minor, currency),
        "basis points": points(one.effective),
        "contract": points(one.contract),
    }
