"""How a question to Heartland Retail is written: filters, sorts, embeds, and windows that the server can bear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from he_sync.connect import strict_json

Filter = dict[str, Any]
Params = Sequence[tuple[str, str]]

# 24 months of tickets in one filter gave HTTP 500, three and six worked (reference: heartland 1.6).
WIDEST = timedelta(days=92)
LOWER, UPPER = ("$gte", "$gt"), ("$lt", "$lte")


def encoded(params: Params) -> str:
    """A query string; names keep their brackets readable."""
    return urlencode(params, quote_via=quote, safe="[]$")


def filtered(*filters: Filter) -> list[tuple[str, str]]:
    """The filters joined by AND, in the official client's form: a JSON list."""
    wanted = [one for one in filters if one]
    return [("_filter", strict_json.dumps(wanted).decode())] if wanted else []


def shaped(include: Iterable[str] = (), only: Iterable[str] = ()) -> list[tuple[str, str]]:
    """What each row carries: embedded documents, and the fields wanted (none named: all)."""
    return [("_include[]", name) for name in include] + [("_only[]", name) for name in dict.fromkeys(only)]


def windows(asked: Filter | None, now: datetime) -> list[Filter]:
    """The filter, cut into spans of at most WIDEST where it asks for a wider span of one time field.

    An open end counts as `now` for the cutting and stays open in the last span. The spans are half-open and together
    exactly what was asked for.
    """
    given = dict(asked or {})
    for field, condition in given.items():
        edges = _edges(condition, now)
        if edges and edges[1] - edges[0] > WIDEST:
            return [{**given, field: span} for span in _spans(condition, *edges)]
    return [given]


def _edges(condition: Any, now: datetime) -> tuple[datetime, datetime] | None:
    """Begin and end of a time range, or None for any other condition."""
    if not isinstance(condition, dict):
        return None
    lower = next((_instant(condition[name]) for name in LOWER if name in condition), None)
    upper = next((_instant(condition[name]) for name in UPPER if name in condition), now)
    return (lower, upper) if lower and upper else None


def _instant(value: Any) -> datetime | None:
    """A time for comparing; without an offset (a store's wall time) it is taken as UTC, which only moves a cut."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _spans(condition: dict[str, Any], begin: datetime, end: datetime) -> Iterable[Filter]:
    """The range in pieces; its own edges keep the text and the operator that they came with."""
    local = all(datetime.fromisoformat(value).tzinfo is None for name, value in condition.items() if name in LOWER)
    first = {name: value for name, value in condition.items() if name not in UPPER}
    cut = begin + WIDEST
    while cut < end:
        edge = (cut.replace(tzinfo=None) if local else cut).isoformat(timespec="seconds")
        yield {**first, "$lt": edge}
        first = {name: value for name, value in first.items() if name not in LOWER} | {"$gte": edge}
        cut += WIDEST
    yield first | {name: value for name, value in condition.items() if name in UPPER}
