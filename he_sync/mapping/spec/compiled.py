"""A mapping as Polars expressions: one engine for a preview of one record and for a hundred thousand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import polars as pl

from he_sync.mapping.expressions.bounds import MOST_WORK
from he_sync.mapping.expressions.compiling import compiled as compiled_sql
from he_sync.mapping.expressions.compiling import condition
from he_sync.mapping.expressions.kinds import TEXT, WHOLE, Kind
from he_sync.mapping.expressions.parsing import parsed, work
from he_sync.mapping.expressions.turning import fitted, to_text
from he_sync.mapping.expressions.values import Check, Value
from he_sync.mapping.expressions.wrong import WrongExpression
from he_sync.mapping.spec.model import (
    Complaint,
    Each,
    Entry,
    From,
    Lines,
    Mapping,
    Place,
    Sql,
    StepUse,
    Written,
    WrongMapping,
)
from he_sync.mapping.spec.parameters import Ground, accepted, literal
from he_sync.mapping.spec.reading import read
from he_sync.mapping.spec.steps import STEPS, TIMES

ROW = "row"
TOO_LARGE = "computes a number of more than 38 digits"
T = TypeVar("T")
LONGEST_JOIN = 4_000
"""Characters of the texts of all lines side by side; a longer one is refused with its record."""


@dataclass(frozen=True)
class LineWork:
    """What is computed of the lines of a record before its fields are: expressions over lines, by their names."""

    of: str
    exprs: Map[str, pl.Expr]
    empty: Map[str, Any]


@dataclass(frozen=True)
class Output:
    """One target field: its expression, its kind, and the record's checks."""

    target: str
    value: Value


@dataclass(frozen=True)
class ListWork:
    """A target list: which list of the source it is made of, and the engine for its lines."""

    target: str
    of: str
    engine: Engine


@dataclass(frozen=True)
class Engine:
    """A compiled mapping. `inputs` and `line_inputs`: the columns of the fields that it uses, by field."""

    mapping: Mapping
    inputs: Map[str, str]
    line_inputs: Map[str, Map[str, str]]
    lines: tuple[LineWork, ...]
    outputs: tuple[Output, ...]
    only: pl.Expr | None
    lists: tuple[ListWork, ...] = ()

    @cached_property
    def used(self) -> frozenset[str]:
        """The columns that any expression looks at."""
        exprs = [expr for one in self.outputs for expr in (one.value.expr, *(c.broken for c in one.value.checks))]
        exprs += [self.only] if self.only is not None else []
        return frozenset(name for expr in exprs for name in expr.meta.root_names())

    @cached_property
    def asked(self) -> tuple[pl.Expr, ...]:
        """What Polars computes: ROW, target fields as `o0`, `o1`..., `only`, whether anything is `broken`, `large`."""
        broken = [check.broken.fill_null(value=False) for one in self.outputs for check in one.value.checks]
        only = self.only if self.only is not None else pl.lit(value=True)
        whole = pl.any_horizontal(broken) if broken else pl.lit(value=False)
        made = [_leaving(one.value).alias(f"o{number}") for number, one in enumerate(self.outputs)]
        named = (only.alias("only"), whole.alias("broken"), pl.lit(value=False).alias("large"))
        return (pl.col(ROW), *made, *named)


def _leaving(value: Value) -> pl.Expr:
    """Whole numbers as such, days and times as text."""
    if value.kind.name in {"date", "instant"}:
        return to_text(value).expr
    return value.expr.cast(pl.Int128) if value.kind.name == "number" and not value.kind.scale else value.expr


def engine(text: str, file: str = "mapping") -> Engine:
    """A mapping's text, compiled. Raises WrongMapping with a line for each thing that is wrong."""
    made, wrong = usable(text, file)
    if wrong:
        raise WrongMapping(file, wrong)
    return made


def usable(text: str, file: str = "mapping") -> tuple[Engine, list[Complaint]]:
    """What of a mapping can be compiled, and what is wrong with the rest. Raises WrongMapping for no YAML."""
    mapping, wrong = read(text, file)
    made = _built(mapping, wrong)
    return made, sorted(wrong)


def _built(mapping: Mapping, wrong: list[Complaint]) -> Engine:
    building = Building(mapping, wrong)
    outputs = tuple(output for entry in mapping.entries.values() if (output := building.output(entry)))
    only = building.sql(mapping.only, building.fields, condition) if mapping.only else None
    large = list(building.too_large(outputs))
    wrong += large
    kept = () if large else outputs
    lines, lists, given = tuple(building.lines), tuple(building.lists), (building.inputs, building.line_inputs)
    return Engine(mapping, *given, lines, kept, only.expr if only else None, lists)


