"""A list call: filters, order and page from the query, the rows from SQL, and the envelope around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from he_sync.sandbox.http import Answer, Call
from he_sync.sandbox.processor import switches
from he_sync.sandbox.processor.filters import Filter
from he_sync.sandbox.processor.history import reader
from he_sync.sandbox.processor.problems import Problem, unexpected
from he_sync.sandbox.state import Document, field

COMMON = frozenset(("page", "page_size", "order", "order_by", "account_name", "account_id", "zone"))
TIME_ORDERS = {"TIME_CREATED": "time_created", "STATUS": "status", "TYPE": "type"}


@dataclass(frozen=True)
class Listing:
    """One list address: its table and list name, what may be asked, and how a stored row is shown."""

    table: str
    key: str
    filters: Mapping[str, Filter]
    orders: Mapping[str, str]
    show: Callable[[Call, Document], Document]
    every: str = ""
    indexes: tuple[str, ...] = ()


def page_of(call: Call, listing: Listing) -> Answer:
    """One page in its envelope; the list is there even when it is empty."""
    asked = {name: text for name, text in call.query if text}
    where, params = _where(call, listing, asked)
    number, size = _number(asked, "page", 1), _size(call, asked)
    order_by, order = _order(call, listing, asked)
    # A unary plus keeps SQLite from walking the whole order index when a filter has already narrowed the rows.
    name = listing.orders[order_by]
    column = f"{'+' if params else ''}{'key' if name == 'id' else field(name)}"
    source = reader(call)
    rows = source.select(
        listing.table, where, params, order=f"{column} {order}, key {order}", limit=size, offset=(number - 1) * size
    )
    body: dict[str, Any] = {
        switches.COUNT_KEY.read(call.state): source.count(listing.table, where, params),
        "paging": {"page_size": size, "page": number, "order": order, "order_by": order_by},
        listing.key: [listing.show(call, row) for row in rows],
    }
    return Answer(200, body)


def _where(call: Call, listing: Listing, asked: Mapping[str, str]) -> tuple[str, list[str | int]]:
    unknown = asked.keys() - COMMON - listing.filters.keys()
    if unknown and switches.UNKNOWN_PARAMETERS.read(call.state) == "refuse":
        message = f"Request contains unexpected fields: {', '.join(sorted(unknown))}"
        raise Problem("INVALID_REQUEST_DATA", "40043", message)
    used = [name for name in asked if name in listing.filters]
    clauses = [listing.filters[name].sql for name in used]
    where = " AND ".join([listing.every, *clauses] if listing.every else clauses)
    return where, [listing.filters[name].value(name, asked[name]) for name in used]


def _number(asked: Mapping[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not (re.fullmatch("[0-9]{1,9}", text) and int(text) > 0):
        raise unexpected(name)
    return int(text)


def _size(call: Call, asked: Mapping[str, str]) -> int:
    size = _number(asked, "page_size", int(switches.PAGE_SIZE_DEFAULT.read(call.state)))
    largest = int(switches.PAGE_SIZE_MAX.read(call.state))
    if size > largest and switches.PAGE_SIZE_OVER.read(call.state) == "refuse":
        raise unexpected("page_size")
    return min(size, largest)


def _order(call: Call, listing: Listing, asked: Mapping[str, str]) -> tuple[str, str]:
    order_by = asked.get("order_by", next(iter(listing.orders))).upper()
    order = asked.get("order", switches.DEFAULT_ORDER.read(call.state)).upper()
    if order_by not in listing.orders:
        raise unexpected("order_by")
    if order not in {"ASC", "DESC"}:
        raise unexpected("order")
    return order_by, order
