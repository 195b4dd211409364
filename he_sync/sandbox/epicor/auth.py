"""Who is calling: users, API keys, bearer tokens, and the two forms of TokenResource.svc.

Tokens are signed, not stored, so they outlive a restart. They end in real seconds, not by the sandbox's clock, which
jumps by whole business days.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

from he_sync.sandbox.epicor.errors import Denied, KineticError, Unauthenticated
from he_sync.sandbox.epicor.switches import EXPIRES_IN, MISSING_KEY_STATUS, MISSING_KEY_TEXT, TOKEN_CASE
from he_sync.sandbox.http import Answer, Call
from he_sync.sandbox.state import State, decode, encode

USERS = {"he-sync": "sandbox", "viewer": "sandbox"}
READERS = frozenset({"viewer"})


@dataclass(frozen=True)
class Key:
    """An API key and the services of its access scope; None is all of them."""

    name: str
    services: frozenset[str] | None = None


KEYS = {
    "sandbox-api-key": Key("he-sync"),
    "sandbox-orders-key": Key(
        "orders only", frozenset({"erp.bo.salesordersvc", "erp.bo.customersvc", "ice.lib.sessionmodsvc"})
    ),
}


def user(call: Call) -> str:
    """The calling user by Basic or Bearer. Raises Unauthenticated."""
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return _password(*_basic(given))
    if scheme.lower() == "bearer":
        if call.fault and call.fault.name == "expired_token":
            raise Unauthenticated("The access token has expired.")
        return _verified(call.state, given.strip())
    raise Unauthenticated("Authentication failed: no credentials.")


def scope(call: Call) -> Key:
    """The API key's scope, from the header or `api-key` in the query. What a bad key answers is a switch."""
    given = call.headers.get("x-api-key") or call.params().get("api-key", "")
    if given not in KEYS:
        refused = KineticError(MISSING_KEY_TEXT.read(call.state), status=int(MISSING_KEY_STATUS.read(call.state)))
        refused.kind = Unauthenticated.kind
        raise refused
    return KEYS[given]


def may_use(key: Key, service: str) -> None:
    """Refuse a service outside of the key's access scope."""
    if key.services is not None and service.lower() not in key.services:
        raise Denied(f"Access scope does not allow '{service}'.")


def may_write(name: str) -> None:
    """Refuse a user with read-only rights."""
    if name in READERS:
        raise Denied(f"User {name} is not authorized to change data.")


def _basic(given: str) -> tuple[str, str]:
    try:
        name, _, password = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
    except ValueError as error:
        raise Unauthenticated("Authentication failed: malformed credentials.") from error
    return name, password


def _password(name: str, password: str) -> str:
    if not hmac.compare_digest(USERS.get(name, "\0").encode(), password.encode()):
        raise Unauthenticated("Invalid username or password.")
    return name


def token_resource(call: Call) -> Answer:
    """POST TokenResource.svc: Basic, or the headers `username` and `password`; an API key counts when it is sent."""
    if "authorization" in call.headers:
        name = user(call)
    else:
        name = _password(call.headers.get("username", ""), call.headers.get("password", ""))
    if "x-api-key" in call.headers:
        scope(call)
    return Answer(200, issued(call.state, name))


def issued(state: State, name: str) -> dict[str, object]:
    """A token row for a user."""
    seconds = int(EXPIRES_IN.read(state))
    token = _signed(state, {"username": name, "exp": int(time.time()) + seconds, "jti": secrets.token_hex(8)})
    if TOKEN_CASE.read(state) == "snake":
        return {"access_token": token, "expires_in": seconds, "refresh_token": "", "token_type": "Bearer"}
    return {"AccessToken": token, "ExpiresIn": seconds, "RefreshToken": "", "TokenType": "Bearer"}


def _secret(state: State) -> bytes:
    with state.transaction("server"):
        if not (found := state.setting("epicor.token_secret")):
            found = secrets.token_hex(32)
            state.set_setting("epicor.token_secret", found)
    return found.encode()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signed(state: State, claims: dict[str, object]) -> str:
    body = f"{_text(encode({'alg': 'HS256', 'typ': 'JWT'}).encode())}.{_text(encode(claims).encode())}"
    return f"{body}.{_text(hmac.digest(_secret(state), body.encode(), hashlib.sha256))}"


def _verified(state: State, token: str) -> str:
    body, _, signature = token.rpartition(".")
    expected = _text(hmac.digest(_secret(state), body.encode(), hashlib.sha256))
    if not body or not hmac.compare_digest(expected.encode(), signature.encode()):
        raise Unauthenticated("Invalid access token.")
    claims = decode(base64.urlsafe_b64decode(body.split(".")[1] + "==").decode())
    if claims["exp"] <= time.time():
        raise Unauthenticated("The access token has expired.")
    return str(claims["username"])


def valid(state: State, token: str) -> bool:
    """Whether a token is good now (TokenServiceSvc/IsTokenValid)."""
    try:
        _verified(state, token)
    except Unauthenticated:
        return False
    return True