class Building:
    """Compiles entries; what is wrong is noted and the next one goes on."""

    def __init__(self, mapping: Mapping, wrong: list[Complaint]) -> None:
        self._mapping, self._wrong = mapping, wrong
        self.inputs = {name: f"f{number}" for number, name in enumerate(mapping.source.fields)}
        self.fields = {name: Value(pl.col(self.inputs[name]), kind) for name, kind in mapping.source.fields.items()}
        self.line_inputs = {
            of: {name: f"f{number}" for number, name in enumerate(fields)}
            for of, fields in mapping.source.lists.items()
        }
        self.lines: list[LineWork] = []
        self.lists: list[ListWork] = []
        self._ground = Ground(self.fields, mapping.tables)

    def output(self, entry: Entry) -> Output | None:
        """A target field; None where something is wrong with it, or it is a list."""
        if isinstance(entry.start, Each):
            inner = replace(entry.start.inner, tables=self._mapping.tables)
            self.lists.append(ListWork(entry.target, entry.start.of, _built(inner, self._wrong)))
            return None
        value, often = self._start(entry), self._work(entry)
        for step in entry.steps:
            often *= TIMES.get(step.name, 1)
            if often > 2 * MOST_WORK:
                self._wrong.append(Complaint(step.place, "is one step too many of those that look at a value often"))
                return None
            value = self._step(value, step) if value is not None else None
        kind = self._mapping.target.fields.get(entry.target)
        if value is None or kind is None:
            return None
        found = value
        made = self._noted(entry.place, lambda: self._only(entry, found, kind))
        return Output(entry.target, made) if made is not None else None

    def _only(self, entry: Entry, value: Value, kind: Kind) -> Value | None:
        made = fitted(value, kind)
        if entry.only is None:
            return made
        holds = self.sql(entry.only, self.fields, condition)
        if holds is None:
            return None
        other = fitted(literal(entry.otherwise), kind)
        checks = (*holds.checks, *(check.where(holds.expr) for check in made.checks))
        return Value(pl.when(holds.expr).then(made.expr).otherwise(other.expr), kind, checks)

    def _work(self, entry: Entry) -> int:
        """Of the expression that an entry begins with; what is wrong with it is said elsewhere."""
        try:
            return work(parsed(entry.start.text)) if isinstance(entry.start, Sql) else 1
        except WrongExpression:
            return 1

    def _start(self, entry: Entry) -> Value | None:
        start = entry.start
        if isinstance(start, From):
            return self.fields.get(start.field)
        if isinstance(start, Written):
            return self._noted(start.place, lambda: literal(start.content))
        if isinstance(start, Lines):
            return self._noted(start.place, lambda: self._of_lines(start))
        if isinstance(start, Each):
            return None
        return self.sql(start, self.fields, compiled_sql)

    def _step(self, value: Value, use: StepUse) -> Value | None:
        step, given = STEPS[use.name], {}
        for parameter in step.parameters:
            where = use.places.get(parameter.name) or replace(use.place, key=f"{use.place.key}.{parameter.name}")
            content = use.given.get(parameter.name, parameter.default)
            if content is None:
                self._wrong.append(Complaint(where, f"is missing: {parameter.words}"))
                return None
            before = len(self._wrong)
            given[parameter.name] = self._noted(where, lambda p=parameter, c=content: accepted(p, c, self._ground))  # type: ignore[misc] # mypy cannot infer a lambda with defaults
            if len(self._wrong) > before:
                return None
        return self._noted(use.place, lambda: step.make(value, given, self._ground))

    def _of_lines(self, start: Lines) -> Value | None:
        """One value of all lines, computed over the lines of all records at once."""
        names = self.line_inputs[start.of]
        fields = {name: Value(pl.col(names[name]), kind) for name, kind in self._mapping.source.lists[start.of].items()}
        holds = self.sql(start.only, fields, condition) if start.only else None
        value = self.sql(start.sql, fields, compiled_sql) if start.sql else Value(pl.col(ROW), WHOLE)
        if value is None or (start.only and holds is None):
            return None
        if holds is not None:
            value = replace(value, checks=tuple(check.where(holds.expr) for check in value.checks))
        own = f"l{len(self.lines)}"
        kept = value.expr.filter(holds.expr) if holds else value.expr
        result, empty, kind = _taken(start, value, kept)
        exprs, checks = {own: result}, []
        for number, check in enumerate([*value.checks, *_incomplete(start, value, holds)]):
            name = f"{own}_{number}"
            exprs[name] = check.broken.fill_null(value=False).any()
            checks.append(Check(pl.col(name), f"a line {check.text}"))
        self.lines.append(LineWork(start.of, exprs, {own: empty} | dict.fromkeys(list(exprs)[1:], False)))
        return Value(pl.col(own), kind, tuple(checks))

    def too_large(self, outputs: Sequence[Output]) -> Iterator[Complaint]:
        """Values written in place that come to more than 38 digits: found over no record at all."""
        fields, lists = self._mapping.source.fields, self._mapping.source.lists
        whole = {ROW: pl.UInt32(), **{own: fields[name].dtype for name, own in self.inputs.items()}}
        for lines in self.lines:
            names = self.line_inputs[lines.of]
            some = {ROW: pl.UInt32(), **{own: lists[lines.of][name].dtype for name, own in names.items()}}
            made = _over_none(some, [expr.alias(own) for own, expr in lines.exprs.items()], by_row=True)
            if made is None:
                yield Complaint(Place(1, 1, "map"), f"lines of {lines.of}: {TOO_LARGE}")
                return
            whole |= {own: made.schema[own] for own in lines.exprs}
        exprs = [(one, expr) for one in outputs for expr in (one.value.expr, *(c.broken for c in one.value.checks))]
        if _over_none(whole, [expr.alias(str(at)) for at, (_, expr) in enumerate(exprs)]) is None:
            guilty = next(one for one, expr in exprs if _over_none(whole, [expr]) is None)
            yield Complaint(self._mapping.entries[guilty.target].place, TOO_LARGE)

    def sql(
        self, written: Sql | None, fields: Map[str, Value], way: Callable[[str, Map[str, Value]], Value]
    ) -> Value | None:
        """An expression; what is wrong with it is noted at its line and column in the file."""
        if written is None:
            return None
        try:
            return way(written.text, fields)
        except WrongExpression as error:
            self._wrong.append(Complaint(written.at(error.at), error.why))
            return None

    def _noted(self, place: Place, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except WrongExpression as error:
            self._wrong.append(Complaint(place, error.why))
            return None


def _over_none(columns: Map[str, pl.DataType], exprs: list[pl.Expr], *, by_row: bool = False) -> pl.DataFrame | None:
    none = pl.DataFrame(schema=dict(columns))
    try:
        return none.group_by(ROW).agg(exprs) if by_row else none.select(pl.col(ROW), *exprs)
    except pl.exceptions.ComputeError:
        return None


def _taken(start: Lines, value: Value, kept: pl.Expr) -> tuple[pl.Expr, Any, Kind]:
    """The expression over a record's lines, what it is without lines, and its kind."""
    if start.take == "count":
        return kept.len().cast(WHOLE.dtype) if start.sql is None else kept.count().cast(WHOLE.dtype), 0, WHOLE
    if start.take == "sum":
        if value.kind.name != "number":
            raise WrongExpression(f"sums {value.kind.plain}; a number is wanted")
        return kept.sum(), 0, value.kind
    if start.take == "join":
        return to_text(replace(value, expr=kept)).expr.str.join(start.by), "", TEXT.sized(LONGEST_JOIN)
    if start.take in {"min", "max"} and value.kind.name in {"text", "boolean", "nothing"}:
        raise WrongExpression(f"{start.take} takes numbers, days or times, not {value.kind.plain}")
    way = {"first": kept.first(), "last": kept.last(), "min": kept.min(), "max": kept.max()}
    return way[start.take], None, value.kind


def _incomplete(start: Lines, value: Value, holds: Value | None) -> Iterator[Check]:
    """A sum without one of its parts is no sum."""
    if start.take == "sum":
        check = Check(value.expr.is_null(), "has nothing to add; coalesce(..., 0) counts it as nothing")
        yield check.where(holds.expr) if holds else check
    if start.take == "join":
        size = to_text(value).expr.str.len_chars().fill_null(0).cum_sum()
        yield Check(size > LONGEST_JOIN, f"makes the text longer than {LONGEST_JOIN:,} characters")
