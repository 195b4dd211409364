"""The query string of a list: five filter forms, search, sort, embeds, sparse fields, pages.

| form | example |
|---|---|
| A | `_filter={"price":{"$gt":10}}`, `_filter=[{...},{...}]` |
| B | `_filter[]={...}` repeated |
| C | `_filter[field][$op]=v`, `_filter[field]=v`, `_filter[field][$in][]=v` |
| D | `~[field]=v`, `~[field][$op]=v` |
| E | `status=open`, `location_id=1` and the other plain names |

All of them end as the same list of filter objects, joined by AND.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from he_sync.sandbox.heartland import switches
from he_sync.sandbox.heartland.errors import invalid_request
from he_sync.sandbox.http import Call, parsed
from he_sync.sandbox.state import State

Filter = dict[str, Any]

BRACKETS = re.compile(r"\[([^\]]*)\]")
PLAIN = frozenset(
    {
        *("status", "type", "active", "number", "order_id", "item_id", "location_id"),
        *("customer_id", "station_id", "vendor_id", "transaction_id", "payment_type_id"),
    }
)


@dataclass(frozen=True)
class Sort:
    """One sort key."""

    field: str
    descending: bool


@dataclass(frozen=True)
class ListRequest:
    """What a list request asks for. `per_page` 0 is all rows."""

    filters: tuple[Filter, ...]
    search: str
    sorts: tuple[Sort, ...]
    includes: tuple[str, ...]
    only: tuple[str, ...]
    page: int
    per_page: int


def parse(call: Call) -> ListRequest:
    """Read a query string. Raises Refused `invalid_request`."""
    pairs = call.query
    page, per_page = paging(call)
    return ListRequest(
        tuple(_filters(call.state, pairs)),
        dict(pairs).get("query", "").strip(),
        tuple(_sort(text) for text in repeated(pairs, "sort")),
        tuple(dict.fromkeys(repeated(pairs, "_include"))),
        tuple(dict.fromkeys(repeated(pairs, "_only"))),
        page,
        per_page,
    )


def repeated(pairs: Sequence[tuple[str, str]], name: str) -> list[str]:
    """Values of `name[]`, repeated, or of a single `name`."""
    return [value for key, value in pairs if key in {f"{name}[]", name} and value]


def paging(call: Call) -> tuple[int, int]:
    """Page and page size; a size above the maximum is cut, `all` is 0."""
    asked = call.params()
    page = _positive(asked.get("page", "1"), "page")
    size = asked.get("per_page", "") or switches.PER_PAGE_DEFAULT.read(call.state)
    if size == "all":
        return 1, 0
    return page, min(_positive(size, "per_page"), int(switches.PER_PAGE_MAXIMUM.read(call.state)))


def _positive(text: str, name: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < 1:
        raise invalid_request(f"{name} is not a positive number")
    return int(text)


def _sort(text: str) -> Sort:
    name, _, direction = text.partition(",")
    if direction.strip().lower() not in {"", "asc", "desc"}:
        raise invalid_request(f"cannot sort {direction!r}")
    return Sort(name.strip(), direction.strip().lower() == "desc")


def _filters(state: State, pairs: Sequence[tuple[str, str]]) -> list[Filter]:
    found: list[Filter] = []
    lists: dict[tuple[str, ...], list[str]] = {}
    plain = PLAIN | ({"public_id"} if switches.PLAIN_PUBLIC_ID.read(state) == "filter" else frozenset())
    for key, value in pairs:
        head, path = key.split("[", 1)[0], tuple(BRACKETS.findall(key))
        if key in {"_filter", "_filter[]"}:
            found += _json(value)
        elif head in {"_filter", "~"} and path and path[-1] == "":
            lists.setdefault(path[:-1], []).append(value)
        elif head in {"_filter", "~"} and path:
            found.append(_nest(path, value))
        elif key in plain:
            found.append({key: value})
    return found + [_nest(path, values) for path, values in lists.items()]


def _json(text: str) -> list[Filter]:
    try:
        value = parsed(text)
    except ValueError as error:
        raise invalid_request("_filter is not JSON") from error
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in found):
        raise invalid_request("_filter is not an object or a list of objects")
    return found


def _nest(path: tuple[str, ...], value: Any) -> Filter:
    for name in reversed(path):
        value = {name: value}
    nested: Filter = value
    return nested
