"""The standardised records as arrays: what blocking and comparing read. Built once, in the order of side and id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
import polars as pl

from he_sync.match.codes import Codes, Ints, coded
from he_sync.match.letters import contents, joint_marks
from he_sync.match.nicknames import listed, related
from he_sync.match.side_by_side import side_by_side
from he_sync.match.texts import by_distinct

_MARKS = np.array([0 if chr(byte) in "aeiouyhw " else 1 << (byte % 32) for byte in range(256)], np.uint32)
"""A bit by letter, none for vowels and what sounds like one; bytes of other scripts share the bits."""


CODED = (
    "root", "name", "user", "host", "digits", "number", "road", "unit", "zip5", "place", "region", "firm", "middle",
    "generation", "birth", "identifier",
)  # fmt: skip
"""Columns that are compared or counted beside first and last name, which share one vocabulary."""


@dataclass(frozen=True)
class Table:
    """Records by position: texts in `standard`, their numbers in `codes`, how common the names are in `stats`."""

    side: Ints
    standard: pl.DataFrame
    codes: Mapping[str, Codes]
    stats: Mapping[str, Ints]
    people: int

    def __len__(self) -> int:
        """Records of both sides."""
        return len(self.side)


def table(standard: pl.DataFrame, side: Ints) -> Table:
    """A table of records without junk contacts; `side` is 0 or 1 for each."""
    frame = located(rooted(standard))
    vocabularies = [("first", "last"), *((name,) for name in CODED)]
    found = side_by_side(lambda names: coded(*(frame[name] for name in names)), vocabularies)
    codes = dict(zip(chain(*vocabularies), chain(*found), strict=True))
    stats = {name: codes[name].frequency for name in ("root", "last", "name", "firm")}
    return Table(side, frame, codes, stats, max(1, int((codes["name"].at > 0).sum())))


def rooted(standard: pl.DataFrame, short: Mapping[str, str] | None = None) -> pl.DataFrame:
    """`root`: the most common full name that a first name may stand for; `surname_root` the same of the last name."""
    known = roots(standard) if short is None else short

    def full(column: str, root: str) -> pl.DataFrame:
        return by_distinct(standard, (column,), lambda some: some.select(pl.col(column).replace(known).alias(root)))

    frame = standard.with_columns(*full("first", "root"), *full("last", "surname_root"))
    whole = pl.when((pl.col("root") != "") & (pl.col("last") != "")).then(pl.concat_str("root", "last", separator=" "))
    place = pl.when(pl.col("town") != "").then(pl.concat_str("town", "region", separator=" "))
    return frame.with_columns(
        whole.otherwise(pl.lit("")).alias("name"),
        *by_distinct(
            standard, ("town", "region"), lambda some: some.select(place.otherwise(pl.lit("")).alias("place"))
        ),
        pl.col("digits").str.slice(0, 3).alias("area"),
        *by_distinct(standard, ("last",), lambda some: pl.DataFrame({"skeleton": _skeletons(some["last"])})),
    )


def _skeletons(names: pl.Series) -> pl.Series:
    """The first letter of each name with the set of consonants behind it: the same for most misspellings."""
    sets = joint_marks(_MARKS, *contents(names.str.slice(1)))
    return names.str.slice(0, 1) + pl.Series(sets).cast(pl.String)


def roots(standard: pl.DataFrame) -> dict[str, str]:
    """Root by first name, where it is another name."""
    counts = standard.filter(pl.col("first") != "")["first"].value_counts(name="n")
    seen = dict(zip(counts["first"].to_list(), counts["n"].to_list(), strict=True))
    several = (name for name in seen if name in listed())
    found = {name: max(related(name), key=lambda full: (seen.get(full, 0), full)) for name in several}
    return {name: root for name, root in found.items() if name != root}


Usual = Mapping[str, Mapping[str, str]]
"""The usual state by ZIP prefix (`zip`) and by phone area (`area`)."""


def located(frame: pl.DataFrame, known: Usual | None = None) -> pl.DataFrame:
    """`state`: as given, else the one that most records with this ZIP prefix or phone area give; blocks split by it."""
    by = known or usual(frame)
    state = pl.when(pl.col("region") != "").then("region")
    guessed = _prefix().replace_strict(by["zip"], default=None, return_dtype=pl.String)
    by_phone = pl.col("area").replace_strict(by["area"], default="", return_dtype=pl.String)
    return frame.with_columns(state.otherwise(pl.coalesce(guessed, by_phone)).alias("state"))


def usual(frame: pl.DataFrame) -> Usual:
    """Usual states of these records."""
    return {"zip": _usual(frame, _prefix()), "area": _usual(frame, pl.col("area"))}


def _prefix() -> pl.Expr:
    return pl.col("zip5").str.slice(0, 3)


def _usual(frame: pl.DataFrame, key: pl.Expr) -> dict[str, str]:
    pairs = frame.select(key.alias("key"), "region").filter((pl.col("key") != "") & (pl.col("region") != ""))
    counted = pairs.group_by("key", "region").len().sort("key", "len", "region", descending=[False, True, False])
    usual = counted.unique("key", keep="first", maintain_order=True)
    return dict(zip(usual["key"].to_list(), usual["region"].to_list(), strict=True))
