"""Levels of birth date and identifier of pairs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from he_sync.match.codes import Bools, Codes, Ints, Places, Small
from he_sync.match.levels import BIRTH, IDENTIFIER
from he_sync.match.table import Table

Letters = npt.NDArray[np.uint32]
Levels = npt.NDArray[np.uint8]
Asked = Callable[[Codes, Small, Small], Ints]
LONGEST = 24
"""Letters of an identifier that a slip is looked for in."""
GENERATION_YEARS = 15
EXCHANGED = 2
"""Places in which an exchange of two neighbours differs."""
DAY_FIRST = (0, 1, 2, 3, 6, 7, 4, 5)
CHUNK = 1 << 17


def identity(records: Table, left: Places, right: Places) -> dict[str, Levels]:
    """Levels of birth date and identifier; a file without them costs nothing."""
    return {
        "birth date": _compared(records.codes["birth"], left, right, _birth),
        "identifier": _compared(records.codes["identifier"], left, right, _identifier),
    }


def _compared(codes: Codes, left: Places, right: Places, of: Asked) -> Levels:
    """Levels where both records say something, chunk by chunk."""
    found = np.zeros(len(left), np.uint8)
    if len(codes.texts) == 1:
        return found
    both = np.flatnonzero((codes.at[left] > 0) & (codes.at[right] > 0))
    for start in range(0, len(both), CHUNK):
        some = both[start : start + CHUNK]
        found[some] = of(codes, codes.at[left[some]], codes.at[right[some]])
    return found


def _birth(dates: Codes, one: Small, other: Small) -> Ints:
    letters = _letters(dates.texts, len("YYYYMMDD"))
    years = dates.texts.str.slice(0, 4).cast(pl.Int64, strict=False).fill_null(0).to_numpy()
    here, there = letters[one], letters[other]
    cases = [
        one == other,
        (here[:, DAY_FIRST] == there).all(axis=1),
        _slip(here, there),
        np.abs(years[one] - years[other]) >= GENERATION_YEARS,
    ]
    names = ("same", "day and month exchanged", "one digit off", "a generation apart")
    return np.select(cases, [BIRTH.at(name) for name in names], BIRTH.at("different"))


def _identifier(numbers: Codes, one: Small, other: Small) -> Ints:
    letters = _letters(numbers.texts, LONGEST)
    cases = [one == other, _slip(letters[one], letters[other])]
    names = ("same", "one character off")
    return np.select(cases, [IDENTIFIER.at(name) for name in names], IDENTIFIER.at("different"))


def _letters(texts: pl.Series, most: int) -> Letters:
    """A row a text, a column a letter, 0 behind its end."""
    wide = texts.to_numpy().astype(f"U{most}")
    return np.ascontiguousarray(wide).view(np.uint32).reshape(len(texts), most)


def _slip(here: Letters, there: Letters) -> Bools:
    """Texts of one length that differ in one place, or in two neighbours that are exchanged."""
    differ = here != there
    places, first = differ.sum(axis=1), np.minimum(differ.argmax(axis=1), here.shape[1] - EXCHANGED)
    rows = np.arange(len(here))
    crosswise = (here[rows, first] == there[rows, first + 1]) & (here[rows, first + 1] == there[rows, first])
    long = (here > 0).sum(axis=1) == (there > 0).sum(axis=1)
    slip: Bools = long & ((places == 1) | ((places == EXCHANGED) & crosswise))
    return slip
