"""Conflicts: both contents, and settling them with a reason."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.flows import conflicts as queue
from he_sync.flows.conflicts import Stands
from he_sync.web.console.forms import Form, posts
from he_sync.web.console.place import place_of
from he_sync.web.console.render import done, page


def listing(request: Request) -> Response:
    """GET /conflicts: the page."""
    return page(request, "conflicts", "Conflicts", rows=queue.queue(place_of(request).look))


def settle(request: Request, form: Form) -> Response:
    """POST /conflicts: `name`, and of an edit `stands`."""
    place, name = place_of(request), form.one("name")
    said = {"ours": "ours", "theirs": "theirs"}.get(form.one("stands"))
    stands: Stands | None = "ours" if said == "ours" else "theirs" if said else None
    queue.settle(place.store, name, place.who, form.reason(), stands)
    return done("/conflicts", f"{name} is settled")


ROUTES = [Route("/conflicts", listing, methods=["GET"]), Route("/conflicts", posts(settle), methods=["POST"])]
