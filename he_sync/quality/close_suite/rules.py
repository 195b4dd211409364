"""What is expected of each frame of a close: the contract of its columns, and the rules of the close itself.

A rule is an expectation of the library by its name, with its options and our reason. Nothing is said twice: columns
come from the contracts (he_sync.model), and a rule that they hold is not repeated here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from he_sync.model.contract import Contract


@dataclass(frozen=True)
class Rule:
    """An expectation: the library's class without `Expect`, its options, why it is expected."""

    kind: str
    why: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A frame of the close with what is expected of it; `key` names a row to people."""

    name: str
    rows: pd.DataFrame
    rules: tuple[Rule, ...]
    key: str


@dataclass(frozen=True)
class Met:
    """One expectation on one table: whether it is met, else how many rows break it and some of their values."""

    table: str
    kind: str
    column: str
    why: str
    success: bool
    broken: int
    examples: tuple[str, ...]


CHECKS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "isin": ("ColumnValuesToBeInSet", {"allowed_values": "value_set"}),
    "str_matches": ("ColumnValuesToMatchRegex", {"pattern": "regex"}),
    "str_length": ("ColumnValueLengthsToBeBetween", {"min_value": "min_value", "max_value": "max_value"}),
    "not_equal_to": ("ColumnValuesToNotBeInSet", {"value": "value_set"}),
    "greater_than_or_equal_to": ("ColumnValuesToBeBetween", {"min_value": "min_value"}),
    "less_than_or_equal_to": ("ColumnValuesToBeBetween", {"max_value": "max_value"}),
    "greater_than": ("ColumnValuesToBeBetween", {"min_value": "min_value"}),
}
"""Of pandera's checks: the expectation and what its statistics are called there."""


def of_contract(contract: type[Contract]) -> Iterator[Rule]:
    """The columns of a contract: all there and no other, never null, unique where the contract says so, each check."""
    schema = contract.to_schema()
    why = f"contract {contract.__name__}"
    yield Rule("TableColumnsToMatchSet", why, {"column_set": sorted(schema.columns), "exact_match": True})
    for name, column in schema.columns.items():
        about = f"{why}: {column.description}" if column.description else why
        yield Rule("ColumnValuesToNotBeNull", about, {"column": name})
        if column.unique:
            yield Rule("ColumnValuesToBeUnique", about, {"column": name})
        for check in column.checks:
            yield _of_check(name, str(check.name), dict(check.statistics or {}), about)


def _of_check(column: str, name: str, facts: dict[str, Any], why: str) -> Rule:
    kind, names = CHECKS[name]
    options = {other: facts[one] for one, other in names.items() if facts.get(one) is not None}
    if kind.endswith("InSet"):
        told = options["value_set"]
        options["value_set"] = list(told) if isinstance(told, (list, tuple, set, frozenset)) else [told]
    strict = {"strict_min": True} if name == "greater_than" else {}
    return Rule(kind, why, {"column": column, **options, **strict})


def one_of(column: str, allowed: Collection[Any], why: str) -> Rule:
    """Nothing but these values."""
    return Rule("ColumnValuesToBeInSet", why, {"column": column, "value_set": sorted(allowed)})


def nothing(column: str, why: str) -> Rule:
    """A figure, in minor units or a count, that is 0 on every row."""
    return Rule("ColumnValuesToBeInSet", why, {"column": column, "value_set": [0]})


def once(columns: Collection[str], why: str) -> Rule:
    """Columns that together name one row."""
    return Rule("CompoundColumnsToBeUnique", why, {"column_list": list(columns)})


def equal(one: str, other: str, why: str) -> Rule:
    """Two columns that say the same."""
    return Rule("ColumnPairValuesToBeEqual", why, {"column_A": one, "column_B": other})
