"""The canonical frames of some days, each read when it is asked for, and counted."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from he_sync.flows.canonical import STEPS
from he_sync.model.contract import Contract, frame
from he_sync.model.errors import FixInput
from he_sync.model.ledger_line import LedgerLines
from he_sync.model.retailer import Retailer
from he_sync.store.lake import Lake, Snapshot

FRAMES = (
    *("payments", "tickets", "orders", "erp_orders", "settlement_lines", "deposits", "deposit_lines", "bank_lines"),
    *("ledger_lines", "ledger_elsewhere"),
)
CONTRACTS: dict[str, type[Contract]] = {
    name: one.contract for step in STEPS.values() for name, one in step.frames.items()
} | {"ledger_elsewhere": LedgerLines, "ledger": LedgerLines}
CLOSED = "ledger"
"""The ledger of a date as the close read it last, after it had posted the date's store-days; not of every date."""
HELD = 100
"""Frames in memory at once: those of ten dates. A date asks for its own and for those of the bank days after it."""


@dataclass
class Source:
    """Frames of the days by name and day, and the profile. `read` lists what was opened, in its order."""

    lake: Lake
    days: tuple[str, ...]
    retailer: Retailer
    digests: dict[tuple[str, str], str]
    cash_is_banked: bool = False
    read: list[tuple[str, str]] = field(default_factory=list)
    _held: OrderedDict[tuple[str, str], pd.DataFrame] = field(default_factory=OrderedDict)

    @property
    def by_store_day(self) -> bool:
        """Whether the close posts store-days, and nobody single payments."""
        return self.retailer.epicor.ledger == "store_days"

    def frame(self, name: str, day: str) -> pd.DataFrame:
        """A frame of a day; an empty one for a day that is none of these."""
        key = name, day
        if key not in self.digests:
            return frame(CONTRACTS[name], [])
        if key not in self._held:
            self.read.append(key)
            self._held[key] = self.lake.read(_stage(name), name, day)
        self._held.move_to_end(key)
        while len(self._held) > HELD:
            self._held.popitem(last=False)
        return self._held[key]

    def digest(self, names: Sequence[str], days: Sequence[str]) -> str:
        """A hash of the content of some frames."""
        return hashed([(name, day, self.digests.get((name, day), "")) for day in days for name in names])


def read_source(lake: Lake, days: Sequence[str], retailer: Retailer, *, cash_is_banked: bool = False) -> Source:
    """The days' canonical frames, none of them opened yet. Raises FixInput for a day that was never pulled."""
    if not days:
        raise FixInput("no business date given; name at least one that was pulled")
    digests = {(name, day): lake.current("canonical", name, day).digest for day in days for name in FRAMES}
    if retailer.epicor.ledger == "store_days":
        digests |= {(CLOSED, day): one.digest for day in days if (one := _closed(lake, day))}
    return Source(lake, tuple(sorted(days)), retailer, digests, cash_is_banked)


def _closed(lake: Lake, day: str) -> Snapshot | None:
    try:
        return lake.current(_stage(CLOSED), CLOSED, day)
    except FixInput:
        return None


def _stage(name: str) -> str:
    return "close" if name == CLOSED else "canonical"


def hashed(facts: object) -> str:
    """Sixteen hex digits over plain Python values."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
