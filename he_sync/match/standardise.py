"""All fields of all records in their standard forms, once, column by column; the raw values stay beside them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from he_sync.match.companies import companies, endings
from he_sync.match.emails import mailboxes
from he_sync.match.identity import identities
from he_sync.match.names import Counts, people, split
from he_sync.match.phones import numbers
from he_sync.match.streets import addresses

STANDARD = (
    "first", "middle", "last", "generation", "firm", "user", "host", "digits", "number", "road", "unit", "zip5", "town",
    "region",
    "birth", "identifier",
)  # fmt: skip


@dataclass(frozen=True)
class Habits:
    """What a whole file teaches about reading one record: words that companies end in, names by the field they fill."""

    endings: Collection[str]
    names: Counts


def standardised(records: pl.DataFrame, known: Habits | None = None) -> pl.DataFrame:
    """Columns STANDARD for each record, in the records' order; empty text is what is not there.

    Without `known` the records teach themselves: that is for whole files.
    """
    frame = people(companies(records, known.endings if known else None), known.names if known else None)
    for step in (mailboxes, numbers, addresses, identities):
        frame = step(frame)
    return frame.select(STANDARD)


def habits(records: pl.DataFrame) -> Habits:
    """What these records teach."""
    named = companies(records)
    parts = split(named)
    names = {field: parts.filter(pl.col(field) != "")[field].value_counts(name="n") for field in ("first", "last")}
    counts = {field: dict(zip(one[field].to_list(), one["n"].to_list(), strict=True)) for field, one in names.items()}
    return Habits(endings(named), counts)
