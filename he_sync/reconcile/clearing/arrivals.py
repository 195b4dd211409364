"""Which bank lines are which deposit, over all dates: by its id, else by account and exact amount, else by shortfall.

The sum of what arrived may come in parts and on later dates. A line that fits nothing is no deposit of the processor's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from he_sync.model.contract import records

WITHIN_DAYS = 5
"""From funding to the bank, weekends in: longer, and equal amounts of other deposits would fit as well."""


@dataclass(frozen=True)
class Part:
    """A bank line of a deposit: minor units as the bank has them, on its value date."""

    date: str
    amount_minor: int


Arrivals = Mapping[str, tuple[Part, ...]]
"""By deposit id; a deposit that never arrived is not there."""


def arrivals(deposits: pd.DataFrame, bank: pd.DataFrame) -> Arrivals:
    """Each bank line is taken once; frames are canonical, over any number of dates."""
    lines = list(records(bank.drop_duplicates("line_id").sort_values("line_id")))
    wanted = list(records(deposits.drop_duplicates("deposit_id").sort_values(["funding_date", "deposit_id"])))
    named: dict[str, list[Any]] = defaultdict(list)
    for line in lines:
        named[line.reference].append(line)
    found = {row.deposit_id: named[row.deposit_id] for row in wanted if row.deposit_id in named}
    for key, fits in ((_amount, _exact), (_day, _short)):
        free: dict[Any, list[Any]] = defaultdict(list)
        taken = {line.line_id for some in found.values() for line in some}
        for line in lines:
            if not line.reference and line.line_id not in taken:
                free[key(line, line.value_date)].append(line)
        for row in wanted:
            there = free[key(row, row.funding_date)]
            if row.deposit_id not in found and (best := fits(row, there)):
                found[row.deposit_id] = [best]
                there.remove(best)
    return {
        name: tuple(Part(line.value_date, int(line.amount_minor)) for line in sorted(some, key=_when))
        for name, some in found.items()
    }


def _when(line: Any) -> tuple[str, str]:
    return line.value_date, line.line_id


def _amount(row: Any, _: str) -> tuple[str, int]:
    return row.bank_account, int(row.amount_minor)


def _day(row: Any, on: str) -> tuple[str, str]:
    return row.bank_account, on


def _exact(deposit: Any, lines: list[Any]) -> Any:
    """The first that came within the window."""
    funded = date.fromisoformat(deposit.funding_date)
    waited = {line.line_id: (date.fromisoformat(line.value_date) - funded).days for line in lines}
    fitting = [line for line in lines if 0 <= waited[line.line_id] <= WITHIN_DAYS]
    return min(fitting, key=_when) if fitting else None


def _short(deposit: Any, lines: list[Any]) -> Any:
    """The nearest smaller amount."""
    fitting = [line for line in lines if 0 < line.amount_minor < deposit.amount_minor]
    return min(fitting, key=lambda line: (deposit.amount_minor - line.amount_minor, line.line_id)) if fitting else None
