"""All fields of all records in their standard forms, once, column by column; the raw values stay beside them."""

from __future__ import annotations

import polars as pl

from he_sync.match.companies import companies
from he_sync.match.emails import mailboxes
from he_sync.match.names import people
from he_sync.match.phones import numbers
from he_sync.match.streets import addresses

STANDARD = (
    "first", "middle", "last", "generation", "firm", "user", "host", "digits", "number", "road", "unit", "zip5", "town",
    "region",
)  # fmt: skip


def standardised(records: pl.DataFrame) -> pl.DataFrame:
    """Columns STANDARD for each record, in the records' order; empty text is what is not there."""
    frame = records
    for step in (companies, people, mailboxes, numbers, addresses):
        frame = step(frame)
    return frame.select(STANDARD)
