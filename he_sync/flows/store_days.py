"""Store-days of a date over what the night pulled: each store's journal, and where the ledger says otherwise."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pandas as pd

from he_sync.flows import compare
from he_sync.flows.books.drawers import over_short
from he_sync.model.retailer import Retailer
from he_sync.reconcile.journals.correction import key
from he_sync.reconcile.journals.days import Against, Day, against, store_days
from he_sync.store.lake import Lake, Snapshot

INPUTS = ("tickets", "payments", "settlement_lines", "ledger_lines")
LINES = ["store", "key", "content", "account", "about", "amount_minor", "currency"]


@dataclass(frozen=True)
class StoreDays:
    """A date's stores, their accounts against the ledger, and the file with the lines of the journals."""

    days: tuple[Day, ...]
    accounts: tuple[Against, ...]
    lines: Snapshot

    @property
    def unbalanced(self) -> tuple[Day, ...]:
        """Stores whose tenders do not meet their sales."""
        return tuple(day for day in self.days if day.off_minor)


def run(lake: Lake, day: str, retailer: Retailer) -> StoreDays:
    """Add up and compare. Raises FixInput where the date was not pulled, or its settlements were not compared."""
    tickets, payments, _, ledger = (lake.read("canonical", name, day) for name in INPUTS)
    accounts, over = compare.accounts(lake, day, retailer), over_short(lake, day)
    days = store_days(day, tickets, payments, accounts, retailer, over)
    found = against(day, days, ledger)
    lake.write("reconcile", "store_day_accounts", day, _frame(found))
    return StoreDays(days, found, lake.write("reconcile", "store_days", day, _lines(days)))


def _lines(days: tuple[Day, ...]) -> pd.DataFrame:
    rows = [
        [
            one.store,
            key(one.entry, 1),
            one.entry.content,
            line.account,
            line.about,
            line.amount_minor,
            one.entry.currency,
        ]
        for one in days
        if one.entry
        for line in one.entry.lines
    ]
    return pd.DataFrame(rows, columns=LINES)


def _frame(found: tuple[Against, ...]) -> pd.DataFrame:
    columns = [*Against.__dataclass_fields__, "differs_minor"]
    return pd.DataFrame([asdict(one) | {"differs_minor": one.differs_minor} for one in found], columns=columns)
