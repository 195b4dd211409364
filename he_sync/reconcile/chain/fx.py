"""Deposits of one currency into an account of another: converted by the value date's rate, never matched as they are.

Reference accounting 4.6: the difference between currencies is computed, not tolerated away. A rate is units of the
terms' currency for one, from its date on; a deposit is converted as a whole, half a minor unit away from zero.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from he_sync.reconcile.chain.arrays import BankLines, Reader, day

EXACT = 10**8  # rates have at most eight decimals


class Money:
    """What currency an account holds, and how amounts get there."""

    def __init__(self, reader: Reader, bank: BankLines, constant: Mapping[str, str], home: str) -> None:
        """`constant` are rates without a date, for books that have no dated ones."""
        names = reader.codes.currencies
        self.currencies = len(names)
        self._dates: dict[int, list[int]] = defaultdict(list)
        self._rates: dict[int, list[int]] = defaultdict(list)
        dated = f"select currency, {day('rate_date')}, rate::varchar from rates order by 1, 2"
        rows = reader.rows(dated) if reader.has("rates") else []
        for name, when, rate in [*((name, -(1 << 30), rate) for name, rate in [*constant.items(), (home, "1")]), *rows]:
            if name in names:
                self._dates[names.index(name)].append(when)
                self._rates[names.index(name)].append(int(Decimal(rate) * EXACT))
        held: dict[int, set[int]] = defaultdict(set)
        for account, currency in zip(bank.account.tolist(), bank.currency.tolist(), strict=True):
            held[account].add(currency)
        self._held = dict(held)

    def currency_of(self, account: int, currency: int) -> int:
        """The currency in which a deposit arrives: its own, unless the account holds one other only."""
        held = self._held.get(account, {currency})
        return currency if currency in held or len(held) > 1 else next(iter(held))

    def converted(self, amount: int, currency: int, into: int, when: int) -> int | None:
        """The amount in another currency by the rates of a day; None without a rate."""
        own, other = self._rate(currency, when), self._rate(into, when)
        if currency == into or not own or not other:
            return amount if currency == into else None
        size = (2 * abs(amount) * own + other) // (2 * other)
        return size if amount >= 0 else -size

    def arriving(self, account: int, currency: int, when: int, amount: int) -> tuple[int, int]:
        """Amount and currency of a deposit as the account will show it."""
        into = self.currency_of(account, currency)
        changed = self.converted(amount, currency, into, when)
        return (amount, currency) if changed is None else (changed, into)

    def _rate(self, currency: int, when: int) -> int:
        at = bisect_right(self._dates[currency], when)
        return self._rates[currency][at - 1] if at else 0
