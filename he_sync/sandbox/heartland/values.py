"""GET inventory/values: by item and location, by one of them, or one total row. Sums are whole thousandths in SQL."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from he_sync.sandbox.heartland import filters, lists, query
from he_sync.sandbox.heartland.errors import invalid_request
from he_sync.sandbox.heartland.query import ListRequest, repeated
from he_sync.sandbox.heartland.reader import Reader, reading
from he_sync.sandbox.heartland.resources import RESOURCES, VALUES
from he_sync.sandbox.heartland.rows import PAGE_TYPE, envelope, with_member
from he_sync.sandbox.heartland.stock import QUANTITIES
from he_sync.sandbox.http import Answer, Call
from he_sync.sandbox.state import State, encode, field

GROUPS = ("item_id", "location_id")
EMBEDS = {"item_id": ("item", "items"), "location_id": ("location", "locations")}
MILLI = 1000
COST_STEPS = 10_000
HELD = f"({' OR '.join(f'coalesce({field(name)}, 0) <> 0' for name in QUANTITIES)})"


def make_index(state: State) -> None:
    """What `exclude_empty_locations` keeps. Each page counts it: 50 ms over 50,000 places without an index, 2 with."""
    state.keys_where(VALUES.store, "held", HELD)


def listing(call: Call) -> Answer:
    """The list in the grouping asked for."""
    asked = call.params()
    groups = [name for name in GROUPS if name in repeated(call.query, "group")]
    if set(repeated(call.query, "group")) - set(GROUPS):
        raise invalid_request("group is item_id or location_id")
    also = filters.Where(HELD) if asked.get("exclude_empty_locations") == "true" else filters.EVERYTHING
    if len(groups) == len(GROUPS):
        return lists.listing(call, VALUES, also)
    request = query.parse(call)
    with reading(call) as reader:
        where = filters.joined([filters.Compiler(VALUES, call.state).where(request), also], "AND")
        total, texts = _grouped(reader, request, groups, where)
    return Answer(200, envelope(total, request.per_page, texts), PAGE_TYPE)


def _scaled(name: str, steps: int) -> str:
    return f"CAST(round(coalesce({field(name)}, 0) * {steps}) AS INTEGER)"


def _grouped(reader: Reader, request: ListRequest, groups: list[str], where: filters.Where) -> tuple[int, list[str]]:
    keys = [field(name) for name in groups]
    sums = [f"sum({_scaled(name, MILLI)})" for name in QUANTITIES]
    worth = f"sum({_scaled('qty', MILLI)} * {_scaled('unit_cost', COST_STEPS)})"
    by = f"GROUP BY {', '.join(keys)} ORDER BY {', '.join(keys)}" if keys else ""
    sql = f"SELECT {', '.join([*keys, *sums, worth])} FROM {reader.source(VALUES.store)} WHERE {where.sql} {by}"  # noqa: S608
    found = reader.rows(sql, where.params)
    start = (request.page - 1) * request.per_page
    page = found[start : start + request.per_page] if request.per_page else found
    texts = [encode(_row(groups, row)) for row in page]
    for place, name in enumerate(groups):
        embed, path = EMBEDS[name]
        if embed in request.includes:
            others = reader.by_key(RESOURCES[path].store, [row[place] for row in page])
            texts = [
                with_member(text, embed, others.get(row[place], "null")) for text, row in zip(texts, page, strict=True)
            ]
    return len(found), texts


def _row(groups: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    """A summed row; its unit cost is the average weighted by quantity."""
    milli = [int(value or 0) for value in row[len(groups) :]]
    quantities = dict(zip(QUANTITIES, milli, strict=False))
    cost = (
        (Decimal(milli[-1]) / quantities["qty"] / COST_STEPS).quantize(Decimal("0.0001")) if quantities["qty"] else None
    )
    exact = {
        name: value // MILLI if value % MILLI == 0 else Decimal(value) / MILLI for name, value in quantities.items()
    }
    return {**dict(zip(groups, row, strict=False)), **exact, "unit_cost": cost}
