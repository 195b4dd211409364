"""The standardised records as arrays: what blocking and comparing read. Built once, in the order of side and id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from he_sync.match.codes import Codes, Ints, Small, coded, taken
from he_sync.match.columns import Columns, columns_of, distinct, each, joint, texts_of
from he_sync.match.letters import contents, joint_marks
from he_sync.match.nicknames import listed, related
from he_sync.match.side_by_side import side_by_side

_MARKS = np.array([0 if chr(byte) in "aeiouyhw " else 1 << (byte % 32) for byte in range(256)], np.uint32)
"""A bit by letter, none for vowels and what sounds like one; bytes of other scripts share the bits."""


@dataclass(frozen=True)
class Table:
    """Records by position: their texts by number in `codes`, how common the names are in `stats`."""

    side: Ints
    codes: Columns
    stats: Mapping[str, Ints | Small]
    people: int

    def __len__(self) -> int:
        """Records of both sides."""
        return len(self.side)

    @property
    def standard(self) -> pl.DataFrame:
        """All columns as text; a quarter of a kilobyte a record, made anew each time."""
        return texts_of(self.codes, list(self.codes))


def table(standard: Columns | pl.DataFrame, side: Ints) -> Table:
    """A table of records without junk contacts; `side` is 0 or 1 for each."""
    given = columns_of([standard]) if isinstance(standard, pl.DataFrame) else standard
    named, placed = side_by_side(lambda made: made(given), (_named, _placed))
    codes = {**given, **named, **placed}
    stats = {name: codes[name].frequency.astype(np.int32) for name in ("root", "last", "name", "firm")}
    return Table(side, codes, stats, max(1, int((codes["name"].at > 0).sum())))


def _named(given: Columns) -> Columns:
    """What `rooted` makes of the names of a frame, from distinct texts."""
    short = roots(given["first"])

    def full(names: pl.Series) -> pl.Series:
        return names.replace(short)

    root = joint(given, ("first",), lambda some: full(some["first"]))
    name = joint({**given, "root": root}, ("root", "last"), lambda some: some.select(WHOLE).to_series())
    return {"root": root, "surname_root": each(given["last"], full), "name": name}


def _placed(given: Columns) -> Columns:
    """What it makes of the rest, and the state."""
    area = coded(_area(given["digits"].texts))[0]
    codes = {
        "place": joint(given, ("town", "region"), lambda some: some.select(PLACE).to_series()),
        "area": Codes(taken(area.at, given["digits"].at), area.texts),
        "skeleton": each(given["last"], _skeletons),
    }
    code, rows = distinct({**given, **codes}, ("region", "zip5", "area"))
    usual_here = _usual_of(rows.with_columns(count=np.bincount(code)))
    state = coded(rows.select(state_by(usual_here)).to_series())[0]
    return codes | {"state": Codes(taken(state.at, code), state.texts)}


WHOLE = (
    pl.when((pl.col("root") != "") & (pl.col("last") != ""))
    .then(pl.concat_str("root", "last", separator=" "))
    .otherwise(pl.lit(""))
)
PLACE = pl.when(pl.col("town") != "").then(pl.concat_str("town", "region", separator=" ")).otherwise(pl.lit(""))


def full_names(short: Mapping[str, str]) -> tuple[pl.Expr, pl.Expr]:
    """`root`: the most common full name that a first name may stand for; `surname_root` the same of the last name."""
    return pl.col("first").replace(short).alias("root"), pl.col("last").replace(short).alias("surname_root")


def rooted(standard: pl.DataFrame, full: Iterable[pl.Expr]) -> pl.DataFrame:
    """The frame with the columns that blocking reads, but the state; `full` is what `full_names` gives."""
    return standard.with_columns(full).with_columns(
        WHOLE.alias("name"),
        PLACE.alias("place"),
        _area(standard["digits"]).alias("area"),
        _skeletons(standard["last"]).alias("skeleton"),
    )


def _area(digits: pl.Series) -> pl.Series:
    return digits.str.slice(0, 3)


def _skeletons(names: pl.Series) -> pl.Series:
    """The first letter of each name with the set of consonants behind it: the same for most misspellings."""
    sets = joint_marks(_MARKS, *contents(names.str.slice(1)))
    return names.str.slice(0, 1) + pl.Series(sets).cast(pl.String)


def roots(first: Codes) -> dict[str, str]:
    """Root by first name, where it is another name. Of several full names the most common one here."""
    several = np.flatnonzero((first.counts > 0) & first.texts.is_in(listed()).to_numpy())
    seen = dict(zip(first.texts.gather(several).to_list(), first.counts[several].tolist(), strict=True))
    found = {name: max(related(name), key=lambda full: (seen.get(full, 0), full)) for name in seen}
    return {name: root for name, root in found.items() if name != root}


Usual = Mapping[str, Mapping[str, str]]
"""The usual state by ZIP prefix (`zip`) and by phone area (`area`)."""


def state_by(by: Usual) -> pl.Expr:
    """`state`: as given, else the one that most records with this ZIP prefix or phone area give; blocks split by it."""
    state = pl.when(pl.col("region") != "").then("region")
    guessed = _prefix().replace_strict(by["zip"], default=None, return_dtype=pl.String)
    by_phone = pl.col("area").replace_strict(by["area"], default="", return_dtype=pl.String)
    return state.otherwise(pl.coalesce(guessed, by_phone)).alias("state")


def usual(frame: pl.DataFrame) -> Usual:
    """Usual states of these records."""
    return _usual_of(frame.with_columns(count=pl.lit(1)))


def _usual_of(rows: pl.DataFrame) -> Usual:
    """Usual states of distinct rows that stand for `count` records each."""
    return {"zip": _usual(rows, _prefix()), "area": _usual(rows, pl.col("area"))}


def _prefix() -> pl.Expr:
    return pl.col("zip5").str.slice(0, 3)


def _usual(frame: pl.DataFrame, key: pl.Expr) -> dict[str, str]:
    pairs = frame.select(key.alias("key"), "region", "count").filter((pl.col("key") != "") & (pl.col("region") != ""))
    counted = pairs.group_by("key", "region").agg(pl.col("count").sum())
    counted = counted.sort("key", "count", "region", descending=[False, True, False])
    usual = counted.unique("key", keep="first", maintain_order=True)
    return dict(zip(usual["key"].to_list(), usual["region"].to_list(), strict=True))
