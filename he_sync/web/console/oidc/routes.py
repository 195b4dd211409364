"""The two addresses of a sign-in at the provider: off to it, and back."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from he_sync.model.errors import HeSyncError, NotAllowed
from he_sync.store import audit
from he_sync.web.console.door import AWAY, COOKIE, SIGN_IN, with_session
from he_sync.web.console.oidc.attempts import LASTS, Attempt
from he_sync.web.console.oidc.provider import Provider
from he_sync.web.console.oidc.settings import CALLBACK
from he_sync.web.console.place import place_of
from he_sync.web.console.render import page
from he_sync.web.console.users import User, enrol

BEGIN = f"{SIGN_IN}/provider"


def begin(request: Request) -> Response:
    """GET /sign-in/provider?to=: off to the provider."""
    provider, to = provider_of(request), inside(request.query_params.get("to", "/"))
    cookie, attempt = request.app.state.attempts.begin(to)
    answer = RedirectResponse(provider.address(attempt), 303)
    # Lax, not strict: the way back begins at the provider's page.
    seconds = int(LASTS.total_seconds())
    answer.set_cookie(AWAY, cookie, max_age=seconds, path=SIGN_IN, httponly=True, samesite="lax")
    return answer


def back(request: Request) -> Response:
    """GET /sign-in/callback?code=&state=: in, or a line that says why not.

    The answer is a page that leads on by itself: a browser sends a strict cookie with what our own page asks for, and
    withholds it from a redirect that began at the provider's.
    """
    provider, told = provider_of(request), request.query_params
    attempt = request.app.state.attempts.take(request.cookies.get(AWAY, ""), told.get("state", ""))
    try:
        user = _user(request, provider, attempt)
    except HeSyncError as error:
        store = place_of(request).store
        store.run(lambda connection: audit.record(connection, "", "sign-in by the provider refused", "console"))
        status = 403 if isinstance(error, NotAllowed) else 503
        answer = page(request, "refused", "Not signed in", status, line=str(error))
        answer.delete_cookie(AWAY, path=SIGN_IN)
        return answer
    return _in(request, user, attempt.to if attempt else "/")


def _user(request: Request, provider: Provider, attempt: Attempt | None) -> User:
    """Who came back. Raises NotAllowed, TryLater or another HeSyncError."""
    told = request.query_params
    if attempt is None:
        raise NotAllowed("this sign-in did not begin in this browser within the last ten minutes; begin again")
    if told.get("iss", provider.settings.issuer) != provider.settings.issuer:
        raise NotAllowed("this answer is of another provider")
    if "error" in told or not told.get("code"):
        raise NotAllowed(f"the provider did not sign you in ({told.get('error', 'no code')[:100]})")
    vouched = provider.vouched(attempt, told["code"])
    subject = f"{provider.settings.issuer} {vouched.subject}"
    return enrol(place_of(request).home, vouched.name, subject, vouched.roles)


def _in(request: Request, user: User, to: str) -> Response:
    state = request.app.state
    state.sessions.end(request.cookies.get(COOKIE, ""))
    token = state.sessions.begin(user.name, user.stamp, user.roles)
    store = place_of(request).store
    store.run(lambda connection: audit.record(connection, user.name, "signed in by the provider", "console"))
    answer = page(request, "signed_in", "Signed in", person=user.name, to=to)
    answer.headers["refresh"] = f"0; url={to}"
    answer.delete_cookie(AWAY, path=SIGN_IN)
    return with_session(answer, token)


def provider_of(request: Request) -> Provider:
    """The provider; there is no such page where none is configured."""
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise HTTPException(404)
    return provider


def inside(to: str) -> str:
    """A path of this console; the first page for an address that leads anywhere else."""
    odd = not to.startswith("/") or to.startswith("//") or "\\" in to or not to.isprintable()
    return "/" if odd or to.startswith(SIGN_IN) else to


ROUTES = [Route(BEGIN, begin, methods=["GET"]), Route(CALLBACK, back, methods=["GET"])]
