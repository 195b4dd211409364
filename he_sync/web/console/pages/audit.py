"""The audit log, and whether its chain holds."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.store import audit, board
from he_sync.web.console.forms import Form, number, posts
from he_sync.web.console.place import place_of
from he_sync.web.console.render import done, page


def listing(request: Request) -> Response:
    """GET /audit?after=: the page."""
    rows = board.audited(place_of(request).look, number(request, "after"))
    more = rows[-1].seq if len(rows) == board.PAGE else None
    return page(request, "audit", "Audit", rows=rows, more=more)


def verify(request: Request, form: Form) -> Response:
    """POST /audit: every row against the one before it."""
    del form
    look = place_of(request).look
    broken = audit.first_broken(look)
    head = audit.head(look)
    told = (
        f"the chain breaks at row {broken}: it was changed, removed or slipped in"
        if broken
        else f"all {head.seq} rows follow from each other"
    )
    return done("/audit", told)


ROUTES = [Route("/audit", listing, methods=["GET"]), Route("/audit", posts(verify), methods=["POST"])]
