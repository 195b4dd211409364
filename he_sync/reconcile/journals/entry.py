"""Entry: one balanced journal with a name that the same facts always give it, and a hash of what it says.

The name finds it in the ledger, the hash tells whether what stands there still says the same (reference accounting
4.7: a comparison of the number alone misses a changed amount).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from he_sync.model.errors import BadRecord, BrokenPromise
from he_sync.model.money import show

Basis = Literal["business", "bank", "report", "decision", "match", "period end"]
"""Which of a fact's dates an entry carries: the sale side the store day, the cash side the bank's value date."""


@dataclass(frozen=True)
class Line:
    """One line in minor units, debit positive. `about` says what of the account it is: sold, a jurisdiction."""

    account: str
    amount_minor: int
    about: str = ""


@dataclass(frozen=True)
class At:
    """Whose entry it is and of which date: a company's store or merchant id."""

    company: str
    unit: str
    date: str


@dataclass(frozen=True)
class Entry:
    """A journal of one kind, unit (store or MID) and date. `records` are the rows it sums, for the drill-through."""

    kind: str
    company: str
    unit: str
    date: str
    basis: Basis
    lines: tuple[Line, ...]
    currency: str = "USD"
    part: str = ""
    records: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an entry out of balance or without an amount: it could not be posted, or would hide what it is of."""
        if not self.lines:
            raise BadRecord(f"{self.name}: an entry without an amount is no journal; leave it out")
        if rest := sum(line.amount_minor for line in self.lines):
            side = "debit" if rest > 0 else "credit"
            raise BrokenPromise(f"{self.name}: {show(abs(rest), self.currency)} too much {side}; nothing is proposed")

    @property
    def name(self) -> str:
        """`company|unit|date|kind`, with the part where a unit has several of a kind a day (batch id, case, tender)."""
        fields = (self.company, self.unit, self.date, self.kind, *((self.part,) if self.part else ()))
        return "|".join(fields)

    @property
    def content(self) -> str:
        """Sixteen hex digits over everything that stands in the ledger; the order of lines does not count."""
        lines = sorted((line.account, line.about, line.amount_minor) for line in self.lines)
        return hashlib.sha256(repr((self.currency, lines)).encode()).hexdigest()[:16]

    @property
    def amount_minor(self) -> int:
        """What it moves: the sum of its debits."""
        return sum(line.amount_minor for line in self.lines if line.amount_minor > 0)

    def reversed(self) -> Entry:
        """The same with each line on the other side."""
        return replace(self, lines=tuple(replace(line, amount_minor=-line.amount_minor) for line in self.lines))


def lines_of(*moves: tuple[str, int] | tuple[str, int, str]) -> tuple[Line, ...]:
    """Lines of (account, cents, about) where cents moved; the same account and words come together in one."""
    sums: Counter[tuple[str, str]] = Counter()
    for account, cents, *about in moves:
        sums[account, about[0] if about else ""] += cents
    return tuple(Line(account, cents, about) for (account, about), cents in sums.items() if cents)


def standing(entries: Iterable[Entry]) -> dict[str, int]:
    """Balance by account that these entries leave, minor units, debit positive; accounts at nothing are left out."""
    sums: Counter[str] = Counter()
    for entry in entries:
        for line in entry.lines:
            sums[line.account] += line.amount_minor
    return {account: cents for account, cents in sorted(sums.items()) if cents}
