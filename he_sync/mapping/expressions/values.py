"""A compiled expression: what Polars computes, its kind, and what must not be so for a record."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from he_sync.mapping.expressions.bounds import LONGEST_RESULT
from he_sync.mapping.expressions.kinds import DIGITS, Kind
from he_sync.mapping.expressions.wrong import WrongExpression


@dataclass(frozen=True)
class Check:
    """A record for which `broken` is true is refused with `text`; `shown` is the value that people see beside it."""

    broken: pl.Expr
    text: str
    shown: pl.Expr | None = None

    def where(self, guard: pl.Expr) -> Check:
        """The check for records alone that come that way."""
        return replace(self, broken=guard.fill_null(value=False) & self.broken)


@dataclass(frozen=True)
class Value:
    """A value of one kind for every record, null where it has none."""

    expr: pl.Expr
    kind: Kind
    checks: tuple[Check, ...] = ()

    def become(self, expr: pl.Expr, kind: Kind | None = None, *checks: Check) -> Value:
        """What is made of it; a text that could become too long is refused."""
        made = Value(expr, kind or self.kind, (*self.checks, *checks))
        if made.kind.longest > LONGEST_RESULT:
            raise WrongExpression(
                f"could become {made.kind.longest:,} characters, the most is {LONGEST_RESULT:,}; "
                "declare how long its fields are, as text(50), or cut them first"
            )
        return made

    def scaled(self, scale: int) -> Value:
        """The same number with more decimals."""
        if scale == self.kind.scale:
            return self
        kind = replace(self.kind, scale=scale)
        return replace(self, expr=self.expr.cast(pl.Decimal(DIGITS, scale)), kind=kind)


def constant(content: object, kind: Kind) -> Value:
    """One value for all records."""
    return Value(pl.lit(content, dtype=kind.dtype), kind)


def checks_of(*values: Value) -> tuple[Check, ...]:
    """The checks of several values."""
    return tuple(check for value in values for check in value.checks)
