"""The event ledger, and one record's whole story."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from he_sync.flows import history
from he_sync.model.errors import FixInput
from he_sync.store import board
from he_sync.web.console.forms import number
from he_sync.web.console.place import place_of
from he_sync.web.console.render import page

STATES = {"": "newest of all", "new": "waiting", "taken": "under way", "parked": "parked"}


def listing(request: Request) -> Response:
    """GET /events?state=&after=: newest first where all are shown, oldest first among the open ones."""
    state, at = request.query_params.get("state", ""), number(request, "after")
    if state not in STATES:
        raise FixInput(f"no event is ever {state[:20]!r}; choose {', '.join(filter(None, STATES))}")
    look = place_of(request).look
    rows = board.open_events(look, state, at or 0) if state else board.newest_events(look, at)
    more = rows[-1].seq if len(rows) == board.PAGE else None
    return page(request, "events", "Events", rows=rows, states=STATES, state=state, more=more)


def found(request: Request) -> Response:
    """GET /record?name=: by whatever name people have for it."""
    name = request.query_params.get("name", "").strip()
    if not name:
        raise FixInput("type a record, an event's id, an effect's key, a PONum or an order number")
    entity = history.entity_of(place_of(request).look, name)
    return RedirectResponse(str(request.url_for("record", entity=entity)), 303)


def record(request: Request) -> Response:
    """GET /records/ENTITY: received, read, mapped, decided, sent, answered, reported back."""
    look, entity = place_of(request).look, request.path_params["entity"]
    told = history.of(look, entity)
    if not told:
        raise FixInput(f"nothing is known of {entity[:80]!r}")
    return page(request, "record", entity, entity=entity, steps=told, letters=board.letters_of(look, entity))


ROUTES = [Route("/events", listing), Route("/record", found), Route("/records/{entity:path}", record, name="record")]
