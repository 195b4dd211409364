"""Arithmetic identities: total = net + tax, extended = quantity x price, net = gross less 5 percent, due = date + days.

Found on samples (sums.py, products.py), then held against every row. Of those that follow from each other the
shortest stay: where net = gross - discount and total = net + tax, that total = gross - discount + tax goes without
saying.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from he_sync.quality.rules.exact import Exact, Flags, exact
from he_sync.quality.rules.names import KEY, words_of
from he_sync.quality.rules.products import products
from he_sync.quality.rules.relation import FORMS, TIMES, Columns, Relation
from he_sync.quality.rules.rule import Rule, proposed
from he_sync.quality.rules.sums import samples, sums

TELLING = 12
"""Rows on which a term says something, of every term: not zero, and for a factor not one."""
WIDEST = 40
"""Numeric columns that are looked at; more than that is a table of figures, not of records."""
PAIR_EXCEPTIONS = 0.01
"""Share of rows that may break a relation of two columns: most orders are paid in full, which is no rule."""
MISSES = 0.04
"""The same of three columns or more: a wrong value in 1 row of 100 of each, and their rules cross."""
CHANCE = 0.1
"""What an identity may have of the misses that the same columns have in another order."""
FIRST = 400
"""Rows on which a candidate is looked at first."""
BY_CHANCE = 10
"""Rows that must miss once the order is another."""
COARSE = 25
"""Units that what is rounded must come to, on half of the rows: 3 is the quotient of too many numbers."""
RATES = 5
"""Decimal places of a constant rate."""


@dataclass(frozen=True)
class Found:
    """A relation that holds, with the rows that break it and the number on which it could have failed."""

    relation: Relation
    off: Flags
    support: int


def identities(entity: str, frame: pd.DataFrame) -> Iterator[Rule]:
    """The relations that hold and do not follow from shorter ones."""
    columns = _numeric(frame)
    if len(columns) > 1:
        kept = _independent(_undominated(list(_holding(columns))), list(columns))
        for one in kept:
            target, text = _said(one.relation, columns)
            names = (target, *(name for name in one.relation.columns if name != target))
            rule = Rule(entity, "identity", names, text, facts=one.relation.facts())
            yield proposed(rule, one.off, one.support)


def _numeric(frame: pd.DataFrame) -> dict[str, Exact]:
    """Columns of numbers and of dates that vary and are no names of things."""
    found: dict[str, Exact] = {}
    for name in frame.columns:
        if KEY.search(str(name)) or len(found) == WIDEST:
            continue
        column = exact(frame[name])
        if column is not None and column.known.any() and np.ptp(column.whole[column.known]) > 0:
            found[str(name)] = column
    return found


def _holding(columns: Columns) -> Iterator[Found]:
    some = {name: _rows(column, np.arange(min(FIRST, len(column.whole)))) for name, column in columns.items()}
    for relation in dict.fromkeys(_candidates(columns)):
        if _tested(relation, some, first=True) and (found := _tested(relation, columns)):
            yield found


def _rows(column: Exact, places: Flags | npt.NDArray[np.intp]) -> Exact:
    return replace(column, whole=column.whole[places], known=column.known[places])


def _candidates(columns: Columns) -> Iterator[Relation]:
    """In one form each: over columns in their order, the first sign a plus."""
    names, most = list(columns), max(one.places for one in columns.values())
    values = np.stack([column.at(most) for column in columns.values()], axis=1)
    plain = [name for name in names if not columns[name].day]
    for rows in samples(values):
        for signed in sums(values[rows]):
            if _of_one_kind(signed, [columns[name].day for name in names]):
                yield Relation(tuple((names[place], sign) for place, sign in signed), places=most)
        yield from _products(plain, {name: _rows(columns[name], rows) for name in plain})
    yield from _rates(plain, columns)


def _of_one_kind(signed: Sequence[tuple[int, int]], days: Sequence[bool]) -> bool:
    """Dates only as a difference of two: a date is another one and days."""
    of_days = [sign for place, sign in signed if days[place]]
    return not of_days or sorted(of_days) == [-1, 1]


def _products(names: list[str], columns: Columns) -> Iterator[Relation]:
    if len(names) < 3:  # noqa: PLR2004 - two factors and what they come to
        return
    places = [columns[name].places for name in names]
    whole = {
        at: np.stack([columns[name].at(max(at, columns[name].places)) for name in names], axis=1)
        for at in sorted(set(places))
    }
    rows = np.stack([columns[name].whole / 10.0 ** columns[name].places for name in names], axis=1)
    for one in products(rows, places, whole):
        signed = tuple((names[int(place)], sign) for place, sign in one.signed)
        yield replace(one, signed=signed, factors=tuple(names[int(place)] for place in one.factors))


def _rates(names: list[str], columns: Columns) -> Iterator[Relation]:
    """One column times a number of few places: tax at one rate, grams as kilograms."""
    for one in names:
        for two in names:
            if one != two and (relation := _rate(one, two, columns)):
                yield relation


def _rate(one: str, two: str, columns: Columns) -> Relation | None:
    there = columns[one].known & columns[two].known & (columns[two].whole != 0)
    if there.sum() < TELLING:
        return None
    above = columns[one].whole[there] / 10.0 ** columns[one].places
    below = columns[two].whole[there] / 10.0 ** columns[two].places
    large = np.argsort(-np.abs(below), kind="stable")[: max(TELLING, len(below) // 4)]
    ratio = float(np.median(above[large] / below[large]))
    for places in range(RATES + 1):
        times = round(ratio * 10**places)
        near = np.abs(above - below * times / 10**places) <= 0.5001 * 10.0 ** -columns[one].places
        if near.mean() > 1 - 2 * PAIR_EXCEPTIONS:
            plain = times in {0, 10**places, -(10**places)}
            return None if plain else Relation(((one, 1),), TIMES, (two,), columns[one].places, times, places)
    return None


def _tested(relation: Relation, columns: Columns, *, first: bool = False) -> Found | None:
    """None where it fails too often, on the whole or where one of its terms says something, or might be chance.

    On the `first` rows a term that says nothing yet may do so later.
    """
    off, known, says = relation.off(columns), relation.known(columns), _says(relation, columns)
    support = known & np.logical_or.reduce(list(says.values()))
    allowed = PAIR_EXCEPTIONS if len(relation.columns) == 2 else MISSES  # noqa: PLR2004 - of two columns
    slack = 2 if first else 0
    if off.sum() > allowed * support.sum() * (1 + slack) + slack:
        return None
    for term in says.values():
        rows = term & known
        if (rows.sum() < TELLING and not first) or (off & rows).sum() > 1 + slack + 2 * allowed * rows.sum():
            return None
    if not first and (_coarse(relation, columns, support) or not _no_chance(relation, columns, off)):
        return None
    return Found(relation, off, int(support.sum()))


def _coarse(relation: Relation, columns: Columns, support: Flags) -> bool:
    return relation.rounds(columns) and float(np.median(np.abs(relation.left(columns)[support]))) < COARSE


def _says(relation: Relation, columns: Columns) -> dict[str, Flags]:
    """By column, rows on which it matters."""
    found = {name: columns[name].whole != 0 for name, _ in relation.signed}
    form = FORMS.get(relation.form)
    neutral = form.neutral if form else (0,) * len(relation.factors)
    for name, nothing in zip(relation.factors, neutral, strict=True):
        column = columns[name]
        found[name] = (column.whole != 0) & (column.whole != nothing * 10**column.places)
    return found


def _no_chance(relation: Relation, columns: Columns, off: Flags) -> bool:
    """Whether the first column in another order misses far more often."""
    name = relation.signed[0][0]
    other = np.random.default_rng(7).permutation(len(off))
    missed = relation.off({**columns, name: _rows(columns[name], other)})
    return bool(missed.sum() >= BY_CHANCE and off.sum() <= CHANCE * missed.sum())


def _undominated(found: list[Found]) -> list[Found]:
    """Without those that a longer one explains: paid = total where paid = total - due holds on the other rows too."""

    def better(one: Found) -> bool:
        mine = set(one.relation.columns)
        return any(
            mine < set(other.relation.columns) and 2 * other.off.sum() + 2 < one.off.sum()
            for other in found
            if not other.relation.form
        )

    return [one for one in found if one.relation.form or not better(one)]


def _independent(found: list[Found], names: list[str]) -> list[Found]:
    """The shortest of which all others are sums, and of products over the same columns the first."""
    order = sorted(found, key=lambda one: (*_rank(one.relation), int(one.off.sum())))
    axes: dict[object, int] = {name: place for place, name in enumerate(names)}
    kept: list[Found] = []
    rows: list[dict[object, float]] = []
    for one in order:
        vector = _vector(one.relation)
        if _follows(one.relation, [other.relation for other in kept]) or _is_a_pair(one, vector, rows):
            continue
        for axis in vector:
            axes.setdefault(axis, len(axes))
        matrix = np.zeros((len(rows) + 1, len(axes)))
        for place, some in enumerate([*rows, vector]):
            for axis, value in some.items():
                matrix[place, axes[axis]] = value
        if np.linalg.matrix_rank(matrix) > len(rows):
            kept.append(one)
            rows.append(vector)
    return kept


def _is_a_pair(one: Found, vector: dict[object, float], kept: list[dict[object, float]]) -> bool:
    """Whether it says of two columns, by way of one that is kept, what two columns may not miss so often."""
    if one.off.sum() <= PAIR_EXCEPTIONS * one.support:
        return False
    both = [
        {axis: vector.get(axis, 0) + sign * other.get(axis, 0) for axis in {*vector, *other}}
        for other in kept
        for sign in (1, -1)
    ]
    return any(sum(value != 0 for value in some.values()) == 2 for some in both)  # noqa: PLR2004 - of two columns


def _rank(relation: Relation) -> tuple[int, int, int]:
    """Fewer columns first, sums before forms in their order, constant rates after what three columns say.

    People say total = net + tax and tax = net x 0.08, not total = net x 1.08: of two rates the shorter one is said.
    """
    if relation.form == TIMES:
        return 4, len(FORMS), abs(relation.times)
    return len(relation.columns), 0 if not relation.form else 1 + list(FORMS).index(relation.form), 0


def _vector(relation: Relation) -> dict[object, float]:
    found: dict[object, float] = {name: float(sign) for name, sign in relation.signed}
    if relation.form == TIMES:
        found[relation.factors[0]] = -relation.times / 10**relation.times_places
    elif relation.form:
        found[relation.form, relation.factors] = -1.0
    return found


def _follows(relation: Relation, kept: list[Relation]) -> bool:
    """Whether all columns of one that is kept are among its own, or two that are kept have them and one between."""
    mine = set(relation.columns)
    others = [set(one.columns) for one in kept]
    if any(one <= mine for one in others):
        return True
    if not relation.form or relation.form == TIMES:
        return False
    return any(mine <= one | two and (one & two) - mine for one in others for two in others)


def _said(relation: Relation, columns: Columns) -> tuple[str, str]:
    """The column that is explained and the sentence: total = net + tax rather than net = total - tax."""
    signs = dict(relation.signed)
    plus = [name for name, sign in signs.items() if sign > 0]
    minus = [name for name, sign in signs.items() if sign < 0]
    if not relation.form and (len(minus) == 1 or (len(minus) < len(plus) and minus)):
        plus, minus = minus, plus
    if not plus:
        plus, minus = minus, []
    target = max(plus, key=lambda name: (_is_a_total(name), _size(columns[name])))
    flip = signs[target]
    rest = [(name, -sign * flip) for name, sign in signs.items() if name != target]
    parts = [name for name, sign in rest if sign > 0]
    taken = [name for name, sign in rest if sign < 0]
    form = [_form(relation, columns)] if relation.form else []
    minus_form = bool(form) and flip < 0
    right = " + ".join([*([] if minus_form else form), *parts])
    left = "".join(f" - {name}" for name in [*(form if minus_form else []), *taken])
    return target, f"{target} = {right or '0'}{left}"


def _is_a_total(name: str) -> bool:
    """Whether people would put it first: total_cents, OrderTotal; not subtotal."""
    return "total" in words_of(name)


def _form(relation: Relation, columns: Columns) -> str:
    if relation.form == TIMES:
        times = relation.times / 10**relation.times_places
        return f"{relation.factors[0]} x {times:g}"
    del columns
    return FORMS[relation.form].text.format(*relation.factors)


def _size(column: Exact) -> float:
    return float(np.abs(column.whole).mean()) / 10.0**column.places
