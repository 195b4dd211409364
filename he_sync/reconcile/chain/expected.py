"""Which deposits the bank must show: batches as each account is funded, cash by store, fees by store and month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from he_sync.reconcile.chain.arrays import BankLines, Batches, Payments, Stores
from he_sync.reconcile.chain.bank_days import BankDays, month_end_next
from he_sync.reconcile.chain.fx import Money
from he_sync.reconcile.chain.keys import AnyInts, Ints, Mask, Places, find, group, pack

CASH, FEES = "CASH", "FEES"
FEES_LAG = 2  # bank days, where the terms do not say


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


@dataclass(frozen=True)
class Funding:
    """How batches become money: batches with each one's store position (-1: unknown), lags by brand, bank calendar."""

    batches: Batches
    store_of: Places
    stores: Stores
    bank: BankLines
    brands: tuple[str, ...]
    lags: Mapping[str, int]
    bank_days: BankDays
    money: Money

    def arriving(self, deposit: Expected) -> Expected:
        """A deposit of the stores' currency as the bank account will show it."""
        amount, currency = self.money.arriving(deposit.account, deposit.currency, deposit.day, deposit.amount)
        return replace(deposit, amount=amount, currency=currency) if currency != deposit.currency else deposit

    def value_dates(self, rows: Ints) -> Ints:
        """When the batches of these rows are due."""
        value = np.zeros(len(rows), np.int64)
        for code, brand in enumerate(self.brands):
            here = self.batches.brand[rows] == code
            value[here] = self.bank_days.after(self.batches.day[rows[here]], self.lags.get(brand, 1))
        return value


class Ways:
    """The ways in which batches may be grouped into deposits, tried on the bank's lines of the same days."""

    def __init__(self, funding: Funding) -> None:
        known = np.flatnonzero(funding.store_of >= 0)
        value, batches = funding.value_dates(known), funding.batches
        account = funding.stores.account[funding.store_of[known]]
        legs = (account, batches.brand[known], batches.currency[known])
        key, _ = pack(*((part, part[:0]) for part in legs))
        _, first, leg = np.unique(key, return_index=True, return_inverse=True)
        self.legs = np.stack([part[first].astype(np.int64) for part in legs])
        """Account, brand and currency (rows) of each leg."""
        columns = (
            value,
            batches.day[known],
            value * len(funding.stores.ids) + funding.store_of[known],
            batches.ids[known],
        )
        self._ways = [_Way(funding, known, (account, value, leg), column) for column in columns]

    def exact(self) -> Ints:
        """Of each way (rows), how many batches of a leg are in deposits that came to the cent."""
        return np.stack([np.bincount(leg, count, self.legs.shape[1]) for leg, _, count in self.came()]).astype(np.int64)

    def came(self) -> list[tuple[Ints, Ints, Ints]]:
        """Of each way, the deposits that came to the cent: leg, value date and number of batches."""
        return [way.came() for way in self._ways]

    def deposits(self, exact: Ints) -> list[Expected]:
        """The deposits of each leg, grouped in the way that is exact for most of its batches."""
        best = np.argmax(exact, axis=0) if exact.shape[1] else np.empty(0, np.int64)
        return [deposit for number, way in enumerate(self._ways) for deposit in way.deposits(best == number)]


def card_deposits(funding: Funding) -> list[Expected]:
    """Deposits of batches, grouped as each account, brand and currency has shown to be funded."""
    ways = Ways(funding)
    return ways.deposits(ways.exact())


