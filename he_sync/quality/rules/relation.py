"""An arithmetic relation of columns as data: signed columns that come to nothing, or to a product of others.

Whole numbers throughout: both sides are brought to the same decimal places, and a product may be off by the half unit
that rounding leaves at the place to which it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from he_sync.quality.rules.exact import Exact, Flags, exact

Numbers = npt.NDArray[Any]
Columns = Mapping[str, Exact]
SAFE = float(2**62)
"""A product up to here stays in 64 bits; a larger one is computed with whole numbers of any length, slower."""


@dataclass(frozen=True)
class Form:
    """A way to compute of `size` columns: its text, which value of each says nothing, and the fraction it is.

    `fraction` takes values and places of each column and gives numerator, denominator and the places of the numerator.
    """

    text: str
    neutral: tuple[int, ...]
    fraction: Callable[[Sequence[Numbers], Sequence[int]], tuple[Numbers, Numbers | int, int]]
    ordered: bool = False

    @property
    def size(self) -> int:
        """Columns it takes."""
        return len(self.neutral)


def _product(shift: int) -> Callable[[Sequence[Numbers], Sequence[int]], tuple[Numbers, int, int]]:
    def fraction(values: Sequence[Numbers], places: Sequence[int]) -> tuple[Numbers, int, int]:
        whole = values[0]
        for more in values[1:]:
            whole = whole * more
        return whole, 1, sum(places) + shift

    return fraction


def _less(shift: int) -> Callable[[Sequence[Numbers], Sequence[int]], tuple[Numbers, int, int]]:
    """The last column is a share, of one or of a hundred, that is taken away."""

    def fraction(values: Sequence[Numbers], places: Sequence[int]) -> tuple[Numbers, int, int]:
        left = 10 ** (places[-1] + shift) - values[-1]
        return _product(shift)((*values[:-1], left), places)

    return fraction


def _quotient(shift: int) -> Callable[[Sequence[Numbers], Sequence[int]], tuple[Numbers, Numbers, int]]:
    def fraction(values: Sequence[Numbers], places: Sequence[int]) -> tuple[Numbers, Numbers, int]:
        return values[0], values[1], places[0] - places[1] - shift

    return fraction


FORMS: Mapping[str, Form] = {
    "product": Form("{0} x {1}", (1, 1), _product(0)),
    "product of percent": Form("{0} x {1} / 100", (100, 100), _product(2)),
    "product of thousandths": Form("{0} x {1} / 1000", (1000, 1000), _product(3)),
    "less a share": Form("{0} x (1 - {1})", (0, 0), _less(0), ordered=True),
    "less percent": Form("{0} x (1 - {1} / 100)", (0, 0), _less(2), ordered=True),
    "product of three": Form("{0} x {1} x {2}", (1, 1, 1), _product(0)),
    "product less a share": Form("{0} x {1} x (1 - {2})", (1, 1, 0), _less(0), ordered=True),
    "product less percent": Form("{0} x {1} x (1 - {2} / 100)", (1, 1, 0), _less(2), ordered=True),
    "quotient": Form("{0} / {1}", (0, 1), _quotient(0), ordered=True),
    "percent of": Form("100 x {0} / {1}", (0, 1), _quotient(2), ordered=True),
}
TIMES = "times"
"""The form of one column times a number that the relation names."""


@dataclass(frozen=True)
class Relation:
    """Signed columns that come to `form` of `factors`, to `places` places; to nothing where there is no form."""

    signed: tuple[tuple[str, int], ...]
    form: str = ""
    factors: tuple[str, ...] = ()
    places: int = 0
    times: int = 0
    times_places: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that takes part."""
        return (*(name for name, _ in self.signed), *self.factors)

    @staticmethod
    def of(facts: Mapping[str, Any]) -> Relation:
        """From what `facts` gave."""
        signed = tuple((str(name), int(sign)) for name, sign in facts["signed"])
        numbers = (int(facts["places"]), int(facts["times"]), int(facts["times_places"]))
        return Relation(signed, str(facts["form"]), tuple(map(str, facts["factors"])), *numbers)

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        told = {"signed": [list(one) for one in self.signed], "form": self.form, "factors": list(self.factors)}
        return {**told, "places": self.places, "times": self.times, "times_places": self.times_places}

    def known(self, columns: Columns) -> Flags:
        """Rows on which every column says a number, and no denominator is nothing."""
        there = np.logical_and.reduce([columns[name].known for name in self.columns])
        if FORMS.get(self.form) is not None and self.form in {"quotient", "percent of"}:
            there &= columns[self.factors[1]].whole != 0
        return np.asarray(there)

    def off(self, columns: Columns) -> Flags:
        """Rows on which it does not come out."""
        places = max([self.places, *(columns[name].places for name, _ in self.signed)])
        left = self.left(columns, places)
        known = self.known(columns)
        if not self.form:
            return np.asarray(known & (left != 0))
        above, below = self._fraction(columns, places)
        if _large(left, below) or _large(above, 2):
            left, above, below = (np.asarray(one, dtype=object) for one in (left, above, below))
        unit = 10 ** (places - self.places)
        return np.asarray(known & np.asarray(abs(left * below - above) * 2 > abs(below) * unit, dtype=bool))

    def rounds(self, columns: Columns) -> bool:
        """Whether the form gives more places than are written."""
        if self.form in {"quotient", "percent of"}:
            return True
        shift = {"product of percent": 2, "less percent": 2, "product less percent": 2, "product of thousandths": 3}
        given = sum(columns[name].places for name in self.factors) + self.times_places + shift.get(self.form, 0)
        return bool(self.form) and given > self.places

    def left(self, columns: Columns, places: int | None = None) -> Numbers:
        """What the signed columns come to, at so many places."""
        places = self.places if places is None else places
        found: Numbers = np.zeros(1, np.int64)
        for name, sign in self.signed:
            found = found + sign * columns[name].at(places)
        return found

    def _fraction(self, columns: Columns, places: int) -> tuple[Numbers, Numbers]:
        """Numerator and denominator of the form at so many places."""
        values: list[Numbers] = [columns[name].whole for name in self.factors]
        at = [columns[name].places for name in self.factors]
        above: Numbers
        below: Numbers | int
        if self.form == TIMES:
            above, below, had = values[0] * np.int64(self.times), 1, at[0] + self.times_places
        else:
            if np.prod([float(np.abs(one).max(initial=1)) + 10.0**7 for one in values]) > SAFE:
                values = [one.astype(object) for one in values]
            above, below, had = FORMS[self.form].fraction(values, at)
        shift = 10 ** abs(places - had)
        if places >= had:
            above = above.astype(object) * shift if _large(above, shift) else above * shift
            return above, np.asarray(below)
        return above, np.asarray(below) * shift


def _large(one: Numbers, two: Numbers | int) -> bool:
    """Whether a product would leave 64 bits."""
    sizes = [float(abs(np.asarray(some)).max(initial=1)) for some in (one, two)]
    return 4 * sizes[0] * sizes[1] > SAFE


def exact_columns(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, Exact]:
    """Columns as whole numbers. Raises ValueError where one holds something else."""
    found: dict[str, Exact] = {}
    for name in names:
        column = exact(frame[name])
        if column is None:
            raise ValueError(f"{name} does not hold numbers alone")
        found[name] = column
    return found
