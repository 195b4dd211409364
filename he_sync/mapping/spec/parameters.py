"""What steps take: kinds of parameters with their bounds, and whether a value is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Literal
from zoneinfo import available_timezones

from he_sync.mapping.expressions.bounds import LONGEST_CELL, LONGEST_LITERAL
from he_sync.mapping.expressions.kinds import BOOLEAN, NOTHING, TEXT, number
from he_sync.mapping.expressions.names import did_you_mean
from he_sync.mapping.expressions.values import Value, constant
from he_sync.mapping.expressions.wrong import WrongExpression

ParameterKind = Literal["text", "whole", "exact", "any", "field", "fields", "table", "choice", "zone"]
MOST_FACTOR_DIGITS, MOST_FIELDS = 18, 20


@dataclass(frozen=True)
class Parameter:
    """One parameter: its kind, its words, and its bounds where it has some. `default` None: it must be given."""

    name: str
    kind: ParameterKind
    words: str
    low: int = 0
    high: int = LONGEST_LITERAL
    choices: tuple[str, ...] = ()
    default: Any = None
    optional: bool = False


@dataclass(frozen=True)
class Ground:
    """What a step may look at beside its value: the record's other fields, and the tables of the file."""

    fields: Mapping[str, Value]
    tables: Mapping[str, Mapping[str, Any]]


def literal(content: Any) -> Value:
    """A value written in place. Raises WrongExpression for what is none."""
    if content is None:
        return constant(None, NOTHING)
    if isinstance(content, bool):
        return constant(content, BOOLEAN)
    if isinstance(content, int | Decimal):
        exact = Decimal(content)
        if not exact.is_finite() or len(exact.as_tuple().digits) > MOST_FACTOR_DIGITS:
            raise WrongExpression(f"{content} is no number of at most {MOST_FACTOR_DIGITS} digits")
        scale = max(0, -int(exact.as_tuple().exponent))
        return constant(exact, number(scale))
    if isinstance(content, str) and len(content) <= LONGEST_CELL:
        return constant(content, TEXT.sized(len(content)))
    raise WrongExpression("is one value: a text, a number, true or false")


def accepted(parameter: Parameter, content: Any, ground: Ground) -> Any:
    """A parameter's value as the step takes it. Raises WrongExpression that says what it may be."""
    check = _ACCEPT[parameter.kind]
    return check(parameter, content, ground)


def _whole(parameter: Parameter, content: Any, ground: Ground) -> int:
    del ground
    if isinstance(content, bool) or not isinstance(content, int) or not parameter.low <= content <= parameter.high:
        raise WrongExpression(f"is a whole number from {parameter.low} to {parameter.high}, not {content!r}")
    return content


def _words(parameter: Parameter, content: Any, ground: Ground) -> str:
    del ground
    text = str(content) if isinstance(content, int) and not isinstance(content, bool) else content
    if not isinstance(text, str) or not parameter.low <= len(text) <= parameter.high:
        raise WrongExpression(f"is a text of {parameter.low} to {parameter.high} characters")
    return text


def _exact(parameter: Parameter, content: Any, ground: Ground) -> Decimal:
    del parameter, ground
    try:
        exact = Decimal(content) if isinstance(content, str | int | Decimal) and not isinstance(content, bool) else None
    except ArithmeticError:
        exact = None
    if exact is None or not exact.is_finite() or len(exact.as_tuple().digits) > MOST_FACTOR_DIGITS:
        raise WrongExpression(f"is a number of at most {MOST_FACTOR_DIGITS} digits, not {content!r}")
    return exact


def _one_of(names: Mapping[str, Any] | tuple[str, ...], what: str, content: Any) -> str:
    if not isinstance(content, str) or content not in names:
        raise WrongExpression(f"there is no {what} {content}{did_you_mean(str(content), names)}")
    return content


def _fields(parameter: Parameter, content: Any, ground: Ground) -> list[str]:
    del parameter
    if not isinstance(content, list) or not 1 <= len(content) <= MOST_FIELDS:
        raise WrongExpression("is a list of fields")
    return [_one_of(ground.fields, "field", one) for one in content]


def _zone(parameter: Parameter, content: Any, ground: Ground) -> str:
    del parameter, ground
    return _one_of(zones(), "time zone", content)


def _any(parameter: Parameter, content: Any, ground: Ground) -> Any:
    del parameter, ground
    literal(content)
    return content


_ACCEPT: Mapping[ParameterKind, Callable[[Parameter, Any, Ground], Any]] = {
    "whole": _whole,
    "text": _words,
    "exact": _exact,
    "any": _any,
    "zone": _zone,
    "fields": _fields,
    "field": lambda _, content, ground: _one_of(ground.fields, "field", content),
    "table": lambda _, content, ground: _one_of(ground.tables, "table", content),
    "choice": lambda parameter, content, _: _one_of(parameter.choices, f"{parameter.name} called", content),
}


@cache
def zones() -> tuple[str, ...]:
    """Every time zone, by name."""
    return tuple(sorted(available_timezones()))
