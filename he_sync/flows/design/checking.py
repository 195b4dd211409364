"""What is wrong with a flow's text: each mistake at its line and key, with the nearest value that would be right.

Form and names are asked of spec.py and registry.py, which decide what runs; said beside theirs is what runs and never
does what it says: a check before the one that it needs, a condition that can never hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from he_sync.flows import registry, spec
from he_sync.flows.design.editing import BEGINS
from he_sync.flows.spec import Flow, FlowFile
from he_sync.mapping.expressions.names import did_you_mean, nearest
from he_sync.mapping.rules import SalesUnit
from he_sync.mapping.spec.document import composed
from he_sync.mapping.spec.model import Complaint, Place, WrongMapping

NEEDS: Mapping[str, str] = dict.fromkeys(("has_lines", "known_parts", "deliverable_address"), "contract")
"""A check reads what the other one found out: it comes behind it."""
MAPS: Mapping[str, str] = {
    "heartland_sales": "sales_order",
    "heartland_returns": "rma",
    "heartland_customers": "customer",
    "epicor_fulfilment": "fulfilment_status",
    "epicor_customers": "account_fields",
    "parts": "parts",
}
"""What is read, and the one thing that can be made of it."""
MODELS: Mapping[str, type[BaseModel]] = {
    "": FlowFile,
    "attributes": Flow,
    "attributes.trigger": spec.Trigger,
    "attributes.match": spec.Match,
    "attributes.map": spec.Map,
    "attributes.push": spec.Push,
    "attributes.record": spec.Record,
}
ROUTES: Mapping[str, type[BaseModel]] = {
    "amount": spec.Amount,
    "new_customer": spec.NewCustomer,
    "margin": spec.Margin,
    "blocked_part": spec.BlockedPart,
    "changed_after_posting": spec.AfterPosting,
}
"""Conditions by name."""
TOPICS = ("heartland", "shop", "processor", "epicor")
UNKNOWN = re.compile(r"attributes\.([\w.]+): nothing is registered as '(\w*)'; there is (.*)")
QUOTED = re.compile(r"'([^']*)'")


@dataclass(frozen=True)
class Checked:
    """A text, looked at. `flow` is None where something is wrong with it."""

    flow: Flow | None
    wrong: tuple[Complaint, ...]


def checked(text: str, file: str = "flow") -> Checked:
    """Everything that is wrong with a text; `file` is what a caller names it by."""
    try:
        node = composed(text, file, BEGINS)
    except WrongMapping as error:
        return Checked(None, tuple(error.complaints))
    try:
        flow = FlowFile.model_validate(yaml.safe_load(text)).attributes
    except ValidationError as error:
        return Checked(None, tuple(sorted({_told(node, one) for one in error.errors()})))
    except ValueError as error:  # YAML takes 2026-13-01 for a date, and its reader trips over it
        return Checked(None, (Complaint(_no_date(node), f"is no date ({error})"),))
    wrong = tuple(sorted({*_unknown(node, flow), *_never_works(node, flow)}))
    return Checked(None if wrong else flow, wrong)


def complaints(path: Path) -> list[str]:
    """What is wrong with a flow file, a line each: file, line, key, rule. Raises FixInput where there is none."""
    found = checked(spec.read(path), str(path)).wrong
    return [f"{path}:{one.place.line}: {one.place.key or 'file'}: {one.text}" for one in found]


# form


@dataclass(frozen=True)
class _Mistake:
    """What pydantic refuses, at its place: the key, and the nearest node that is there."""

    place: Place
    there: yaml.Node
    error: ErrorDetails

    @property
    def key(self) -> str:
        return str(self.error["loc"][-1]) if self.error["loc"] else "file"

    @property
    def context(self) -> dict[str, Any]:
        return self.error.get("ctx", {})


def _told(node: yaml.Node, error: ErrorDetails) -> Complaint:
    mistake = _Mistake(*_walked(node, error["loc"]), error)
    return SAID.get(error["type"], _as_told)(mistake)


def _as_told(mistake: _Mistake) -> Complaint:
    text = mistake.error["msg"].removeprefix("Value error, ")
    return Complaint(mistake.place, text[0].lower() + text[1:] + f"; it is {mistake.error['input']!r}"[:80])


def _no_such_key(mistake: _Mistake) -> Complaint:
    known = _keys(mistake.error["loc"][:-1])
    return Complaint(mistake.place, f"there is no key {mistake.key}{did_you_mean(mistake.key, known)}")


def _missing(mistake: _Mistake) -> Complaint:
    near = nearest(mistake.key, _given(mistake.there))
    return Complaint(mistake.place, f"{mistake.key} is missing" + (f"; is {near} meant for it?" if near else ""))


def _no_such_value(mistake: _Mistake) -> Complaint:
    return Complaint(mistake.place, _none_of(mistake.error["input"], QUOTED.findall(mistake.context["expected"])))


def _no_such_condition(mistake: _Mistake) -> Complaint:
    at = _inner(mistake.there, "when") or mistake.there
    return Complaint(_place(at, f"{mistake.place.key}.when"), _none_of(mistake.context["tag"], list(ROUTES)))


def _no_condition(mistake: _Mistake) -> Complaint:
    near = nearest("when", _given(mistake.there))
    meant = f", it says {near} instead of when" if near else ""
    return Complaint(mistake.place, f"names no condition{meant}; when: {', '.join(ROUTES)}")


def _misshaped(mistake: _Mistake) -> Complaint:
    return Complaint(mistake.place, _shaped(mistake.error["loc"], str(mistake.error["input"])))


SAID: Mapping[str, Callable[[_Mistake], Complaint]] = {
    "extra_forbidden": _no_such_key,
    "missing": _missing,
    "literal_error": _no_such_value,
    "union_tag_invalid": _no_such_condition,
    "union_tag_not_found": _no_condition,
    "string_pattern_mismatch": _misshaped,
}
"""What is said of a mistake, by pydantic's name for it."""


