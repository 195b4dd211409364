"""Names of people as columns: first name, middle initial, last name, generation (jr, sr, 2..4)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import polars as pl

from he_sync.match.codes import coded
from he_sync.match.texts import by_distinct, folded, words

GENERATIONS = {
    "jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "2", "2nd": "2", "iii": "3", "3rd": "3", "iv": "4",
    "4th": "4",
}  # fmt: skip
TITLES = r"^(?:mr|mrs|ms|miss|dr|prof|rev|sir|madam)\s+"
_END = rf"\s({'|'.join(GENERATIONS)})$"
FIELDS = ("first", "last")
SWAP = 4.0
"""Log odds from which two name fields count as exchanged: 50 times likelier the other way round."""


Counts = Mapping[str, Mapping[str, int]]
"""How often each name stands in the field `first`, and in `last`."""


def people(frame: pl.DataFrame, counts: Counts | None = None) -> pl.DataFrame:
    """The frame with first, middle, last and generation; empty text is what is not there.

    `counts` are those of a whole file, for a record that is looked up in it; without them the frame's own are used.
    """
    parts = split(frame)
    return _initials(_unswapped(parts, _seen(parts, counts) if counts else _own(parts)))


def split(frame: pl.DataFrame) -> pl.DataFrame:
    """First and last name as written, in small letters, without titles and generations."""
    parts = (by_distinct(frame, (f"{field}_name",), partial(_without_generation, field)) for field in FIELDS)
    split = pl.concat([frame, *parts], how="horizontal")
    generation = pl.coalesce("last_generation", "first_generation").fill_null("").alias("generation")
    return split.with_columns(generation).drop("last_generation", "first_generation")


def _without_generation(field: str, some: pl.DataFrame) -> pl.DataFrame:
    text = words(folded(f"{field}_name", some))
    named = some.select((text.str.replace(TITLES, "") if field == "first" else text).alias(field))
    generation = pl.col(field).str.extract(_END).replace(GENERATIONS).alias(f"{field}_generation")
    return named.select(pl.col(field).str.replace(_END, ""), generation)


def _initials(frame: pl.DataFrame) -> pl.DataFrame:
    """A last word of one letter behind a first name is a middle initial, also when it stands behind the last name."""
    parts = (by_distinct(frame, (field,), partial(_without_initial, field)) for field in FIELDS)
    split = pl.concat([frame.drop(FIELDS), *parts], how="horizontal")
    middle = pl.coalesce("first_initial", "last_initial").fill_null("").alias("middle")
    return split.with_columns(middle).drop("first_initial", "last_initial")


def _without_initial(field: str, some: pl.DataFrame) -> pl.DataFrame:
    end = r"^(.+)\s(\p{L})$"
    return some.select(
        pl.col(field).str.replace(end, "${1}"), pl.col(field).str.extract(end, 2).alias(f"{field}_initial")
    )


def _own(frame: pl.DataFrame) -> pl.DataFrame:
    """Counts of each record's names in both fields, by number: for many records."""
    codes = dict(zip(FIELDS, coded(*(frame[field] for field in FIELDS)), strict=True))
    counts = {field: known.counts for field, known in codes.items()}
    return pl.DataFrame({f"{value}_as_{field}": counts[field][codes[value].at] for value in FIELDS for field in FIELDS})


def _seen(frame: pl.DataFrame, counts: Counts) -> pl.DataFrame:
    """The same by look-up: for few records."""
    return pl.DataFrame(
        {
            f"{value}_as_{field}": [counts[field].get(name, 0) for name in frame[value].to_list()]
            for value in FIELDS
            for field in FIELDS
        }
    )


def _unswapped(frame: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """First and last name back in their fields where the data's own frequencies say that they were exchanged."""
    log = {name: (seen[name] + 0.5).log() for name in seen.columns}
    odds = log["first_as_last"] + log["last_as_first"] - log["first_as_first"] - log["last_as_last"]
    several = (frame["first"].str.len_chars() > 1) & (frame["last"].str.len_chars() > 1)
    swap = pl.lit((odds > SWAP) & several)
    return frame.with_columns(
        pl.when(swap).then("last").otherwise("first").alias("first"),
        pl.when(swap).then("first").otherwise("last").alias("last"),
    )
