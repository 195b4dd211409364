"""Filter objects to SQL: field names checked, values bound, no text of the client in the statement.

`id` is the table's key. Null is a value that differs from every other: `$neq` keeps rows without the field. A
condition with an operator that lacks its `$` follows the switch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from he_sync.sandbox.heartland import fields, switches
from he_sync.sandbox.heartland.errors import invalid_request
from he_sync.sandbox.heartland.query import Filter, ListRequest
from he_sync.sandbox.heartland.resources import Resource
from he_sync.sandbox.state import State, encode, field

CUSTOM = re.compile(r"(item_custom|custom)@([A-Za-z0-9_-]{1,80})")
RANGES = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
OPERATORS = frozenset({"$eq", "$neq", "$in", "$nin", "$like", *RANGES})
MAX_DEPTH = 12
MAX_CONDITIONS = 300
WIDE = timedelta(days=729)
TIMES = ("created_at", "updated_at", "completed_at", "local_completed_at")


@dataclass(frozen=True)
class Where:
    """A condition and its bound values."""

    sql: str
    params: tuple[Any, ...] = ()

    @property
    def clause(self) -> str:
        """The WHERE; none when everything holds, so that a count needs no row."""
        return "" if self.sql == "1" else f"WHERE {self.sql}"


NOTHING, EVERYTHING = Where("0"), Where("1")


def joined(parts: list[Where], word: str) -> Where:
    """Conditions joined by AND or OR; none at all holds."""
    if word == "AND":
        parts = [part for part in parts if part.sql != "1"]
    if not parts:
        return EVERYTHING
    if len(parts) == 1:
        return parts[0]
    return Where(
        f"({f' {word} '.join(part.sql for part in parts)})", tuple(value for part in parts for value in part.params)
    )


def expression(resource: Resource, name: str, state: State) -> tuple[str, str]:
    """The stored name of a field and its SQL. Raises `invalid_request` for a field that cannot be asked for."""
    stored = resource.name(name)
    if stored == "id":
        return stored, "key"
    if found := CUSTOM.fullmatch(name):
        group, key = found.groups()
        if group == "item_custom" and resource.path == "item_grids":
            return name, f"coalesce({field(f'item_custom.{key}')}, {field(f'custom.{key}')})"
        if group in resource.fields:
            return name, field(f"{group}.{key}")
    if stored not in resource.fields or stored in _blocked(resource, state):
        raise invalid_request(f"{name} is not filterable on {resource.path}")
    return stored, field(stored)


def _blocked(resource: Resource, state: State) -> tuple[str, ...]:
    if resource.path == "sales/tickets" and switches.TICKET_LOCATION_FILTER.read(state) == "refused":
        return (*resource.blocked, "source_location_id")
    return resource.blocked


class Compiler:
    """Filters of one request on one resource."""

    def __init__(self, resource: Resource, state: State) -> None:
        self.resource, self.state = resource, state
        self.conditions = 0

    def where(self, request: ListRequest) -> Where:
        """All filters and the search of a request."""
        parts = [self.object(one, 0) for one in request.filters]
        return joined([*parts, *self._search(request.search)], "AND")

    def object(self, one: Filter, depth: int) -> Where:
        """One filter object: every member must hold."""
        if not isinstance(one, dict) or depth > MAX_DEPTH:
            raise invalid_request("a filter is not an object, or is nested too deep")
        return joined([self._member(name, value, depth) for name, value in one.items()], "AND")

    def _member(self, name: str, value: Any, depth: int) -> Where:
        if name in {"$and", "$or"}:
            if not isinstance(value, list):
                raise invalid_request(f"{name} takes a list")
            return joined([self.object(one, depth + 1) for one in value], name[1:].upper())
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise invalid_request("too many conditions")
        stored, sql = expression(self.resource, name, self.state)
        if isinstance(value, dict):
            return joined([self._operator(stored, sql, operator, given) for operator, given in value.items()], "AND")
        return equal(stored, sql, value) if not isinstance(value, list) else among(stored, sql, value)

    def _operator(self, name: str, sql: str, operator: str, value: Any) -> Where:
        if f"${operator}" in OPERATORS:
            return self._missing_dollar(operator)
        if operator not in OPERATORS:
            raise invalid_request(f"{operator} is not an operator")
        return condition(name, sql, operator, value)

    def _missing_dollar(self, operator: str) -> Where:
        match switches.MISSING_DOLLAR.read(self.state):
            case "refused":
                raise invalid_request(f"{operator} is not an operator")
            case "empty":
                return NOTHING
            case _:
                return EVERYTHING

    def _search(self, text: str) -> list[Where]:
        if text and not self.resource.search:
            return []
        words = text.split()[:20]
        return [joined([_contains(name, word) for name in self.resource.search], "OR") for word in words]


def _contains(name: str, word: str) -> Where:
    return Where(f"{field(name)} LIKE ? ESCAPE '\\'", (f"%{_escaped(word)}%",))


def condition(name: str, sql: str, operator: str, value: Any) -> Where:
    """One operator on one field."""
    if operator in RANGES:
        return between(name, sql, RANGES[operator], value)
    if operator == "$like":
        return Where(f"{sql} LIKE ? ESCAPE '\\'", (_escaped(str(value)).replace("*", "%"),))
    found = among(name, sql, value if isinstance(value, list) else [value])
    return found if operator in {"$eq", "$in"} else Where(f"NOT coalesce({found.sql}, 0)", found.params)


def equal(name: str, sql: str, value: Any) -> Where:
    """The field is this value, or has none when it is null."""
    return among(name, sql, [value])


def among(name: str, sql: str, values: list[Any]) -> Where:
    """The field is one of these values. Without a kind, a number and its text are the same."""
    null = any(_is_null(name, value) for value in values)
    params = [bound for value in values if not _is_null(name, value) for bound in _candidates(name, value)]
    parts = [Where(f"{sql} IS NULL")] if null else []
    if len(params) == 2:  # noqa: PLR2004 - a value and its other type; the planner trusts this form to be few
        parts.append(Where(f"{sql} IN (?, ?)", tuple(params)))
    elif params[1:]:
        of_these = f"{sql} IN (SELECT value FROM json_each(?))"  # noqa: S608 - checked names
        parts.append(Where(of_these, (encode(params),)))
    elif params:
        parts.append(Where(f"{sql} = ?", (params[0],)))
    return joined(parts, "OR") if parts else NOTHING


def between(name: str, sql: str, sign: str, value: Any) -> Where:
    """A range. A field of no known kind compares numbers with numbers and texts with texts."""
    if fields.kind(name) != "any":
        return Where(f"{sql} {sign} ?", (_bound(name, value),))
    parts = []
    for candidate in _candidates(name, value):
        types = "('text')" if isinstance(candidate, str) else "('integer', 'real')"
        parts.append(Where(f"(typeof({sql}) IN {types} AND {sql} {sign} ?)", (candidate,)))
    return joined(parts, "OR")


def _is_null(name: str, value: Any) -> bool:
    return value is None or (value == "null" and fields.kind(name) != "any")


def _bound(name: str, value: Any) -> Any:
    """A value as SQLite compares it: json_extract reads decimals as doubles, so the same reading is right here."""
    try:
        stored = fields.stored(name, value)
    except ValueError as error:
        raise invalid_request(f"{name} {error}") from error
    if isinstance(stored, Decimal):
        return float(stored)
    if stored is None or isinstance(stored, dict | list):
        raise invalid_request(f"{name} cannot be compared with that value")
    return int(stored) if isinstance(stored, bool) else stored


def _candidates(name: str, value: Any) -> list[Any]:
    bound = _bound(name, value)
    if fields.kind(name) != "any":
        return [bound]
    if isinstance(value, bool):
        return [bound, str(value).lower()]
    if not isinstance(bound, str):
        return [bound, str(value)]
    if bound in {"true", "false"}:
        return [bound, int(bound == "true")]
    if fields.NUMBER.fullmatch(bound):
        return [bound, float(bound) if "." in bound else int(bound)]
    return [bound]


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def order(resource: Resource, request: ListRequest, state: State) -> str:
    """The ORDER BY; the key breaks ties, so that pages are stable."""
    parts = [
        f"{expression(resource, sort.field, state)[1]} {'DESC' if sort.descending else 'ASC'}" for sort in request.sorts
    ]
    return ", ".join([*parts, "key"])


def wide_range(resource: Resource, request: ListRequest, state: State) -> bool:
    """Whether the request asks tickets over 24 months or more in one filter, which the real server answers with 500."""
    if resource.path != "sales/tickets" or switches.WIDE_TICKET_RANGE.read(state) != "error":
        return False
    low: dict[str, datetime] = {}
    high: dict[str, datetime] = {}
    for name, operators in (
        (name, value) for one in request.filters for name, value in one.items() if isinstance(value, dict)
    ):
        for operator, value in operators.items():
            if name in TIMES and operator in RANGES:
                (low if operator.startswith("$gt") else high)[name] = fields.moment(value).replace(tzinfo=UTC)
    now = state.now()
    return any(high.get(name, now) - start > WIDE for name, start in low.items())
