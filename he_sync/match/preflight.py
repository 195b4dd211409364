"""What a run would cost and what it would leave out, before it runs: everything up to the pairs, and no pair.

Seconds are the time that the standard forms took here, times what was measured of the rest beside it; so a slow machine
forecasts its own time. Memory does not depend on the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from he_sync.match.blocking import Cost, expected
from he_sync.match.profile import Contacts, without_shared
from he_sync.match.reading import GIVEN, joined
from he_sync.match.standardise import standard_columns
from he_sync.match.table import table

SIDES = ("left", "right")
COMPARED = tuple(name for name in GIVEN if name not in {"id", "created"})


@dataclass(frozen=True)
class Forecast:
    """Records and filled shares by side, contacts, what each rule will do, and the cost of it all."""

    records: Mapping[str, int]
    filled: Mapping[str, Mapping[str, float]]
    contacts: tuple[Contacts, ...]
    costs: tuple[Cost, ...]
    seconds: float
    mebibytes: int

    @property
    def pairs(self) -> int:
        """Pairs that the rules propose, those of several rules several times."""
        return sum(cost.pairs for cost in self.costs)


def forecast(left: pl.DataFrame, right: pl.DataFrame | None = None) -> Forecast:
    """Forecast a match of these records."""
    began, records = perf_counter(), joined(left, right)
    standard, contacts = without_shared(standard_columns(records))
    known = table(standard, records["side"].to_numpy().astype(np.int64))
    made = perf_counter() - began
    costs = expected(known)
    blocked = perf_counter() - began - made
    pairs = sum(cost.pairs for cost in costs)
    counts = records["side"].value_counts().sort("side")["count"].to_list()
    return Forecast(
        dict(zip(SIDES, counts, strict=False)),
        filled(records),
        contacts,
        costs,
        seconds(made, blocked, len(records), pairs),
        mebibytes(len(records), pairs),
    )


def filled(records: pl.DataFrame) -> dict[str, dict[str, float]]:
    """The share of records that say something, by side and field."""
    found: dict[str, dict[str, float]] = {}
    for name in COMPARED:  # one at a time: each is a column of texts of its own
        said = (pl.col(name).cast(pl.String).str.strip_chars() != "").mean()
        shares = records.group_by("side").agg(said).sort("side")[name].to_list()
        for side, share in zip(SIDES, shares, strict=False):
            found.setdefault(side, {})[name] = round(share, 4)
    return found


BASE, A_RECORD, A_PAIR = 150, 450, 40
"""MiB that are always there, bytes a record, bytes a proposed pair: an eighth off on 20,000 to 2,000,000 records."""
WHOLE, A_PAIRS_WORTH, BLOCKING = 1.4, 0.05, 2.0
"""The run in times of its standard forms, by pair a record, and in times of its blocks: a third off at the most."""


def seconds(standardising: float, blocking: float, records: int, pairs: int) -> float:
    """The run's time, from what was timed before it."""
    return round(standardising * (WHOLE + A_PAIRS_WORTH * pairs / records) + BLOCKING * blocking, 1)


def mebibytes(records: int, pairs: int) -> int:
    """The run's peak."""
    return BASE + (A_RECORD * records + A_PAIR * pairs) // (1 << 20)


def document(found: Forecast) -> dict[str, Any]:
    """The forecast as data."""
    return {
        "records": dict(found.records),
        "filled": {side: dict(shares) for side, shares in found.filled.items()},
        "contacts": [vars(contact) for contact in found.contacts],
        "rules": [{name: value for name, value in vars(cost).items() if name != "alone"} for cost in found.costs],
        "pairs": found.pairs,
        "skipped_blocks": sum(cost.skipped for cost in found.costs),
        "skipped_pairs": sum(cost.skipped_pairs for cost in found.costs),
        "seconds": found.seconds,
        "mebibytes": found.mebibytes,
    }
