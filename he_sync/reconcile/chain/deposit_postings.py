"""The ledger's deposit postings on the bank account: the bank account and the kind of deposit each stands for."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from he_sync.reconcile.chain.arrays import DEPOSIT, Postings, Stores


class DepositPostings:
    """Postings on the bank account, each with the bank account of its store and the kind its contra account shows."""

    def __init__(self, postings: Postings, stores: Stores, accounts: dict[str, int], kinds: dict[int, str]) -> None:
        """`kinds` maps a contra account to the kind of deposit that clears it."""
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
        self.kind = []
        for store, day, amount in zip(self.store, self.day, self.amount, strict=True):
            names = {kinds.get(number, "") for number in contra[store, day, amount]}
            self.kind.append(names.pop() if len(names) == 1 else "")
