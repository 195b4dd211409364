"""What steps do: one kind of value in, one out, whatever the number of records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from he_sync.mapping.expressions import numbers, turning
from he_sync.mapping.expressions.bounds import LONGEST_PAD
from he_sync.mapping.expressions.kinds import DATE, TEXT, Kind, common
from he_sync.mapping.expressions.values import Check, Value, checks_of
from he_sync.mapping.expressions.wrong import WrongExpression
from he_sync.mapping.spec.parameters import Ground, literal

Given = Mapping[str, Any]
Make = Callable[[Value, Given, Ground], Value]


def merged(value: Value, other: Value) -> tuple[Value, Value, Kind]:
    """Two values of one kind, a number beside a text as text."""
    if common([value.kind, other.kind]) is None and "text" in {value.kind.name, other.kind.name}:
        value, other = turning.to_text(value), turning.to_text(other)
    kind = common([value.kind, other.kind])
    if kind is None:
        raise WrongExpression(f"{value.kind.plain} and {other.kind.plain} do not go together")
    sides = [one.scaled(kind.scale) if one.kind.name == "number" else one for one in (value, other)]
    return sides[0], sides[1], kind


def text(value: Value) -> Value:
    """A text. Raises WrongExpression for another kind."""
    if value.kind.name not in {"text", "nothing"}:
        raise WrongExpression(f"takes a text and gets {value.kind.plain}; add the step text before it")
    return turning.to_text(value)


def cut(value: Value, given: Given, ground: Ground) -> Value:
    """The first characters of a text."""
    del ground
    made = text(value)
    return made.become(made.expr.str.head(given["to"]), made.kind.sized(min(given["to"], made.kind.longest)))


def around(before: bool) -> Make:
    """A text before or behind what is there; nothing stays nothing."""

    def make(value: Value, given: Given, ground: Ground) -> Value:
        del ground
        made, beside = turning.to_text(value), pl.lit(given["text"])
        expr = beside + made.expr if before else made.expr + beside
        return made.become(expr, made.kind.sized(made.kind.longest + len(given["text"])))

    return make


def number(value: Value) -> Value:
    """A number. Raises WrongExpression for another kind."""
    if value.kind.name != "number":
        raise WrongExpression(f"takes a number and gets {value.kind.plain}; add the step number before it")
    return value


def on_text(change: Callable[[pl.Expr], pl.Expr], grows: int = 0) -> Make:
    """A step that changes a text, by at most `grows` characters."""

    def make(value: Value, given: Given, ground: Ground) -> Value:
        del given, ground
        made = text(value)
        return made.become(change(made.expr), made.kind.sized(made.kind.longest + grows))

    return make


def default(value: Value, given: Given, ground: Ground) -> Value:
    """Where there is nothing, or an empty text."""
    del ground
    one, other, kind = merged(value, literal(given["value"]))
    empty = one.expr.is_null() | (one.expr == "") if kind.name == "text" else one.expr.is_null()
    return one.become(pl.when(empty).then(other.expr).otherwise(one.expr), kind)


def or_field(value: Value, given: Given, ground: Ground) -> Value:
    """Another field, where there is nothing or an empty text."""
    one, other, kind = merged(value, ground.fields[given["field"]])
    empty = one.expr.is_null() | (one.expr == "") if kind.name == "text" else one.expr.is_null()
    made = Value(pl.when(empty).then(other.expr).otherwise(one.expr), kind, checks_of(one, other))
    return made.become(made.expr)


def with_fields(value: Value, given: Given, ground: Ground) -> Value:
    """Empty ones leave no mark."""
    values = [turning.to_text(one) for one in (value, *(ground.fields[name] for name in given["fields"]))]
    parts = [pl.when(one.expr.str.strip_chars() != "").then(one.expr) for one in values]
    longest = sum(one.kind.longest + len(given["by"]) for one in values)
    made = Value(pl.concat_str(parts, separator=given["by"], ignore_nulls=True), TEXT, checks_of(*values))
    return made.become(made.expr, TEXT.sized(longest))


def look_up(value: Value, given: Given, ground: Ground) -> Value:
    """What a table says; of what it does not know, what `otherwise` says."""
    table, missing = ground.tables[given["table"]], given["otherwise"]
    text, contents = turning.to_text(value), [literal(one) for one in table.values()]
    if common([one.kind for one in contents]) is None or missing == "keep":
        contents = [turning.to_text(one) for one in contents]
    kind = (
        common([text.kind, *(one.kind for one in contents)])
        if missing == "keep"
        else common([c.kind for c in contents])
    )
    if kind is None or kind.name == "nothing":
        raise WrongExpression(f"the table {given['table']} holds nothing to look up")
    if kind.name == "number":
        contents = [one.scaled(kind.scale) for one in contents]
    found = pl.select(*(one.expr.alias(str(place)) for place, one in enumerate(contents))).row(0)
    keep = text.expr if missing == "keep" else None
    made = text.expr.replace_strict(
        list(table), pl.Series(list(found), dtype=kind.dtype), default=keep, return_dtype=kind.dtype
    )
    lost = text.expr.is_not_null() & ~text.expr.is_in(pl.Series(list(table)).implode())
    checks = (Check(lost, f"is not in the table {given['table']}", text.expr),) if missing == "refuse" else ()
    return text.become(made, kind, *checks)


def required(value: Value, given: Given, ground: Ground) -> Value:
    """Refuses a record where there is nothing."""
    del given, ground
    empty = value.expr.is_null()
    if value.kind.name == "text":
        empty = empty | (value.expr.str.strip_chars() == "").fill_null(value=False)
    return value.become(value.expr, value.kind, Check(empty, "is empty and must not be"))


def show_date(value: Value, given: Given, ground: Ground) -> Value:
    """A day or a time as text."""
    del ground
    if value.kind.name not in {"date", "instant"}:
        raise WrongExpression(f"takes a date and gets {value.kind.plain}; add the step date before it")
    return value.become(value.expr.dt.to_string(given["as"]), TEXT.sized(LONGEST_PAD))


def local_date(value: Value, given: Given, ground: Ground) -> Value:
    """The day that a clock at a place shows."""
    del ground
    if value.kind.name != "instant":
        raise WrongExpression(f"takes a time and gets {value.kind.plain}; add the step instant before it")
    return value.become(value.expr.dt.convert_time_zone(given["zone"]).dt.date(), DATE)


def times(value: Value, given: Given, ground: Ground) -> Value:
    """An exact product."""
    del ground
    return numbers.product(number(value), literal(given["by"]))


def plus(value: Value, given: Given, ground: Ground) -> Value:
    """An exact sum."""
    del ground
    return numbers.combined(number(value), literal(given["what"]), "+")


def name(first: bool) -> Make:
    """The last word is the family name; a single word is one too."""

    def make(value: Value, given: Given, ground: Ground) -> Value:
        del given, ground
        made = text(value)
        bare = made.expr.str.strip_chars().str.replace_all(r"\s+", " ")
        words = bare.str.extract(r"^(.*) [^ ]+$") if first else bare.str.extract(r"([^ ]+)$")
        return made.become(words)

    return make
