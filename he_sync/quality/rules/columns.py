"""Rules of one column or of two dates: keys, ranges that last, dates in order, closed lists of values.

What is proposed has to hold next year too. So a year's luck is told from a rule: codes drawn at random that happened
not to meet, a rare value that came nine times, the few negative amounts that are returns.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from rapidfuzz import fuzz

from he_sync.quality.rules.breaking import Flags
from he_sync.quality.rules.exact import is_number
from he_sync.quality.rules.names import KEY, calls_a_thing, comes_and_goes, last_word
from he_sync.quality.rules.rule import Kind, Rule, proposed

ENOUGH = 50
"""Rows from which a column says anything."""
RARELY = 0.005
"""Share of rows that may break a key or a range; two in a hundred below zero are returns, not mistakes."""
FEW = 12
"""Values of a closed list at most."""
OFTEN = 20
"""Rows of each value of a closed list; a rarer one is a mistake where it is alone, else the list is open."""
NEARLY = 75
"""Of a hundred: how like a value of the list a wrong one is."""
LUCK = 0.05
"""Expected pairs of equal numbers, were they drawn at random, up to which that there are none says nothing."""
MEET = 8
"""Expected pairs from which codes drawn at random would have met for certain."""
BY_CHANCE = 0.02
"""Share of rows that a rule over two columns must lose once one of them is in another order; below, it says nothing."""
PERCENT = re.compile(r"percent|pct", re.IGNORECASE)
SHARES = frozenset({"share", "ratio", "fraction"})
CLOCK: Mapping[str, tuple[int, int]] = {
    "hour": (0, 23),
    "minute": (0, 59),
    "weekday": (0, 7),
    "month": (1, 12),
    "quarter": (1, 4),
}
YEAR = re.compile(r"(?:19|20)\d\d")
HUNDRED = 100


def of_columns(entity: str, frame: pd.DataFrame) -> Iterator[Rule]:
    """Nothing of a frame of fewer than ENOUGH rows."""
    if len(frame) < ENOUGH:
        return
    single = [rule for name in map(str, frame.columns) for rule in _key(entity, name, frame)]
    yield from single or _pairs(entity, frame)
    for name in map(str, frame.columns):
        yield from _range(entity, name, frame)
        yield from _domain(entity, name, frame)
    yield from _orders(entity, frame)


def _rarely(rule: Rule, frame: pd.DataFrame) -> Iterator[Rule]:
    broken = rule.flags({rule.entity: frame})
    if broken.sum() <= RARELY * len(frame):
        yield proposed(rule, broken, len(frame))


def _rule(entity: str, kind: Kind, columns: tuple[str, ...], text: str, **facts: Any) -> Rule:
    return Rule(entity, kind, columns, text, facts=facts)


def _key(entity: str, name: str, frame: pd.DataFrame) -> Iterator[Rule]:
    """By its name too: amounts and instants may be there once and name nothing."""
    if KEY.search(name) and not _measured(frame[name]) and not _lucky(frame[name]):
        yield from _rarely(_rule(entity, "key", (name,), f"{name} is there once and never empty"), frame)


def _measured(column: pd.Series) -> bool:
    return pd.api.types.is_float_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)


def _lucky(column: pd.Series) -> bool:
    """Whether numbers of this range, drawn at random, could be as different: authorisation codes are."""
    texts = column.dropna().astype(str)
    numbers = texts.str.extract(r"^\D*(\d{1,15})\D*$")[0]
    if numbers.isna().mean() > RARELY:
        return False
    values = numbers.dropna().astype(np.int64)
    low, high = values.quantile([0.01, 0.99])
    pairs = len(values) ** 2 / 2 / max(float(high - low), 1.0)
    equal = int(values.duplicated().sum())
    random_name = str(column.name).lower().endswith(("code", "number", "no"))
    return pairs > LUCK and (equal > pairs / 4 or (random_name and pairs < MEET))


def _pairs(entity: str, frame: pd.DataFrame) -> Iterator[Rule]:
    """Two columns that together name a row, as order and line: the first such pair."""
    names = [str(name) for name in frame.columns if calls_a_thing(str(name)) and not _measured(frame[name])]
    for one, two in combinations(names, 2):
        if _by_chance(frame, one, two) > BY_CHANCE:
            text = f"{one} and {two} together are there once and never empty"
            for rule in _rarely(_rule(entity, "key", (one, two), text), frame):
                yield rule
                return


def _by_chance(frame: pd.DataFrame, one: str, two: str) -> float:
    order = np.random.default_rng(7).permutation(len(frame))
    shuffled = pd.DataFrame({"one": frame[one].to_numpy(), "two": frame[two].to_numpy()[order]})
    return float(shuffled.duplicated().mean())


def _range(entity: str, name: str, frame: pd.DataFrame) -> Iterator[Rule]:
    """Signs, percentages, the clock: the largest amount of a year is no rule for the next, a number's sign is none."""
    column = frame[name]
    if not is_number(column) or calls_a_thing(name) or column.nunique() < 2:  # noqa: PLR2004 - it varies
        return
    least, most = _natural(name, column)
    text = f"{name} is between {least} and {most}" if most is not None else f"{name} is not below zero"
    for rule in _rarely(_rule(entity, "range", (name,), text, least=least, most=most), frame):
        seldom = len(rule.exceptions) <= RARELY * int((column != 0).sum())
        if seldom and not _returned(frame, list(rule.exceptions)):
            yield rule


