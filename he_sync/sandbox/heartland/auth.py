"""Who is calling: fixed sandbox tokens, OAuth2 authorization-code tokens, the legacy session cookie."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from he_sync.sandbox.heartland import switches
from he_sync.sandbox.heartland.errors import Refused
from he_sync.sandbox.http import Answer, Call
from he_sync.sandbox.state import Document, State

TOKEN, READ_ONLY_TOKEN = "sandbox-heartland-token", "sandbox-readonly-token"
CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox-client-secret"
LOGIN, PASSWORD = "sandbox", "sandbox"
COOKIE = "retail_session"
TOKENS, CODES = "heartland/oauth.tokens", "heartland/oauth.codes"
READS = frozenset({"GET", "HEAD"})
CODE_SECONDS = 600
MOST_FIELDS = 100


@dataclass(frozen=True)
class Caller:
    """Whoever the token belongs to. `scopes` None is everything the user may do."""

    login: str
    may_write: bool = True
    may_see_cost: bool = True
    scopes: frozenset[str] | None = None


FIXED = {
    TOKEN: Caller("he-sync"),
    READ_ONLY_TOKEN: Caller("he-sync-readonly", may_write=False, may_see_cost=False),
}


def caller(call: Call) -> Caller | None:
    """The caller of a request, None when it is nobody we know or the token has expired."""
    if call.fault and call.fault.name == "expired_token":
        return None
    kind, _, token = call.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return FIXED.get(token.strip()) or _issued(call.state, token.strip())
    return _session(call)


def _issued(state: State, token: str) -> Caller | None:
    found = state.get(TOKENS, token)
    if found is None or found["kind"] != "access":
        return None
    if found["expires_at"] and datetime.fromisoformat(found["expires_at"]) <= state.now():
        return None
    return Caller("he-sync", scopes=frozenset(found["scope"].split()))


def _session(call: Call) -> Caller | None:
    cookies = dict(part.strip().partition("=")[::2] for part in call.headers.get("cookie", "").split(";"))
    found = call.state.get(TOKENS, cookies.get(COOKIE, ""))
    return Caller(LOGIN) if found and found["kind"] == "session" else None


def unauthorized(state: State) -> Answer:
    """401 as the switch shapes it."""
    match switches.UNAUTHORIZED_BODY.read(state):
        case "empty":
            return Answer(401)
        case "text":
            return Answer(401, b"Unauthorized")
        case _:
            return Answer(401, {"error": "unauthorized", "message": "The access token is invalid."})


def forbidden(state: State) -> Answer:
    """403 as the switch shapes it."""
    if switches.FORBIDDEN_BODY.read(state) == "empty":
        return Answer(403)
    return Answer(403, {"error": "forbidden", "message": "The token's user may not do that."})


def allowed(state: State, who: Caller, method: str, scope: str) -> bool:
    """Whether a caller may do this to a resource of that scope."""
    if method not in READS and not who.may_write:
        return False
    if who.scopes is None or not scope or switches.SCOPES.read(state) != "enforced":
        return True
    return bool(who.scopes & ({f"{scope}.read", f"{scope}.manage"} if method in READS else {f"{scope}.manage"}))


class Throttle:
    """Requests of the last minute by token, against the switch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._seen = clock, dict[str, deque[float]]()

    def refused(self, call: Call) -> Answer | None:
        """429 when the caller has used up the minute."""
        limit = int(switches.REQUESTS_PER_MINUTE.read(call.state))
        if not limit:
            return None
        seen, now = self._seen.setdefault(call.headers.get("authorization", ""), deque()), self._clock()
        while seen and seen[0] <= now - 60:
            seen.popleft()
        if len(seen) < limit:
            seen.append(now)
            return None
        wait = str(max(1, int(seen[0] + 60 - now) + 1))
        headers = {"retry-after": wait} if switches.RETRY_AFTER.read(call.state) == "sent" else {}
        return Answer(429, {"error": "too_many_requests", "message": "Slow down."}, headers)


# OAuth2 authorization code


def authorize(call: Call) -> Answer:
    """GET /oauth/authorize: the user agrees at once; redirect with a code that works once, for ten minutes."""
    asked = call.params()
    target = _address(asked.get("redirect_uri", ""))
    if asked.get("client_id") != CLIENT_ID or target.scheme not in {"http", "https"} or not target.hostname:
        raise Refused("invalid_client", "Unknown client or redirect address.")
    code = secrets.token_urlsafe(24)
    with call.state.transaction("api", f"{call.method} {call.url}"):
        until = (call.state.now() + timedelta(seconds=CODE_SECONDS)).isoformat()
        facts = {"redirect_uri": asked["redirect_uri"], "scope": asked.get("scope", ""), "expires_at": until}
        call.state.put(CODES, code, facts)
    answer = {"code": code, **({"state": asked["state"]} if "state" in asked else {})}
    query = f"{target.query}&{urlencode(answer)}" if target.query else urlencode(answer)
    return Answer(302, None, {"location": target._replace(query=query).geturl()})


