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
    found = pd.concat([*_taken(known, retailer.accounts), *_paid(known, first, retailer.accounts)], ignore_index=True)
    return found.astype({"amount_minor": "int64"})


def _moves(rows: pd.DataFrame, account: Any, date: Any, item: Any, event: Any, cents: Any) -> pd.DataFrame:  # noqa: PLR0913, PLR0917 - the columns of a move
    """Moves of the stores of some rows, column by column: a year of card sales is no loop."""
    named = {"account": account, "unit": rows["store"], "date": date, "item": item, "event": event}
    return pd.DataFrame({**named, "amount_minor": cents}, index=rows.index)[list(COLUMNS)]


def _taken(known: Known, books: Accounts) -> Iterator[pd.DataFrame]:
    """What store-days move: card payments, gift cards and credit sold and used, deposits taken and applied."""
    rows = known.payments
    for kind in ("card", "gift_card", "store_credit", "deposit"):
        mine = rows[rows["kind"] == kind]
        account, item = _place(kind, mine, books)
        yield _moves(mine, account, mine["business_date"], item, _store_days(mine), mine["amount_minor"])
    taken = rows[rows["owner"].str.startswith("order ")]
    yield _moves(
        taken, books.deposits, taken["business_date"], taken["owner"], _store_days(taken), -taken["amount_minor"]
    )
    sold = known.tickets[known.tickets["gift_card_minor"] != 0]
    item, cents = "gift cards of " + sold["store"], -sold["gift_card_minor"]
    yield _moves(sold, books.gift_cards, sold["business_date"], item, _store_days(sold), cents)


def _place(kind: str, rows: pd.DataFrame, books: Accounts) -> tuple[Any, Any]:
    """The account of a kind of payment, and the item that it opens or closes there."""
    if kind == "card":
        return rows["account"], f"{words.PAYMENT} " + rows["payment_id"].astype("str")
    if kind == "deposit":
        return books.deposits, rows["owner"]
    account = books.gift_cards if kind == "gift_card" else books.store_credit
    return account, f"{kind.replace('gift_card', 'gift cards').replace('_', ' ')} of " + rows["store"]


def _store_days(rows: pd.DataFrame) -> Any:
    return f"{words.STORE_DAY} " + rows["business_date"] + " " + rows["store"]


def _paid(known: Known, first: str, books: Accounts) -> Iterator[pd.DataFrame]:
    """What deposits move on the dates on which they reach the bank, and what of them stood open before `first`."""
    lines = known.lines[known.lines["deposit_id"].isin(known.deposits["deposit_id"])]
    payments = lines["line_id"].map(known.links.set_index("line_id")["payment_id"]).astype("Int64")
    item = (f"{words.PAYMENT} " + payments.astype("string")).fillna("line " + lines["line_id"]).astype("str")
    account = lines["brand_group"].map({"AMEX": books.amex_clearing}).fillna(books.card_clearing)
    old = lines["business_date"] < first
    yield _moves(
        lines[old], account[old], lines["business_date"][old], item[old], words.OPENING, lines["amount_minor"][old]
    )
    on = lines["deposit_id"].map({name: parts[0].date for name, parts in known.arrived.items()})
    came = on.notna()
    event = f"{words.DEPOSIT} " + lines["deposit_id"]
    yield _moves(lines[came], account[came], on[came], item[came], event[came], -lines["amount_minor"][came])
    rest = [move for row in _arrived(known, account) for move in _arrival(*row, known, books)]
    yield pd.DataFrame(rest, columns=list(COLUMNS))


def _arrived(known: Known, account: Any) -> Iterator[tuple[Any, str, int]]:
    """Deposits that came, each with its clearing account and what its lines come to."""
    sums = known.lines.groupby("deposit_id")["amount_minor"].sum()
    own = dict(zip(known.lines["deposit_id"], account.reindex(known.lines.index), strict=True))
    for deposit in records(known.deposits):
        if deposit.deposit_id in known.arrived:
            yield deposit, own.get(deposit.deposit_id, ""), int(sums.get(deposit.deposit_id, 0))


def _arrival(deposit: Any, own: str, lines: int, known: Known, books: Accounts) -> Iterator[Move]:
    """Beside its lines: what it held and disputed, and what the bank, or its statement, lacks and stays open on it."""
    name, parts = words.deposit(deposit.deposit_id), known.arrived[deposit.deposit_id]
    on, unit, account = parts[0].date, deposit.store, own or books.card_clearing
    held = known.tranches[known.tranches["deposit_id"] == deposit.deposit_id] if len(known.tranches) else known.tranches
    for tranche in records(held):
        yield (books.reserve, unit, on, f"tranche {tranche.tranche}", name, int(tranche.amount_minor))
    if deposit.chargebacks_minor:
        yield (books.disputes, unit, on, f"dispute of {name}", name, -int(deposit.chargebacks_minor))
    gross = int(deposit.sales_minor + deposit.refunds_minor)
    stated = gross + int(deposit.chargebacks_minor + deposit.fees_minor) - int(held["amount_minor"].sum())
    unlike = {
        f"{name} beyond its lines": lines - gross,
        f"{name} beyond its statement": stated - int(deposit.amount_minor),
    }
    for item, cents in unlike.items():
        if cents:
            yield (account, unit, on, item, name, cents)
    for turn, part in enumerate(parts):
        if opened := (0 if turn else int(deposit.amount_minor)) - part.amount_minor:
            yield (account, unit, part.date, f"{name} at the bank", name, opened)
