"""The analyzer's own filters: JSON over dotted keys, values as lists of texts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from he_sync.sandbox.heartland.errors import invalid_request
from he_sync.sandbox.state import Document

COMPARE: dict[str, Callable[[Any, list[Any]], bool]] = {
    "$eq": lambda value, given: text_of(value) in map(text_of, given),
    "$in": lambda value, given: text_of(value) in map(text_of, given),
    "$neq": lambda value, given: text_of(value) not in map(text_of, given),
    "$nin": lambda value, given: text_of(value) not in map(text_of, given),
    "$gt": lambda value, given: all(_number(value) > _number(one) for one in given),
    "$gte": lambda value, given: all(_number(value) >= _number(one) for one in given),
    "$lt": lambda value, given: all(_number(value) < _number(one) for one in given),
    "$lte": lambda value, given: all(_number(value) <= _number(one) for one in given),
}


def text_of(value: Any) -> str:
    """A value as report filters and sorts compare it."""
    return "" if value is None else str(value)


def _number(value: Any) -> Decimal:
    try:
        number = Decimal(str(value if value is not None else 0))
    except ArithmeticError as error:
        raise invalid_request(f"{value!r} is not a number") from error
    if not number.is_finite():
        raise invalid_request(f"{value!r} is not a number")
    return number


def holds(facets: Document, condition: Any) -> bool:
    """Whether a row passes a report filter; values are lists of texts."""
    if not isinstance(condition, dict):
        raise invalid_request("a report filter is an object")
    return all(_member_holds(facets, name, value) for name, value in condition.items())


def _member_holds(facets: Document, name: str, value: Any) -> bool:
    if name in {"$and", "$or"}:
        if not isinstance(value, list):
            raise invalid_request(f"{name} takes a list")
        return (all if name == "$and" else any)(holds(facets, one) for one in value)
    tests = value if isinstance(value, dict) else {"$eq": value}
    if not set(tests) <= COMPARE.keys():
        raise invalid_request(f"unknown operator on {name}")
    return all(
        COMPARE[operator](facets.get(name), given if isinstance(given, list) else [given])
        for operator, given in tests.items()
    )
