"""The form of a flow: what may be changed of it, and its attributes as a person filled it in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from he_sync.flows import registry
from he_sync.flows.design.checking import NEEDS, ROUTES
from he_sync.flows.design.outline import CHOICES, inner, routes_of, texts
from he_sync.flows.design.words import LIMITS, WHENS
from he_sync.mapping.rules import MapRules
from he_sync.model.errors import FixInput
from he_sync.web.console.forms import Form

SALES = ("heartland_sales", "heartland_returns")
WAYS = ("link", "email_and_name")
NEW = {"amount": {"over": "1000.00"}, "new_customer": {"over_amount": "0.00"}, "margin": {"under_percent": "5"}}
"""Limits of a condition that was just added."""


@dataclass(frozen=True)
class Item:
    """One item of a list: what it is, and whether it may go up or down."""

    name: str
    up: bool
    down: bool


@dataclass(frozen=True)
class Choice:
    """A plain choice of a mapping: its words, its value, and the values it may have (none: a number)."""

    key: str
    words: str
    value: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Filled:
    """What the form of a flow shows."""

    topics: list[str]
    more_topics: list[str]
    not_before: str
    description: str
    checks: list[Item]
    more_checks: list[str]
    ways: list[Item]
    more_ways: list[str]
    choices: list[Choice]
    routes: list[dict[str, Any]]
    conditions: Mapping[str, str]
    limits: Mapping[str, str]
    way: str
    reports: list[tuple[str, bool]]


def filled(parts: Mapping[str, Any], known_topics: Iterable[str]) -> Filled:
    """The form, filled in from a flow's attributes."""
    topics, checks, ways = texts(inner(parts, "trigger").get("topics")), texts(parts.get("validate")), _ways(parts)
    sales, told = str(parts.get("read")) in SALES, texts(parts.get("report_back"))
    orders = inner(parts, "map").get("to") == "sales_order"
    return Filled(
        topics,
        sorted({*known_topics} - {*topics}),
        str(parts.get("not_before") or ""),
        str(parts.get("description") or ""),
        _items(checks),
        [name for name in registry.STEPS.validators if sales and name not in checks],
        _items(ways),
        [way for way in WAYS if "match" in parts and way not in ways],
        _choices(inner(parts, "map")) if orders else [],
        routes_of(parts),
        {name: WHENS[name].format("...") for name in ROUTES} if sales or "route" in parts else {},
        LIMITS,
        str(inner(parts, "push").get("way", "composite")) if orders else "",
        [(name, name in told) for name in registry.STEPS.reports] if orders else [],
    )


def _ways(parts: Mapping[str, Any]) -> list[str]:
    return texts(inner(parts, "match").get("customers", list(WAYS))) if "match" in parts else []


def legal(checks: Sequence[str]) -> bool:
    """Whether every check comes behind the one that it reads from."""
    return all(NEEDS[name] in checks[:at] for at, name in enumerate(checks) if name in NEEDS)


def _items(names: Sequence[str]) -> list[Item]:
    found = list(names)
    return [
        Item(name, at > 0 and legal(moved(found, at, -1)), at + 1 < len(found) and legal(moved(found, at, 1)))
        for at, name in enumerate(found)
    ]


def moved(items: Sequence[Any], at: int, by: int) -> list[Any]:
    """The list with an item one place earlier (-1) or later (1)."""
    found, to = list(items), at + by
    if 0 <= to < len(found):
        found[at], found[to] = found[to], found[at]
    return found


def _choices(mapped: Mapping[str, Any]) -> list[Choice]:
    found = []
    for key, words in CHOICES.items():
        field = MapRules.model_fields[key]
        values = tuple(map(str, get_args(field.annotation)))
        found.append(Choice(key, words, str(mapped.get(key, field.default)), values))
    return found


# what was sent


