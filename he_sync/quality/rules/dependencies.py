"""Functional dependencies: one column decides another, as an item decides its department."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from he_sync.quality.rules.breaking import Codes, Flags, coded, differing, empty
from he_sync.quality.rules.exact import is_number
from he_sync.quality.rules.names import calls_a_thing
from he_sync.quality.rules.rule import EXCEPTIONS, Rule, proposed

REPEATED = 30
"""Rows that must share their value with another row: below, there is nothing that could have differed."""
REPEATED_SHARE = 0.05
LABELS = 50
"""Different numbers from which a column holds amounts or counts; below, a number may be a class."""
BY_CHANCE = 0.02
"""Share of rows that differ from their group once the decided column is shuffled; below, one value is everywhere."""
DIFFER = 10
"""Rows that must differ by chance at least."""
BETTER = 0.2
"""What a dependency may have of the differences that chance gives."""
FIRST = 20_000
"""Rows on which a pair of columns is looked at first: fewer rows of a group differ no more than all of them."""


def dependencies(entity: str, frame: pd.DataFrame) -> Iterator[Rule]:
    """Every pair of columns; what repeats nowhere decides nothing."""
    codes = {str(name): coded(frame[name]) for name in frame.columns}
    shuffled = np.random.default_rng(7).permutation(len(frame))
    for left, one in codes.items():
        says = ~empty(frame[left])
        if not _repeats(one[says]) or measured(frame[left]):
            continue
        for right, two in codes.items():
            if left == right or _hardly(one[:FIRST], two[:FIRST], says[:FIRST]):
                continue
            rule = Rule(entity, "dependency", (left, right), f"{left} decides {right}")
            yield from _tested(rule, (one, two), says, shuffled)


def measured(column: pd.Series) -> bool:
    """Amounts and counts decide nothing, though few are the same: only numbers by which things are called do."""
    if not is_number(column):
        return False
    return not pd.api.types.is_integer_dtype(column) or (
        column.nunique() > LABELS and not calls_a_thing(str(column.name))
    )


def _repeats(codes: Codes) -> bool:
    counts = np.bincount(codes) if len(codes) else np.zeros(0)
    repeated = int(counts[counts > 1].sum())
    return int((counts > 0).sum()) > 1 and repeated >= max(REPEATED, REPEATED_SHARE * len(codes))


def _hardly(one: Codes, two: Codes, says: Flags) -> bool:
    return float((differing(one, two) & says).sum()) > 2 * EXCEPTIONS * len(one)


def _tested(rule: Rule, codes: tuple[Codes, Codes], says: Flags, shuffled: npt.NDArray[np.intp]) -> Iterator[Rule]:
    """Nothing where chance alone would look like a dependency."""
    one, two = codes
    repeated = (np.bincount(one)[one] > 1) & says
    broken = differing(one, two) & says
    by_chance = int((differing(one, two[shuffled]) & says).sum())
    tells = by_chance >= max(DIFFER, BY_CHANCE * len(one))
    few = broken.sum() <= min(BETTER * by_chance, EXCEPTIONS * repeated.sum())
    if tells and few and not _strangers(broken, two):
        yield proposed(rule, broken, int(repeated.sum()))


def _strangers(broken: Flags, value: Codes) -> bool:
    """Whether most rows that differ have a value that comes again and is nowhere the usual one.

    What is typed wrong belongs elsewhere or comes once: these are what their group has too, only less often.
    """
    again = np.bincount(value)[value] > 1
    return bool(2 * (broken & again & ~np.isin(value, value[~broken])).sum() > broken.sum())
