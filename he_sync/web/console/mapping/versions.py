"""The versions of a mapping, and bringing one back as a draft."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from he_sync.web.console import drafts
from he_sync.web.console.forms import Form
from he_sync.web.console.mapping.room import room_of


def versions(request: Request) -> Response:
    """GET /mappings/NAME/versions?key=: the page."""
    return drafts.versions_page(request, room_of(request))


def restore(request: Request, form: Form) -> Response:
    """POST /mappings/NAME/versions: an older text becomes the draft."""
    return drafts.restore(request, form, room_of(request))
