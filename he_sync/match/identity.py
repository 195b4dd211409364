"""Birth dates and identifiers (a loyalty number, a tax id) in their standard forms; empty where they are made up."""

from __future__ import annotations

import polars as pl

EXTRA = ("birth_date", "identifier")
"""Columns that a file may have beside the others."""
NOBODY = ("19000101", "19010101", "19700101", "00010101", "99991231")
"""Dates that forms and imports write where nobody gave one."""
YEAR_FIRST = r"^(\d{4})\D(\d{1,2})\D(\d{1,2})(?:\D.*)?$"
YEAR_LAST = r"^(\d{1,2})\D(\d{1,2})\D(\d{4})$"
HALF_A_YEAR = 12


def identities(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `birth` (YYYYMMDD) and `identifier` (letters and digits); a column that is not there is empty."""
    birth, number = (name in frame.columns and (frame[name] != "").any() for name in EXTRA)
    return frame.with_columns(
        _birth(pl.col("birth_date").str.strip_chars()) if birth else pl.lit("").alias("birth"),
        _identifier() if number else pl.lit("").alias("identifier"),
    )


def _birth(text: pl.Expr) -> pl.Expr:
    """Day and month as a US file writes them, or the only way round that there is. A date with a slip stays a text."""
    first, last = text.str.extract_groups(YEAR_FIRST), text.str.extract_groups(YEAR_LAST)
    one, other = last.struct.field("1"), last.struct.field("2")
    day_first = one.cast(pl.Int64) > HALF_A_YEAR
    made = [
        pl.concat_str(first.struct.field("1"), *(_two(first.struct.field(part)) for part in ("2", "3"))),
        pl.when(day_first)
        .then(pl.concat_str(last.struct.field("3"), _two(other), _two(one)))
        .otherwise(pl.concat_str(last.struct.field("3"), _two(one), _two(other))),
        text.str.extract(r"^(\d{8})$"),
    ]
    date = pl.coalesce(made).fill_null("")
    return pl.when(date.is_in(NOBODY)).then(pl.lit("")).otherwise(date).alias("birth")


def _two(part: pl.Expr) -> pl.Expr:
    return part.str.zfill(2)


def _identifier() -> pl.Expr:
    """One letter or digit only, or none at all, identifies nobody."""
    plain = pl.col("identifier").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "")
    told = plain.str.strip_chars_start(plain.str.slice(0, 1)) != ""
    return pl.when(told).then(plain).otherwise(pl.lit("")).alias("identifier")
