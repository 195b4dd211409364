"""GET /metrics: every figure for Prometheus, behind the token of the receiver's page. Without one it is not there."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from he_sync.model.errors import NotAllowed
from he_sync.watch.figures import read
from he_sync.watch.metrics import text
from he_sync.watch.place import Watched
from he_sync.web.console.place import Place
from he_sync.web.receiver.settings import live, read_settings
from he_sync.web.receiver.signatures import only, shared_secret

PATH = "/metrics"
KIND = "text/plain; version=0.0.4"
FRESH = timedelta(seconds=5)
"""Two scrapers, or one that asks too often, cost one reading."""


def figures(request: Request) -> Response:
    """Read at most once in FRESH, whoever asks."""
    place: Place = request.app.state.place
    secrets, now = read_settings(place.environ).metrics, place.now()
    if not live(secrets, now):
        return PlainTextResponse("not found\n", 404)
    try:
        shared_secret(only(request.scope["headers"], b"authorization").removeprefix(b"Bearer "), secrets, now)
    except NotAllowed:
        return PlainTextResponse("not accepted\n", 401, {"www-authenticate": "Bearer"})
    at, page = getattr(request.app.state, "figures", (None, ""))
    if at is None or not timedelta(0) <= now - at < FRESH:
        page = text(read(Watched(place.environ, place.store), now).samples)
        request.app.state.figures = now, page
    return PlainTextResponse(page, media_type=KIND)


ROUTES = [Route(PATH, figures, methods=["GET"])]
