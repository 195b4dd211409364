"""Arithmetic identities: extended = quantity x price, total = net + tax, net = gross less a percentage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations, permutations

import numpy as np
import numpy.typing as npt
import pandas as pd

from he_sync.quality.rules.rule import EXCEPTIONS, Flags, Frames, Rule, Tested, proposed

Numbers = npt.NDArray[np.float64]
TELLING = 20
"""Rows on which every term says something: not zero, and for a factor not one."""
WIDEST = 30
"""Numeric columns that are looked at; more than that is a table of figures, not of records."""
CENT = 0.006
"""How far rounding may be off where amounts are in units; whole numbers are exact but where a product was rounded."""
SAMPLE = 400


@dataclass(frozen=True)
class Form:
    """A way to compute a column of others: `text` with their names, `neutral` values that say nothing, by term."""

    text: str
    compute: Callable[..., Numbers]
    neutral: tuple[float, ...]
    rounded: bool = False


SUMS = (Form("{0} + {1}", lambda a, b: a + b, (0, 0)), Form("{0} - {1}", lambda a, b: a - b, (0, 0)))
PRODUCTS = (
    Form("{0} x {1}", lambda a, b: a * b, (1, 1), rounded=True),
    Form("{0} x {1} / 1000", lambda a, b: a * b / 1000, (1000, 1000), rounded=True),
    Form("{0} x {1} / 100", lambda a, b: a * b / 100, (100, 100), rounded=True),
    Form("{0} x (1 - {1})", lambda a, b: a * (1 - b), (0, 0), rounded=True),
    Form("{0} x (1 - {1} / 100)", lambda a, b: a * (1 - b / 100), (0, 0), rounded=True),
)
TRIPLES = (
    Form("{0} + {1} + {2}", lambda a, b, c: a + b + c, (0, 0, 0)),
    Form("{0} + {1} - {2}", lambda a, b, c: a + b - c, (0, 0, 0)),
    Form("{0} - {1} - {2}", lambda a, b, c: a - b - c, (0, 0, 0)),
    Form("{0} x {1} - {2}", lambda a, b, c: a * b - c, (1, 1, 0), rounded=True),
    Form("{0} x {1} / 1000 - {2}", lambda a, b, c: a * b / 1000 - c, (1000, 1000, 0), rounded=True),
)
TIERS = ((SUMS[:1], 2), (SUMS[1:], 2), (PRODUCTS, 2), (TRIPLES[:1], 3), (TRIPLES[1:], 3))
TWO_ORDERS = {"{0} - {1}", "{0} x (1 - {1})", "{0} x (1 - {1} / 100)"}
"""Forms of two terms that differ where the terms are exchanged."""


def identities(entity: str, frame: pd.DataFrame) -> Iterator[Rule]:
    """Sums, then differences and products; a column that two terms explain is not explained by three.

    Every column is tried as a sum before any as a difference: people say total = net + tax, not net = total - tax.
    """
    columns = _numeric(frame)
    known: set[frozenset[str]] = set()
    for forms, size in TIERS:
        explained = {rule for names in known for rule in names} if size > 2 else set()  # noqa: PLR2004 - three terms
        for target in columns:
            if size > 2 and any(target in names for names in known):  # noqa: PLR2004 - same
                continue
            for terms, form in _ways(forms, [name for name in columns if name != target], size):
                if frozenset((target, *terms)) in known or explained.issuperset((target, *terms)):
                    continue
                tested = _tested(entity, (target, *terms), form, columns)
                if tested is not None and tested.holds:
                    known.add(frozenset((target, *terms)))
                    yield proposed(
                        entity, "identity", (target, *terms), f"{target} = {form.text.format(*terms)}", tested
                    )


def _numeric(frame: pd.DataFrame) -> dict[str, Numbers]:
    """Columns of numbers that vary, as floats: exact up to 2**53, which no amount in cents reaches."""
    chosen = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    chosen = [
        name
        for name in chosen
        if not pd.api.types.is_bool_dtype(frame[name]) and float(frame[name].max()) > float(frame[name].min())
    ]
    return {str(name): frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in chosen[:WIDEST]}


def _ways(forms: tuple[Form, ...], names: list[str], size: int) -> Iterator[tuple[tuple[str, ...], Form]]:
    for form in forms:
        mixed = size > 2 and form.text != "{0} + {1} + {2}"  # noqa: PLR2004 - three terms
        for terms in permutations(names, size) if mixed or form.text in TWO_ORDERS else combinations(names, size):
            yield terms, form


def _tested(entity: str, names: tuple[str, ...], form: Form, columns: dict[str, Numbers]) -> Tested | None:
    """None where a sample says no, or where too few rows could have said no."""
    some = {name: columns[name][:SAMPLE] for name in names}
    telling = _telling(names, form, some)
    if telling.any() and float((_off(names, form, some) & telling).sum()) > 3 * EXCEPTIONS * telling.sum() + 2:
        return None
    telling, off = _telling(names, form, columns), _off(names, form, columns)
    if telling.sum() < TELLING or float((off & telling).sum()) > EXCEPTIONS * telling.sum():
        return None
    return Tested(off, int(telling.sum()), partial(_breaks, entity, names, form))


def _breaks(entity: str, names: tuple[str, ...], form: Form, frames: Frames) -> Flags:
    return _off(names, form, {name: frames[entity][name].to_numpy(np.float64, na_value=np.nan) for name in names})


def _telling(names: tuple[str, ...], form: Form, columns: dict[str, Numbers]) -> Flags:
    terms = [columns[name] for name in names[1:]]
    says = [(term != neutral) & (term != 0) for term, neutral in zip(terms, form.neutral, strict=True)]
    return np.asarray(np.logical_and.reduce(says))


def _off(names: tuple[str, ...], form: Form, columns: dict[str, Numbers]) -> Flags:
    target = columns[names[0]]
    whole = bool(np.all(target == np.round(target)))
    within = (0.5 + CENT if form.rounded else 0.0) if whole else CENT
    found = form.compute(*(columns[name] for name in names[1:]))
    return np.asarray(~(np.abs(target - found) <= within + 1e-9 * np.abs(target)))
