"""What a merchant id really pays by month and card group: fees by deposits, against the month before and the contract.

Three ways of billing occur at one merchant at once (reference accounting 4.4): fees inside a deposit are by card group,
a bill that the ledger has on the fee account is of the whole merchant id. A rate is an exact fraction; an alarm says by
how many basis points it moved.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pandas as pd

from he_sync.model.contract import records
from he_sync.model.money import show
from he_sync.model.retailer import Terms
from he_sync.reconcile.deposits import expected_fee

BASIS_POINTS = 10_000
ALARM = 15
"""Basis points. A processor's rounding moves a month by one or two, a new price by twenty and more."""
WHOLE = "all"
"""The group of what is billed for the merchant id as a whole."""
Key = tuple[str, str]
"""Store and card group."""


@dataclass(frozen=True)
class Rate:
    """A month of a merchant id and card group, minor units; `contract_minor` is what its settled lines should cost."""

    store: str
    group: str
    month: str
    fees_minor: int
    deposits_minor: int
    contract_minor: int

    @property
    def effective(self) -> Fraction:
        """Fees by deposits; 0 where nothing was deposited."""
        return _share(self.fees_minor, self.deposits_minor)

    @property
    def contract(self) -> Fraction:
        """The same as the contract has it."""
        return _share(self.contract_minor, self.deposits_minor)


@dataclass(frozen=True)
class Drift:
    """A rate that is further than ALARM from the month before, or from the contract: `than` says which."""

    rate: Rate
    than: str
    points: int

    def text(self, currency: str) -> str:
        """One line with the cents and what to do."""
        one, worth = self.rate, show(self.rate.fees_minor, currency)
        told = f"{one.store} {one.group} {one.month}: {points(one.effective)} basis points ({worth} of fees)"
        return f"{told}, {self.points:+d} against {self.than}; ask the processor which fee is new"


def points(rate: Fraction) -> int:
    """A rate in whole basis points."""
    return round(rate * BASIS_POINTS)


def _share(fees: int, deposits: int) -> Fraction:
    return Fraction(fees, deposits) if deposits > 0 else Fraction(0)


def rates(
    deposits: pd.DataFrame, lines: pd.DataFrame, billed: Iterable[tuple[str, str, int]], terms: Terms
) -> tuple[Rate, ...]:
    """Each merchant id, group and month that was paid or billed.

    `lines` are those that deposits paid, `billed` are (store, date, cents) on the fee account that are of no deposit. A
    merchant whose fees are billed has one rate over all its groups, what its deposits kept included.
    """
    months = _deposited(deposits, lines, terms)
    bills: dict[str, Counter[str]] = defaultdict(Counter)
    for store, day, cents in billed:
        bills[store][day[:7]] += cents
    found = [
        Rate(store, group, month, *(one[name] for name in ("fees", "gross", "contract")))
        for (store, group), by_month in months.items()
        for month, one in by_month.items()
        if store not in bills
    ]
    found += [rate for store, by_month in bills.items() for rate in _whole(store, by_month, months)]
    return tuple(sorted(found, key=lambda one: (one.store, one.group, one.month)))


def _deposited(deposits: pd.DataFrame, lines: pd.DataFrame, terms: Terms) -> dict[Key, dict[str, Counter[str]]]:
    of = dict(iter(lines.groupby("deposit_id")))
    found: dict[Key, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for row in records(deposits):
        mine = of.get(row.deposit_id, lines.iloc[:0])
        sums = found[row.store, _group(mine)][row.funding_date[:7]]
        sums["fees"] -= int(row.fees_minor)
        sums["gross"] += int(row.sales_minor + row.refunds_minor)
        sums["contract"] += expected_fee(mine, terms)
    return found


def _group(lines: pd.DataFrame) -> str:
    groups: Sequence[Any] = lines["brand_group"].drop_duplicates().tolist()
    return str(groups[0]) if len(groups) == 1 else WHOLE


def _whole(store: str, bills: Mapping[str, int], months: Mapping[Key, Mapping[str, Counter[str]]]) -> Iterator[Rate]:
    mine = [by_month for (one, _), by_month in months.items() if one == store]
    for month in sorted(bills):
        sums: Counter[str] = Counter()
        for by_month in mine:
            sums.update(by_month.get(month, Counter()))
        yield Rate(store, WHOLE, month, sums["fees"] + bills.get(month, 0), sums["gross"], sums["contract"])


def drifts(found: Iterable[Rate], alarm: int = ALARM) -> tuple[Drift, ...]:
    """Rates that moved, the largest first; a month without deposits is compared with nothing."""
    by_key: dict[Key, list[Rate]] = defaultdict(list)
    for one in found:
        if one.deposits_minor > 0:
            by_key[one.store, one.group].append(one)
    moved = [Drift(now, before.month, _apart(now.effective, before.effective)) for before, now in _pairs(by_key)]
    beyond = [
        Drift(one, "the contract", _apart(one.effective, one.contract))
        for some in by_key.values()
        for one in some
        if one.fees_minor
    ]
    alarming = [one for one in (*moved, *beyond) if abs(one.points) > alarm]
    return tuple(sorted(alarming, key=lambda one: (-abs(one.points), one.rate.store, one.rate.month)))


def _pairs(by_key: Mapping[Key, list[Rate]]) -> Iterator[tuple[Rate, Rate]]:
    for some in by_key.values():
        yield from pairwise(sorted(some, key=lambda one: one.month))


def _apart(one: Fraction, other: Fraction) -> int:
    return round((one - other) * BASIS_POINTS)
