"""The kinds of a record's fields, from records: what a new mapping begins with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from he_sync.mapping.expressions.kinds import MOST_SCALE, USUAL_SCALE

DAY = re.compile(r"\d{4}-\d{2}-\d{2}(T00:00:00)?$")
TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$")
DEEPEST = 4


def inferred(records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Kinds by field, in the order in which fields first come: `city: text`, `lines: list`, `lines.qty: decimal`."""
    seen: dict[str, list[Any]] = {}
    for record in records:
        for name, value in _flat(record):
            seen.setdefault(name, []).append(value)
    return {name: _kind(values) for name, values in seen.items()}


def _flat(record: Mapping[str, Any], before: str = "", deep: int = 0) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, Mapping) and deep < DEEPEST:
            yield from _flat(value, f"{before}{name}.", deep + 1)
        elif isinstance(value, list):
            lines = [one for one in value if isinstance(one, Mapping)]
            if (lines or not value) and not before:
                yield name, list
                for line in lines:
                    yield from ((one, inner) for one, inner in _flat(line, f"{name}.", DEEPEST) if inner is not list)
        elif not isinstance(value, Mapping):
            yield f"{before}{name}", value


def _kind(values: list[Any]) -> str:
    there = [one for one in values if one is not None and one != ""]
    types = set(map(type, there)) or {str}
    if there == [list] * len(there) and there:
        return "list"
    if types <= {int, Decimal}:
        return _number([one for one in there if isinstance(one, Decimal)])
    if types == {str} and there:
        forms = {"date": DAY, "instant": TIME}
        return next((name for name, form in forms.items() if all(form.match(one) for one in there)), "text")
    return "boolean" if types == {bool} else "text"


def _number(decimals: list[Decimal]) -> str:
    if not decimals:
        return "integer"
    scale = max(-int(one.as_tuple().exponent) for one in decimals)
    return "decimal" if scale <= USUAL_SCALE else f"decimal({min(scale, MOST_SCALE)})"
