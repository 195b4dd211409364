"""Phone numbers as digits: ten for North America, with the country in front elsewhere; extensions apart."""

from __future__ import annotations

import numpy as np
import polars as pl

from he_sync.match.texts import where

MARKS = "[^0-9x#]"
"""What is left out first; an x (of x137, ext. 4, extension 12) or # then begins the extension."""
MADE_UP = r"^(?:0+|1+|2+|3+|4+|5+|6+|7+|8+|9+|\d{3}5550[01]\d{2}|\d{4}0{6})$"
TEN, SHORTEST = 10, 7
"""Digits of a local number."""
SEQUENCES = ("1234567890", "0123456789", "9876543210", "1231231234", "1112223333")


def numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `digits`, empty where there is no number or one that is made up."""
    marked = pl.col("phone").str.contains_any(["x", "X", "#"])
    digits = where(frame.select("phone"), marked, _all_digits, _before_extension)
    digits = digits.select(pl.coalesce(*_without_country(pl.col("digits")), "digits").alias("digits"))
    junk = pl.col("digits").str.contains(MADE_UP) | pl.col("digits").is_in(SEQUENCES)
    short = pl.col("digits").str.len_bytes() < SHORTEST
    return frame.with_columns(
        *digits.select(pl.when(junk | short).then(pl.lit("")).otherwise("digits").alias("digits"))
    )


def _before_extension(some: pl.DataFrame) -> pl.DataFrame:
    bare = pl.col("phone").str.to_lowercase().str.replace_all(MARKS, "")
    return some.select(bare.str.extract(r"^[x#]*([0-9]*)").fill_null("").alias("digits"))


def _all_digits(some: pl.DataFrame) -> pl.DataFrame:
    """The digits of numbers without extension, all bytes of all numbers at once; a line ends each."""
    lines = some["phone"].str.replace_all("\n", " ", literal=True).str.join("\n").item()
    content = np.frombuffer(lines.encode(), np.uint8)
    kept = content[((content >= ord("0")) & (content <= ord("9"))) | (content == ord("\n"))]
    texts = pl.Series("digits", [kept.tobytes().decode()]).str.split("\n").explode()
    return texts.head(len(some)).to_frame()


def _without_country(digits: pl.Expr) -> list[pl.Expr]:
    """Ten digits behind the country's 1, with or without what is dialled before it; null elsewhere."""
    return [
        pl.when((digits.str.len_bytes() == len(prefix) + TEN) & digits.str.starts_with(prefix)).then(
            digits.str.slice(len(prefix))
        )
        for prefix in ("1", "001", "0111")
    ]
