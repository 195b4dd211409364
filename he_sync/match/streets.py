"""Addresses as columns: house number, street, unit, post-office box or military box, five-digit ZIP, city and state.

The words follow USPS Publication 28. A unit stands apart and never decides alone: one side often leaves it out.
"""

from __future__ import annotations

import string

import polars as pl

from he_sync.match.texts import by_distinct, folded, replaced_words, where, words
from he_sync.model.unit_words import OTHERS, SHORT

KINDS = {
    "avenue": "ave", "av": "ave", "street": "st", "str": "st", "road": "rd", "drive": "dr", "lane": "ln",
    "court": "ct", "circle": "cir", "place": "pl", "boulevard": "blvd", "way": "way", "terrace": "ter",
    "highway": "hwy", "parkway": "pkwy", "square": "sq", "trail": "trl", "plaza": "plz", "alley": "aly",
    "expressway": "expy", "freeway": "fwy", "turnpike": "tpke", "crossing": "xing", "cove": "cv", "point": "pt",
    "ridge": "rdg", "heights": "hts", "station": "sta", "center": "ctr", "centre": "ctr", "creek": "crk",
    "mount": "mt", "mountain": "mtn", "fort": "ft", "saint": "st", "route": "rte", "rural": "rr",
}  # fmt: skip
DIRECTIONS = {
    "north": "n", "south": "s", "east": "e", "west": "w", "northeast": "ne", "northwest": "nw", "southeast": "se",
    "southwest": "sw",
}  # fmt: skip
TOWNS = {"saint": "st", "sainte": "ste", "fort": "ft", "mount": "mt", "port": "pt"}
ORDINALS = {
    "first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th", "sixth": "6th", "seventh": "7th",
    "eighth": "8th", "ninth": "9th", "tenth": "10th",
}  # fmt: skip
ZIP, SHORT_ZIP = 5, 4
ZERO_STATES = ("ct", "ma", "me", "nh", "nj", "pr", "ri", "vt", "vi")
_UNITS = "|".join((*SHORT, *OTHERS))
UNIT = rf"^(.*?\S)[\s,]+(?:(?:{_UNITS})\b\.?\s*#?|#)\s*([\w-]+)\s*$"
_NUMBER = r"^(\d\w*)\s+"
CROSSING = r"^(\d\S*\s+\S+.*?)\s+(?:between|near|off|opposite|corner of|cor|at)\s.*$"
"""What tells a visitor where in the street: one side of two has it."""
CITY = r"^(\S.*) city$"
COUNTRY = r"^[a-z]{1,2}-(\d)"
"""Before a code of another country: D-10115."""
BOX = r"\b(?:p\s*\.?\s*o\s*\.?\s*box|post office box|pobox)\s*#?\s*(\w+)"
MILITARY = r"^(psc|cmr|unit)\s*(\d+)\s*,?\s*box\s*(\d+)"


