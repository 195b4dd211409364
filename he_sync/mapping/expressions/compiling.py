"""A syntax tree as a Polars expression. What is not named here is refused, with its place and what is meant instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
from sqlglot import exp

from he_sync.mapping.expressions.bounds import LONGEST_LITERAL, MOST_LISTED, MOST_WILDCARDS
from he_sync.mapping.expressions.functions import FUNCTIONS, NAMED, SPOKEN, alike, number, text
from he_sync.mapping.expressions.kinds import BOOLEAN, DATE, NOTHING, TEXT
from he_sync.mapping.expressions.kinds import number as number_kind
from he_sync.mapping.expressions.names import did_you_mean, nearest
from he_sync.mapping.expressions.numbers import combined, product
from he_sync.mapping.expressions.parsing import parsed, place_of
from he_sync.mapping.expressions.turning import to_text
from he_sync.mapping.expressions.values import Check, Value, checks_of, constant
from he_sync.mapping.expressions.wrong import WrongExpression

COMPARED: Mapping[type[exp.Expr], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    exp.EQ: lambda left, right: left == right,
    exp.NEQ: lambda left, right: left != right,
    exp.GT: lambda left, right: left > right,
    exp.GTE: lambda left, right: left >= right,
    exp.LT: lambda left, right: left < right,
    exp.LTE: lambda left, right: left <= right,
}
DAY = re.compile(r"\d{4}-\d{2}-\d{2}$")
Fields = Mapping[str, Value]


def compiled(written: str, fields: Fields) -> Value:
    """An expression over fields by name. Raises WrongExpression with its place and the nearest name."""
    tree = parsed(written)
    try:
        return Compiler(fields).value(tree)
    except RecursionError:
        raise WrongExpression("is nested too deep") from None


def condition(written: str, fields: Fields) -> Value:
    """The same for what is true or false of a record; nothing counts as false."""
    value = compiled(written, fields)
    if value.kind.name != "boolean":
        raise WrongExpression(f"is {value.kind.plain}; a condition is true or false, as total > 100")
    return replace(value, expr=value.expr.fill_null(value=False))


def used(written: str) -> list[str]:
    """The names of fields in an expression, in order of their first place. Raises WrongExpression."""
    found = [name_of(node) for node in parsed(written).walk() if isinstance(node, exp.Column)]
    return list(dict.fromkeys(found))


def name_of(node: exp.Column | exp.Dot) -> str:
    """`billing.city` of a column with parts."""
    if isinstance(node, exp.Dot):
        inner = name_of(node.this) if isinstance(node.this, exp.Column | exp.Dot) else "?"
        return f"{inner}.{node.expression.name}"
    return ".".join(part.name for part in node.parts)


class Compiler:
    """Compiles one expression."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._ways: Mapping[type[exp.Expr], Callable[[Any], Value]] = {
            exp.Column: self._column,
            exp.Dot: self._column,
            exp.Literal: self._literal,
            exp.Boolean: self._boolean,
            exp.Null: self._null,
            exp.Paren: self._inner,
            exp.Add: self._sum,
            exp.Sub: self._sum,
            exp.Mul: self._product,
            exp.Div: self._division,
            exp.Neg: self._minus,
            exp.DPipe: self._joined,
            exp.And: self._both,
            exp.Or: self._both,
            exp.Not: self._not,
            exp.Is: self._is,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: self._like,
            exp.ILike: self._like,
            exp.Case: self._case,
            exp.If: self._if,
            exp.Anonymous: self._named,
        }

    def value(self, node: exp.Expr) -> Value:
        """One node and all below it."""
        kind = type(node)
        if kind in COMPARED:
            return self._compared(node)
        if kind in FUNCTIONS:
            return FUNCTIONS[kind](node, self.value)
        if kind in self._ways:
            return self._ways[kind](node)
        raise WrongExpression(_refusal(node), place_of(node))

    # fields and values written in place

    def _column(self, node: exp.Column | exp.Dot) -> Value:
        name = name_of(node)
        if name not in self._fields:
            raise WrongExpression(f"there is no field {name}{did_you_mean(name, self._fields)}", place_of(node))
        return self._fields[name]

    def _literal(self, node: exp.Literal) -> Value:
        content = str(node.this)
        if node.is_string:
            return constant(content, TEXT.sized(min(len(content), LONGEST_LITERAL)))
        exact = Decimal(content)
        return constant(exact, number_kind(max(0, -int(exact.as_tuple().exponent))))

    def _inner(self, node: exp.Paren) -> Value:
        return self.value(node.this)

    # arithmetic and texts side by side

    def _sum(self, node: exp.Add | exp.Sub) -> Value:
        left, right = (number(self.value(one), one) for one in (node.this, node.expression))
        return combined(left, right, "+" if isinstance(node, exp.Add) else "-")

    def _product(self, node: exp.Mul) -> Value:
        left, right = (number(self.value(one), one) for one in (node.this, node.expression))
        try:
            return product(left, right)
        except WrongExpression as error:
            raise WrongExpression(error.why, place_of(node)) from None

    def _minus(self, node: exp.Neg) -> Value:
        value = number(self.value(node.this), node.this)
        return value.become(-value.expr)

    def _joined(self, node: exp.DPipe) -> Value:
        left, right = (to_text(self.value(one)) for one in (node.this, node.expression))
        longest = left.kind.longest + right.kind.longest
        both = Value(left.expr, left.kind, checks_of(left, right))
        return both.become(left.expr + right.expr, TEXT.sized(longest))

    # true or false

    def _compared(self, node: exp.Expr) -> Value:
        if any(isinstance(one, exp.Null) for one in (node.this, node.args["expression"])):
            raise WrongExpression("nothing is equal to NULL; write IS NULL or IS NOT NULL", place_of(node))
        left, right = self._as_days(node, self.value(node.this), self.value(node.args["expression"]))
        left, right = alike([left, right], node)
        return Value(COMPARED[type(node)](left.expr, right.expr), BOOLEAN, checks_of(left, right))

    def _as_days(self, node: exp.Expr, left: Value, right: Value) -> tuple[Value, Value]:
        """A day beside a text written in place that is one: `ordered >= '2026-01-01'`."""
        sides = [(left, node.args.get("expression")), (right, node.this)]
        if left.kind.name == "date" and (day := _day(sides[0][1])):
            return left, constant(day, DATE)
        if right.kind.name == "date" and (day := _day(sides[1][1])):
            return constant(day, DATE), right
        return left, right

    def _both(self, node: exp.And | exp.Or) -> Value:
        left = self._true(node.this)
        first = left.expr.fill_null(value=False)
        right = _only(self._true(node.expression), first if isinstance(node, exp.And) else ~first)
        expr = left.expr & right.expr if isinstance(node, exp.And) else left.expr | right.expr
        return Value(expr, BOOLEAN, checks_of(left, right))

    def _not(self, node: exp.Not) -> Value:
        value = self._true(node.this)
        return value.become(~value.expr)

    def _true(self, node: exp.Expr) -> Value:
        value = self.value(node)
        if value.kind.name != "boolean":
            raise WrongExpression(f"is {value.kind.plain}; AND, OR and NOT take what is true or false", place_of(node))
        return value

    def _is(self, node: exp.Is) -> Value:
        value = self.value(node.this)
        if isinstance(node.expression, exp.Null):
            return value.become(value.expr.is_null(), BOOLEAN)
        if isinstance(node.expression, exp.Boolean) and value.kind.name == "boolean":
            return value.become(value.expr.eq_missing(pl.lit(bool(node.expression.this))), BOOLEAN)
        raise WrongExpression("IS takes NULL, and TRUE or FALSE of a yes or no", place_of(node))

    def _in(self, node: exp.In) -> Value:
        listed = node.expressions
        if not listed or len(listed) > MOST_LISTED or not all(_written(one) for one in listed):
            raise WrongExpression(f"IN takes 1 to {MOST_LISTED} values, written in place", place_of(node))
        value, *others = alike([self.value(node.this), *(self.value(one) for one in listed)], node)
        contents = [pl.select(other.expr).item() for other in others]
        found = value.expr.is_in(pl.Series(contents, dtype=value.kind.dtype).implode())
        return value.become(pl.when(value.expr.is_null()).then(None).otherwise(found), BOOLEAN)

    def _between(self, node: exp.Between) -> Value:
        low = exp.GTE(this=node.this, expression=node.args["low"])
        high = exp.LTE(this=node.this, expression=node.args["high"])
        values = [self._compared(low), self._compared(high)]
        return Value(values[0].expr & values[1].expr, BOOLEAN, checks_of(*values))

    def _like(self, node: exp.Like | exp.ILike) -> Value:
        """The engine of Polars takes linear time; wildcards are bounded all the same."""
        value, pattern = text(self.value(node.this), node.this), node.expression
        if not isinstance(pattern, exp.Literal) or not pattern.is_string:
            raise WrongExpression("LIKE takes a text, written in place", place_of(node))
        written = str(pattern.this)
        if written.count("%") + written.count("_") > MOST_WILDCARDS:
            raise WrongExpression(f"LIKE takes at most {MOST_WILDCARDS} wildcards", place_of(pattern))
        parts = [".*" if one == "%" else "." if one == "_" else re.escape(one) for one in written]
        flags = "(?is)" if isinstance(node, exp.ILike) else "(?s)"
        return value.become(value.expr.str.contains(f"{flags}^{''.join(parts)}$"), BOOLEAN)

    # one of several

    def _case(self, node: exp.Case) -> Value:
        asked = [exp.EQ(this=node.this, expression=one.this) if node.this else one.this for one in node.args["ifs"]]
        thens = [one.args["true"] for one in node.args["ifs"]]
        return self._chosen(list(zip(asked, thens, strict=True)), node.args.get("default"), node)

    def _if(self, node: exp.If) -> Value:
        return self._chosen([(node.this, node.args["true"])], node.args.get("false"), node)

    def _chosen(self, ways: list[tuple[exp.Expr, exp.Expr]], default: exp.Expr | None, node: exp.Expr) -> Value:
        """The first way whose condition holds. What is wrong in another way is no fault of the record."""
        taken: pl.Expr = pl.lit(value=False)
        conditions: list[pl.Expr] = []
        values: list[Value] = []
        checks: list[Check] = []
        for asked, then in ways:
            true = _only(self._true(asked), ~taken)
            holds = true.expr.fill_null(value=False)
            values.append(_only(self.value(then), holds & ~taken))
            conditions.append(holds)
            checks += true.checks
            taken = taken | holds
        values.append(_only(self.value(default), ~taken) if default is not None else constant(None, NOTHING))
        alikes = alike(values, node)
        chain: Any = pl
        for holds, value in zip(conditions, alikes[:-1], strict=True):
            chain = chain.when(holds).then(value.expr)
        return Value(chain.otherwise(alikes[-1].expr), alikes[0].kind, (*checks, *checks_of(*alikes)))

    def _named(self, node: exp.Anonymous) -> Value:
        name = str(node.this).lower()
        if name not in NAMED:
            raise WrongExpression(f"there is no function {name}{did_you_mean(name, SPOKEN)}", place_of(node))
        return NAMED[name](node, self.value)

    def _boolean(self, node: exp.Boolean) -> Value:
        return constant(bool(node.this), BOOLEAN)

    def _null(self, node: exp.Null) -> Value:
        del node
        return constant(None, NOTHING)

    def _division(self, node: exp.Div) -> Value:
        raise WrongExpression("say to how many decimals a quotient is rounded: round(a / b, 2)", place_of(node))


def _only(value: Value, guard: pl.Expr) -> Value:
    """What is wrong on a way that a record does not take is no fault of the record."""
    return replace(value, checks=tuple(check.where(guard) for check in value.checks))


def _written(node: exp.Expr) -> bool:
    return isinstance(node.this if isinstance(node, exp.Neg) else node, exp.Literal)


def _day(node: exp.Expr | None) -> date | None:
    if not isinstance(node, exp.Literal) or not node.is_string or not DAY.match(str(node.this)):
        return None
    try:
        return date.fromisoformat(str(node.this))
    except ValueError:
        raise WrongExpression(f"{node.this} is no day", place_of(node)) from None


def _refusal(node: exp.Expr) -> str:
    if isinstance(node, exp.AggFunc):
        return "an expression sees one record; `lines` with `take` sums over lines"
    if isinstance(node, exp.Subquery | exp.Query | exp.Exists):
        return "an expression computes from one record; there is no SELECT"
    name = node.sql_name().lower() if isinstance(node, exp.Func) else type(node).__name__.lower()
    near = nearest(name, SPOKEN)
    what = "function" if isinstance(node, exp.Func) else "operator"
    return f"there is no {what} {name}" + (f"; did you mean {near}?" if near else "; see docs/mapping.md for the list")
