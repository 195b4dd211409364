"""The ledger's deposit postings on the bank account: the bank account and the kind of deposit each stands for."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from he_sync.reconcile.chain.arrays import DEPOSIT, Postings, Stores
from he_sync.reconcile.chain.fx import Money
from he_sync.reconcile.chain.keys import Ints


class DepositPostings:
    """Postings on the bank account, each with the bank account of its store and the kind its contra account shows."""

    def __init__(
        self, postings: Postings, stores: Stores, accounts: dict[str, int], kinds: dict[int, str], money: Money
    ) -> None:
        """`kinds` maps a contra account to the kind of deposit that clears it; `cleared` is what it clears.

        Amount and currency of `cleared` are the stores' where the account holds another currency.
        """
        rows = np.flatnonzero(postings.source == DEPOSIT)
        on_bank = postings.account[rows] == accounts["bank"]
        self.rows = rows[on_bank]
        contra: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        for row in rows[~on_bank].tolist():
            key = int(postings.store[row]), int(postings.day[row]), -int(postings.amount[row])
            contra[key].append(int(postings.account[row]))
        place = stores.places(postings.store[self.rows])
        self.account = np.where(place >= 0, stores.account[np.maximum(place, 0)], 0).tolist()
        self.store = postings.store[self.rows].tolist()
        self.day = postings.day[self.rows].tolist()
        self.amount = postings.amount[self.rows].tolist()
        self.currency = postings.currency[self.rows].tolist()
        self.ids = postings.ids[self.rows].tolist()
        self.kind: list[str] = []
        for store, day, amount in zip(self.store, self.day, self.amount, strict=True):
            names = {kinds.get(number, "") for number in contra[store, day, amount]}
            self.kind.append(names.pop() if len(names) == 1 else "")
        self.cleared = list(zip(self.amount, self.currency, strict=True))
        self._exchange(postings, rows[~on_bank], kinds, money)

    def _exchange(self, postings: Postings, others: Ints, kinds: dict[int, str], money: Money) -> None:
        """Contra postings of another currency, found by what the rate of the day makes of them."""
        at: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        for row in others.tolist():
            at[int(postings.store[row]), int(postings.day[row]), int(postings.currency[row])].append(row)
        for i, kind in enumerate(self.kind):
            if kind:
                continue
            fits = {
                (kinds.get(int(postings.account[row]), ""), -int(postings.amount[row]), currency)
                for currency in range(money.currencies)
                if currency != self.currency[i]
                for row in at.get((self.store[i], self.day[i], currency), ())
                if money.converted(-int(postings.amount[row]), currency, self.currency[i], self.day[i])
                == self.amount[i]
            }
            if len(fits) == 1:
                self.kind[i], amount, currency = fits.pop()
                self.cleared[i] = amount, currency
