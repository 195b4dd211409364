"""Text columns by number: what is kept of two million records is four bytes a field, and each text once."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from he_sync.match.codes import Codes, Small, coded, numbered
from he_sync.match.side_by_side import side_by_side

Columns = Mapping[str, Codes]
"""Columns of the same records by name."""
TOGETHER = ("first", "last")
"""Columns that share one vocabulary: they are exchanged now and then."""


def columns_of(frames: Iterable[pl.DataFrame]) -> dict[str, Codes]:
    """The columns of some frames; a frame is given up before the next one is asked for."""
    found: dict[str, Codes] = {}
    for frame in frames:
        shared = tuple(name for name in TOGETHER if name in frame.columns)
        groups = [group for group in (shared, *((name,) for name in frame.columns if name not in shared)) if group]

        def numbers(group: tuple[str, ...], columns: pl.DataFrame = frame) -> dict[str, Codes]:
            return dict(zip(group, coded(*(columns[name] for name in group)), strict=True))

        made = ChainMap(*side_by_side(numbers, groups))
        found |= {name: made[name] for name in frame.columns}
    return found


def texts_of(columns: Columns, names: Sequence[str], rows: slice = slice(None)) -> pl.DataFrame:
    """Some columns of some records as text."""
    return pl.DataFrame([columns[name].texts.gather(columns[name].at[rows]).alias(name) for name in names])


def each(one: Codes, work: Callable[[pl.Series], pl.Series]) -> Codes:
    """A column made of another one, text by text; texts that differ there may be the same here."""
    return Codes(one.at, work(one.texts))


def distinct(columns: Columns, names: Sequence[str]) -> tuple[Small, pl.DataFrame]:
    """Each record's row among the distinct ones of some columns, and those rows as text."""
    key = columns[names[0]].at.astype(np.int64)
    for name in names[1:]:
        key = key * len(columns[name].texts) + columns[name].at
    code, place = numbered(key)
    return code, pl.DataFrame([columns[name].texts.gather(columns[name].at[place]).alias(name) for name in names])


def joint(columns: Columns, names: Sequence[str], work: Callable[[pl.DataFrame], pl.Series]) -> Codes:
    """A column made of others, once for each distinct row of them."""
    code, rows = distinct(columns, names)
    made = coded(work(rows))[0]
    return Codes(made.at[code], made.texts)
