"""`he-sync close clearing`: every watched account against its open items, date by date, and what each cent off is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from he_sync.cli import close_books
from he_sync.flows import night
from he_sync.flows.books import clearing as proof
from he_sync.flows.books import ledger as books_ledger
from he_sync.flows.books.clearing_sheets import proof_row
from he_sync.flows.books.ground import Books, date_of
from he_sync.model.money import show
from he_sync.reconcile.clearing.causes import Cause
from he_sync.reconcile.clearing.proof import OpenItem
from he_sync.reconcile.clearing.prove import Clearing
from he_sync.settings import read_settings

NAMED = 20
"""Open items in the table; all are in --json and in the pack."""


def clearing(  # noqa: PLR0913, PLR0917 - the options of a verb
    until: Annotated[str, typer.Option(help="Business date up to which to prove")],
    first: Annotated[str, typer.Option("--from", help="First date; the earliest that was pulled without a gap")] = "",
    account: Annotated[list[str] | None, typer.Option(help="Of this account alone; may be repeated")] = None,
    store: close_books.Stores = None,
    ledger: Annotated[bool, typer.Option("--ledger", help="Read that date's ledger of Epicor anew before")] = False,
    as_json: close_books.AsJson = False,
) -> None:
    """Prove that each clearing account, and what is owed, held or disputed, equals its open items; exit 1 where not."""
    last, since = date_of(until), date_of(first) if first else ""
    if ledger:
        with night.open_office(read_settings()) as office:
            books_ledger.read(office, last)
    with close_books.memory() as books:
        found = proof.of(proof.clearing(books, last, since), account or (), store or ())
        said = close_books.Said([], [_cause(one) for one in found.open_causes])
        if as_json:
            said.rows = _as_json(found, books)
        else:
            _print(found, books)
    said.tell(as_json=as_json)


def _print(found: Clearing, books: Books) -> None:
    """The last date's proof, and the oldest open items; the roll-forward of every date is in --json."""
    console, currency = Console(), books.retailer.currency
    console.print(f"{found.dates[0]} to {found.dates[-1]}, as of {found.dates[-1]}")
    tables = {
        "": [_amounts(_narrow(proof_row(one, books.retailer)), currency) for one in found.last],
        "Oldest open items": [_amounts(_item(one), currency) for one in found.items[:NAMED]],
    }
    for title, rows in tables.items():
        if rows:
            table = close_books.table(rows)
            table.title = title
            console.print(table)
    for one in found.causes:
        if not one.gap.on(found.dates[-1]):
            console.print(f"was off: {_cause(one)}", markup=False, soft_wrap=True)


def _narrow(row: dict[str, Any]) -> dict[str, Any]:
    """What eighty characters hold; the merchant id and group are in --json."""
    kept = ("account", "store", "opening_minor", "added_minor", "cleared_minor", "closing_minor", "items")
    return {name: row[name] for name in (*kept, "differs_minor")}


def _amounts(row: dict[str, Any], currency: str) -> dict[str, Any]:
    """Cents as money, under the name without their unit."""
    return {
        name.removesuffix("_minor").replace("_", " "): show(value, currency) if name.endswith("_minor") else value
        for name, value in row.items()
    }


def _item(one: OpenItem) -> dict[str, Any]:
    told = {"account": one.account, "store": one.unit, "item": one.item, "since": one.since}
    return {**told, "amount_minor": one.amount_minor}


def _cause(one: Cause) -> str:
    gap = one.gap
    entries = f" ({', '.join(one.entries)})" if one.entries else ""
    return f"{gap.account} {gap.unit} from {gap.since}: {gap.event} {one.why}{entries}; {one.action}"


def _as_json(found: Clearing, books: Books) -> list[dict[str, Any]]:
    """One object a row, `what` says of which kind: proof, open_item, difference, by_hand."""
    gaps = [
        {**asdict(one.gap), "why": one.why, "entries": list(one.entries), "action": one.action} for one in found.causes
    ]
    by_hand = found.by_hand.drop(columns=["event", "payment_id"])
    kinds: dict[str, list[dict[str, Any]]] = {
        "proof": [proof_row(one, books.retailer) for one in found.rolled],
        "open_item": [_item(one) for one in found.items],
        "difference": gaps,
        "by_hand": [{str(name): value for name, value in row.items()} for row in by_hand.to_dict("records")],
    }
    return [{"what": kind, **row} for kind, rows in kinds.items() for row in rows]
