"""Records as typed columns. A value that does not fit its field's kind is told of that record; nothing is rounded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
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
    kinds: dict[str, tuple[str, Kind]] = field(default_factory=dict)
    wrong: dict[tuple[str, int], str] = field(default_factory=dict)

    def add(self, own: str, name: str, values: list[Any], kind: Kind) -> None:
        """A field's values. Those of another type than the kind takes are told and left out."""
        if not set(map(type, values)) <= FITS[kind.name]:
            values = [self._fitting(name, row, value, kind) for row, value in enumerate(values)]
        self.raw[own] = _raw(values, kind)
        self.kinds[own] = (name, kind)

    def frame(self, row: str, rows: pl.Series) -> pl.DataFrame:
        """All columns and the numbers of their rows at once: one pass of Polars, however many fields there are."""
        turned = [_turned(own, kind) for own, (_, kind) in self.kinds.items()]
        made = pl.DataFrame({row: rows, **self.raw}).select(pl.col(row), *(one.expr for one in turned))
        return self._without(made, turned) if any(self._doubtful(one.own, made[one.own]) for one in turned) else made

    def _doubtful(self, own: str, made: pl.Series) -> bool:
        """Whether something may be wrong with a column, seen without a check: a value is gone, or a text is long."""
        kind = self.kinds[own][1]
        if kind.name == "text":
            return int(made.str.len_chars().max() or 0) > kind.longest  # type: ignore[arg-type] # a count
        return self.raw[own].null_count() != made.null_count()

    def _without(self, made: pl.DataFrame, turned: Sequence[Turned]) -> pl.DataFrame:
        """Tells what is wrong and leaves it out."""
        bad = pl.DataFrame(self.raw).select(one.broken.alias(one.own) for one in turned)
        for one in turned:
            name = self.kinds[one.own][0]
            for at in bad[one.own].arg_true():
                self.wrong[name, at] = f"{str(self.raw[one.own][at])[:SHOWN]!r} {one.text}"
        guilty = [one.own for one in turned if bad[one.own].any()]
        nothing = (pl.when(bad[own]).then(None).otherwise(pl.col(own)).alias(own) for own in guilty)
        return made.with_columns(nothing)

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


@dataclass(frozen=True)
class Turned:
    """How a raw column becomes a typed one, when a row of it is wrong, and how that is said."""

    own: str
    expr: pl.Expr
    broken: pl.Expr
    text: str


@lru_cache(4_096)
def _turned(own: str, kind: Kind) -> Turned:
    """Made once: a preview of one record would spend a third of its time on making expressions."""
    value = Value(pl.col(own), TEXT)
    if kind.name == "text":
        long = value.expr.str.len_chars() > kind.longest
        why = f"is longer than the {kind.longest} characters that the source declares"
        made = value.become(value.expr, kind, Check(long, why))
    elif kind.name == "number":
        made = to_number(value, kind.scale)
    else:
        made = {"date": to_date, "instant": to_instant}.get(kind.name, lambda one: one)(value)
    check = next(iter(made.checks), Check(pl.lit(value=False), ""))
    return Turned(own, made.expr.alias(own), check.broken.fill_null(value=False), check.text)
