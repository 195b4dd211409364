"""Store-days: what each store sold and took on a business date as one journal, and what the ledger says instead.

A store-day whose tenders do not meet its sales is named with the cents and has no journal: a wrong one would only move
the question into the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from he_sync.model.contract import records
from he_sync.model.retailer import Retailer
from he_sync.reconcile.journals.entry import Entry
from he_sync.reconcile.journals.sales import StoreDay, store_day

SOLD = ("sales", "returns", "tax", "tips", "gift_cards_sold", "deposits_taken")
PAID = ("redeemed", "deposits_applied", "store_credit_used")
LIABILITY = {"gift_card": "redeemed", "deposit": "deposits_applied", "store_credit": "store_credit_used"}
"""What a tender of this kind shortens instead of filling an account."""


@dataclass(frozen=True)
class Day:
    """A store's business date. `off_minor`: tenders less what was sold, 0 where it balances."""

    store: str
    tickets: int
    tendered_minor: int
    off_minor: int
    entry: Entry | None


@dataclass(frozen=True)
class Against:
    """An account of a store on a date: what the store-day's journal says and what the ledger has, minor units."""

    store: str
    account: str
    wanted_minor: int
    standing_minor: int

    @property
    def differs_minor(self) -> int:
        """What the ledger has too much, negative where it lacks."""
        return self.standing_minor - self.wanted_minor


def store_days(  # noqa: PLR0913, PLR0917 - all that a date's journals are made of
    day: str,
    tickets: pd.DataFrame,
    payments: pd.DataFrame,
    accounts: Mapping[int, frozenset[str]],
    retailer: Retailer,
    over_short: Mapping[str, int] | None = None,
) -> tuple[Day, ...]:
    """One for each store that sold or took something; canonical frames of the date, voided rows left out.

    `accounts` are the accounts that a payment may stand on: one where its card's brand is known, else the tender's
    own is taken. Money taken on an order is a customer's deposit until the order is invoiced. `over_short` is by store
    what its counted drawers hold too much: cash is booked as counted, the rest on over and short.
    """
    tills: dict[str, _Till] = {}
    for row in records(tickets[~tickets["voided"]]):
        _sold(tills.setdefault(row.store, _Till()), row)
    for row in records(payments[~payments["voided"]]):
        known = accounts.get(row.payment_id, frozenset())
        own = retailer.by_payment_type[row.payment_type].account
        _paid(tills.setdefault(row.store, _Till()), row, next(iter(known)) if len(known) == 1 else own)
    over = over_short or {}
    return tuple(_day(day, store, till, retailer, over.get(store, 0)) for store, till in sorted(tills.items()))


@dataclass
class _Till:
    """What a store-day adds up to while its rows are read."""

    tickets: int = 0
    tenders: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)


def _sold(till: _Till, row: Any) -> None:
    """A return's subtotal is negative in the POS and positive here."""
    side, sign = ("returns", -1) if row.kind == "Return" else ("sales", 1)
    till.tickets += 1
    till.parts[side] += sign * int(row.subtotal_minor)
    till.parts["tax"] += int(row.tax_minor)
    till.parts["tips"] += int(row.tip_minor)
    till.parts["gift_cards_sold"] += int(row.gift_card_minor)


def _paid(till: _Till, row: Any, account: str) -> None:
    cents = int(row.amount_minor)
    if row.owner.startswith("order "):
        till.parts["deposits_taken"] += cents
    if row.kind in LIABILITY:
        till.parts[LIABILITY[row.kind]] += cents
    else:
        till.tenders[account] += cents


def _day(day: str, store: str, till: _Till, retailer: Retailer, over_short: int) -> Day:
    parts = till.parts
    tendered = sum(till.tenders.values()) + sum(parts[name] for name in PAID)
    owed = sum(parts[name] for name in SOLD) - 2 * parts["returns"]
    if off := tendered - owed:
        return Day(store, till.tickets, tendered, off, None)
    till.tenders[_cash(retailer)] += over_short
    summed = StoreDay(
        retailer.epicor.company,
        store,
        day,
        till.tenders,
        sales=parts["sales"],
        returns=parts["returns"],
        tax={"": parts["tax"]},
        tips=parts["tips"],
        gift_cards_sold=parts["gift_cards_sold"],
        redeemed=parts["redeemed"],
        deposits_taken=parts["deposits_taken"],
        deposits_applied=parts["deposits_applied"],
        store_credit_used=parts["store_credit_used"],
        over_short=over_short,
        currency=retailer.currency,
    )
    entry = store_day(summed, retailer.accounts) if any((*till.tenders.values(), *parts.values())) else None
    return Day(store, till.tickets, tendered, 0, entry)


def _cash(retailer: Retailer) -> str:
    """The account of the first tender that is cash: where a drawer's notes stand."""
    return next((one.account for one in retailer.tenders if one.kind == "cash"), retailer.accounts.cash)


def against(day: str, days: tuple[Day, ...], ledger: pd.DataFrame) -> tuple[Against, ...]:
    """Each account that a store-day's journal or the ledger of that date moves, the ledger's other dates left out."""
    standing: Counter[tuple[str, str]] = Counter()
    for row in records(ledger[ledger["posting_date"] == day]):
        standing[row.store, row.account] += int(row.amount_minor)
    wanted: Counter[tuple[str, str]] = Counter()
    for one in days:
        for line in one.entry.lines if one.entry else ():
            wanted[one.store, line.account] += line.amount_minor
    judged = {one.store for one in days if one.entry}
    places = sorted(place for place in wanted.keys() | standing.keys() if place[0] in judged)
    return tuple(
        Against(*place, wanted[place], standing[place]) for place in places if wanted[place] or standing[place]
    )