def _address(text: str) -> SplitResult:
    """An address that fits into a header; anything else is none."""
    try:
        return urlsplit(text if text.isascii() and text.isprintable() else "")
    except ValueError:
        return urlsplit("")


def token(call: Call) -> Answer:
    """GET and POST /api/oauth/token: a code or, where the switch issues them, a refresh token for an access token."""
    asked = {**call.params(), **_form(call)}
    if (asked.get("client_id"), asked.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
        raise Refused("invalid_client", "Unknown client.", 401)
    with call.state.transaction("api", f"{call.method} {call.url}"):
        scope = _redeem(call.state, asked)
        return Answer(200, _issue(call.state, scope), {"cache-control": "no-store"})


def _form(call: Call) -> Document:
    if "json" in call.headers.get("content-type", "") and call.body:
        try:
            body: Any = call.json()
        except ValueError as error:
            raise Refused("invalid_request", "The body is not JSON.") from error
        return body if isinstance(body, dict) else {}
    try:
        return dict(parse_qsl(call.body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise Refused("invalid_request", "The form has too many fields.") from error


def _redeem(state: State, asked: Document) -> str:
    """The scope that a grant carries; the grant is used up."""
    grants = {"authorization_code": (CODES, str(asked.get("code", "")))}
    if switches.REFRESH_TOKEN.read(state) == "issued":
        grants["refresh_token"] = (TOKENS, str(asked.get("refresh_token", "")))
    table, key = grants.get(str(asked.get("grant_type")), ("", ""))
    if not table:
        raise Refused("unsupported_grant_type", "That grant is not supported.")
    found = state.get(table, key)
    wrong_address = table == CODES and found is not None and found["redirect_uri"] != asked.get("redirect_uri")
    if found is None or wrong_address or found.get("kind", "refresh") != "refresh" or _past(state, found["expires_at"]):
        raise Refused("invalid_grant", "The grant is unknown, used or expired.")
    state.delete(table, key)
    return str(found["scope"])


def _past(state: State, until: str) -> bool:
    return bool(until) and datetime.fromisoformat(until) <= state.now()


def _issue(state: State, scope: str) -> Document:
    seconds = int(switches.TOKEN_SECONDS.read(state))
    until = (state.now() + timedelta(seconds=seconds)).isoformat() if seconds else ""
    access = secrets.token_urlsafe(32)
    state.put(TOKENS, access, {"kind": "access", "scope": scope, "expires_at": until})
    answer: Document = {"access_token": access, "token_type": "bearer", "scope": scope}
    if seconds:
        answer["expires_in"] = seconds
    if switches.REFRESH_TOKEN.read(state) == "issued":
        answer["refresh_token"] = secrets.token_urlsafe(32)
        state.put(TOKENS, answer["refresh_token"], {"kind": "refresh", "scope": scope, "expires_at": ""})
    return answer


# legacy login and the session's facts


def login(call: Call) -> Answer:
    """POST /api/auth/identity/callback: form login, answered with a session cookie."""
    asked = _form(call)
    if (asked.get("auth_key"), asked.get("password")) != (LOGIN, PASSWORD):
        return unauthorized(call.state)
    session = secrets.token_urlsafe(32)
    with call.state.transaction("api", f"{call.method} {call.url}"):
        call.state.put(TOKENS, session, {"kind": "session", "scope": "", "expires_at": ""})
    return Answer(200, None, {"set-cookie": f"{COOKIE}={session}; Path=/; HttpOnly"})


def whoami(call: Call) -> Answer:
    """GET /api/system/whoami."""
    who = caller(call)
    rows = call.state.select(
        "heartland/users", "json_extract(doc, '$.login') = ?", (who.login if who else "",), limit=1
    )
    known = (
        rows[0] if rows else {"id": None, "login": who.login if who else None, "first_name": None, "last_name": None}
    )
    return Answer(200, known)


def host(call: Call) -> Answer:
    """GET /api/system/host: which tenant the token belongs to."""
    return Answer(200, {"host": call.headers.get("host", "")})
