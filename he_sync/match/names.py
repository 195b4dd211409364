"""Names of people as columns: first name, middle initial, last name, generation (jr, sr, 2..4)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from he_sync.match.texts import folded, words

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
    first, last = (words(folded(column, frame)) for column in ("first_name", "last_name"))
    return _generations(frame.with_columns(first.str.replace(TITLES, "").alias("first"), last.alias("last")))


def _generations(frame: pl.DataFrame) -> pl.DataFrame:
    found = pl.coalesce(pl.col("last").str.extract(_END), pl.col("first").str.extract(_END))
    return frame.with_columns(
        found.replace(GENERATIONS).fill_null("").alias("generation"),
        pl.col("last").str.replace(_END, ""),
        pl.col("first").str.replace(_END, ""),
    )


def _initials(frame: pl.DataFrame) -> pl.DataFrame:
    """A last word of one letter behind a first name is a middle initial, also when it stands behind the last name."""
    end = r"^(.+)\s(\p{L})$"
    middle = pl.coalesce(pl.col("first").str.extract(end, 2), pl.col("last").str.extract(end, 2)).fill_null("")
    return frame.with_columns(
        middle.alias("middle"),
        pl.col("first").str.replace(end, "${1}"),
        pl.col("last").str.replace(end, "${1}"),
    )


def _own(frame: pl.DataFrame) -> pl.DataFrame:
    """Counts of each record's names in both fields, by joins: for many records."""
    counts = {field: frame.filter(pl.col(field) != "")[field].value_counts(name="n") for field in FIELDS}
    found = {}
    for value in FIELDS:
        for field in FIELDS:
            known = counts[field].rename({field: value})
            joined = frame.select(value).join(known, on=value, how="left", maintain_order="left")
            found[f"{value}_as_{field}"] = joined["n"].fill_null(0)
    return pl.DataFrame(found)


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