def _natural(name: str, column: pd.Series) -> tuple[int, int | None]:
    """What a column of this name cannot leave, where nearly all its values keep to it."""
    last = last_word(name)
    least, most = CLOCK.get(last, (0, None))
    if most is None and PERCENT.search(name):
        most = HUNDRED
    if most is None and last in SHARES:
        most = 1
    inside = most is not None and float(((column >= least) & (column <= most)).mean()) >= 1 - RARELY
    return (least, most) if inside else (0, None)


def _returned(frame: pd.DataFrame, rows: list[int]) -> bool:
    """Whether most of the rows are negative elsewhere too: one wrong sign is a mistake, a row of them is a return."""
    numbers = [name for name in frame.columns if is_number(frame[name])]
    if not rows or not numbers:
        return False
    below = np.stack([np.asarray((frame[name].iloc[rows] < 0).fillna(value=False)) for name in numbers])
    return bool((below.sum(axis=0) > 1).mean() > 1 / 2)


def _domain(entity: str, name: str, frame: pd.DataFrame) -> Iterator[Rule]:
    """A list is closed where each value is common and was there from the first quarter of the rows to the last.

    A rare value that comes again belongs to the list, and more like it may come: then there is no rule.
    """
    if is_number(frame[name]) or _measured(frame[name]) or comes_and_goes(name) or frame[name].dtype == bool:
        return
    column = frame[name].fillna("").astype(str)
    counts = column.value_counts()
    common = sorted(counts.index[counts >= OFTEN])
    if not 2 <= len(common) <= FEW or any(YEAR.search(one) for one in common):  # noqa: PLR2004 - one value alone says nothing
        return
    rare = counts[counts < OFTEN]
    if any(count > 1 or not _mistyped(value, common) for value, count in rare.items()):
        return
    quarter = len(column) // 4
    if set(common) <= set(column[:quarter]) & set(column[-quarter:]):
        shown = ", ".join(one or "nothing" for one in common)
        yield from _rarely(_rule(entity, "domain", (name,), f"{name} is one of {shown}", values=common), frame)


def _mistyped(value: Hashable, common: Sequence[str]) -> bool:
    """Whether a value that came once is nearly one of the list, or no word at all."""
    plain = str(value).strip().lower()
    letters = sum(one.isalpha() for one in plain)
    return letters <= 1 or max(fuzz.ratio(plain, one.lower()) for one in common) >= NEARLY


def _orders(entity: str, frame: pd.DataFrame) -> Iterator[Rule]:
    """Dates that could be the other way round: that every customer was born before he bought says nothing."""
    dates = [str(name) for name in frame.columns if pd.api.types.is_datetime64_any_dtype(frame[name])]
    for first, second in ((one, two) for one in dates for two in dates if one != two):
        if _comparable(frame, first, second) and not bool((frame[first] == frame[second]).all()):
            rule = _rule(entity, "order", (first, second), f"{first} is not after {second}")
            if _other_order(rule, frame).mean() > BY_CHANCE:
                yield from _rarely(rule, frame)


def _comparable(frame: pd.DataFrame, first: str, second: str) -> bool:
    return (frame[first].dt.tz is None) == (frame[second].dt.tz is None)


def _other_order(rule: Rule, frame: pd.DataFrame) -> Flags:
    order = np.random.default_rng(7).permutation(len(frame))
    second = rule.columns[1]
    return rule.flags({rule.entity: frame.assign(**{second: frame[second].to_numpy()[order]})})
