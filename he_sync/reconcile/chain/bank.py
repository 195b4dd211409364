"""Expected deposits against bank lines: to the cent on the day, then named, late, merged, split, and at last short.

Bank texts are learned, not known: a memo's shape (its text without digits) stands for the kind of deposit that exact
amounts most often gave it, and its number for a store or a batch where that has proved so.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

from he_sync.reconcile.chain.arrays import BankLines
from he_sync.reconcile.chain.deposit_postings import DepositPostings
from he_sync.reconcile.chain.expected import Expected, Key, key_of
from he_sync.reconcile.chain.rules import RuleSet

WINDOW = 7  # days that a deposit may be late or its parts apart
PARTS = 4  # a deposit paid in more parts, or made of more deposits, is not searched
POOL = 12
SURE = 0.9

STAGE = "windowed_group"
BY_NAME = ("memo_names_batch", "alone_on_value_date")  # the rules that do not look at amounts


Votes = Mapping[str, Mapping[str, int]]  # by memo shape, then by kind of deposit


@dataclass(frozen=True)
class Receipt:
    """Expected deposits that these bank lines paid, found by `rule`; one of both sides has one element."""

    expected: tuple[int, ...]
    lines: tuple[int, ...]
    rule: str


class Statement:
    """The bank lines of a run while deposits are looked for on them; positions in `bank` and `deposits`."""

    def __init__(self, bank: BankLines, deposits: list[Expected], known: Votes | None = None) -> None:
        """`known` are the votes of other lines of the account's statements, where these are only some of them."""
        self.bank, self.deposits, self.known = bank, deposits, known or {}
        self.shapes = [re.sub(r"\d+", "#", memo).strip() for memo in bank.memo]
        self.numbers = [int(match[-1]) if (match := re.findall(r"\d+", memo)) else 0 for memo in bank.memo]
        self.kind_of: dict[str, str] = {}
        self.receipts: list[Receipt] = []
        self.differing: list[Receipt] = []  # whose amounts are not equal
        self.tolerated: set[Receipt] = set()
        self.parted: set[int] = set()  # deposits that the ledger posted in parts, and the parts
        self.free_lines = set(range(len(bank.ids)))
        self.free = set(range(len(deposits)))
        self.voted: list[tuple[int, str, str]] = []
        self._lines_at: dict[Key, list[int]] = defaultdict(list)
        keys = zip(bank.account.tolist(), bank.currency.tolist(), bank.day.tolist(), bank.amount.tolist(), strict=True)
        for i, key in enumerate(keys):
            self._lines_at[key].append(i)

    def add(self, deposit: Expected) -> None:
        """Expect one more deposit."""
        self.free.add(len(self.deposits))
        self.deposits.append(deposit)

    def shown(self, deposit: Expected) -> list[int]:
        """What came into the deposit's account on its day, by lines that name its owner or nobody."""
        lines = self._lines_on.get((deposit.account, deposit.currency, deposit.day), ())
        return [int(self.bank.amount[line]) for line in lines if self.numbers[line] in (0, deposit.owner)]

    @cached_property
    def _lines_on(self) -> Mapping[tuple[int, int, int], list[int]]:
        """Lines by account, currency and day, in the order of their amounts."""
        found: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        for key in sorted(self._lines_at):
            found[key[:3]] += self._lines_at[key]
        return found

    def votes(self) -> Iterator[tuple[int, str, str]]:
        """A line, its memo's shape and a kind, where amounts that only one expected deposit of the day has tell it."""
        count = Counter(key_of(self.deposits[i]) for i in self.free)
        for i in sorted(self.free):
            key = key_of(self.deposits[i])
            if count[key] == 1 and len(self._lines_at.get(key, ())) == 1:
                line = self._lines_at[key][0]
                yield line, self.shapes[line], self.deposits[i].kind

    def learn(self) -> None:
        """The kind of each memo shape, from amounts that only one expected deposit of the day has."""
        votes: dict[str, Counter[str]] = defaultdict(Counter)
        for shape, known in self.known.items():
            votes[shape].update(known)
        self.voted = list(self.votes())
        for _, shape, kind in self.voted:
            votes[shape][kind] += 1
        self.kind_of = {}
        for shape, kinds in sorted(votes.items()):
            kind, most = max(sorted(kinds.items()), key=lambda one: one[1])
            if most >= SURE * kinds.total():  # a text that several kinds share is evidence of none
                self.kind_of[shape] = kind

    def fits(self, i: int, line: int) -> tuple[bool, bool, bool]:
        """Whether the memo's kind contradicts, its number names another owner, and the number is no batch of it."""
        deposit, number = self.deposits[i], self.numbers[line]
        kind = self.kind_of.get(self.shapes[line], deposit.kind)
        return (
            kind != deposit.kind,
            bool(deposit.owner and number and number != deposit.owner),
            number not in deposit.parts,
        )

    def amounts(self, receipt: Receipt) -> tuple[int, int]:
        """What was expected and what came."""
        want = sum(self.deposits[i].amount for i in receipt.expected)
        return want, sum(self._amount(line) for line in receipt.lines)

    def take(self, expected: tuple[int, ...], lines: tuple[int, ...], rule: str) -> None:
        """Book a receipt; what it used is no longer free."""
        receipt = Receipt(expected, lines, rule)
        self.receipts.append(receipt)
        if rule in BY_NAME and len(set(self.amounts(receipt))) > 1:
            self.differing.append(receipt)
        self.free.difference_update(expected)
        self.free_lines.difference_update(lines)

    def exact(self) -> None:
        """Amount, account, currency and day; among equals the one whose memo fits."""
        wanted: dict[Key, list[int]] = defaultdict(list)
        for i in sorted(self.free):
            wanted[key_of(self.deposits[i])].append(i)
        for key in sorted(wanted):
            lines = self._lines_at.get(key, ())
            pairs = sorted((self.fits(i, line), i, line) for i in wanted[key] for line in lines) if lines else ()
            for fit, i, line in pairs:
                if i in self.free and line in self.free_lines and not fit[0]:
                    self.take((i,), (line,), "amount_on_value_date")

    def late(self) -> None:
        """The exact amount within the window, where only one deposit and one line claim each other."""
        claims = {
            i: [line for line in self._near(i) if self._amount(line) == self.deposits[i].amount] for i in self.free
        }
        asked = Counter(line for lines in claims.values() for line in lines)
        for i in sorted(claims):
            if len(claims[i]) == 1 and asked[claims[i][0]] == 1:
                self.take((i,), (claims[i][0],), "amount_in_window")

    def split(self) -> None:
        """One deposit paid by several lines of the window, where only one set adds up."""
        for i in sorted(self.free):
            near = self._near(i)
            sets = _sets([(line, self._amount(line)) for line in near], self.deposits[i].amount)
            if len(sets) == 1:
                self.take((i,), sets[0], "paid_in_parts")

    def merge(self) -> None:
        """Several deposits paid by one line, where only one set adds up: held, or a negative day carried."""
        by_line: dict[int, list[int]] = defaultdict(list)
        for i in sorted(self.free):
            for line in self._near(i):
                by_line[line].append(i)
        for line in sorted(by_line):
            near = [i for i in by_line[line] if i in self.free]
            sets = _sets([(i, self.deposits[i].amount) for i in near], self._amount(line))
            if line in self.free_lines and len(sets) == 1:
                self.take(sets[0], (line,), "deposits_paid_together")

    def part(self, postings: DepositPostings) -> None:
        """Deposits that the ledger posted in parts are expected in these parts, where only one set adds up."""
        posted: dict[tuple[int, str, int], list[int]] = defaultdict(list)
        whole = Counter(key_of(deposit) for deposit in self.deposits)
        for row in range(len(postings.ids)):
            key = postings.account[row], postings.currency[row], postings.day[row], postings.amount[row]
            if not whole[key]:
                posted[postings.account[row], postings.kind[row], postings.currency[row]].append(row)
        used: set[int] = set()
        for i in sorted(self.free):
            deposit = self.deposits[i]
            near = [
                (row, postings.amount[row])
                for row in posted[deposit.account, deposit.kind, deposit.currency]
                if row not in used and 0 <= postings.day[row] - deposit.day <= WINDOW
            ]
            sets = _sets(near, deposit.amount)
            if len(sets) == 1:
                used.update(sets[0])
                self.free.discard(i)
                self.parted |= {i, *range(len(self.deposits), len(self.deposits) + len(sets[0]))}
                for row in sets[0]:
                    self.add(replace(deposit, day=postings.day[row], amount=postings.amount[row]))

    def named(self, rules: RuleSet) -> None:
        """What is left: the memo names a batch of the deposit, or both are alone on their day. Amounts differ."""
        pairs = sorted(
            (self.fits(i, line)[2], abs(self._amount(line) - self.deposits[i].amount), i, line)
            for i in self.free
            for line in self._near(i, window=0)
        )
        claims = Counter(pair[2] for pair in pairs)
        asked = Counter(pair[3] for pair in pairs)
        for unnamed, _, i, line in pairs:
            alone = claims[i] == 1 and asked[line] == 1
            rule = "alone_on_value_date" if unnamed else "memo_names_batch"
            if i in self.free and line in self.free_lines and (not unnamed or alone) and rules.uses("BD", rule):
                self.take((i,), (line,), rule)

    def _amount(self, line: int) -> int:
        return int(self.bank.amount[line])

    def _near(self, i: int, window: int = WINDOW) -> list[int]:
        """Free lines of the deposit's account, currency and kind from its day to the end of the window."""
        deposit = self.deposits[i]
        return [
            line
            for line in self._open_lines.get((deposit.account, deposit.currency), ())
            if line in self.free_lines
            and 0 <= int(self.bank.day[line]) - deposit.day <= window
            and not any(self.fits(i, line)[:2])
        ]

    def index(self) -> None:
        """Sort what is still free by account and currency, for the stages that look around."""
        self._open_lines: dict[tuple[int, int], list[int]] = defaultdict(list)
        for line in sorted(self.free_lines):
            self._open_lines[int(self.bank.account[line]), int(self.bank.currency[line])].append(line)


def match_statement(statement: Statement, postings: DepositPostings, rules: RuleSet) -> None:
    """All rules in order of trust."""
    statement.learn()
    statement.exact()
    statement.part(postings)
    statement.exact()
    statement.index()
    for rule, search in (
        ("amount_in_window", statement.late),
        ("paid_in_parts", statement.split),
        ("deposits_paid_together", statement.merge),
    ):
        if rules.uses("BD", rule):
            search()
    statement.named(rules)


def _sets(items: list[tuple[int, int]], total: int) -> list[tuple[int, ...]]:
    """Sets of two to PARTS items that add up; nothing where the pool is too large to be sure."""
    if not 1 < len(items) <= POOL:
        return []
    return [
        tuple(item for item, _ in chosen)
        for size in range(2, PARTS + 1)
        for chosen in combinations(items, size)
        if sum(amount for _, amount in chosen) == total
    ]
