"""Bank lines against the ledger's deposit postings: amount, account and day, then the deposit that both stand for."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from he_sync.reconcile.chain.arrays import BankLines
from he_sync.reconcile.chain.bank import Statement
from he_sync.reconcile.chain.deposit_postings import DepositPostings
from he_sync.reconcile.chain.found import UNRESOLVED, Found

EXACT = ("bank_ledger", "amount_on_value_date")
SHORT = ("bank_ledger", "deposit_on_value_date")


def match_ledger(statement: Statement, postings: DepositPostings, found: Found) -> dict[int, int]:
    """Link bank lines to postings; the posting of each expected deposit that got one, by position."""
    bank = statement.bank
    free = set(range(len(postings.ids)))
    lines = {line for line in range(len(bank.ids))}
    pairs = _exact(statement, postings, free, lines)
    short = _by_deposit(statement, postings, free, lines)
    for rule, chosen in ((EXACT, pairs), (SHORT, short)):
        chosen.sort()
        found.link(
            "DG",
            bank.ids[[line for line, _ in chosen]] if chosen else np.empty(0, np.int64),
            np.array([postings.ids[row] for _, row in chosen], np.int64),
            rule,
        )
    _leftovers(bank, postings, statement, free, lines, found)
    return {}


def _exact(statement: Statement, postings: DepositPostings, free: set[int], lines: set[int]) -> list[tuple[int, int]]:
    bank = statement.bank
    at: dict[tuple[int, int, int, int], list[int]] = defaultdict(list)
    for row in sorted(free):
        at[postings.account[row], postings.currency[row], postings.day[row], postings.amount[row]].append(row)
    keys = zip(bank.account.tolist(), bank.currency.tolist(), bank.day.tolist(), bank.amount.tolist(), strict=True)
    candidates = sorted(
        (_misfit(statement, line, postings, row), line, row) for line, key in enumerate(keys) for row in at.get(key, ())
    )
    result = []
    for _, line, row in candidates:
        if line in lines and row in free:
            lines.discard(line)
            free.discard(row)
            result.append((line, row))
    return result


def _misfit(statement: Statement, line: int, postings: DepositPostings, row: int) -> tuple[bool, bool]:
    """Whether the memo's kind is not the contra account's, and its number not the posting's store."""
    kind = statement.kind_of.get(statement.shapes[line], "")
    other = postings.kind[row]
    return bool(kind and other and kind != other), statement.numbers[line] != postings.store[row]


def _by_deposit(
    statement: Statement, postings: DepositPostings, free: set[int], lines: set[int]
) -> list[tuple[int, int]]:
    """A line that paid another amount belongs to the posting of the deposit it paid, else to the only one of its day."""
    wanted: dict[int, int] = {}
    for receipt in statement.receipts:
        if len(receipt.lines) == 1 and receipt.lines[0] in lines:
            wanted[receipt.lines[0]] = sum(statement.deposits[i].amount for i in receipt.expected)
    bank = statement.bank
    by_day: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for row in sorted(free):
        by_day[postings.account[row], postings.currency[row], postings.day[row]].append(row)
    candidates = []
    for line in sorted(lines):
        for row in by_day.get((int(bank.account[line]), int(bank.currency[line]), int(bank.day[line])), ()):
            kind_off, store_off = _misfit(statement, line, postings, row)
            equal = wanted.get(line) == postings.amount[row]
            if not kind_off:
                candidates.append((not equal, store_off, abs(int(bank.amount[line]) - postings.amount[row]), line, row))
    rivals = Counter(candidate[3] for candidate in candidates)
    result = []
    for unequal, store_off, _, line, row in sorted(candidates):
        if line in lines and row in free and (not unequal or not store_off or rivals[line] == 1):
            lines.discard(line)
            free.discard(row)
            result.append((line, row))
    return result


def _leftovers(
    bank: BankLines, postings: DepositPostings, statement: Statement, free: set[int], lines: set[int], found: Found
) -> None:
    """Bank lines that the ledger lacks. Postings without money are the deposits that are missing, said with these."""
    rows = np.array(sorted(lines), np.int64)
    found.add(
        "bank_lines",
        UNRESOLVED,
        bank.ids[rows],
        related=rows * 0,
        delta=rows * 0,
        evidence=[f"bank line of {bank.amount[row]} is not in the ledger" for row in rows.tolist()],
        days=bank.day[rows],
        currency=bank.currency[rows],
        confidence=0.5,
    )
    del postings, statement, free
