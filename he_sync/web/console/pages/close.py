"""Business dates: how far each close came, what is missing by store, and what differs by class."""

from __future__ import annotations

from datetime import date

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.flows import completeness
from he_sync.model.errors import FixInput
from he_sync.store import board
from he_sync.web.console.forms import number
from he_sync.web.console.pages.data_docs import pages_of
from he_sync.web.console.pages.exceptions import unresolved
from he_sync.web.console.pages.store_days import board_of
from he_sync.web.console.place import place_of
from he_sync.web.console.render import page


def dates(request: Request) -> Response:
    """GET /close: the page."""
    place = place_of(request)
    rows = board.dates(place.look)
    last = max((row.business_date for row in rows), default=None)
    return page(request, "dates", "Close", rows=rows, board=board_of(place, last), unresolved=unresolved(place))


def day(request: Request) -> Response:
    """GET /close/DATE?klass=&skip=: the page."""
    place, named, asked = place_of(request), request.path_params["day"], request.query_params
    try:
        date.fromisoformat(named)
    except ValueError:
        raise FixInput(f"{named[:20]!r} is not a date; write it as 2026-11-20") from None
    klass, skip = asked.get("klass", ""), number(request, "skip") or 0
    rows = board.differences_of(place.look, named, klass, skip)
    more = skip + board.PAGE if len(rows) == board.PAGE else None
    classes = board.differences_by_class(place.look, named)
    proofs = completeness.kept(place.lake, named)
    line = completeness.freshness_of(proofs, place.retailer().currency) if proofs else "Not proven yet."
    values = {"day": named, "klass": klass, "line": line, "proofs": proofs, "classes": classes}
    values |= {"expected": pages_of(place.home, named), "unresolved": unresolved(place, named)}
    return page(request, "day", f"Close of {named}", rows=rows, more=more, **values)


ROUTES = [Route("/close", dates), Route("/close/{day}", day)]
