"""Monthly fee withdrawals of gross-funded stores without batch ids: one a month, for what the month's lines cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from he_sync.reconcile.chain.bank import Statement
from he_sync.reconcile.chain.bank_days import month_end_next
from he_sync.reconcile.chain.blind_lines import Unbatched
from he_sync.reconcile.chain.expected import FEES, FEES_LAG, Expected, Funding, sums
from he_sync.reconcile.chain.keys import Ints

SLIPPED = 3  # lines that slip over the end of a month


def fee_withdrawals(one: Unbatched, day: Ints, funding: Funding, statement: Statement) -> Iterator[Expected]:
    """Each store's withdrawals, in the stores' currency; `day` is the batch day of each line."""
    rows = np.flatnonzero(~funding.stores.net[one.store])
    if not len(rows):
        return
    most = SLIPPED * int(np.abs(one.fee[rows]).max())
    for months in _by_store(one, day, rows, funding):
        yield from (deposit for deposit in _as_slipped(months, statement, most) if deposit.amount)


def _by_store(one: Unbatched, day: Ints, rows: Ints, funding: Funding) -> Iterator[list[Expected]]:
    months = day[rows].astype("M8[D]").astype("M8[M]").astype("M8[D]").astype(np.int64)
    columns = (one.store[rows].astype(np.int64), one.currency[rows].astype(np.int64), months)
    lag = funding.lags.get(FEES, FEES_LAG)
    found: dict[tuple[int, int], list[Expected]] = defaultdict(list)
    for (store, currency, first), fee in sums(columns, one.fee[rows]):
        due = funding.bank_days.one(month_end_next(first), lag)
        account, owner = int(funding.stores.account[store]), int(funding.stores.ids[store])
        found[store, currency].append(Expected(account, FEES, owner, due, -fee, currency))
    yield from found.values()


def _as_slipped(months: list[Expected], statement: Statement, most: int) -> list[Expected]:
    """Two months that are off by opposite amounts: lines slipped over the end of the first, and cost in the second."""
    months = list(months)
    for i in range(len(months) - 1):
        one, other = months[i], months[i + 1]
        came, later = statement.shown(one), statement.shown(other)
        if one.amount in came or other.amount in later:
            continue
        ways = {a for a in came if abs(a - one.amount) <= most and one.amount + other.amount - a in later}
        if len(ways) == 1:
            moved = ways.pop() - one.amount
            months[i], months[i + 1] = (
                replace(one, amount=one.amount + moved),
                replace(other, amount=other.amount - moved),
            )
    return months
