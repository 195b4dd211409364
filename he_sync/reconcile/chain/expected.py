"""Which deposits the bank must show: batches grouped as each account is funded, cash by store, fees by store and month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from he_sync.reconcile.chain.arrays import BankLines, Batches, Payments, Stores
from he_sync.reconcile.chain.bank_days import BankDays, month_end_next
from he_sync.reconcile.chain.keys import AnyInts, Ints, Mask, Places, find, group, pack

CASH, FEES = "CASH", "FEES"
# How an account may be funded, from most merged to least; the one that makes most deposits exact is taken.
FUNDINGS = ("by value date", "by batch date", "by store and value date", "by batch")


@dataclass(frozen=True)
class Expected:
    """One deposit that must come: amount in minor units, `parts` are batch ids, `owner` is a store or 0."""

    account: int
    kind: str
    owner: int
    day: int
    amount: int
    currency: int
    parts: tuple[int, ...] = ()


Key = tuple[int, int, int, int]  # account, currency, value date, amount


def key_of(deposit: Expected) -> Key:
    """What a bank line must equal."""
    return deposit.account, deposit.currency, deposit.day, deposit.amount


def card_deposits(
    batches: Batches,
    store_of: Places,
    stores: Stores,
    brands: tuple[str, ...],
    lags: dict[str, int],
    bank_days: BankDays,
    bank: BankLines,
) -> tuple[list[Expected], dict[tuple[int, str, int], str]]:
    """Deposits of accounts whose batches are reported, and the funding that each (account, brand, currency) has shown."""
    known = np.flatnonzero(store_of >= 0)
    value = np.zeros(len(batches.ids), np.int64)
    for code, brand in enumerate(brands):
        here = known[batches.brand[known] == code]
        value[here] = bank_days.after(batches.day[here], lags.get(brand, 1))
    account, value = stores.account[store_of[known]], value[known]
    legs = (account, batches.brand[known], batches.currency[known])
    leg, _ = pack(*((part, part[:0]) for part in legs))
    names, leg = np.unique(leg, return_inverse=True)
    ways = [
        _Way(batches, known, value, account, leg, column, bank)
        for column in (value, batches.day[known], value * len(stores.ids) + store_of[known], batches.ids[known])
    ]
    best = np.argmax([way.exact for way in ways], axis=0) if len(names) else np.empty(0, np.int64)
    result: list[Expected] = []
    chosen: dict[tuple[int, str, int], str] = {}
    for number, way in enumerate(ways):
        for deposit in way.deposits(brands, best == number):
            result.append(deposit)
            chosen[deposit.account, deposit.kind, deposit.currency] = FUNDINGS[number]
    return result, chosen


class _Way:
    """One way to group batches into deposits, and how many batches of each leg it puts into deposits that came exactly."""

    def __init__(
        self, batches: Batches, known: Ints, value: Ints, account: Ints, leg: Ints, column: AnyInts, bank: BankLines
    ) -> None:
        order, _, rank = group((leg, value, column), batches.ids[known])
        self._batches, self._rows, self._starts = batches, known[order], np.flatnonzero(rank == 0)
        first = order[self._starts]
        self._leg, self._value, self._account = leg[first], value[first], account[first]
        self._sums = np.add.reduceat(batches.payout[self._rows], self._starts) if len(order) else known
        self._ends = np.append(self._starts[1:], len(order))
        mine, theirs = pack(
            (self._account, bank.account),
            (batches.currency[self._rows[self._starts]], bank.currency),
            (self._value, bank.day),
            (self._sums, bank.amount),
        )
        came = find(theirs, mine) >= 0
        self.exact = np.bincount(self._leg[came], (self._ends - self._starts)[came], minlength=_legs(leg))

    def deposits(self, brands: tuple[str, ...], wanted: Mask) -> Iterator[Expected]:
        """The deposits of the wanted legs."""
        here = np.flatnonzero(wanted[self._leg])
        rows = self._rows[self._starts[here]]
        columns = (
            self._account[here],
            self._batches.brand[rows],
            self._value[here],
            self._sums[here],
            self._batches.currency[rows],
            self._starts[here],
            self._ends[here],
        )
        ids = self._batches.ids[self._rows].tolist()
        for account, brand, day, amount, currency, start, stop in zip(*(c.tolist() for c in columns), strict=True):
            yield Expected(account, brands[brand], 0, day, amount, currency, tuple(ids[start:stop]))


def _legs(leg: Ints) -> int:
    return int(leg.max()) + 1 if len(leg) else 0


def cash_deposits(payments: Payments, cash: int, stores: Stores, lag: int, bank_days: BankDays) -> list[Expected]:
    """Cash of each store and bank day."""
    rows = np.flatnonzero(payments.tender == cash)
    place = stores.places(payments.store[rows]).astype(np.int64)
    rows, place = rows[place >= 0], place[place >= 0]
    value = bank_days.after(payments.day[rows], lag)
    totals = _sums((place, payments.currency[rows].astype(np.int64), value), payments.amount[rows])
    return [
        Expected(int(stores.account[store]), CASH, int(stores.ids[store]), day, amount, currency)
        for (store, currency, day), amount in totals
        if amount
    ]


def fee_withdrawals(
    batches: Batches, store_of: Places, stores: Stores, lag: int, bank_days: BankDays
) -> list[Expected]:
    """Fees of gross-funded stores, billed for each month of batch dates from the first of the next month."""
    rows = np.flatnonzero(store_of >= 0)
    rows = rows[~stores.net[store_of[rows]]]
    months = batches.day[rows].astype("M8[D]").astype("M8[M]").astype(np.int64)
    columns = (store_of[rows].astype(np.int64), batches.currency[rows].astype(np.int64), months)
    firsts = dict(zip(months.tolist(), batches.day[rows].tolist(), strict=True))
    parts: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for key, batch in zip(
        zip(*(column.tolist() for column in columns), strict=True), batches.ids[rows].tolist(), strict=True
    ):
        parts[key].append(batch)
    return [
        Expected(
            int(stores.account[store]),
            FEES,
            int(stores.ids[store]),
            bank_days.one(month_end_next(firsts[month]), lag),
            -amount,
            currency,
            tuple(sorted(parts[store, currency, month])),
        )
        for (store, currency, month), amount in _sums(columns, batches.fees[rows])
        if amount
    ]


def _sums(columns: tuple[Ints, ...], amounts: Ints) -> list[tuple[tuple[int, ...], int]]:
    """Totals by key, in order of the key."""
    order, _, rank = group(columns, np.arange(len(amounts)))
    if not len(order):
        return []
    starts = np.flatnonzero(rank == 0)
    totals = np.add.reduceat(amounts[order], starts)
    keys = zip(*(column[order[starts]].tolist() for column in columns), strict=True)
    return list(zip(keys, totals.tolist(), strict=True))


def merged(deposits: list[Expected]) -> Expected:
    """Several expected deposits as one, on the last of their days."""
    last = max(deposits, key=lambda one: one.day)
    parts = tuple(sorted(part for one in deposits for part in one.parts))
    return replace(last, amount=sum(one.amount for one in deposits), parts=parts)
