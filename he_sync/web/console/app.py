"""The application: every page's routes behind the door, and refusals as a page that says what to do."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from he_sync.model.errors import FixInput, HeSyncError, NotAllowed, Refused, TryLater
from he_sync.web.console import figures, sign_in
from he_sync.web.console.access import Access
from he_sync.web.console.door import Door, Guard, Keys, People
from he_sync.web.console.oidc import routes as oidc
from he_sync.web.console.oidc.attempts import Attempts
from he_sync.web.console.oidc.provider import Provider
from he_sync.web.console.oidc.settings import console_url, oidc_settings
from he_sync.web.console.pages import ROUTES
from he_sync.web.console.passwords import HASHER
from he_sync.web.console.place import Place
from he_sync.web.console.render import page
from he_sync.web.console.sessions import Sessions
from he_sync.web.console.tries import Tries
from he_sync.web.console.users import Users

STATIC = Path(__file__).with_name("static")
STATUSES = ((FixInput, 422), (NotAllowed, 403), (TryLater, 503), (Refused, 409))
log = logging.getLogger(__name__)


def console(place: Place, keys: Keys, hosts: Iterable[str], *, hasher: PasswordHasher = HASHER) -> Starlette:
    """The console of an installation, for requests to these names of hosts.

    Raises BrokenPromise for a page whose roles nobody declared, FixSettings for a provider that is half configured.
    """
    provider, url = _provider(place, keys), console_url(place.environ)
    people = People(Users(place.home, hasher), Sessions(keys.now), place.who, provider is not None)
    static = Mount("/static", StaticFiles(directory=STATIC))
    routes = [*ROUTES, *sign_in.ROUTES, *oidc.ROUTES, *figures.ROUTES, Route("/healthz", healthz), static]
    guard = Guard(keys, frozenset({*hosts, *_host(url)}), people, Access(routes), told, url.startswith("https:"))
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Door, guard=guard)],
        exception_handlers={HeSyncError: refused, HTTPException: not_there, Exception: failed},
    )
    app.state.place, app.state.keys = place, keys
    app.state.users, app.state.sessions, app.state.tries = people.users, people.sessions, Tries(keys.now)
    app.state.provider, app.state.attempts = provider, Attempts(keys.now)
    return app


def _provider(place: Place, keys: Keys) -> Provider | None:
    settings = oidc_settings(place.environ)
    return Provider(settings, keys.now) if settings else None


def _host(url: str) -> list[str]:
    host = urlsplit(url).hostname
    return [host] if host else []


async def healthz(request: Request) -> Response:
    """Whether the console serves."""
    del request
    return PlainTextResponse("ok")


def told(request: Request, status: int, line: str) -> Response:
    """One line that the door has to say to somebody who is in."""
    return page(request, "refused", "Not done", status, line=line)


def refused(request: Request, error: Exception) -> Response:
    """One clear line: what, where, what to do."""
    status = next((number for kind, number in STATUSES if isinstance(error, kind)), 502)
    return page(request, "refused", "Not done", status, line=str(error))


def not_there(request: Request, error: Exception) -> Response:
    """A page that does not exist, or not for this method."""
    status = getattr(error, "status_code", 404)
    return page(request, "refused", "Not here", status, line=f"there is no page at {request.url.path[:200]}")


def failed(request: Request, error: Exception) -> Response:
    """An error of ours: the log has it, the page says that nothing was done."""
    log.error("a page failed: %s", request.url.path, exc_info=error)
    return page(request, "refused", "Failed", 500, line="this page failed; the log of the console says why")
