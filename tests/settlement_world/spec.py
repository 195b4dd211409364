"""What a world is made from. Every stage draws from a stream of its own: a switch changes only what it is about."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np

HOME = "USD"


@dataclass(frozen=True)
class Spec:
    """Shares are of what they are named for; the sales span `days` business days from `first_day`."""

    payments: int = 20_000
    seed: int = 1
    breaks: float = 0.01
    no_reference: float = 0.0  # of settled lines, the processor's reference is gone
    blind: float = 0.1  # of entities: no batch id, no settle date, unknown cut-off
    unnamed_batches: float = 0.0  # of blind entities, whose fee journals do not name the batch either
    unposted_fees: float = 0.0  # of blind entities, whose batches' fees the ledger does not show at all
    shuffled_lines: bool = False  # ids of settlement lines say nothing of their batch
    days: int = 35
    first_day: date = date(2025, 2, 10)
    slips: float = 0.002  # of lines, settle a day late
    lost_references: float = 0.01  # of ledger lines
    currencies: tuple[str, ...] = ()
    reserves: float = 0.0  # of entities
    splits: float = 0.0  # of single-store entities' batches, paid in two deposits
    double_breaks: float = 0.0  # of broken records that can have a second break
    garbled: float = 0.0  # of references
    duplicate_lines: float = 0.0  # of settled sales
    won_back: float = 0.0  # of chargebacks
    declined: float = 0.0  # of settled sales

    def stream(self, stage: str) -> np.random.Generator:
        """The stage's own random numbers."""
        return np.random.default_rng([self.seed, zlib.crc32(stage.encode())])

    @property
    def first(self) -> int:
        """First business day, in days since 1970."""
        return int(np.datetime64(self.first_day, "D").astype(np.int64))
