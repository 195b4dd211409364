"""The versions of a mapping: who asked, who approved, what differs, and bringing one back as a draft."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from he_sync.mapping.spec.comparing import differences
from he_sync.model.errors import FixInput
from he_sync.web.console.forms import Form
from he_sync.web.console.mapping.room import named, room_of
from he_sync.web.console.render import done, page


def versions(request: Request) -> Response:
    """GET /mappings/NAME/versions?key=: the list, and what one of them says otherwise than the live text."""
    room, name, key = room_of(request), named(request), request.query_params.get("key", "")
    rows = room.shelf.versions(name)
    diff = differences(room.shelf.text(name, key), room.shelf.live(name)) if key else []
    chosen = next((one for one in rows if one.key == key), None)
    return page(request, "mapping_versions", f"Versions of {name}", which=name, rows=rows, chosen=chosen, diff=diff)


def restore(request: Request, form: Form) -> Response:
    """POST /mappings/NAME/versions: an older text becomes the draft; it goes live the way of every change."""
    room, name, key = room_of(request), named(request), form.one("key")
    if not key:
        raise FixInput("choose a version")
    room.desk.begin(name, room.who, room.shelf.text(name, key))
    return done(f"/mappings/{name}/changes", "that version is your draft now; ask for approval to bring it back")
