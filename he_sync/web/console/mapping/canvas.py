"""The canvas: source fields left, target fields right, links between, suggestions, and what a record becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from he_sync.flows.mapped.recorded import Recorded
from he_sync.mapping.expressions.kinds import written
from he_sync.mapping.shelf.versions import number_of
from he_sync.mapping.spec.applying import seen
from he_sync.mapping.spec.columns import picked
from he_sync.mapping.spec.compiled import Engine
from he_sync.mapping.spec.editing import with_entries
from he_sync.mapping.spec.model import Entry
from he_sync.mapping.spec.writing import entry_data, in_words
from he_sync.model.errors import FixInput
from he_sync.web.console.drafts import decide_draft
from he_sync.web.console.forms import Form
from he_sync.web.console.mapping.cells import bridge, cell, start_of, with_start
from he_sync.web.console.mapping.drawing import drawn, read_by
from he_sync.web.console.mapping.offers import ROWS, offers
from he_sync.web.console.mapping.room import Looked, Room, looked, named, raw, record_of, room_of
from he_sync.web.console.render import done, page

OFFERED = 8
"""Suggestions in view; the next follow as these are decided."""
SHOWN = 60
FIELD = "from:"


@dataclass(frozen=True)
class Line:
    """One target field of the table. `locked`: its source has a form of its own."""

    target: str
    kind: str
    cell: str
    locked: str
    then: str
    value: str
    wrong: str


@dataclass(frozen=True)
class Source:
    """One source field with its value in the record at hand."""

    name: str
    kind: str
    value: str
    used: bool


def canvas(request: Request) -> Response:
    """GET /mappings/NAME?record=: the page."""
    room, name = room_of(request), named(request)
    draft = room.draft(name)
    look, live = looked(draft.text, name), room.shelf.live(name)
    common: dict[str, Any] = {
        "which": name,
        "draft": draft,
        "waits": room.desk.proposal(name),
        "wrong": look.wrong,
        "live": number_of(live),
        "behind": draft.base != live,
    }
    if look.engine is None:
        return page(request, "mapping_broken", name, **common)
    mapping = look.engine.mapping
    documents = room.documents(name, mapping.source.record, ROWS)
    one = record_of(documents, request.query_params.get("record", ""))
    offered = offers(mapping, documents, room.desk.memory(name))
    pairs = [(offer.source, offer.target) for offer in offered[:OFFERED]]
    known = [*mapping.target.fields, *mapping.target.lists]
    targets = [*known, *(target for target in mapping.entries if target not in known)]
    values: dict[str, Any] = {
        "mapping": mapping,
        "lines": lines(look, targets, one),
        "sources": _sources(look.engine, one),
        "picture": drawn(mapping, [*mapping.source.fields, *mapping.source.lists], targets, pairs),
        "offers": offered[:OFFERED],
        "more": len(offered) - OFFERED,
        "documents": documents,
        "record": one.entity if one else "",
    }
    return page(request, "mapping_canvas", name, **common, **values)


def lines(look: Looked, targets: Sequence[str], one: Recorded | None) -> list[Line]:
    """The rows of the table, each with what the record at hand would become."""
    engine = look.engine
    if engine is None:
        return []
    values, failures = previewed(engine, one)
    return [_line(look, engine, target, values, failures) for target in targets]


def previewed(engine: Engine, one: Recorded | None) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """What a record becomes, and why it does not, by target or source field; empty without a record."""
    if one is None:
        return {}, {}
    made = seen(engine, one.document)
    return ({}, {"": "left out by its condition"}) if made.left_out else (made.values, made.wrong)


def _line(look: Looked, engine: Engine, target: str, values: Mapping[str, Any], failures: Mapping[str, str]) -> Line:
    entry, kind = engine.mapping.entries.get(target), engine.mapping.target.fields.get(target)
    data = entry_data(entry) if entry else {}
    fails = [failures[key] for key in (target, *(read_by(entry) if entry else ())) if key in failures]
    return Line(
        target,
        written(kind) if kind else "list" if target in engine.mapping.target.lists else "",
        cell(data),
        in_words({key: data[key] for key in ("lines", "each", "map") if key in data}) if cell(data) == "" else "",
        then(entry),
        told(values.get(target)),
        "; ".join([*look.at(f"map.{target}"), *fails]),
    )


def then(entry: Entry | None) -> str:
    """Steps and condition in a few words."""
    if entry is None:
        return ""
    steps = ", ".join(step.name.replace("_", " ") for step in entry.steps)
    return "; ".join(filter(None, [steps, f"if {entry.only.text}" if entry.only else ""]))


def told(value: Any) -> str:
    """A value for people: as it is written, nothing for none."""
    if isinstance(value, list):
        return f"{len(value)} lines"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _sources(engine: Engine, one: Recorded | None) -> list[Source]:
    mapping = engine.mapping
    used = {name for entry in mapping.entries.values() for name in read_by(entry)}
    documents = [one.document] if one else [{}]
    fields = [
        Source(name, written(kind), told(picked(documents, name)[0])[:SHOWN], name in used)
        for name, kind in mapping.source.fields.items()
    ]
    lists = [(name, picked(documents, name)[0]) for name in mapping.source.lists]
    return fields + [
        Source(name, "list", f"{len(held)} lines" if isinstance(held, list) else "", name in used)
        for name, held in lists
    ]


def decide(request: Request, form: Form) -> Response:
    """POST /mappings/NAME: `do` is keep, accept:TARGET=SOURCE, reject:TARGET=SOURCE, drop or catch_up.

    Whatever the button, what was typed into the table is kept with it.
    """
    room, name, what = room_of(request), named(request), form.one("do")
    back = f"/mappings/{name}" + (f"?record={form.one('record')}" if form.one("record") else "")
    if decided := decide_draft(room, name, what, back):
        return decided
    verb, _, pair = what.partition(":")
    target, _, source = pair.partition("=")
    changes = _typed(form)
    if verb == "accept":
        changes[target] = source
    room.desk.edit(name, room.who, form.one("mark"), lambda text: applied(text, name, changes))
    if verb in {"accept", "reject"}:
        return done(f"{back}#suggestions", _decided(room, name, verb, source, target))
    return done(back, "kept in your draft")


def _decided(room: Room, name: str, verb: str, source: str, target: str) -> str:
    accepted, rejected = ([(source, target)], []) if verb == "accept" else ([], [(source, target)])
    room.desk.decide(name, list(accepted), list(rejected))
    return f"{source} to {target} accepted" if verb == "accept" else f"{source} to {target} will not be suggested again"


def _typed(form: Form) -> dict[str, str]:
    return {key.removeprefix(FIELD): raw(form, key) for key in form.fields if key.startswith(FIELD)}


def applied(text: str, name: str, cells: Mapping[str, str]) -> str:
    """A mapping's text with cells as they were typed. What reads as before is not touched."""
    engine = looked(text, name).engine
    if engine is None:
        raise FixInput("the draft is no YAML at the moment; mend it on its YAML page first")
    fresh: dict[str, dict[str, Any] | None] = {}
    for target, typed in cells.items():
        entry = engine.mapping.entries.get(target)
        old = entry_data(entry) if entry else None
        if (old is None or not {"lines", "each"} & set(old)) and " ".join(typed.split()) != cell(old or {"from": ""}):
            fresh[target] = _fresh(engine, target, old, typed)
    return with_entries(text, fresh)


def _fresh(engine: Engine, target: str, old: dict[str, Any] | None, typed: str) -> dict[str, Any] | None:
    start = start_of(typed)
    if not start:
        return None
    if target in engine.mapping.target.lists and "from" in start:
        return {"each": start["from"], "map": {}}
    made, kinds = with_start(old, start), (engine.mapping.source.fields, engine.mapping.target.fields)
    if old is None and start.get("from") in kinds[0] and target in kinds[1]:
        steps = bridge(kinds[0][start["from"]], kinds[1][target])
        return {**made, "steps": steps} if steps else made
    return made


Decide = Callable[[Request, Form], Response]