def addresses(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with number, road, unit, zip5, town; a box is a road of its own with its number."""
    street = folded("street", frame).str.strip_chars().str.replace(CROSSING, "$1")
    given = frame.select(street.alias("text"))
    split = _parts(given)
    split = pl.concat([split, _lines(split)], how="horizontal")
    is_box, is_military = pl.col("box").is_not_null(), pl.col("military_1").is_not_null()
    camp = pl.concat_str(pl.col("military_1"), pl.col("military_2"), separator=" ")
    split = split.select(
        pl.when(is_military).then("military_3").when(is_box).then("box").otherwise("number").alias("number"),
        pl.when(is_military).then(camp).when(is_box).then(pl.lit("po box")).otherwise("road").alias("road"),
        pl.when(is_military | is_box).then(pl.lit("")).otherwise("unit").alias("unit"),
    )
    return frame.with_columns(
        *split,
        *by_distinct(frame, ("zip", "state"), _postcode),
        *by_distinct(frame, ("city",), lambda some: some.select(_town(some).alias("town"))),
        *by_distinct(frame, ("state",), lambda some: some.select(words(folded("state", some)).alias("region"))),
    )


def _lines(split: pl.DataFrame) -> pl.DataFrame:
    """House number and road of each line. A road behind a number is one of few; its words are written once."""
    line = split.select(words(pl.col("line")).alias("line"))
    line = line.select(
        pl.col("line").str.extract(_NUMBER).alias("given"), pl.col("line").str.replace(_NUMBER, "").alias("rest")
    )
    rest = by_distinct(line, ("rest",), _road)
    number = pl.coalesce("given", "own").alias("number")
    return pl.concat([line, rest], how="horizontal").select(
        number, pl.when(pl.col("given").is_null()).then("own_road").otherwise("road").alias("road")
    )


def _road(some: pl.DataFrame) -> pl.DataFrame:
    """Words in standard form; number and road of a line that begins with none (First Street is 1st)."""
    line = some.select(replaced_words(pl.col("rest"), KINDS | DIRECTIONS | ORDINALS).alias("road"))
    own = pl.col("road").str.extract(_NUMBER).fill_null("").alias("own")
    return line.with_columns(own, pl.col("road").str.replace(_NUMBER, "").alias("own_road"))


def _town(some: pl.DataFrame) -> pl.Expr:
    """New York City is New York, and W. Hollywood is West Hollywood."""
    return replaced_words(words(folded("city", some)), DIRECTIONS | TOWNS).str.replace(CITY, "$1")


def _postcode(some: pl.DataFrame) -> pl.DataFrame:
    """Five digits of a ZIP; four where a table lost the zero of an eastern state; else a foreign code as it is."""
    given = pl.col("zip").str.to_lowercase().str.strip_chars().str.replace(COUNTRY, "$1")
    code = some.select(
        given.str.replace_all(r"[^a-z0-9]", "").alias("code"),
        pl.col("state").str.strip_chars().str.to_lowercase().is_in(ZERO_STATES).alias("zero"),
    )
    plain, size = pl.col("code"), pl.col("code").str.len_bytes()
    number, numbered = plain.str.strip_chars(string.digits) == "", plain.str.strip_chars(string.ascii_lowercase) != ""
    return code.select(
        pl.when(number & size.is_in([ZIP, ZIP + SHORT_ZIP]))
        .then(plain.str.slice(0, ZIP))
        .when(number & (size == SHORT_ZIP) & pl.col("zero"))
        .then(plain.str.zfill(ZIP))
        .when(numbered & size.is_between(3, 10))
        .then(plain)
        .otherwise(pl.lit(""))
        .alias("zip5")
    )


def _whole(some: pl.DataFrame) -> pl.DataFrame:
    return some.select(pl.col("text").alias("line"), pl.lit("").alias("unit"))


def _unit_apart(some: pl.DataFrame) -> pl.DataFrame:
    parts = pl.col("text").str.extract_groups(UNIT)
    return some.select(
        pl.coalesce(parts.struct.field("1"), "text").alias("line"), parts.struct.field("2").fill_null("").alias("unit")
    )


def _parts(given: pl.DataFrame) -> pl.DataFrame:
    """Line, unit, box and military box of each street. Boxes are rare: their patterns see only lines with the word."""
    boxed = given.with_row_index("row").filter(pl.col("text").str.contains("box", literal=True))
    military = pl.col("text").str.extract_groups(MILITARY)
    boxes = boxed.select(
        "row",
        pl.col("text").str.extract(BOX).alias("box"),
        *(military.struct.field(str(place)).alias(f"military_{place}") for place in (1, 2, 3)),
    )
    split = where(given, pl.col("text").str.contains_any(["#", *_UNITS.split("|")]), _whole, _unit_apart)
    return split.with_row_index("row").join(boxes, on="row", how="left", maintain_order="left")
