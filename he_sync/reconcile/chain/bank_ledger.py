"""Bank lines against the ledger's deposit postings: amount, account and day, then the deposit that both stand for."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from he_sync.reconcile.chain.bank import Statement
from he_sync.reconcile.chain.deposit_postings import DepositPostings
from he_sync.reconcile.chain.found import UNRESOLVED, Found

EXACT = ("bank_ledger", "amount_on_value_date")
SHORT = ("bank_ledger", "deposit_on_value_date")


class BankLedger:
    """Bank lines and deposit postings that are still free, by position."""

    def __init__(self, statement: Statement, postings: DepositPostings) -> None:
        self.statement, self.postings, self.bank = statement, postings, statement.bank
        self.free = set(range(len(postings.ids)))
        self.lines = set(range(len(statement.bank.ids)))

    def match(self, found: Found) -> None:
        """Link bank lines to postings; a line that the ledger lacks is a break."""
        for rule, pairs in ((EXACT, self._exact()), (SHORT, self._by_deposit())):
            rows = sorted(pairs) if found.allowance.rules.uses("DG", rule[1]) else []
            lines = self.bank.ids[np.array([line for line, _ in rows], np.int64)]
            found.link("DG", lines, np.array([self.postings.ids[row] for _, row in rows], np.int64), rule)
        rows_left = np.array(sorted(self.lines), np.int64)
        found.add(
            "bank_lines",
            UNRESOLVED,
            self.bank.ids[rows_left],
            related=rows_left * 0,
            delta=rows_left * 0,
            evidence=[f"bank line of {self.bank.amount[row]} is not in the ledger" for row in rows_left.tolist()],
            days=self.bank.day[rows_left],
            currency=self.bank.currency[rows_left],
            confidence=0.5,
        )

    def _take(self, line: int, row: int) -> tuple[int, int]:
        self.lines.discard(line)
        self.free.discard(row)
        return line, row

    def _exact(self) -> list[tuple[int, int]]:
        bank, postings = self.bank, self.postings
        at: dict[tuple[int, int, int, int], list[int]] = defaultdict(list)
        keys = zip(postings.account, postings.currency, postings.day, postings.amount, strict=True)
        for row, key in enumerate(keys):
            at[key].append(row)
        keys = zip(bank.account.tolist(), bank.currency.tolist(), bank.day.tolist(), bank.amount.tolist(), strict=True)
        pairs = sorted((self._misfit(line, row), line, row) for line, key in enumerate(keys) for row in at.get(key, ()))
        return [self._take(line, row) for _, line, row in pairs if line in self.lines and row in self.free]

    def _misfit(self, line: int, row: int) -> tuple[bool, bool]:
        """Whether the memo's kind is not the contra account's, and its number not the posting's store."""
        kind = self.statement.kind_of.get(self.statement.shapes[line], "")
        other = self.postings.kind[row]
        return bool(kind and other and kind != other), self.statement.numbers[line] != self.postings.store[row]

    def _by_deposit(self) -> list[tuple[int, int]]:
        """What came as another amount belongs to its deposit's posting, else to the only one of its day and kind."""
        bank, postings = self.bank, self.postings
        wanted = {
            receipt.lines[0]: self.statement.amounts(receipt)[0]
            for receipt in self.statement.receipts
            if len(receipt.lines) == 1 and receipt.lines[0] in self.lines
        }
        by_day: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        for row in sorted(self.free):
            by_day[postings.account[row], postings.currency[row], postings.day[row]].append(row)
        candidates = [
            (wanted.get(line) != postings.amount[row], misfit[1], line, row)
            for line in sorted(self.lines)
            for row in by_day.get((int(bank.account[line]), int(bank.currency[line]), int(bank.day[line])), ())
            if not (misfit := self._misfit(line, row))[0]
        ]
        rivals = Counter(candidate[2] for candidate in candidates)
        return [
            self._take(line, row)
            for unequal, store_off, line, row in sorted(candidates)
            if line in self.lines and row in self.free and (not unequal or not store_off or rivals[line] == 1)
        ]
