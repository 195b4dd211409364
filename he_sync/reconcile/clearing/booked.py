"""The ledger's lines by what they book: a store-day, a deposit, a payment that nobody knows, or nothing of ours.

A deposit is known by its id in the text, else by its document: the one that also has its amount on the bank account.
What books nothing that we know was entered by hand (reference accounting 4.7: the first cause of a clearing account out
of balance).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from he_sync.model.contract import records
from he_sync.reconcile.clearing import words
from he_sync.reconcile.clearing.arrivals import WITHIN_DAYS, Arrivals

COLUMNS = ("account", "unit", "date", "event", "document", "payment_id", "amount_minor", "text")


@dataclass(frozen=True)
class Meant:
    """What a posting may mean.

    `payments` are the store-days of the dates' payments, (date, store) by id; `elsewhere` are payments of other dates
    that are known to exist. `stores` are those of the deposits that came, by id; `arrived` their bank lines.
    """

    payments: Mapping[int, tuple[str, str]]
    elsewhere: Collection[int]
    stores: Mapping[str, str]
    arrived: Arrivals
    bank: str


def booked(ledger: pd.DataFrame, meant: Meant, accounts: Collection[str], first: str) -> pd.DataFrame:
    """Lines on some accounts, COLUMNS, `event` "" for what was entered by hand.

    `ledger` is canonical, over any number of dates. What belongs to a store-day before `first` is left out: it is part
    of what stood open then.
    """
    watched = ledger[ledger["account"].isin([*accounts, meant.bank])]
    lines = list(records(watched.drop_duplicates("line_id").sort_values("line_id")))
    by_bank = _by_bank(lines, meant)
    rows = [row for line in lines if line.account in accounts for row in _one(line, meant, by_bank, first)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"amount_minor": "int64", "payment_id": "int64"})


def _one(line: Any, meant: Meant, by_bank: Mapping[tuple[str, str], str], first: str) -> Iterator[tuple[Any, ...]]:
    document, number = _document(line), int(line.payment_id)
    if number in meant.elsewhere and number not in meant.payments:
        return
    event = _event(line, meant) or by_bank.get((document, line.store), "")
    if event.startswith(words.STORE_DAY) and event.split(" ")[1] < first:
        return
    told = (event, document, number, int(line.amount_minor), line.description)
    yield (line.account, line.store, line.posting_date, *told)


def _document(line: Any) -> str:
    return str(line.line_id).rpartition("-")[0]


def _event(line: Any, meant: Meant) -> str:
    """What a line books by its own words, or ""."""
    if line.payment_id:
        known = meant.payments.get(int(line.payment_id))
        return words.store_day(*known) if known else words.payment(int(line.payment_id))
    if named := words.store_day_of(line.description):
        return words.store_day(*named)
    return _deposit_in(line.description, meant)


def _deposit_in(text: str, meant: Meant) -> str:
    found = next((word for word in text.replace(",", " ").split() if word in meant.stores), "")
    return words.deposit(found) if found else ""


def _by_bank(lines: Iterable[Any], meant: Meant) -> dict[tuple[str, str], str]:
    """The deposit of a document and store that has its amount on the bank account and names none."""
    named = {event for line in lines if (event := _event(line, meant)).startswith(words.DEPOSIT)}
    free: dict[tuple[str, int], list[tuple[str, str]]] = defaultdict(list)
    for identity, parts in sorted(meant.arrived.items()):
        if words.deposit(identity) not in named:
            for part in parts:
                free[meant.stores[identity], part.amount_minor].append((part.date, identity))
    found = {}
    for line in lines:
        if line.account == meant.bank and not _event(line, meant):
            fitting = free[line.store, int(line.amount_minor)]
            near = sorted((_apart(line.posting_date, on), on, identity) for on, identity in fitting)
            if near and near[0][0] <= WITHIN_DAYS:
                _, on, identity = near[0]
                fitting.remove((on, identity))
                found[_document(line), line.store] = words.deposit(identity)
    return found


def _apart(one: str, other: str) -> int:
    return abs((date.fromisoformat(one) - date.fromisoformat(other)).days)
