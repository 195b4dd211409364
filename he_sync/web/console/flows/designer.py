"""One flow: its picture, the same as a list, and the form of what may be changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from he_sync.flows.design.checking import checked
from he_sync.flows.design.craft import beside, others
from he_sync.flows.design.editing import is_off, parts_of, switched, with_part
from he_sync.flows.design.outline import inner, outline, texts
from he_sync.model.errors import FixInput
from he_sync.store import board
from he_sync.web.console.drafts import decide_draft, named
from he_sync.web.console.flows.drawing import drawn
from he_sync.web.console.flows.figures import figures
from he_sync.web.console.flows.form import changes, filled
from he_sync.web.console.flows.room import Room, room_of
from he_sync.web.console.forms import Form
from he_sync.web.console.render import done, page
from he_sync.web.console.roles import Role
from he_sync.web.console.users import Users


def designer(request: Request) -> Response:
    """GET /flows/NAME: the page."""
    room, name = room_of(request), named(request)
    draft, broken = room.draft(name), room.broken()
    seen = checked(draft.text, name)
    common: dict[str, Any] = {
        **room.common(name),
        "draft": draft,
        "waits": room.desk.proposal(name),
        "wrong": seen.wrong,
        "live": room.shelf.sort.number(room.shelf.live(name)),
        "behind": draft.base != room.shelf.live(name),
        "stands": room.stands(name, broken),
        "broken": broken.get(name, ""),
    }
    try:
        parts = parts_of(draft.text)
    except FixInput:
        return page(request, "flow_broken", name, **common)
    steps = outline(parts)
    values: dict[str, Any] = {
        "steps": steps,
        "picture": drawn(steps),
        "form": filled(parts, _known_topics(room)),
        "off": is_off(draft.text),
        "figures": figures(board.topics(room.place.look), parts),
        "looked_at": board.RATE_OF,
        "linger": room.linger,
        "approvers": approvers(request.app.state.users),
        "beside": beside(seen.flow, others(room.shelf.folder, name)) if seen.flow else [],
    }
    return page(request, "flow_designer", name, **common, **values)


def approvers(users: Users) -> str:
    """Whom a write that a route holds waits for; the whole way in may do everything where people have no names."""
    known = sorted(one.name for one in users.known().values() if Role.APPROVER in one.roles)
    return ", ".join(known) or ("nobody yet" if users.known() else "whoever is let in")


def _known_topics(room: Room) -> set[str]:
    """Topics that some flow of this installation is triggered by."""
    found: set[str] = set()
    for name in room.shelf.names():
        found |= set(texts(inner(_parts(room.shelf.live(name)), "trigger").get("topics")))
    return found


def _parts(text: str) -> Mapping[str, Any]:
    try:
        return parts_of(text)
    except FixInput:
        return {}


def decide(request: Request, form: Form) -> Response:
    """POST /flows/NAME: `do` is keep, up:PART:N, down:PART:N, remove:PART:N, add:PART, on, off, drop or catch_up.

    Whatever the button, what was typed into the form is kept with it.
    """
    room, name, what = room_of(request), named(request), form.one("do")
    if decided := decide_draft(room, name, what, f"/flows/{name}"):
        return decided
    made = room.desk.edit(name, room.who, form.one("mark"), lambda text: applied(text, form))
    part = what.split(":")[1] if ":" in what else ""
    left = len(checked(made.text, name).wrong)
    said = f"kept in your draft, with {left} to mend" if left else "kept in your draft"
    return done(f"/flows/{name}" + (f"#{part}" if part else ""), said)


def applied(text: str, form: Form) -> str:
    """A flow's text as the form was filled in. What reads as before is not touched."""
    for key, value in changes(parts_of(text), form).items():
        text = with_part(text, key, value)
    what = form.one("do")
    return switched(text, on=what == "on") if what in {"on", "off"} else text
