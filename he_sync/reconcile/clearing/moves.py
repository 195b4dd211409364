"""What should have moved the watched accounts: card sales in and deposits out, and what is owed, held or disputed.

One row a move: the item it opens (debit of what is due to us) or closes, the event that a posting books it by, and the
date on which it moves: the business date of a sale, the bank's value date of a deposit (reference accounting 4.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from he_sync.model.contract import records
from he_sync.model.retailer import Accounts, Retailer
from he_sync.reconcile.clearing import words
from he_sync.reconcile.clearing.arrivals import Arrivals

COLUMNS = ("account", "unit", "date", "item", "event", "amount_minor")
Move = tuple[str, str, str, str, str, int]
TRANCHES = ("tranche", "store", "deposit_id", "amount_minor")


def no_tranches() -> pd.DataFrame:
    """Reserves of a processor that states none."""
    return pd.DataFrame({name: pd.Series(dtype="int64" if name == "amount_minor" else "str") for name in TRANCHES})


@dataclass(frozen=True)
class Known:
    """Canonical frames of some dates, each row once, nothing voided.

    `payments` have their tender's `account` as the store-day books it, `links` are payment_id and line_id, `lines`
    those of the dates and of their deposits. `tranches` of a reserve: held positive, released negative, by the deposit
    that held or paid it out.
    """

    payments: pd.DataFrame
    tickets: pd.DataFrame
    links: pd.DataFrame
    lines: pd.DataFrame
    deposits: pd.DataFrame
    arrived: Arrivals
    tranches: pd.DataFrame = field(default_factory=no_tranches)


def moves(known: Known, first: str, retailer: Retailer) -> pd.DataFrame:
    """All moves, COLUMNS; those dated before `first` are what stood open then, as far as a later deposit paid it."""
    rows = [*_taken(known, retailer.accounts), *_paid(known, first, retailer)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"amount_minor": "int64"})


def _taken(known: Known, books: Accounts) -> Iterator[Move]:
    """What store-days move: card payments, gift cards and credit sold and used, deposits taken and applied."""
    pools = {"gift_card": (books.gift_cards, "gift cards"), "store_credit": (books.store_credit, "store credit")}
    for row in records(known.payments):
        place, cents = (row.store, row.business_date), int(row.amount_minor)
        event = words.store_day(row.business_date, row.store)
        if row.kind == "card":
            yield (row.account, *place, words.payment(row.payment_id), event, cents)
        elif row.kind in pools:
            account, name = pools[row.kind]
            yield (account, *place, f"{name} of {row.store}", event, cents)
        elif row.kind == "deposit":
            yield (books.deposits, *place, row.owner, event, cents)
        if row.owner.startswith("order "):
            yield (books.deposits, *place, row.owner, event, -cents)
    for row in records(known.tickets[known.tickets["gift_card_minor"] != 0]):
        event = words.store_day(row.business_date, row.store)
        cents = -int(row.gift_card_minor)
        yield (books.gift_cards, row.store, row.business_date, f"gift cards of {row.store}", event, cents)


def _paid(known: Known, first: str, retailer: Retailer) -> Iterator[Move]:
    """What deposits move on the dates on which they reach the bank, and what of them stood open before `first`."""
    payment_of = dict(zip(known.links["line_id"], known.links["payment_id"], strict=True))
    lines = {name: list(records(rows)) for name, rows in known.lines.groupby("deposit_id")}
    held = {name: list(records(rows)) for name, rows in known.tranches.groupby("deposit_id")}
    for deposit in records(known.deposits):
        mine = [
            (_item(line, payment_of), _clearing(line, retailer.accounts), line)
            for line in lines.get(deposit.deposit_id, ())
        ]
        for item, account, line in mine:
            if line.business_date < first:
                yield (account, line.store, line.business_date, item, words.OPENING, int(line.amount_minor))
        if deposit.deposit_id in known.arrived:
            yield from _arrival(deposit, mine, held.get(deposit.deposit_id, []), known.arrived, retailer.accounts)


def _item(line: Any, payment_of: dict[Any, Any]) -> str:
    number = payment_of.get(line.line_id)
    return f"line {line.line_id}" if number is None else words.payment(int(number))


def _clearing(line: Any, books: Accounts) -> str:
    return books.amex_clearing if line.brand_group == "AMEX" else books.card_clearing


def _arrival(
    deposit: Any, mine: list[tuple[str, str, Any]], held: list[Any], arrived: Arrivals, books: Accounts
) -> Iterator[Move]:
    """Its lines leave clearing with the first bank line; what the bank, or the statement, lacks stays open on it."""
    name, parts = words.deposit(deposit.deposit_id), arrived[deposit.deposit_id]
    on, unit = parts[0].date, deposit.store
    own = mine[0][1] if mine else books.card_clearing
    for item, account, line in mine:
        yield (account, line.store, on, item, name, -int(line.amount_minor))
    for tranche in held:
        yield (books.reserve, unit, on, f"tranche {tranche.tranche}", name, int(tranche.amount_minor))
    if deposit.chargebacks_minor:
        yield (books.disputes, unit, on, f"dispute of {name}", name, -int(deposit.chargebacks_minor))
    kept = sum(int(one.amount_minor) for one in held)
    gross = int(deposit.sales_minor + deposit.refunds_minor)
    stated = gross + int(deposit.chargebacks_minor + deposit.fees_minor) - kept
    unlike = {
        f"{name} beyond its lines": sum(int(line.amount_minor) for _, _, line in mine) - gross,
        f"{name} beyond its statement": stated - int(deposit.amount_minor),
    }
    for item, cents in unlike.items():
        if cents:
            yield (own, unit, on, item, name, cents)
    lacking = int(deposit.amount_minor)
    for turn, part in enumerate(parts):
        opened = lacking - part.amount_minor if turn == 0 else -part.amount_minor
        if opened:
            yield (own, unit, part.date, f"{name} at the bank", name, opened)
