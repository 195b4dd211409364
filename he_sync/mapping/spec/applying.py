"""`apply`: records in, records out, and of each that cannot be mapped why. One bad record stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from he_sync.mapping.spec.columns import SHOWN, Columns, Record, picked
from he_sync.mapping.spec.compiled import ROW, TOO_LARGE, Engine, LineWork, Output


@dataclass(frozen=True, order=True)
class Failure:
    """Why record number `row` is not mapped: the field (target, or source where its value is wrong), and what."""

    row: int
    field: str
    text: str


@dataclass(frozen=True)
class Applied:
    """What came of the records, in their order: None where one failed or is left out by `only`."""

    records: tuple[dict[str, Any] | None, ...]
    failures: tuple[Failure, ...]
    left_out: frozenset[int]


@dataclass(frozen=True)
class Frame:
    """Records as columns, ready for the engine, and what is wrong with the values of which."""

    columns: pl.DataFrame
    failures: tuple[Failure, ...]


def apply(engine: Engine, records: Sequence[Record]) -> Applied:
    """Map records. Numbers come as int or Decimal, days and times as ISO 8601 texts; `a.b` is a record in a record."""
    if not records:
        return Applied((), (), frozenset())
    ready = framed(engine, records)
    made = evaluated(engine, ready.columns)
    out = set(made["only"].not_().arg_true().to_list())
    lists, of_lists = _lists(engine, records)
    found = (*_found(engine, ready, made), *(one for one in of_lists if one.row not in out))
    failed = {one.row for one in found}
    left_out = frozenset(out) - failed
    return Applied(tuple(_records(engine, made, lists, failed | left_out)), tuple(sorted(found)), left_out)


def _lists(engine: Engine, records: Sequence[Record]) -> tuple[list[list[Any]], list[Failure]]:
    """The target's lists, each a list of lines a record; a line that fails fails its record."""
    found: list[list[Any]] = []
    failures: list[Failure] = []
    for work in engine.lists:
        rows, lines = _flattened(records, work.of, failures)
        made = apply(work.engine, lines)
        failures += [
            Failure(
                rows[one.row],
                f"{work.target}.{one.field}",
                f"line {one.row - rows.index(rows[one.row]) + 1}: {one.text}",
            )
            for one in made.failures
        ]
        held: list[Any] = [[] for _ in records]
        for row, record in zip(rows, made.records, strict=True):
            if record is not None:
                held[row].append(record)
        found.append(held)
    return found, failures


def _flattened(records: Sequence[Record], of: str, failures: list[Failure]) -> tuple[list[int], list[Record]]:
    """All lines of all records, and of which record each is."""
    rows: list[int] = []
    lines: list[Record] = []
    for row, held in enumerate(picked(records, of)):
        if held is not None and (not isinstance(held, list) or not set(map(type, held)) <= {dict}):
            failures.append(Failure(row, of, "is no list of records"))
        elif held:
            rows += [row] * len(held)
            lines += held
    return rows, lines


@dataclass(frozen=True)
class Seen:
    """One record as a person looks at it: each field that has a value, and why others have none, by field."""

    values: Mapping[str, Any]
    wrong: Mapping[str, str]
    left_out: bool


def seen(engine: Engine, record: Record) -> Seen:
    """What each target field becomes, also where another one refuses the record."""
    ready = framed(engine, [record])
    made = evaluated(engine, ready.columns)
    lists, of_lists = _lists(engine, [record])
    wrong = {one.field: one.text for one in reversed([*_found(engine, ready, made), *of_lists])}
    values = {one.target: _leaving(made[f"o{number}"], one)[0] for number, one in enumerate(engine.outputs)}
    values |= {work.target: held[0] for work, held in zip(engine.lists, lists, strict=True)}
    return Seen(values, wrong, left_out=not made["only"][0] and not wrong)


def framed(engine: Engine, records: Sequence[Record]) -> Frame:
    """The columns of the fields that the mapping names, and what it takes of lines."""
    fields, wanted = Columns(), engine.used
    for name, own in engine.inputs.items():
        if own in wanted:
            fields.add(own, name, picked(records, name), engine.mapping.source.fields[name])
    whole = fields.frame(ROW, pl.Series(range(len(records)), dtype=pl.UInt32))
    failures = [Failure(row, name, text) for (name, row), text in fields.wrong.items()]
    for of in dict.fromkeys(work.of for work in engine.lines):
        works = [work for work in engine.lines if work.of == of]
        whole = _beside(whole, _of_lines(engine, of, works, records, failures), works)
    return Frame(whole, tuple(sorted(failures)))


def _beside(whole: pl.DataFrame, lines: pl.DataFrame, works: Sequence[LineWork]) -> pl.DataFrame:
    """What was taken of lines beside its records; a record without lines has what is said for none."""
    if lines.height == whole.height:
        return pl.concat([whole, lines.drop(ROW)], how="horizontal")
    made = whole.join(lines, on=ROW, how="left", maintain_order="left")
    defaults = {name: empty for work in works for name, empty in work.empty.items() if empty is not None}
    return made.with_columns(pl.col(name).fill_null(empty) for name, empty in defaults.items())