class _Way:
    """One way to group batches into deposits.

    The ways, from most to least merged: by value date, by batch date, by store and value date, by batch.
    """

    def __init__(self, funding: Funding, known: Ints, keys: tuple[Ints, Ints, Ints], column: AnyInts) -> None:
        """`keys` are account, value date and leg of each known batch, `column` what this way groups by within a leg."""
        account, value, leg = keys
        batches, bank = funding.batches, funding.bank
        order, _, rank = group((leg, value, column), batches.ids[known])
        self._funding, self._rows, self._starts = funding, known[order], np.flatnonzero(rank == 0)
        first = order[self._starts]
        self._leg, self._value, self._account = leg[first], value[first], account[first]
        self._sums = np.add.reduceat(batches.payout[self._rows], self._starts) if len(order) else known
        self._ends = np.append(self._starts[1:], len(order))
        self._currency = batches.currency[self._rows[self._starts]].astype(np.int64)
        for i in self._foreign().tolist():
            where = int(self._account[i]), int(self._currency[i]), int(self._value[i]), int(self._sums[i])
            self._sums[i], self._currency[i] = funding.money.arriving(*where)
        mine, theirs = pack(
            (self._account, bank.account),
            (self._currency, bank.currency),
            (self._value, bank.day),
            (self._sums, bank.amount),
        )
        self._came = find(theirs, mine) >= 0

    def came(self) -> tuple[Ints, Ints, Ints]:
        """Leg, value date and number of batches of the deposits that came to the cent."""
        here = self._came
        return self._leg[here], self._value[here], (self._ends - self._starts)[here]

    def _foreign(self) -> Ints:
        """Deposits of another currency than their account holds."""
        pairs = set(zip(self._account.tolist(), self._currency.tolist(), strict=True))
        other = [pair for pair in sorted(pairs) if self._funding.money.currency_of(*pair) != pair[1]]
        mask = np.zeros(len(self._sums), bool)
        for account, currency in other:
            mask |= (self._account == account) & (self._currency == currency)
        return np.flatnonzero(mask)

    def deposits(self, wanted: Mask) -> Iterator[Expected]:
        """The deposits of the wanted legs."""
        here = np.flatnonzero(wanted[self._leg])
        rows = self._rows[self._starts[here]]
        columns = (
            self._account[here],
            self._funding.batches.brand[rows],
            self._value[here],
            self._sums[here],
            self._currency[here],
            self._starts[here],
            self._ends[here],
        )
        ids = self._funding.batches.ids[self._rows].tolist()
        for account, brand, day, amount, currency, start, stop in zip(*(c.tolist() for c in columns), strict=True):
            yield Expected(account, self._funding.brands[brand], 0, day, amount, currency, tuple(ids[start:stop]))


def cash_deposits(payments: Payments, cash: int, funding: Funding) -> list[Expected]:
    """Cash of each store and bank day."""
    rows = np.flatnonzero(payments.tender == cash)
    return banked(payments.store[rows], payments.currency[rows], payments.day[rows], payments.amount[rows], funding)


def banked(store: AnyInts, currency: AnyInts, day: AnyInts, amount: Ints, funding: Funding) -> list[Expected]:
    """Deposits of cash by its store id, currency, business day and amount."""
    stores = funding.stores
    place = stores.places(store).astype(np.int64)
    rows = np.flatnonzero(place >= 0)
    value = funding.bank_days.after(day[rows], funding.lags.get(CASH, 1))
    totals = sums((place[rows], currency[rows].astype(np.int64), value), amount[rows])
    return [
        funding.arriving(Expected(int(stores.account[store]), CASH, int(stores.ids[store]), day, amount, currency))
        for (store, currency, day), amount in totals
        if amount
    ]


def fee_withdrawals(funding: Funding) -> list[Expected]:
    """Fees of gross-funded stores, billed for each month of batch dates from the first of the next month."""
    batches, store_of, stores = funding.batches, funding.store_of, funding.stores
    lag = funding.lags.get(FEES, FEES_LAG)
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
        funding.arriving(
            Expected(
                int(stores.account[store]),
                FEES,
                int(stores.ids[store]),
                funding.bank_days.one(month_end_next(firsts[month]), lag),
                -amount,
                currency,
                tuple(sorted(parts[store, currency, month])),
            )
        )
        for (store, currency, month), amount in sums(columns, batches.fees[rows])
        if amount
    ]


def sums(columns: tuple[Ints, ...], amounts: Ints) -> list[tuple[tuple[int, ...], int]]:
    """Totals by key, in order of the key."""
    (key,) = pack(*((column,) for column in columns))
    distinct, first, number = np.unique(key, return_index=True, return_inverse=True)
    totals = np.zeros(len(distinct), np.int64)
    np.add.at(totals, number, amounts)
    keys = zip(*(column[first].tolist() for column in columns), strict=True)
    return list(zip(keys, totals.tolist(), strict=True))
