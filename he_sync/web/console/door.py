"""Who gets in: a person who has the address that the start printed; and a form only from a page of ours.

The key is made at the first start and lies in the home folder, readable for its owner alone. A session is a signed
expiry in a cookie; a form carries a token that is derived from it. Names of hosts are checked because another site can
make its own name point at this machine (DNS rebinding).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from he_sync.model.errors import FixSettings

COOKIE = "he_console"
LASTS = timedelta(hours=12)
"""Of a session: a working day."""
KEY_BYTES = 32
OPEN_TO_GROUP = 0o077
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
class Keys:
    """What is derived from the key: the way in, sessions, and the token of a session's forms."""

    key: bytes
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def _sign(self, text: str) -> str:
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()

    @property
    def way_in(self) -> str:
        """The secret part of the address that is printed."""
        return self._sign("way in")

    def session(self) -> str:
        """A new session: when it ends, signed."""
        ends = str(int((self.now() + LASTS).timestamp()))
        return f"{ends}.{self._sign('session ' + ends)}"

    def holds(self, session: str) -> bool:
        """Whether a session is ours and has not ended."""
        ends, _, signature = session.partition(".")
        known = hmac.compare_digest(signature.encode(), self._sign("session " + ends).encode())
        return known and ends.isdecimal() and int(ends) > self.now().timestamp()

    def form(self, session: str) -> str:
        """The token that a form of this session carries."""
        return self._sign("form " + session)


class Door:
    """ASGI: lets a request through to the pages, or answers it at the door."""

    def __init__(self, app: ASGIApp, keys: Keys, hosts: Iterable[str]) -> None:
        self._app, self._keys, self._hosts = app, keys, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; every answer carries HEADERS."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = self._at_the_door(Request(scope))
        await (answer or self._app)(scope, receive, sent)

    def _at_the_door(self, request: Request) -> Response | None:
        """What is answered here; None lets it through."""
        if (urlsplit(f"//{request.headers.get('host', '')}").hostname or "") not in self._hosts:
            return PlainTextResponse("not a name of this console\n", 421)
        path = request.url.path
        if path == "/healthz" or path.startswith("/static/"):
            return None
        if path.startswith("/enter/"):
            return self._entered(path.removeprefix("/enter/"))
        if not self._keys.holds(request.cookies.get(COOKIE, "")):
            return PlainTextResponse(CLOSED, 401)
        if request.method not in {"GET", "HEAD"} and not _ours(request.headers):
            return PlainTextResponse("this form did not come from a page of this console\n", 403)
        return None

    def _entered(self, secret: str) -> Response:
        if not hmac.compare_digest(secret.encode(), self._keys.way_in.encode()):
            return PlainTextResponse(CLOSED, 401)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            COOKIE, self._keys.session(), max_age=int(LASTS.total_seconds()), httponly=True, samesite="strict"
        )
        return answer


def _ours(headers: Headers) -> bool:
    """Whether a browser says that the request came from a page at this very address."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") in {None, "same-origin"}
    return urlsplit(origin).netloc == headers.get("host")
