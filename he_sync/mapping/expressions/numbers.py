"""Exact arithmetic. Sums and products are exact or refused, quotients are rounded once where the expression says so.

Rounding is half away from zero, as tills and the ledger round. Polars rounds products to the larger scale and quotients
half to even; both are kept from happening here (tests/mapping_language/test_exact.py holds it against Decimal).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import polars as pl

from he_sync.mapping.expressions.bounds import MOST_PRODUCT_SCALE
from he_sync.mapping.expressions.kinds import DIGITS, number
from he_sync.mapping.expressions.values import Check, Value, checks_of
from he_sync.mapping.expressions.wrong import WrongExpression

BY_ZERO = "divides by zero"


def combined(left: Value, right: Value, sign: Literal["+", "-"]) -> Value:
    """A sum or a difference, with the decimals of the finer side."""
    expr = left.expr + right.expr if sign == "+" else left.expr - right.expr
    return Value(expr, number(max(left.kind.scale, right.kind.scale)), checks_of(left, right))


def product(left: Value, right: Value) -> Value:
    """With as many decimals as both sides have. Raises WrongExpression where those are too many."""
    scale = left.kind.scale + right.kind.scale
    if scale > MOST_PRODUCT_SCALE:
        raise WrongExpression(
            f"the product would have {scale} decimals, the most is {MOST_PRODUCT_SCALE}; round one side first"
        )
    return Value(left.scaled(scale).expr * right.expr, number(scale), checks_of(left, right))


def quotient(left: Value, right: Value, decimals: int) -> Value:
    """Rounded once, half away from zero: both sides as whole numbers, twice the quotient plus one, halved."""
    scale = max(left.kind.scale, right.kind.scale)
    none = right.expr == 0
    above, below = _units(left, scale).abs() * _whole(2 * 10**decimals), _units(right, scale).abs()
    below = pl.when(none).then(None).otherwise(below)
    units = (above + below) // (below * _whole(2))
    sign = pl.when((left.expr < 0) != (right.expr < 0)).then(_whole(-1)).otherwise(_whole(1))
    unit = pl.lit(Decimal(1).scaleb(-decimals), dtype=pl.Decimal(DIGITS, decimals))
    return Value(units * sign * unit, number(decimals), (*checks_of(left, right), Check(none, BY_ZERO)))


def rounded(value: Value, decimals: int) -> Value:
    """Half away from zero."""
    if decimals >= value.kind.scale:
        return value.scaled(decimals)
    expr = value.expr.round(decimals, mode="half_away_from_zero").cast(pl.Decimal(DIGITS, decimals))
    return value.become(expr, number(decimals))


def _units(value: Value, scale: int) -> pl.Expr:
    """The number in units of its last decimal, as a whole number."""
    return (value.scaled(scale).expr * _whole(10**scale)).cast(pl.Decimal(DIGITS, 0))


def _whole(content: int) -> pl.Expr:
    return pl.lit(Decimal(content), dtype=pl.Decimal(DIGITS, 0))
