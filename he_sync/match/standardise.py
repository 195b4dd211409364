"""All fields of all records in their standard forms, once, column by column; the raw values stay beside them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from he_sync.match.codes import Codes
from he_sync.match.columns import columns_of
from he_sync.match.companies import companies, endings
from he_sync.match.emails import mailboxes
from he_sync.match.identity import EXTRA, identities
from he_sync.match.names import Counts, Seen, people, split
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

    @cached_property
    def seen(self) -> Seen:
        """The names by hash, made when many records ask for the first time."""
        return Seen(self.names)


def standardised(records: pl.DataFrame, known: Habits | None = None) -> pl.DataFrame:
    """Columns STANDARD for each record, in the records' order; empty text is what is not there.

    Without `known` the records teach themselves: that is for whole files.
    """
    return pl.concat(_groups(records, known), how="horizontal").select(STANDARD)


def standard_columns(records: pl.DataFrame) -> dict[str, Codes]:
    """The same of a whole file by number, one group of fields after the other: never all of them as text at once."""
    return columns_of(_groups(records))


def _groups(records: pl.DataFrame, known: Habits | None = None) -> Iterator[pl.DataFrame]:
    named = companies(_texts(records, "first_name", "last_name", "company"), known.endings if known else None)
    yield people(named, known.seen if known else None).select("first", "middle", "last", "generation", "firm")
    yield mailboxes(_texts(records, "email")).select("user", "host")
    yield numbers(_texts(records, "phone")).select("digits")
    places = addresses(_texts(records, "street", "zip", "state", "city"))
    yield places.select("number", "road", "unit", "zip5", "town", "region")
    extra = [name for name in EXTRA if name in records.columns]
    yield identities(_texts(records, "id", *extra)).select("birth", "identifier")


def _texts(records: pl.DataFrame, *names: str) -> pl.DataFrame:
    return records.select(pl.col(names).cast(pl.String))


def habits(records: pl.DataFrame) -> Habits:
    """What these records teach."""
    named = companies(_texts(records, "first_name", "last_name", "company"))
    parts = split(named)
    names = {field: parts.filter(pl.col(field) != "")[field].value_counts(name="n") for field in ("first", "last")}
    counts = {field: dict(zip(one[field].to_list(), one["n"].to_list(), strict=True)) for field, one in names.items()}
    return Habits(endings(named), counts)
