"""The flow as YAML, and its versions: the same draft that the form shows."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from he_sync.flows.design.checking import checked
from he_sync.web.console import drafts
from he_sync.web.console.drafts import named
from he_sync.web.console.flows.room import room_of
from he_sync.web.console.forms import Form
from he_sync.web.console.render import page


def text_page(request: Request) -> Response:
    """GET /flows/NAME/yaml: the page."""
    room, name = room_of(request), named(request)
    draft = room.draft(name)
    values = {**room.common(name), "draft": draft, "wrong": checked(draft.text, name).wrong}
    return page(request, "flow_text", f"{name} as YAML", **values)


def write(request: Request, form: Form) -> Response:
    """POST /flows/NAME/yaml: the text as it was typed."""
    name = named(request)
    return drafts.write_text(request, form, room_of(request), lambda text: len(checked(text, name).wrong))


def versions(request: Request) -> Response:
    """GET /flows/NAME/versions?key=: the page."""
    return drafts.versions_page(request, room_of(request))


def restore(request: Request, form: Form) -> Response:
    """POST /flows/NAME/versions: an older text becomes the draft."""
    return drafts.restore(request, form, room_of(request))
