"""What a flow did lately, as the store has it: its events among the newest, and sales orders over a limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from he_sync.flows.design.outline import inner, routes_of, texts
from he_sync.model.errors import BadRecord
from he_sync.model.money import to_minor
from he_sync.store.board import Topic

ORDERS = "create_sales_order"


@dataclass(frozen=True)
class Figures:
    """Events of a flow among the newest of the inbox."""

    events: int
    waiting: int
    parked: int
    last: datetime | None


def figures(topics: Iterable[Topic], parts: Mapping[str, Any]) -> Figures:
    """Of a flow's attributes: the events that trigger it."""
    named = set(texts(inner(parts, "trigger").get("topics")))
    mine = [one for one in topics if one.name in named]
    by = {state: sum(one.events for one in mine if one.state == state) for state in ("new", "taken", "parked")}
    last = max((one.last for one in mine), default=None)
    return Figures(sum(one.events for one in mine), by["new"] + by["taken"], by["parked"], last)


def over_limit(amounts: Iterable[int], parts: Mapping[str, Any], currency: str) -> int:
    """How many of these orders a person is asked about for what they come to."""
    limits = [limit for route in routes_of(parts) if (limit := _limit(route, currency)) is not None]
    return sum(amount > min(limits) for amount in amounts) if limits else 0


def _limit(route: Mapping[str, Any], currency: str) -> int | None:
    try:
        return to_minor(str(route["over"]), currency) if route.get("when") == "amount" else None
    except (KeyError, BadRecord):
        return None
