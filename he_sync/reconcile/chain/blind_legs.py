"""What inference of accounts without batch ids works on: deposits due, units of a leg, and the result.

A leg is one bank account, brand group and currency. Its units are deposits with the batches (store, day) they pay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from he_sync.reconcile.chain.bank_days import BankDays
from he_sync.reconcile.chain.batch_fees import BatchFees
from he_sync.reconcile.chain.blind_lines import Unbatched
from he_sync.reconcile.chain.cutoffs import CutOff
from he_sync.reconcile.chain.keys import Ints, Mask
from he_sync.reconcile.chain.known_odds import KnownOdds

Batch = tuple[int, int]  # store position, day


@dataclass(frozen=True)
class Ground:
    """What is known of all legs: lines, the ledger's batch fees, bank days, lags by brand, span of days, odds."""

    one: Unbatched
    fees: BatchFees
    bank_days: BankDays
    lags: list[int]
    first: int
    days: int
    odds: KnownOdds

    def value(self, batch: Batch, brand: int) -> int:
        """When a batch is due."""
        return self.bank_days.one(batch[1], self.lags[brand])


@dataclass(frozen=True)
class Due:
    """A deposit of a leg: its place among the expected deposits, value date, amount."""

    place: int
    day: int
    amount: int


@dataclass(frozen=True)
class Dues:
    """Deposits by leg (account, brand code, currency); `from_bank` are the legs that only the bank tells of."""

    by_leg: Mapping[tuple[int, int, int], list[Due]]
    from_bank: frozenset[tuple[int, int, int]] = frozenset()


@dataclass
class Unit:
    """One deposit (None: none is known) and the batches it pays."""

    due: Due | None
    batches: list[Batch]
    day: int  # value date
    parts: list[Due] = field(default_factory=list)  # further deposits that paid the same batches
    doubtful: bool = False  # another deposit of the day fits nearly as well

    @property
    def amount(self) -> int:
        """What is to be explained by lines."""
        return (self.due.amount if self.due else 0) + sum(part.amount for part in self.parts)

    @property
    def last(self) -> int:
        """The last batch day, whose lines may slip into the next deposit."""
        return max((day for _, day in self.batches), default=0)

    @property
    def stores(self) -> list[int]:
        """Whose batches it pays."""
        return sorted({store for store, _ in self.batches})


@dataclass
class Leg:
    """One account, brand and currency while it is worked on."""

    account: int
    brand: int
    currency: int
    rows: Ints
    deposits: list[Due]
    only_bank: bool  # no ledger tells of its deposits: one that never came is not known
    units: list[Unit] = field(default_factory=list)


@dataclass(frozen=True)
class Left:
    """Cents of a leg's deposit that the lines do not explain; `place` among the expected deposits, -1: none came."""

    place: int
    account: int
    brand: int
    currency: int
    day: int
    cents: int
    evidence: str = ""


@dataclass
class Inferred:
    """The result: batch day of each line, the expected deposit that paid it (-1), whether that is sure; residuals."""

    day: Ints
    due: Ints
    sure: Mask
    cuts: dict[int, CutOff]
    fees: Callable[[], dict[tuple[int, int, int], dict[int, int]]]
    """Of natural batches, by store, currency and day, then brand; summed where a report is in no order of deposits."""
    parts: dict[int, list[int]] = field(default_factory=dict)  # further deposits that paid with an expected one
    steady: set[int] = field(default_factory=set)  # expected deposits whose residual later deposits confirm
    residuals: list[Left] = field(default_factory=list)
    missing: list[Left] = field(default_factory=list)