def _none_of(given: Any, values: Sequence[str]) -> str:
    return f"{str(given)[:60]!r} is none of {', '.join(values)}" + _meant(str(given), values)


def _meant(given: str, values: Sequence[str]) -> str:
    near = nearest(given, values)
    return f"; did you mean {near}?" if near else ""


def _shaped(loc: Sequence[int | str], given: str) -> str:
    """A topic or a name that is written another way than it must be."""
    if "topics" in loc:
        source, _, topic = given.partition("/")
        near = nearest(source, TOPICS)
        said = f"{given[:60]!r} is no topic as the inbox keeps it: {', '.join(TOPICS)}, a slash and the event's name"
        return said + (f"; did you mean {near}/{topic.strip('/') or 'name'}?" if near else "")
    field = spec.Record.model_fields.get(str(loc[-1])) if "record" in loc else None
    if field and field.description and loc[-1] != "mapping":
        return f"{given[:60]!r} is none: {field.description[0].lower()}{field.description[1:]}"
    plain = re.sub(r"[^a-z0-9]+", "_", given.casefold()).strip("_")
    return f"{given[:60]!r} is no name: small letters, digits and _" + (f"; did you mean {plain}?" if plain else "")


def _walked(node: yaml.Node, loc: Sequence[int | str]) -> tuple[Place, yaml.Node]:
    """Where an error is. Pydantic also names the tags of a union, and that it is a key: they are no places."""
    named: list[str] = []
    found = node
    at = node
    for step in loc:
        inner = _inner(found, step)
        if step == "[key]" or (inner is None and isinstance(found, yaml.MappingNode) and step in ROUTES):
            continue
        named.append(str(step))
        at = _key(found, step) or inner or at
        found = inner or found
    return _place(at, ".".join(named)), found


def _place(node: yaml.Node, key: str) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1, key)


def _key(node: yaml.Node, step: int | str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((key for key, _ in pairs if key.value == step), None)


def _inner(node: yaml.Node, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        inner: yaml.Node = node.value[step]
        return inner
    return None


def _given(node: yaml.Node) -> list[str]:
    return [str(key.value) for key, _ in node.value] if isinstance(node, yaml.MappingNode) else []


def _keys(loc: Sequence[int | str]) -> list[str]:
    """The keys that a part of the file may have."""
    steps = [str(step) for step in loc]
    model = MODELS.get(".".join(steps)) or (ROUTES.get(steps[-1]) if steps else None)
    model = model or (SalesUnit if "units" in steps else Flow)
    return [field.alias or name for name, field in model.model_fields.items()]


def _no_date(node: yaml.Node) -> Place:
    found, steps = node, ("attributes", "not_before")
    for step in steps:
        found = _inner(found, step) or found
    return _place(found, ".".join(steps))


# names


def _unknown(node: yaml.Node, flow: Flow) -> Iterator[Complaint]:
    """Steps that nobody registered, as registry.py says."""
    for line in registry.unknown(flow):
        match = UNKNOWN.fullmatch(line)
        if match is None:
            key, _, text = line.partition(": ")
            yield Complaint(_at(node, key.removeprefix("attributes.").split("."))[0], text)
            continue
        place, name, there = match[1].split("."), match[2], match[3].split(", ")
        yield Complaint(_at(node, place, name)[0], _none_of(name, there))


def _at(node: yaml.Node, keys: Sequence[str], item: str = "") -> tuple[Place, yaml.Node]:
    """The place of an attribute, or of one of its items."""
    place, found = _walked(node, ["attributes", *keys])
    if isinstance(found, yaml.SequenceNode):
        for number, inner in enumerate(found.value):
            if inner.value == item:
                return _place(inner, f"{place.key}.{number}"), inner
    return place, found


# what runs and never does what it says


def _never_works(node: yaml.Node, flow: Flow) -> Iterator[Complaint]:
    for check in flow.checks:
        if (needs := NEEDS.get(check)) and needs not in flow.checks[: flow.checks.index(check)]:
            place, _ = _at(node, ["validate"], check)
            yield Complaint(place, f"{check} reads what {needs} found out; put {needs} before it")
    yield from _twice(node, flow)
    makes = MAPS.get(flow.read)
    if makes and flow.decider and flow.decider != makes:
        key = ["decide"] if flow.decide else ["map", "to"]
        yield Complaint(
            _at(node, key)[0], f"{flow.decider} is not made of what {flow.read} reads; did you mean {makes}?"
        )
    for number, route in enumerate(flow.route):
        place, _ = _walked(node, ["attributes", "route", number])
        if route.when == "blocked_part" and "known_parts" not in flow.checks:
            yield Complaint(place, "blocked_part never holds without the check known_parts, which reads the parts")
        if route.when == "new_customer" and flow.match is None:
            yield Complaint(place, "new_customer never holds without `match`, which finds the customer")


def _twice(node: yaml.Node, flow: Flow) -> Iterator[Complaint]:
    for key, names in (("trigger.topics", flow.trigger.topics), ("validate", flow.checks)):
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Complaint(_at(node, key.split("."), name)[0], f"{name} is named twice; keep one")
