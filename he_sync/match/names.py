"""Names of people as columns: first name, middle initial, last name, generation (jr, sr, 2..4)."""

from __future__ import annotations

import polars as pl

from he_sync.match.texts import folded, words

GENERATIONS = {
    "jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "2", "2nd": "2", "iii": "3", "3rd": "3", "iv": "4",
    "4th": "4",
}  # fmt: skip
TITLES = r"^(?:mr|mrs|ms|miss|dr|prof|rev|sir|madam)\s+"
_END = rf"\s({'|'.join(GENERATIONS)})$"
SWAP = 4.0
"""Log odds from which two name fields count as exchanged: 50 times likelier the other way round."""


def people(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with first, middle, last and generation; empty text is what is not there."""
    first, last = (words(folded(column, frame)) for column in ("first_name", "last_name"))
    split = frame.with_columns(first.str.replace(TITLES, "").alias("first"), last.alias("last"))
    return _initials(unswapped(_generations(split)))


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


def unswapped(frame: pl.DataFrame) -> pl.DataFrame:
    """First and last name back in their fields where the data's own frequencies say that they were exchanged."""
    counts = {column: frame.filter(pl.col(column) != "")[column].value_counts(name="n") for column in ("first", "last")}
    seen = frame.select(
        *(
            frame.select(pl.col(value))
            .join(counts[field].rename({field: value}), on=value, how="left", maintain_order="left")["n"]
            .fill_null(0)
            .alias(f"{value}_as_{field}")
            for value in ("first", "last")
            for field in ("first", "last")
        )
    )
    odds = sum(
        sign * (seen[f"{value}_as_{field}"] + 0.5).log()
        for value, field, sign in (
            ("first", "last", 1),
            ("last", "first", 1),
            ("first", "first", -1),
            ("last", "last", -1),
        )
    )
    both = (frame["first"].str.len_chars() > 1) & (frame["last"].str.len_chars() > 1)
    swap = pl.lit((odds > SWAP) & both)
    return frame.with_columns(
        pl.when(swap).then("last").otherwise("first").alias("first"),
        pl.when(swap).then("first").otherwise("last").alias("last"),
    )
