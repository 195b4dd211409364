"""Effective rates over what was pulled: the month of a date and the three before it, by merchant id and card group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from he_sync.flows.books.clearing import ledger_of
from he_sync.flows.books.ground import Books
from he_sync.model.contract import records
from he_sync.model.errors import FixInput
from he_sync.reconcile.clearing import words
from he_sync.reconcile.clearing.arrivals import arrivals
from he_sync.reconcile.clearing.booked import Meant, booked
from he_sync.reconcile.clearing.rates import ALARM, Drift, Rate, drifts, rates
from he_sync.store.lake import Lake

MONTHS_BEFORE = 3
FRAMES = ("deposits", "deposit_lines", "bank_lines", "ledger_lines")


@dataclass(frozen=True)
class Fees:
    """Rates by merchant, group and month, the months' alarms, and the dates that they are of."""

    dates: tuple[str, ...]
    rates: tuple[Rate, ...]
    drifts: tuple[Drift, ...]


def fees(office: Books, until: str, alarm: int = ALARM) -> Fees:
    """Rates up to a date; dates that were not pulled are left out. Raises FixInput where that one was not."""
    dates = _dates(office.lake, until)
    frames = {name: pd.concat([office.lake.read("canonical", name, day) for day in dates]) for name in FRAMES[:3]}
    deposits, lines = frames["deposits"].drop_duplicates("deposit_id"), frames["deposit_lines"]
    arrived = arrivals(deposits, frames["bank_lines"])
    stores = {row.deposit_id: row.store for row in records(deposits)}
    own = office.retailer.accounts
    meant = Meant({}, (), stores, arrived, own.bank)
    rows = booked(ledger_of(office.lake, dates), meant, (own.fees,), dates[0])
    apart = rows[(~rows["event"].str.startswith(words.DEPOSIT)) & (rows["date"] >= dates[0])]
    billed = [(row.unit, row.date, int(row.amount_minor)) for row in records(apart)]
    found = rates(deposits, lines.drop_duplicates("line_id"), billed, office.retailer.terms)
    return Fees(tuple(dates), found, drifts(found, alarm))


def _dates(lake: Lake, until: str) -> list[str]:
    last = date.fromisoformat(until)
    first = last.replace(day=1)
    for _ in range(MONTHS_BEFORE):
        first = (first - timedelta(days=1)).replace(day=1)
    span = [(first + timedelta(days=step)).isoformat() for step in range((last - first).days + 1)]
    found = [day for day in span if _there(lake, day)]
    if until not in found:
        raise FixInput(f"{until} was not pulled; run he-sync close {until}")
    return found


def _there(lake: Lake, day: str) -> bool:
    return all((lake.root / "canonical" / name / day / "current.json").is_file() for name in FRAMES)