def changes(parts: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """Attributes that are to be otherwise, by key; None takes one out. What was not in the form stays."""
    shown = [key for key in form.many("part") if key in READ]
    made = {key: READ[key](parts, form) for key in shown}
    return {key: value for key, value in made.items() if value != parts.get(key)}


def _description(parts: Mapping[str, Any], form: Form) -> Any:
    typed, old = " ".join(form.one("description").split()), parts.get("description")
    return old if typed == " ".join(str(old or "").split()) else typed or None


def _trigger(parts: Mapping[str, Any], form: Form) -> dict[str, Any]:
    topics = [topic for topic in (*form.many("topic"), form.one("topic.new")) if topic]
    return {**inner(parts, "trigger"), "topics": topics}


def _moved(form: Form, part: str, items: list[Any], fresh: Any) -> list[Any]:
    """The list after the button that was pressed: `up:validate:1`, `add:validate`, `remove:validate:1`."""
    verb, _, rest = form.one("do").partition(":")
    of, _, at = rest.partition(":")
    if of != part:
        return items
    if verb == "add":
        return [*items, fresh] if fresh else items
    number = int(at) if at.isdecimal() else len(items)
    if number >= len(items) or verb not in {"up", "down", "remove"}:
        raise FixInput(f"{form.one('do')[:40]!r} is no button of this page")
    return items[:number] + items[number + 1 :] if verb == "remove" else moved(items, number, -1 if verb == "up" else 1)


def _checks(_: Mapping[str, Any], form: Form) -> list[str] | None:
    return _moved(form, "validate", form.many("validate"), form.one("validate.new")) or None


def _match(parts: Mapping[str, Any], form: Form) -> dict[str, Any]:
    old, ways = inner(parts, "match"), _moved(form, "match", form.many("match"), form.one("match.new"))
    if not ways:
        raise FixInput("match: one way to find the customer stays; without any, every sale would make a new one")
    return old if ways == _ways(parts) else {**old, "customers": ways}


def _map(parts: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """Only what was changed is written: a default stays unsaid."""
    old = inner(parts, "map")
    chosen = {one.key: form.one(f"map.{one.key}") for one in _choices(old)}
    fresh = {one.key: chosen[one.key] for one in _choices(old) if chosen[one.key] not in {"", one.value}}
    return {**old, **{key: int(said) if said.isdecimal() else said for key, said in fresh.items()}}


def _routes(parts: Mapping[str, Any], form: Form) -> list[dict[str, Any]] | None:
    old, rows = routes_of(parts), zip(form.many("route"), form.many("limit"), form.many("because"), strict=False)
    found = [_route(old, *row) for row in rows]
    when = form.one("route.new")
    fresh = {"when": when, **NEW.get(when, {}), "to": "approval"} if when in ROUTES else None
    return _moved(form, "route", found, fresh) or None


def _route(old: Sequence[dict[str, Any]], row: str, limit: str, because: str) -> dict[str, Any]:
    """One row: its number among the routes as they are, its limit and its words."""
    if not row.isdecimal() or int(row) >= len(old):
        raise FixInput("this page is older than the flow; open it again")
    one = dict(old[int(row)])
    if (key := LIMITS.get(str(one.get("when")))) and (limit.strip() or key in one):
        one[key] = one[key] if str(one.get(key)) == limit.strip() else limit.strip()
    words = " ".join(because.split())
    if words != " ".join(str(one.get("because") or "").split()):
        one = {**one, "because": words} if words else {key: value for key, value in one.items() if key != "because"}
    return one


def _push(parts: Mapping[str, Any], form: Form) -> dict[str, Any]:
    old, way = inner(parts, "push"), form.one("push.way")
    return old if way in {"", str(old.get("way", "composite"))} else {**old, "way": way}


READ: Mapping[str, Callable[[Mapping[str, Any], Form], Any]] = {
    "description": _description,
    "trigger": _trigger,
    "not_before": lambda _, form: form.one("not_before") or None,
    "validate": _checks,
    "match": _match,
    "map": _map,
    "route": _routes,
    "push": _push,
    "report_back": lambda _, form: form.many("report") or None,
}
"""How each part of the form is read; a page shows those that its flow may have."""
