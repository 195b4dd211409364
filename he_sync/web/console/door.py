"""Who gets in: people who are named, by their password; without any, who has the address that the start printed.

The key is made at the first start and lies in the home folder, readable for its owner alone. Once somebody is named it
lets nobody in: one person must not be two, by name and by key. A form comes from a page of ours only, with a token that
is derived from its session. Names of hosts are checked because another site can make its own name point at this machine
(DNS rebinding).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from he_sync.model.errors import FixSettings, NotAllowed
from he_sync.web.console.access import Access, Rule, require
from he_sync.web.console.sessions import LASTS, Sessions
from he_sync.web.console.users import Users

COOKIE, BEFORE, AWAY = "he_console", "he_before", "he_away"
SIGN_IN = "/sign-in"
KEY_BYTES = 32
OPEN_TO_GROUP = 0o077
YEAR = 365 * 86_400
CLOSED = "This console opens with the address that `he-sync console` printed when it started.\n"
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`: with that, browsers send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


def key_of(home: Path) -> bytes:
    """The installation's key, made when there is none. Raises FixSettings for one that others could have read."""
    path = home / "console.key"
    home.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if path.stat().st_mode & OPEN_TO_GROUP:
            raise FixSettings(f"{path} can be read by others; delete it, the next start makes a new one") from None
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
    return path.read_bytes()


@dataclass(frozen=True)
class People:
    """Who may be in: named people, their sessions, and the owner of the key as long as nobody is named."""

    users: Users
    sessions: Sessions
    owner: str
    vouched: bool = False
    """Whether a provider vouches for people: then the key lets nobody in, even before the first of them came."""

    def by_key(self) -> bool:
        """Whether the key lets its owner in."""
        return not (self.vouched or self.users.known())

    def stamp(self, who: str) -> str | None:
        """What a session of this person must have begun with; None where it cannot go on."""
        if self.by_key():
            return "" if who == self.owner else None
        user = self.users.named(who)
        return user.stamp if user else None


@dataclass(frozen=True)
class Keys:
    """What is derived from the key: the way in, and the token of a session's forms."""

    key: bytes
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def _sign(self, text: str) -> str:
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()

    @property
    def way_in(self) -> str:
        """The secret part of the address that is printed."""
        return self._sign("way in")

    def form(self, session: str) -> str:
        """The token that a form of this session carries."""
        return self._sign("form " + session)


Tell = Callable[[Request, int, str], Response]


@dataclass(frozen=True)
class Guard:
    """What the door goes by; `hosts` are names of this console, `tell` makes a page of a line."""

    keys: Keys
    hosts: frozenset[str]
    people: People
    access: Access
    tell: Tell
    tls: bool = False
    """Whether people come by TLS, through a proxy: cookies and the console's name are for that alone then."""


class Door:
    """ASGI: lets a request through to the pages, or answers it at the door."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; every answer carries HEADERS."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if self._guard.tls:
                    _only_by_tls(headers)
            await send(message)

        answer = self._at_the_door(Request(scope))
        await (answer or self._app)(scope, receive, sent)

    def _at_the_door(self, request: Request) -> Response | None:
        """What is answered here; None lets it through."""
        if (urlsplit(f"//{request.headers.get('host', '')}").hostname or "") not in self._guard.hosts:
            return PlainTextResponse("not a name of this console\n", 421)
        path, rule = request.url.path, self._guard.access.rule_of(request.scope)
        if rule and rule.open and not rule.roles:
            return None
        if _writes(request) and not _ours(request.headers):
            return PlainTextResponse("this form did not come from a page of this console\n", 403)
        try:
            entering = path.startswith("/enter/")
            return self._entered(path.removeprefix("/enter/")) if entering else self._at_a_page(request, rule)
        except FixSettings as error:
            return PlainTextResponse(f"{error}\n", 503)

    def _at_a_page(self, request: Request, rule: Rule | None) -> Response | None:
        session = self._guard.people.sessions.of(request.cookies.get(COOKIE, ""), self._guard.people.stamp)
        if session is None:
            return self._stranger(request, rule)
        request.state.session, request.state.rule, request.state.access = session, rule, self._guard.access
        try:
            if rule:
                require(rule, session.roles, session.who)
        except NotAllowed as error:
            return self._guard.tell(request, 403, str(error))
        return None

    def _stranger(self, request: Request, rule: Rule | None) -> Response | None:
        """To the sign-in where people are named; nobody is let through to anything else."""
        if self._guard.people.by_key():
            return PlainTextResponse(CLOSED, 401)
        if rule and rule.open:
            return None
        if request.method != "GET":
            return PlainTextResponse("sign in first\n", 401)
        to = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{SIGN_IN}?to={quote(to, safe='/')}", 303)

    def _entered(self, secret: str) -> Response:
        if not self._guard.people.by_key():
            return RedirectResponse(SIGN_IN, 303)
        if not hmac.compare_digest(secret.encode(), self._guard.keys.way_in.encode()):
            return PlainTextResponse(CLOSED, 401)
        return let_in(self._guard.people.sessions.begin(self._guard.people.owner))


def let_in(token: str, to: str = "/") -> Response:
    """On to a page, with a session's cookie."""
    return with_session(RedirectResponse(to, 303), token)


def with_session(answer: Response, token: str) -> Response:
    """An answer with a session's cookie."""
    answer.set_cookie(COOKIE, token, max_age=int(LASTS.total_seconds()), httponly=True, samesite="strict")
    return answer


def _only_by_tls(headers: MutableHeaders) -> None:
    headers["strict-transport-security"] = f"max-age={YEAR}"
    cookies = headers.getlist("set-cookie")
    del headers["set-cookie"]
    for cookie in cookies:
        headers.append("set-cookie", f"{cookie}; Secure")


def _writes(request: Request) -> bool:
    return request.method not in {"GET", "HEAD"}


def _ours(headers: Headers) -> bool:
    """Whether a browser says that the request came from a page at this very address."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") in {None, "same-origin"}
    return urlsplit(origin).netloc == headers.get("host")