def _of_lines(
    engine: Engine, of: str, works: Iterable[LineWork], records: Sequence[Record], failures: list[Failure]
) -> pl.DataFrame:
    """All lines of all records as one frame, and what the mapping takes of them by record."""
    rows, lines = _flattened(records, of, failures)
    fields = Columns()
    for name, own in engine.line_inputs[of].items():
        fields.add(own, name, picked(lines, name), engine.mapping.source.lists[of][name])
    whole = fields.frame(ROW, pl.Series(rows, dtype=pl.UInt32))
    failures += [Failure(rows[at], f"{of}.{name}", text) for (name, at), text in fields.wrong.items()]
    exprs = [expr.alias(name) for work in works for name, expr in work.exprs.items()]
    return _summed(whole, exprs, lambda row: failures.append(Failure(row, of, TOO_LARGE)))


def _summed(lines: pl.DataFrame, exprs: list[pl.Expr], large: Callable[[int], None]) -> pl.DataFrame:
    """By record; halved as in `evaluated` where a number is too large."""
    one = lines.height > 0 and lines[ROW][0] == lines[ROW][-1]
    try:
        # A preview has the lines of one record: without groups it takes half of the time.
        return lines.select(pl.col(ROW).first(), *exprs) if one else lines.group_by(ROW, maintain_order=True).agg(exprs)
    except pl.exceptions.PolarsError:
        rows = lines[ROW].unique(maintain_order=True)
        if rows.len() == 1:
            large(rows[0])
            return _summed(lines.clear(), exprs, large)
        half = rows[rows.len() // 2]
        sides = (lines.filter(pl.col(ROW) < half), lines.filter(pl.col(ROW) >= half))
        return pl.concat([_summed(side, exprs, large) for side in sides])


def evaluated(engine: Engine, columns: pl.DataFrame) -> pl.DataFrame:
    """Target fields as columns `o0`, `o1`..., `only`, and whether anything is `broken`; nulls where a record cannot be.

    A number beyond 38 digits stops Polars for all; the records are halved until the one that does it stands alone.
    """
    return _halved(engine.asked, columns)


def _halved(asked: Sequence[pl.Expr], columns: pl.DataFrame) -> pl.DataFrame:
    try:
        return columns.select(asked)
    except (pl.exceptions.PolarsError, OverflowError) as error:
        if columns.height > 1:
            half = columns.height // 2
            return pl.concat([_halved(asked, columns[:half]), _halved(asked, columns[half:])], how="vertical_relaxed")
        del error
        empty = columns.clear().select(asked)
        one = pl.DataFrame({name: pl.Series([None], dtype=kind) for name, kind in empty.schema.items()})
        return one.with_columns(columns[ROW], only=True, broken=True, large=True)


def _found(engine: Engine, ready: Frame, made: pl.DataFrame) -> tuple[Failure, ...]:
    """Why records fail: asked for again, for those alone that do."""
    found, wrong = list(ready.failures), {one.row for one in ready.failures}
    if not made["broken"].any():
        return tuple(found)
    rows = made.filter(pl.col("broken") & pl.col("only") & ~pl.col(ROW).is_in(list(wrong)))
    large = set(rows.filter(pl.col("large"))[ROW])
    found += [Failure(row, _guilty(engine, ready.columns[row]), TOO_LARGE) for row in sorted(large)]
    asked = [row for row in rows[ROW] if row not in large]
    if asked:
        some = ready.columns[asked]
        for one in engine.outputs:
            found += _broken(one, some)
    return tuple(sorted(found))


def _broken(one: Output, some: pl.DataFrame) -> Iterator[Failure]:
    for check in one.value.checks:
        bad = some.filter(check.broken.fill_null(value=False))
        shown = bad.select(check.shown.cast(pl.String)).to_series() if check.shown is not None else [None] * bad.height
        for row, value in zip(bad[ROW], shown, strict=True):
            yield Failure(row, one.target, check.text if value is None else f"{value[:SHOWN]!r} {check.text}")


def _guilty(engine: Engine, one: pl.DataFrame) -> str:
    """The first target field that cannot be computed for a record."""
    for output in engine.outputs:
        try:
            one.select(output.value.expr)
        except (pl.exceptions.PolarsError, OverflowError):
            return output.target
    return ""


def _records(
    engine: Engine, made: pl.DataFrame, lists: list[list[Any]], without: set[int] | frozenset[int]
) -> Iterator[dict[str, Any] | None]:
    names = [*(one.target for one in engine.outputs), *(work.target for work in engine.lists)]
    values = [*(_leaving(made[f"o{number}"], one) for number, one in enumerate(engine.outputs)), *lists]
    rows: Iterable[tuple[Any, ...]] = zip(*values, strict=True) if values else [()] * made.height
    put = _nested if any("." in name for name in names) else dict
    for row, content in enumerate(rows):
        yield None if row in without else put(zip(names, content, strict=True))


def _leaving(values: pl.Series, one: Output) -> list[Any]:
    found = values.to_list()
    return [_short(value) for value in found] if one.value.kind.bare else found


def _short(value: Decimal | None) -> Decimal | None:
    """Without the zeros behind it that its kind gave it."""
    if value is None:
        return None
    short = value.normalize()
    return short if short.as_tuple().exponent <= 0 else short.quantize(Decimal(1))  # type: ignore[operator] # finite: exponents of others are letters


def _nested(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for name, value in pairs:
        *outer, last = name.split(".")
        inner = whole
        for step in outer:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return whole
