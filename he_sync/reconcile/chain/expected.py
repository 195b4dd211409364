"""Which deposits the bank must show: batches grouped as each account is funded, cash by store, fees by store and month."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from he_sync.reconcile.chain.arrays import BankLines, Batches, Payments, Stores
from he_sync.reconcile.chain.bank_days import BankDays, month_end_next
from he_sync.reconcile.chain.keys import Ints, Places, find, group

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
    account = stores.account[store_of[known]]
    seen = Counter(
        zip(bank.account.tolist(), bank.currency.tolist(), bank.day.tolist(), bank.amount.tolist(), strict=True)
    )
    ways: dict[str, dict[tuple[int, str, int], list[Expected]]] = {}
    for funding, columns in zip(
        FUNDINGS,
        (
            (value[known],),
            (value[known], batches.day[known]),
            (value[known], store_of[known]),
            (value[known], batches.ids[known]),
        ),
        strict=True,
    ):
        keys = (account, batches.brand[known], batches.currency[known], *columns)
        ways[funding] = _deposits(batches, known, value, account, brands, group(keys, batches.ids[known]))
    result: list[Expected] = []
    chosen: dict[tuple[int, str, int], str] = {}
    for leg in sorted(ways[FUNDINGS[0]]):
        best = max(FUNDINGS, key=lambda way: (_exact(ways[way][leg], seen), -FUNDINGS.index(way)))
        chosen[leg] = best
        result += ways[best][leg]
    return result, chosen


def _deposits(
    batches: Batches,
    known: Ints,
    value: Ints,
    account: Ints,
    brands: tuple[str, ...],
    grouped: tuple[Ints, Ints, Ints],
) -> dict[tuple[int, str, int], list[Expected]]:
    order, number, rank = grouped
    result: dict[tuple[int, str, int], list[Expected]] = defaultdict(list)
    if not len(order):
        return result
    rows = known[order]
    starts = np.flatnonzero(rank == 0)
    sums = np.add.reduceat(batches.payout[rows], starts)
    ids = batches.ids[rows].tolist()
    ends = [*starts[1:].tolist(), len(rows)]
    for start, stop, amount in zip(starts.tolist(), ends, sums.tolist(), strict=True):
        row = int(rows[start])
        brand = brands[batches.brand[row]]
        leg = (int(account[order[start]]), brand, int(batches.currency[row]))
        result[leg].append(Expected(leg[0], brand, 0, int(value[row]), amount, leg[2], tuple(ids[start:stop])))
    return result


def _exact(deposits: Iterable[Expected], seen: Counter[Key]) -> float:
    """Share of batches in deposits that the bank shows to the cent, each bank line counted once."""
    left: Counter[Key] = Counter()
    good = total = 0
    for deposit in deposits:
        key = key_of(deposit)
        total += len(deposit.parts)
        if left[key] < seen[key]:
            left[key] += 1
            good += len(deposit.parts)
    return good / total if total else 0.0


def cash_deposits(payments: Payments, cash: int, stores: Stores, lag: int, bank_days: BankDays) -> list[Expected]:
    """Cash of each store and bank day."""
    rows = np.flatnonzero(payments.tender == cash)
    place = find(stores.ids, payments.store[rows]).astype(np.int64)
    rows, place = rows[place >= 0], place[place >= 0]
    value = bank_days.after(payments.day[rows], lag)
    totals = _sums((place, payments.currency[rows].astype(np.int64), value), payments.amount[rows])
    return [
        Expected(int(stores.account[store]), CASH, int(stores.ids[store]), day, amount, currency)
        for (store, currency, day), amount in totals
        if amount
    ]


def fee_withdrawals(batches: Batches, store_of: Places, stores: Stores, lag: int, bank_days: BankDays) -> list[Expected]:
    """Fees of gross-funded stores, billed for each month of batch dates from the first of the next month."""
    rows = np.flatnonzero(store_of >= 0)
    rows = rows[~stores.net[store_of[rows]]]
    months = batches.day[rows].astype("M8[D]").astype("M8[M]").astype(np.int64)
    columns = (store_of[rows].astype(np.int64), batches.currency[rows].astype(np.int64), months)
    firsts = dict(zip(months.tolist(), batches.day[rows].tolist(), strict=True))
    parts: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for key, batch in zip(zip(*(column.tolist() for column in columns), strict=True), batches.ids[rows].tolist(), strict=True):
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
