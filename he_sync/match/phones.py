"""Phone numbers as digits: ten for North America, with the country in front elsewhere; extensions apart."""

from __future__ import annotations

import polars as pl

MARKS = "[^0-9x#]"
"""What is left out first; an x (of x137, ext. 4, extension 12) or # then begins the extension."""
SHORTEST = 7
"""Digits of a local number."""
SEQUENCES = ("1234567890", "0123456789", "9876543210", "1231231234", "1112223333")


def numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `digits`, empty where there is no number or one that is made up."""
    bare = pl.col("phone").str.to_lowercase().str.replace_all(MARKS, "")
    digits = bare.str.extract(r"^[x#]*([0-9]*)").fill_null("")
    digits = digits.str.replace(r"^(?:00|011)?1(\d{10})$", "${1}")
    junk = digits.str.contains(r"^(?:0+|1+|2+|3+|4+|5+|6+|7+|8+|9+)$") | digits.is_in(SEQUENCES)
    short = digits.str.len_chars() < SHORTEST
    made_up = digits.str.contains(r"^\d{3}5550[01]\d{2}$|^\d{3}0{7}$|^\d{3}(\d)0{6}$")
    return frame.with_columns(pl.when(junk | short | made_up).then(pl.lit("")).otherwise(digits).alias("digits"))
