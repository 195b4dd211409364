"""Which rows break a rule: one function a kind, from what the rule says and nothing of where it was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from he_sync.quality.rules.exact import is_number
from he_sync.quality.rules.names import calls_a_thing
from he_sync.quality.rules.relation import Relation, exact_columns

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
Frames = dict[str, pd.DataFrame]
Facts = Mapping[str, Any]
Breaks = Callable[[pd.DataFrame, tuple[str, ...], Facts, Frames], Flags]


def coded(column: pd.Series) -> Codes:
    """Numbers for a column's values, in order of their texts; empty ones are one value."""
    return np.asarray(pd.factorize(column.astype(str), sort=True)[0], dtype=np.int64)


def joined(codes: Sequence[Codes]) -> Codes:
    """One number for each combination of values."""
    found = codes[0]
    for more in codes[1:]:
        found = np.unique(found * (int(more.max(initial=0)) + 1) + more, return_inverse=True)[1]
    return np.asarray(found, dtype=np.int64)


def empty(column: pd.Series) -> Flags:
    """Where a column says nothing: null, "", or a 0 where a number calls a thing (model/contract.py)."""
    none = column.isna()
    if is_number(column):
        return np.asarray(none | (column == 0)) if calls_a_thing(str(column.name)) else np.asarray(none)
    return np.asarray(none | (column.astype(str).str.strip() == ""))


def differing(one: Codes, two: Codes) -> Flags:
    """Rows whose second value is not the commonest of their group; of two as common the smaller one is taken."""
    if not len(one):
        return np.zeros(0, dtype=bool)
    width = int(two.max()) + 1
    pairs, place, counts = np.unique(one * width + two, return_inverse=True, return_counts=True)
    group = pairs // width
    order = np.lexsort((pairs, -counts, group))
    first = order[np.r_[True, group[order][1:] != group[order][:-1]]]
    best = np.zeros(len(pairs), dtype=bool)
    best[first] = True
    return ~best[place]


def repeated(frame: pd.DataFrame, columns: tuple[str, ...], facts: Facts, frames: Frames) -> Flags:
    """A key that was there before, or that is empty."""
    del facts, frames
    rows = frame[list(columns)]
    none = np.logical_or.reduce([np.asarray(rows[name].isna() | (rows[name].astype(str) == "")) for name in columns])
    return np.asarray(rows.duplicated(keep="first") | none)


def outside(frame: pd.DataFrame, columns: tuple[str, ...], facts: Facts, frames: Frames) -> Flags:
    """Below `least` or above `most`."""
    del frames
    column = frame[columns[0]]
    low = column < facts["least"] if facts.get("least") is not None else column.isna() & False
    high = column > facts["most"] if facts.get("most") is not None else column.isna() & False
    return np.asarray((low | high).fillna(value=False), dtype=bool)


def foreign(frame: pd.DataFrame, columns: tuple[str, ...], facts: Facts, frames: Frames) -> Flags:
    """Not of the list."""
    del frames
    return np.asarray(~frame[columns[0]].astype(str).isin(facts["values"]))


def late(frame: pd.DataFrame, columns: tuple[str, ...], facts: Facts, frames: Frames) -> Flags:
    """The first date after the second."""
    del facts, frames
    return np.asarray(frame[columns[0]] > frame[columns[1]])


def undecided(frame: pd.DataFrame, columns: tuple[str, ...], facts: Facts, frames: Frames) -> Flags:
    """Another value than most rows have whose columns before the last say the same; an empty one decides nothing."""
    del facts, frames
    *left, right = columns
    says = np.logical_and.reduce([~empty(frame[name]) for name in left])
    return np.asarray(differing(joined([coded(frame[name]) for name in left]), coded(frame[right])) & says)


def off(frame: pd.DataFrame, columns: tuple[str, ...], facts: Facts, frames: Frames) -> Flags:
    """Arithmetic that does not come out, to the last place that is written."""
    del frames
    relation = Relation.of(facts)
    return relation.off(exact_columns(frame, columns))


def dangling(frame: pd.DataFrame, columns: tuple[str, ...], facts: Facts, frames: Frames) -> Flags:
    """A value that the other entity does not have; an empty one points nowhere."""
    column = frame[columns[0]]
    known = frames[facts["entity"]][facts["column"]].astype(str)
    return np.asarray(~column.astype(str).isin(set(known)) & ~empty(column))


SIGN = "sign of "
"""Before a column's name: `negative` or `positive` instead of its value."""


def given_by(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column's values as texts, or its signs."""
    if not name.startswith(SIGN):
        return frame[name].astype(str)
    below = np.asarray((frame[name.removeprefix(SIGN)] < 0).fillna(value=False), dtype=bool)
    return pd.Series(np.where(below, "negative", "positive"), index=frame.index)


def is_given(frame: pd.DataFrame, facts: Facts) -> Flags:
    """Rows of which an account rule speaks."""
    flags = [np.asarray(given_by(frame, name) == one) for name, one in facts["given"].items()]
    return np.asarray(np.logical_and.reduce(flags))


def elsewhere(frame: pd.DataFrame, columns: tuple[str, ...], facts: Facts, frames: Frames) -> Flags:
    """Booked to another account than all that is like it."""
    del frames
    return np.asarray(is_given(frame, facts) & (frame[columns[0]].astype(str) != facts["value"]).to_numpy())


BREAKS: Mapping[str, Breaks] = {
    "key": repeated,
    "identity": off,
    "dependency": undecided,
    "reference": dangling,
    "range": outside,
    "order": late,
    "domain": foreign,
    "account": elsewhere,
}
