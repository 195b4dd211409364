"""The standardised records as arrays: what blocking and comparing read. Built once, in the order of side and id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from he_sync.match.codes import Codes, Ints, coded
from he_sync.match.nicknames import related

_MARKS = np.array([0 if chr(byte) in "aeiouyhw " else 1 << (byte % 32) for byte in range(256)], np.uint32)
"""A bit by letter, none for vowels and what sounds like one; bytes of other scripts share the bits."""


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
    first, last = coded(frame["first"], frame["last"])
    codes = {"first": first, "last": last} | {
        name: coded(frame[name])[0] for name in frame.columns if name not in ("first", "last", "skeleton")
    }
    stats = {
        "root": codes["root"].frequency,
        "last": last.frequency,
        "name": codes["name"].frequency,
        "firm": codes["firm"].frequency,
    }
    return Table(side, frame, codes, stats, max(1, int((codes["name"].at > 0).sum())))


def rooted(standard: pl.DataFrame, short: Mapping[str, str] | None = None) -> pl.DataFrame:
    """`root`: the most common full name that a first name may stand for; `surname_root` the same of the last name."""
    known = roots(standard) if short is None else short
    full = {name: known[name] for column in ("first", "last") for name in standard[column].unique() if name in known}
    frame = standard.with_columns(
        pl.col("first").replace(full).alias("root"), pl.col("last").replace(full).alias("surname_root")
    )
    whole = pl.when((pl.col("root") != "") & (pl.col("last") != "")).then(pl.concat_str("root", "last", separator=" "))
    place = pl.when(pl.col("town") != "").then(pl.concat_str("town", "region", separator=" "))
    return frame.with_columns(
        whole.otherwise(pl.lit("")).alias("name"),
        place.otherwise(pl.lit("")).alias("place"),
        pl.col("digits").str.slice(0, 3).alias("area"),
        pl.col("last").replace_strict(*_skeletons(standard["last"].unique()), return_dtype=pl.String).alias("skeleton"),
    )


def _skeletons(names: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Names, and of each its first letter with the set of consonants behind it: the same for most misspellings."""
    _, offsets, letters = names.str.slice(1).rechunk().to_arrow().buffers()
    ends = np.frombuffer(offsets, np.int64)[: len(names) + 1]
    marks = np.r_[_MARKS[np.frombuffer(letters or b"", np.uint8)[: ends[-1]]], np.uint32(0)]
    sets = np.where(ends[1:] > ends[:-1], np.bitwise_or.reduceat(marks, ends[:-1]), 0)
    return names, names.str.slice(0, 1) + pl.Series(sets).cast(pl.String)


def roots(standard: pl.DataFrame) -> dict[str, str]:
    """Root by first name, where it is another name."""
    counts = standard.filter(pl.col("first") != "")["first"].value_counts(name="n")
    seen = dict(zip(counts["first"].to_list(), counts["n"].to_list(), strict=True))
    found = {name: max(related(name), key=lambda full: (seen.get(full, 0), full)) for name in seen}
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
