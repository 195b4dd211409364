"""Names of people as columns: first name, middle initial, last name, generation (jr, sr, 2..4)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from he_sync.match.codes import SEED, Ints, coded
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


Hashes = npt.NDArray[np.uint64]
Counts = Mapping[str, Mapping[str, int]]
"""How often each name stands in the field `first`, and in `last`."""


class Seen:
    """Counts of names by hash, for a thousand records at a time: in a table of texts each look-up waits for memory."""

    def __init__(self, counts: Counts) -> None:
        self._known = {field: _by_hash(counts[field]) for field in FIELDS}

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """How often each record's names stand in both fields."""
        hashes = {value: frame[value].hash(SEED).to_numpy() for value in FIELDS}
        return pl.DataFrame(
            {f"{value}_as_{field}": _found(*self._known[field], hashes[value]) for value in FIELDS for field in FIELDS}
        )


def _by_hash(counts: Mapping[str, int]) -> tuple[Hashes, Ints]:
    hashes, count = (
        pl.Series(list(counts), dtype=pl.String).hash(SEED).to_numpy(),
        np.array(list(counts.values()), np.int64),
    )
    order = np.argsort(hashes)
    return hashes[order], count[order]


def _found(known: Hashes, count: Ints, asked: Hashes) -> Ints:
    """The count of each hash, 0 where it is not known."""
    if not len(known):
        return np.zeros(len(asked), np.int64)
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[at] == asked, count[at], 0)


def people(frame: pl.DataFrame, seen: Seen | None = None) -> pl.DataFrame:
    """The frame with first, middle, last and generation; empty text is what is not there.

    `seen` counts the names of a whole file, for records that are looked up in it; without it the frame's own count.
    """
    parts = split(frame)
    return _initials(_unswapped(parts, seen(parts) if seen else _own(parts)))


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
