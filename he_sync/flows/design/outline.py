"""A flow as steps in the order in which they run, for its picture and its list; made of parts that may be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from he_sync.flows.design.words import CHECKS, MAKES, MATCHES, READS, condition

Kind = Literal["trigger", "read", "check", "match", "map", "ask", "push", "report"]
SYSTEMS = {"epicor": "Epicor", "heartland": "Heartland"}
CHOICES = {
    "order_discount": "discounts of a whole sale",
    "aggregate_lines": "lines of one part",
    "tips": "tips",
    "gift_cards": "gift cards",
    "need_by_days": "days until NeedByDate",
}
"""Plain choices of a mapping, in words."""


@dataclass(frozen=True)
class Step:
    """One step: its title, what it does, what becomes of a record that it stops, and the part of the file it is of."""

    kind: Kind
    title: str
    lines: tuple[str, ...]
    part: str
    stops: str = ""


def outline(parts: Mapping[str, Any]) -> list[Step]:
    """The steps of a flow's attributes."""
    return list(_steps(parts))


def texts(value: Any) -> list[str]:
    """A list of texts, whatever stands there."""
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []


def inner(parts: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A part that holds keys, empty where it does not."""
    found = parts.get(key)
    return found if isinstance(found, dict) else {}


def routes_of(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The routes that can be read."""
    found = parts.get("route")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _steps(parts: Mapping[str, Any]) -> Iterator[Step]:
    yield Step("trigger", "An event of", tuple(texts(inner(parts, "trigger").get("topics"))), "trigger")
    read = str(parts.get("read", ""))
    first = [f"nothing before {parts['not_before']}"] if parts.get("not_before") else []
    yield Step("read", "Read", (READS.get(read, _plain(read)), *first), "trigger")
    for check in texts(parts.get("validate")):
        yield Step("check", f"Check {_plain(check)}", (CHECKS.get(check, ""),), "validate", "a dead letter")
    if ways := texts(inner(parts, "match").get("customers")):
        found = ", else ".join(MATCHES.get(way, _plain(way)) for way in ways)
        yield Step(
            "match",
            "Find the customer",
            (found, "else a new one; without one, the store's walk-in"),
            "match",
            "a dead letter",
        )
    yield _map(parts)
    for route in routes_of(parts):
        because = (str(route["because"]),) if route.get("because") else ()
        yield Step("ask", f"If {condition(route)}", because, "route", "a person decides")
    if push := inner(parts, "push"):
        way = " by its function, once" if push.get("way") == "function" else ""
        target = str(push.get("target"))
        yield Step(
            "push", f"Write to {SYSTEMS.get(target, target)}{way}", ("looked up before, read back after",), "push"
        )
    for report in texts(parts.get("report_back")):
        yield Step("report", "Report back", (f"{_plain(report)}, when it is confirmed",), "push")


def _map(parts: Mapping[str, Any]) -> Step:
    mapped = inner(parts, "map")
    makes = str(parts.get("decide") or mapped.get("to") or "")
    said = [f"{words}: {_plain(str(mapped[key]))}" for key, words in CHOICES.items() if key in mapped]
    if record := inner(parts, "record"):
        said.append(f"{record.get('set')} by the mapping {record.get('mapping')} into {record.get('into')}")
    return Step("map", f"Decide: {MAKES.get(makes, _plain(makes))}", tuple(said), "map")


def _plain(name: str) -> str:
    return name.replace("_", " ")
