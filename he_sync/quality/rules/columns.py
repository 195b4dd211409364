"""Rules of one column or of two dates: keys, ranges that last, dates in order, closed lists of values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pandas as pd

from he_sync.quality.rules.rule import KEY, Flags, Frames, Rule, Tested, proposed

ENOUGH = 50
"""Rows from which a column says anything."""
RARELY = 0.005
"""Share of rows that may break a key or a range; two in a hundred below zero are returns, not mistakes."""
FEW = 12
"""Values of a closed list at most."""
OFTEN = 20
"""Rows of each value of a closed list; a rarer one is a mistake, or the list is open."""
PERCENT = re.compile(r"percent|pct", re.IGNORECASE)


def of_columns(entity: str, frame: pd.DataFrame) -> Iterator[Rule]:
    """Nothing of a frame of fewer than ENOUGH rows."""
    if len(frame) < ENOUGH:
        return
    for name in map(str, frame.columns):
        yield from _key(entity, name, frame)
        yield from _range(entity, name, frame)
        yield from _domain(entity, name, frame)
    yield from _orders(entity, frame)


def _holds(entity: str, frame: pd.DataFrame, breaks: Callable[[Frames], Flags]) -> Tested | None:
    broken = breaks({entity: frame})
    return Tested(broken, len(frame), breaks) if broken.sum() <= RARELY * len(frame) else None


def _key(entity: str, name: str, frame: pd.DataFrame) -> Iterator[Rule]:
    if not KEY.search(name) or pd.api.types.is_float_dtype(frame[name]):
        return
    tested = _holds(entity, frame, partial(_repeated, entity, name))
    if tested:
        yield proposed(entity, "key", (name,), f"{name} is there once and never empty", tested)


def _repeated(entity: str, name: str, frames: Frames) -> Flags:
    column = frames[entity][name]
    return np.asarray(column.duplicated(keep="first") | column.isna() | (column.astype(str) == ""))


def _range(entity: str, name: str, frame: pd.DataFrame) -> Iterator[Rule]:
    """Signs and percentages alone: the largest amount of a year is no rule for the next."""
    column = frame[name]
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column) or column.nunique() < 2:  # noqa: PLR2004 - it varies
        return
    above = 100.0 if PERCENT.search(name) and float(column.quantile(0.99)) <= 100 else np.inf  # noqa: PLR2004 - of a hundred
    tested = _holds(entity, frame, partial(_outside, entity, name, above))
    if tested:
        text = f"{name} is between 0 and 100" if above < np.inf else f"{name} is not below zero"
        yield proposed(entity, "range", (name,), text, tested)


def _outside(entity: str, name: str, above: float, frames: Frames) -> Flags:
    column = frames[entity][name]
    return np.asarray((column < 0) | (column > above))


def _domain(entity: str, name: str, frame: pd.DataFrame) -> Iterator[Rule]:
    """A list is closed where each value is common and was there from the first quarter of the rows to the last."""
    column = frame[name].astype(str)
    if pd.api.types.is_numeric_dtype(frame[name]) or column.nunique() > FEW + RARELY * len(column):
        return
    counts = column.value_counts()
    common = sorted(counts.index[counts >= OFTEN])
    quarter = len(column) // 4
    ends = set(column[:quarter]) & set(column[-quarter:])
    if not 2 <= len(common) <= FEW or not ends.issuperset(common):  # noqa: PLR2004 - one value alone says nothing
        return
    tested = _holds(entity, frame, partial(_foreign, entity, name, frozenset(common)))
    if tested:
        yield proposed(entity, "domain", (name,), f"{name} is one of {', '.join(common)}", tested)


def _foreign(entity: str, name: str, known: frozenset[str], frames: Frames) -> Flags:
    return np.asarray(~frames[entity][name].astype(str).isin(known))


def _orders(entity: str, frame: pd.DataFrame) -> Iterator[Rule]:
    dates = [str(name) for name in frame.columns if pd.api.types.is_datetime64_any_dtype(frame[name])]
    for first in dates:
        for second in dates:
            if first == second or bool((frame[first] == frame[second]).all()):
                continue
            tested = _holds(entity, frame, partial(_late, entity, first, second))
            if tested:
                yield proposed(entity, "order", (first, second), f"{first} is not after {second}", tested)


def _late(entity: str, first: str, second: str, frames: Frames) -> Flags:
    return np.asarray(frames[entity][first] > frames[entity][second])
