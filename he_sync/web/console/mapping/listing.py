"""Every mapping with where it stands, and a form for a new one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from he_sync.flows.mapped.recorded import recorded, samples
from he_sync.mapping.shelf.desk import Proposal
from he_sync.mapping.shelf.files import put
from he_sync.mapping.spec.compiled import engine
from he_sync.mapping.spec.inferring import inferred
from he_sync.mapping.spec.writing import block
from he_sync.model.errors import FixInput
from he_sync.web.console.forms import Form
from he_sync.web.console.mapping.room import Room, looked, raw, room_of
from he_sync.web.console.render import done, page

MOST_SAMPLES = 200


@dataclass(frozen=True)
class Row:
    """One mapping of the list."""

    name: str
    sides: str
    version: int
    mapped: str
    waits: Proposal | None
    draft: bool
    wrong: int


def listing(request: Request) -> Response:
    """GET /mappings: the page."""
    room = room_of(request)
    return page(request, "mapping_list", "Mappings", rows=list(_rows(room)), folder=str(room.shelf.folder))


def _rows(room: Room) -> Iterator[Row]:
    drafts = {path.parent.name for path in room.desk.folder.glob("*/draft.*.json")}
    for name in sorted({*room.shelf.names(), *(one for one in drafts if room.desk.draft(one, room.who).text)}):
        draft = room.desk.draft(name, room.who)
        seen = looked(draft.text, name)
        mapping = seen.engine.mapping if seen.engine else None
        sides = f"{mapping.source.record} to {mapping.target.record}" if mapping else "cannot be read"
        mapped = f"{len(mapping.entries)} of {len(mapping.target.fields)}" if mapping else ""
        version = looked(room.shelf.live(name), name).engine if room.shelf.live(name) else None
        number = version.mapping.version if version else 0
        yield Row(name, sides, number, mapped, room.desk.proposal(name), draft.changed, len(seen.wrong))


def begin(request: Request, form: Form) -> Response:
    """POST /mappings: a draft of a new mapping, its source's fields from recorded or given documents."""
    room, name = room_of(request), form.one("name")
    if room.shelf.live(name) or room.desk.draft(name, room.who).text:
        raise FixInput(f"there is a mapping {name} already; open it, or choose another name")
    source, target = form.one("source"), form.one("target")
    if not source or not target:
        raise FixInput("name the record that comes in and the record that it becomes")
    given = _given(raw(form, "samples"))
    documents = given or [
        one.document for one in recorded(room.place.look, source) or samples(room.shelf.path(name).parent)
    ]
    if not documents:
        raise FixInput(f"nothing is recorded of {source}; paste one or more of its records as JSON")
    text = _text(name, (source, inferred(documents)), (target, _fields(raw(form, "fields"))))
    engine(text, name)
    room.desk.begin(name, room.who, text)
    if given:
        put(room.shelf.path(name).parent / "samples.json", json.dumps(given, indent=2, default=_exact) + "\n")
    return done(
        f"/mappings/{name}", f"{name} begins with {len(inferred(documents))} source fields; nothing is live yet"
    )


def _text(name: str, source: tuple[str, dict[str, str]], target: tuple[str, dict[str, str]]) -> str:
    head = {"mapping": name, "version": 1}
    sides = {
        side: {"record": record, "fields": fields}
        for side, (record, fields) in (("source", source), ("target", target))
    }
    return "\n".join([*block({**head, **sides}, 0), "map: {}", ""])


def _fields(text: str) -> dict[str, str]:
    """Target fields as lines of `PONum: text(50)`; a bare name is a text."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        raise FixInput("name the target's fields, a line each, as PONum: text(50)")
    pairs = [(name.strip(), kind.strip() or "text") for name, _, kind in (line.partition(":") for line in lines)]
    return dict(pairs)


def _given(text: str) -> list[dict[str, Any]]:
    if not text.strip():
        return []
    try:
        found = json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise FixInput(f"the pasted records are no JSON: {error}") from None
    records = found if isinstance(found, list) else [found]
    if not records or not all(isinstance(one, dict) for one in records):
        raise FixInput("paste one record as {...}, or a list of them")
    return records[:MOST_SAMPLES]


def _exact(value: Any) -> str:
    """Numbers of samples stay exact as texts, which a number field reads."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(type(value).__name__)
