"""Records as typed columns. A value that does not fit its field's kind is told of that record; nothing is rounded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from he_sync.mapping.expressions.kinds import TEXT, Kind, written
from he_sync.mapping.expressions.turning import to_date, to_instant, to_number
from he_sync.mapping.expressions.values import Check, Value

Record = Mapping[str, Any]
FITS: Mapping[str, frozenset[type]] = {
    "text": frozenset({str, int, Decimal, bool, type(None)}),
    "number": frozenset({int, Decimal, str, type(None)}),
    "boolean": frozenset({bool, type(None)}),
    "date": frozenset({str, date, type(None)}),
    "instant": frozenset({str, datetime, type(None)}),
}
ONLY_TEXT = {str, type(None)}
SHOWN = 60


@dataclass
class Columns:
    """Typed columns by their own names, and what is wrong with which row of which field: (field, row) to a text."""

    raw: dict[str, pl.Series] = field(default_factory=dict)
    exprs: list[pl.Expr] = field(default_factory=list)
    checks: list[tuple[str, str, Check]] = field(default_factory=list)
    wrong: dict[tuple[str, int], str] = field(default_factory=dict)

    def add(self, own: str, name: str, values: list[Any], kind: Kind) -> None:
        """A field's values. Those of another type than the kind takes are told and left out."""
        if not set(map(type, values)) <= FITS[kind.name]:
            values = [self._fitting(name, row, value, kind) for row, value in enumerate(values)]
        self.raw[own] = _raw(values, kind)
        made = _turned(Value(pl.col(own), TEXT), kind)
        self.exprs.append(made.expr.alias(own))
        self.checks += [(own, name, check) for check in made.checks]

    def frame(self, **others: pl.Series) -> pl.DataFrame:
        """All columns at once: one pass of Polars, however many fields there are."""
        broken = [check.broken.fill_null(value=False).alias(f"bad{at}") for at, (_, _, check) in enumerate(self.checks)]
        made = pl.DataFrame(self.raw).select([*self.exprs, *broken]) if self.raw else pl.DataFrame()
        for at, (own, name, check) in enumerate(self.checks):
            for row in made[f"bad{at}"].arg_true() if made[f"bad{at}"].any() else ():
                self.wrong[name, row] = f"{str(self.raw[own][row])[:SHOWN]!r} {check.text}"
        columns = {own: made[own] for own in self.raw}
        for own in {own for own, name, _ in self.checks if any(one == name for one, _ in self.wrong)}:
            bad = pl.any_horizontal(f"bad{at}" for at, (one, _, _) in enumerate(self.checks) if one == own)
            columns[own] = made.select(pl.when(bad).then(None).otherwise(pl.col(own)).alias(own))[own]
        return pl.DataFrame({**others, **columns})

    def _fitting(self, name: str, row: int, value: Any, kind: Kind) -> Any:
        if type(value) in FITS[kind.name]:
            return value
        inexact = "; floats are inexact, read the record with exact decimals" if isinstance(value, float) else ""
        self.wrong[name, row] = f"is {_named(value)}, the source says {written(kind)}{inexact}"
        return None


def picked(records: Sequence[Record], name: str) -> list[Any]:
    """The values of a field; `billing.city` looks into the record `billing`, null where that is not there."""
    path = name.split(".")
    if len(path) == 1 or any(name in one for one in records[:1]):
        return [one.get(name) for one in records]
    return [_within(one, path) for one in records]


def _within(record: Any, path: Iterable[str]) -> Any:
    for step in path:
        record = record.get(step) if isinstance(record, Mapping) else None
    return record


def _named(value: Any) -> str:
    names = {bool: "yes or no", dict: "a record", list: "a list", float: "a float", str: "a text"}
    return names.get(type(value), f"{type(value).__name__} {str(value)[:SHOWN]}")


def _raw(values: list[Any], kind: Kind) -> pl.Series:
    """Numbers by their digits: a Decimal put into a narrower column would be rounded without a word."""
    if kind.name == "boolean":
        return pl.Series(values, dtype=pl.Boolean, strict=True)
    if kind.name == "date":
        values = [one.isoformat() if isinstance(one, date) else one for one in values]
        values = [one[:10] if one and one[10:].startswith("T00:00:00") else one for one in values]
    elif kind.name == "instant":
        values = [one.isoformat() if isinstance(one, datetime) else one for one in values]
    elif not set(map(type, values)) <= ONLY_TEXT:
        values = [one if one is None else str(one) for one in values]
        if any("E" in one for one in values if one is not None and kind.name == "number"):
            values = [_digits(one) for one in values]
    return pl.Series(values, dtype=pl.String, strict=True)


def _digits(text: str | None) -> str | None:
    """`1E+2` as `100`; what is no number is told later."""
    try:
        return text if text is None or "E" not in text else f"{Decimal(text):f}"
    except ArithmeticError:
        return text


def _turned(value: Value, kind: Kind) -> Value:
    if kind.name == "text":
        long = (value.expr.str.len_chars() > kind.longest).fill_null(value=False)
        why = f"is longer than the {kind.longest} characters that the source declares"
        return value.become(value.expr, kind, Check(long, why))
    if kind.name == "number":
        return to_number(value, kind.scale)
    return {"date": to_date, "instant": to_instant}.get(kind.name, lambda one: one)(value)
