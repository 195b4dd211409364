"""The functions of expressions: a closed list, each with what it takes and how long its text may become."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl
from sqlglot import exp

from he_sync.mapping.expressions.bounds import LONGEST_PAD
from he_sync.mapping.expressions.kinds import BOOLEAN, DATE, WHOLE, Kind, common
from he_sync.mapping.expressions.numbers import quotient, rounded
from he_sync.mapping.expressions.parsing import place_of
from he_sync.mapping.expressions.turning import to_boolean, to_date, to_instant, to_number, to_text
from he_sync.mapping.expressions.values import Value, checks_of
from he_sync.mapping.expressions.wrong import WrongExpression

MOST_DECIMALS, MOST_PARTS, MOST_DAYS = 10, 100, 40_000
PARTS = ("year", "month", "day")
Compile = Callable[[exp.Expr], Value]


def text(value: Value, node: exp.Expr) -> Value:
    """A text. Raises WrongExpression for another kind."""
    if value.kind.name not in {"text", "nothing"}:
        raise WrongExpression(f"is {value.kind.plain}, a text is wanted; CAST(... AS text) makes one", place_of(node))
    return to_text(value)


def number(value: Value, node: exp.Expr) -> Value:
    """A number. Raises WrongExpression for another kind."""
    if value.kind.name != "number":
        raise WrongExpression(f"is {value.kind.plain}, a number is wanted", place_of(node))
    return value


def literal(node: exp.Expr | None, what: str, low: int, high: int) -> int:
    """A whole number written in place. Raises WrongExpression for anything else: bounds are known before it is run."""
    minus = isinstance(node, exp.Neg)
    inner = node.this if minus and node is not None else node
    written = isinstance(inner, exp.Literal) and not inner.is_string and str(inner.this).isdecimal()
    found = int(str(inner.this)) * (-1 if minus else 1) if written and inner is not None else None
    if found is None or not low <= found <= high:
        raise WrongExpression(
            f"{what} is a number from {low} to {high}, written in place", place_of(node) if node else 0
        )
    return found


def words(node: exp.Expr | None, what: str, longest: int) -> str:
    """A text written in place, not empty."""
    if not isinstance(node, exp.Literal) or not node.is_string or not 1 <= len(str(node.this)) <= longest:
        raise WrongExpression(
            f"{what} is a text of 1 to {longest} characters, written in place", place_of(node) if node else 0
        )
    return str(node.this)


def _simple(change: Callable[[pl.Expr], pl.Expr]) -> Callable[[Any, Compile], Value]:
    def run(node: exp.Expr, compiled: Compile) -> Value:
        value = text(compiled(node.this), node.this)
        return value.become(change(value.expr))

    return run


def _trim(node: exp.Trim, compiled: Compile) -> Value:
    if node.args.get("expression"):
        raise WrongExpression("trim takes spaces alone; replace takes other characters", place_of(node))
    value, side = text(compiled(node.this), node.this), str(node.args.get("position") or "")
    ways = {"LEADING": value.expr.str.strip_chars_start(), "TRAILING": value.expr.str.strip_chars_end()}
    return value.become(ways.get(side, value.expr.str.strip_chars()))


def _length(node: exp.Length, compiled: Compile) -> Value:
    value = text(compiled(node.this), node.this)
    return value.become(value.expr.str.len_chars().cast(WHOLE.dtype), WHOLE)


def _substring(node: exp.Substring, compiled: Compile) -> Value:
    value = text(compiled(node.this), node.this)
    start = literal(node.args.get("start"), "where substring begins", 1, value.kind.longest + 1)
    most = node.args.get("length")
    size = literal(most, "the length of substring", 0, value.kind.longest) if most else value.kind.longest
    return value.become(value.expr.str.slice(start - 1, size), value.kind.sized(size))


def _left(node: exp.Left | exp.Right, compiled: Compile) -> Value:
    value = text(compiled(node.this), node.this)
    size = literal(node.expression, "how many characters are taken", 1, max(value.kind.longest, 1))
    made = value.expr.str.head(size) if isinstance(node, exp.Left) else value.expr.str.tail(size)
    return value.become(made, value.kind.sized(size))


def _replace(node: exp.Replace, compiled: Compile) -> Value:
    value = text(compiled(node.this), node.this)
    old = words(node.args.get("expression"), "what is replaced", LONGEST_PAD)
    new = node.args.get("replacement")
    if not isinstance(new, exp.Literal) or not new.is_string:
        raise WrongExpression("what replace puts there is a text, written in place", place_of(node))
    return replaced(value, old, str(new.this))


def replaced(value: Value, old: str, new: str) -> Value:
    """Every `old` in a text by `new`."""
    grows = -(-len(new) // len(old)) if len(new) > len(old) else 1
    return value.become(
        value.expr.str.replace_all(old, new, literal=True), value.kind.sized(value.kind.longest * grows)
    )


def padded(value: Value, size: int, fill: str, *, left: bool) -> Value:
    """A text filled up to a length; a longer one stays."""
    made = value.expr.str.pad_start(size, fill) if left else value.expr.str.pad_end(size, fill)
    return value.become(made, value.kind.sized(max(size, value.kind.longest)))


def _pad(node: exp.Pad, compiled: Compile) -> Value:
    value = text(compiled(node.this), node.this)
    size = literal(node.expression, "the length of a pad", 1, LONGEST_PAD)
    fill = words(node.args.get("fill_pattern"), "what a pad fills with", 1)
    return padded(value, size, fill, left=bool(node.args.get("is_left")))


def _concat(node: exp.Concat, compiled: Compile) -> Value:
    """Empty ones count as nothing, as in Postgres."""
    values = [to_text(compiled(one)) for one in node.expressions]
    made = pl.concat_str([value.expr.fill_null("") for value in values])
    longest = sum(value.kind.longest for value in values)
    return Value(made, values[0].kind, checks_of(*values)).become(made, values[0].kind.sized(longest))


def _part(node: exp.SplitPart, compiled: Compile) -> Value:
    value = text(compiled(node.this), node.this)
    by = words(node.args.get("delimiter"), "what parts the text", LONGEST_PAD)
    at = literal(node.args.get("part_index"), "the number of the part", 1, MOST_PARTS)
    return part(value, by, at)


def part(value: Value, by: str, at: int) -> Value:
    """The n-th part of a text, counted from 1, or from the end where `at` is below 0; null where there are fewer."""
    place = at - 1 if at > 0 else at
    return value.become(value.expr.str.split(by).list.get(place, null_on_oob=True))


def _found(way: str) -> Callable[[Any, Compile], Value]:
    def run(node: exp.Expr, compiled: Compile) -> Value:
        value, other = text(compiled(node.this), node.this), text(compiled(node.expression), node.expression)
        text_of = value.expr.str
        made = {
            "starts": text_of.starts_with(other.expr),
            "ends": text_of.ends_with(other.expr),
            "contains": text_of.contains(other.expr, literal=True),
        }[way]
        return Value(made, BOOLEAN, checks_of(value, other))

    return run


def _round(node: exp.Round, compiled: Compile) -> Value:
    asked = node.args.get("decimals")
    decimals = literal(asked, "the decimals of round", 0, MOST_DECIMALS) if asked else 0
    inner = node.this
    while isinstance(inner, exp.Paren):
        inner = inner.this
    if isinstance(inner, exp.Div):
        sides = [number(compiled(one), one) for one in (inner.this, inner.expression)]
        return quotient(sides[0], sides[1], decimals)
    return rounded(number(compiled(inner), inner), decimals)


def _whole(up: bool) -> Callable[[Any, Compile], Value]:
    def run(node: exp.Expr, compiled: Compile) -> Value:
        value = number(compiled(node.this), node.this)
        return value.become((value.expr.ceil() if up else value.expr.floor()).cast(WHOLE.dtype), WHOLE)

    return run


def _abs(node: exp.Abs, compiled: Compile) -> Value:
    value = number(compiled(node.this), node.this)
    return value.become(value.expr.abs())


def alike(values: list[Value], node: exp.Expr) -> list[Value]:
    """Values of one kind, numbers with the decimals of the finest. Raises WrongExpression where kinds differ."""
    kind = common([value.kind for value in values])
    if kind is None:
        kinds = " and ".join(dict.fromkeys(value.kind.plain for value in values if value.kind.name != "nothing"))
        raise WrongExpression(f"{kinds} do not go together", place_of(node))
    return [replace(_widened(value, kind), kind=kind) for value in values]


def _widened(value: Value, kind: Kind) -> Value:
    if value.kind.name == "nothing":
        return replace(value, expr=value.expr.cast(kind.dtype))
    return value.scaled(kind.scale) if value.kind.name == "number" else value


def _first(node: exp.Coalesce, compiled: Compile) -> Value:
    values = alike([compiled(one) for one in (node.this, *node.expressions)], node)
    return Value(pl.coalesce(*(value.expr for value in values)), values[0].kind, checks_of(*values))


def _extreme(node: exp.Greatest | exp.Least, compiled: Compile) -> Value:
    values = alike([compiled(one) for one in (node.this, *node.expressions)], node)
    if values[0].kind.name in {"text", "boolean"}:
        raise WrongExpression("least and greatest take numbers, days or times", place_of(node))
    way = pl.max_horizontal if isinstance(node, exp.Greatest) else pl.min_horizontal
    return Value(way(*(value.expr for value in values)), values[0].kind, checks_of(*values))


def _nullif(node: exp.Nullif, compiled: Compile) -> Value:
    value, other = alike([compiled(node.this), compiled(node.expression)], node)
    equal = (value.expr == other.expr).fill_null(value=False)
    return Value(pl.when(equal).then(None).otherwise(value.expr), value.kind, checks_of(value, other))


def _date_part(name: str) -> Callable[[Any, Compile], Value]:
    def run(node: exp.Expr, compiled: Compile) -> Value:
        inner = node.expression if isinstance(node, exp.Extract) else node.this
        value = compiled(inner)
        if value.kind.name not in {"date", "instant"}:
            raise WrongExpression(f"is {value.kind.plain}, a date is wanted", place_of(inner))
        wanted = name or str(node.this.name).lower()
        if wanted not in PARTS:
            raise WrongExpression(f"extract takes {', '.join(PARTS)}", place_of(node))
        return value.become(getattr(value.expr.dt, wanted)().cast(WHOLE.dtype), WHOLE)

    return run


def _add_days(node: exp.Anonymous, compiled: Compile) -> Value:
    if len(node.expressions) != 2:  # noqa: PLR2004 - a day and how many
        raise WrongExpression("add_days takes a date and a number of days", place_of(node))
    inner, days = node.expressions
    return later(compiled(inner), literal(days, "how many days", -MOST_DAYS, MOST_DAYS), place_of(inner))


def later(value: Value, days: int, at: int = 0) -> Value:
    """A date so many days later."""
    if value.kind.name != "date":
        raise WrongExpression(f"is {value.kind.plain}, a date is wanted", at)
    return value.become(value.expr + pl.duration(days=days), DATE)


def cast(node: exp.Cast, compiled: Compile) -> Value:
    """CAST(x AS text | integer | decimal(n) | date | timestamp | boolean)."""
    kind, inner = node.to.this, compiled(node.this)
    sizes = [literal(one.this, "a size", 0, 38) for one in node.to.expressions if isinstance(one, exp.DataTypeParam)]
    types = exp.DataType.Type
    try:
        if kind in {types.TEXT, types.VARCHAR}:
            return to_text(inner)
        if kind in {types.INT, types.BIGINT}:
            return to_number(inner, 0)
        if kind is types.DECIMAL and sizes:
            return to_number(inner, min(sizes[-1] if len(sizes) > 1 else sizes[0], MOST_DECIMALS))
        if kind in {types.DATE, types.BOOLEAN, types.TIMESTAMPTZ}:
            return {types.DATE: to_date, types.BOOLEAN: to_boolean, types.TIMESTAMPTZ: to_instant}[kind](inner)
    except WrongExpression as error:
        raise WrongExpression(error.why, place_of(node.this)) from None
    raise WrongExpression("CAST knows text, integer, decimal(n), date, timestamptz and boolean", place_of(node))


FUNCTIONS: Mapping[type[exp.Expr], Callable[[Any, Compile], Value]] = {
    exp.Upper: _simple(lambda expr: expr.str.to_uppercase()),
    exp.Lower: _simple(lambda expr: expr.str.to_lowercase()),
    exp.Trim: _trim,
    exp.Length: _length,
    exp.Substring: _substring,
    exp.Left: _left,
    exp.Right: _left,
    exp.Replace: _replace,
    exp.Pad: _pad,
    exp.Concat: _concat,
    exp.SplitPart: _part,
    exp.StartsWith: _found("starts"),
    exp.EndsWith: _found("ends"),
    exp.Contains: _found("contains"),
    exp.Round: _round,
    exp.Floor: _whole(up=False),
    exp.Ceil: _whole(up=True),
    exp.Abs: _abs,
    exp.Coalesce: _first,
    exp.Nullif: _nullif,
    exp.Greatest: _extreme,
    exp.Least: _extreme,
    exp.Extract: _date_part(""),
    exp.Year: _date_part("year"),
    exp.Month: _date_part("month"),
    exp.Day: _date_part("day"),
    exp.Cast: cast,
}
NAMED: Mapping[str, Callable[[Any, Compile], Value]] = {"add_days": _add_days, "ends_with": _found("ends")}
"""Functions that the parser knows by name alone."""
SPOKEN = (
    *("abs", "add_days", "case", "cast", "ceil", "coalesce", "concat", "contains", "ends_with", "extract", "floor"),
    *("greatest", "least", "left", "length", "lower", "lpad", "nullif", "replace", "right", "round", "rpad"),
    *("split_part", "starts_with", "substring", "trim", "upper", "year", "month", "day", "if"),
)
"""As people write them, for messages."""
