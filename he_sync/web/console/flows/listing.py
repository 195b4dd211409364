"""Every flow with where it stands and what came to it lately, and a form for a new one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from he_sync.flows.design.craft import begun
from he_sync.flows.design.editing import parts_of
from he_sync.flows.design.outline import inner, routes_of, texts
from he_sync.flows.design.words import MAKES
from he_sync.flows.folder import TEMPLATES
from he_sync.mapping.shelf.desk import Proposal
from he_sync.mapping.shelf.files import text_of
from he_sync.mapping.shelf.versions import FILE, NAME
from he_sync.model.errors import FixInput
from he_sync.store import board
from he_sync.web.console.flows.figures import Figures, figures
from he_sync.web.console.flows.room import Room, room_of
from he_sync.web.console.forms import Form
from he_sync.web.console.mapping import room as mappings
from he_sync.web.console.render import done, page

TEMPLATE = "template "


@dataclass(frozen=True)
class Row:
    """One flow of the list."""

    name: str
    about: str
    version: int
    stands: str
    broken: str
    triggers: int
    asks: int
    figures: Figures | None
    waits: Proposal | None
    draft: bool


def listing(request: Request) -> Response:
    """GET /flows: the page."""
    room = room_of(request)
    rows = list(_rows(room))
    where: dict[str, Any] = {"folder": str(room.shelf.folder), "looked_at": board.RATE_OF, "linger": room.linger}
    return page(request, "flow_list", "Flows", rows=rows, templates=list(templates()), **where)


def _rows(room: Room) -> Iterator[Row]:
    broken, topics = room.broken(), board.topics(room.place.look)
    drafts = {path.parent.name for path in room.desk.folder.glob("*/draft.*.json")}
    for name in sorted({*room.shelf.names(), *(one for one in drafts if room.desk.draft(one, room.who).text)}):
        draft, live = room.desk.draft(name, room.who), room.shelf.live(name)
        common = (room.shelf.sort.number(live), room.stands(name, broken), broken.get(name, ""))
        also = (room.desk.proposal(name), draft.changed)
        try:
            parts = parts_of(live or draft.text)
        except FixInput:
            yield Row(name, "cannot be read", *common, 0, 0, None, *also)
            continue
        makes = str(parts.get("decide") or inner(parts, "map").get("to") or "")
        triggers = len(texts(inner(parts, "trigger").get("topics")))
        lately = figures(topics, parts) if live else None
        yield Row(name, MAKES.get(makes, makes), *common, triggers, len(routes_of(parts)), lately, *also)


def begin(request: Request, form: Form) -> Response:
    """POST /flows: a draft of a new flow, as another one or a template is; the mapping of a template comes with it."""
    room, name, template = room_of(request), form.one("name"), form.one("template")
    if not NAME.match(name):
        raise FixInput(f"{name[:40]!r} is no name of a flow: small letters, digits and _")
    if room.shelf.live(name) or room.desk.draft(name, room.who).text:
        raise FixInput(f"there is a flow {name} already; open it, or choose another name")
    given = templates().get(template.removeprefix(TEMPLATE)) if template.startswith(TEMPLATE) else None
    if not (text := text_of(given) if given else room.shelf.live(template)):
        raise FixInput(f"choose what it begins as: {', '.join(room.shelf.names())}")
    mapping = _mapping_too(request, given, text) if given else ""
    room.desk.begin(name, room.who, begun(text, name, " ".join(form.one("description").split())))
    also = f"; its mapping {mapping} is a draft of yours too, on the page Mappings" if mapping else ""
    return done(f"/flows/{name}", f"{name} begins as {template} is; nothing of it runs yet{also}")


def templates() -> dict[str, Path]:
    """Flow files to start from that run nowhere yet, by name."""
    return {path.parent.name: path for path in sorted(TEMPLATES.glob("*/defs.yaml"))}


def _mapping_too(request: Request, template: Path, text: str) -> str:
    """The name of the mapping whose draft was begun; "" where there is one already, or none comes with the template."""
    room, name = mappings.room_of(request), str(inner(parts_of(text), "record").get("mapping") or "")
    beside = text_of(template.with_name(FILE))
    if not name or not beside or room.shelf.live(name) or room.desk.draft(name, room.who).text:
        return ""
    room.desk.begin(name, room.who, beside)
    return name
