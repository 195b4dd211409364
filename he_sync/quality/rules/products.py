"""Candidates for products and quotients: on a few rows, columns that two or three others give once rounded.

As in sums.py, what a sample's rows come to is one number a candidate, and equal numbers are found by sorting. Floats
only suggest here; relation.py decides with whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, permutations

import numpy as np
import numpy.typing as npt

from he_sync.quality.rules.relation import FORMS, Form, Relation
from he_sync.quality.rules.sums import combined, numbered

Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
NARROW = 24
"""Columns of which products of three are tried; of more, those of two alone."""
THREE, BOUND = 3, 2.0**53
ROUNDING = 1e-7
"""What a float may lack of a half that is rounded up."""
BESIDE = frozenset({"product", "product of percent", "product of thousandths"})
"""Forms that may stand beside other columns: net = quantity x price - discount."""


def computed(name: str, values: Numbers) -> tuple[list[tuple[int, ...]], Numbers]:
    """Every choice of columns of a form, and what it gives: (rows, choices)."""
    form = FORMS[name]
    chosen = [] if form.size == THREE and values.shape[1] > NARROW else _choices(form, values.shape[1])
    if not chosen:
        return [], np.zeros((len(values), 0))
    parts = [values[:, [one[place] for one in chosen]] for place in range(form.size)]
    with np.errstate(all="ignore"):
        return chosen, _value(name, parts)


def _choices(form: Form, width: int) -> list[tuple[int, ...]]:
    if form.ordered and form.size == THREE:
        return [(*two, last) for two in combinations(range(width), 2) for last in range(width) if last not in two]
    return list((permutations if form.ordered else combinations)(range(width), form.size))


def _value(name: str, parts: list[Numbers]) -> Numbers:
    first, *_, last = parts
    before = first if len(parts) < THREE else first * parts[1]
    match name:
        case "less a share" | "product less a share":
            return before * (1 - last)
        case "less percent" | "product less percent":
            return before * (1 - last / 100)
        case "quotient":
            return first / last
        case "percent of":
            return 100 * first / last
        case _:
            return before * last / {"product of percent": 100, "product of thousandths": 1000}.get(name, 1)


def products(rows: Numbers, places: list[int], whole: Mapping[int, Whole]) -> Iterator[Relation]:
    """Relations over column places as names. `whole` has the sample's columns at so many places, by that number."""
    for name in FORMS:
        chosen, found = computed(name, rows)
        for at, columns in whole.items():
            fitting = [column for column, own in enumerate(places) if own <= at]
            yield from _matched(name, at, chosen, found, (columns, fitting, places))


def _matched(
    name: str, at: int, chosen: list[tuple[int, ...]], found: Numbers, given: tuple[Whole, list[int], list[int]]
) -> Iterator[Relation]:
    """One to three signed columns that come to a product or quotient; one of them is written to that place."""
    columns, fitting, places = given
    scaled = np.floor(found * 10.0**at + 0.5 + ROUNDING)
    scaled = np.where(np.isfinite(scaled) & (np.abs(scaled) < BOUND), scaled, 0)
    numbers, left = numbered(scaled.astype(np.int64)), numbered(columns)
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    exactly = np.array(places) == at
    for size in (1, 2, 3) if name in BESIDE else (1,):
        members, signs, values = combined(left, [one for one in fitting if left[one]], size)
        for turn in (1, -1):
            hits = np.flatnonzero(np.isin(turn * values, ordered) & exactly[members].any(axis=1) & (values != 0))
            for hit in hits:
                own = tuple(zip(map(int, members[hit]), (int(turn * sign) for sign in signs[hit]), strict=True))
                first, last = (np.searchsorted(ordered, turn * values[hit], side) for side in ("left", "right"))
                for place in order[first:last]:
                    yield from _relation(name, at, own, chosen[place])


def _relation(name: str, at: int, signed: tuple[tuple[int, int], ...], factors: tuple[int, ...]) -> Iterator[Relation]:
    if not set(factors) & {column for column, _ in signed}:
        yield Relation(tuple((str(one), sign) for one, sign in signed), name, tuple(map(str, factors)), at)
