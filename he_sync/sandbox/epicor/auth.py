"""Who is calling: users, API keys, bearer tokens, and the two forms of TokenResource.svc.

Of an API key only its first letters and its digest are kept, as rows of APIKey (api_keys.py makes and ends them).

Tokens are signed, not stored, so they outlive a restart. They end in real seconds, not by the sandbox's clock, which
jumps by whole business days.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
import uuid

from he_sync.sandbox.epicor import catalog
from he_sync.sandbox.epicor.context import COMPANY
from he_sync.sandbox.epicor.errors import Denied, KineticError, Unauthenticated
from he_sync.sandbox.epicor.switches import EXPIRES_IN, MISSING_KEY_STATUS, MISSING_KEY_TEXT, TOKEN_CASE
from he_sync.sandbox.http import Answer, Call
from he_sync.sandbox.state import Document, State, decode, encode, field

USERS = {"he-sync": "sandbox", "viewer": "sandbox"}
READERS = frozenset({"viewer"})


# Services that an access scope allows; a key without a scope reaches all of them.
SCOPES = {"orders only": frozenset({"erp.bo.salesordersvc", "erp.bo.customersvc", "ice.lib.sessionmodsvc"})}
WELL_KNOWN = {"sandbox-api-key": ("he-sync", ""), "sandbox-orders-key": ("orders only", "orders only")}
PREFIX_LETTERS = 8
TOKEN_SECRET = "epicor.token_secret"  # noqa: S105 - the setting's name


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


def scope(call: Call) -> Document:
    """The API key's row, from the header or `api-key` in the query. What a bad key answers is a switch."""
    given = call.headers.get("x-api-key") or call.params().get("api-key", "")
    found = key_row(call.state, given)
    if found is None:
        refused = KineticError(MISSING_KEY_TEXT.read(call.state), status=int(MISSING_KEY_STATUS.read(call.state)))
        refused.kind = Unauthenticated.kind
        raise refused
    return found


def may_use(key: Document, service: str) -> None:
    """Refuse a service outside of the key's access scope."""
    allowed = SCOPES.get(key.get("AccessScopeID", ""))
    if allowed is not None and service.lower() not in allowed:
        raise Denied(f"Access scope does not allow '{service}'.")


def digest(plain: str) -> str:
    """What is kept of a key's text."""
    return hashlib.sha256(plain.encode()).hexdigest()


def key_row(state: State, plain: str) -> Document | None:
    """The row of a key that is enabled and has not expired, by its text."""
    try:
        same = state.select(catalog.table("APIKey").collection, f"{field('HashKey')} = ?", [digest(plain)])
    except UnicodeEncodeError:
        return None
    today = state.now().date().isoformat()
    return next((row for row in same if row.get("Enabled") and (row.get("ExpiresOn") or "9999")[:10] >= today), None)


def install(state: State) -> None:
    """The well-known keys, where the state has none yet."""
    table = catalog.table("APIKey")
    if state.count(table.collection):
        return
    rows = [
        {"Company": COMPANY, "KeyID": name, "Name": name, "AccessScopeID": scope_id, "Enabled": True, **kept(plain)}
        | {"SysRevID": rev, "SysRowID": str(uuid.uuid5(uuid.NAMESPACE_OID, name))}
        for rev, (plain, (name, scope_id)) in enumerate(WELL_KNOWN.items(), 1)
    ]
    state.load(table.collection, [(table.key_of(row), None, row) for row in rows])


def kept(plain: str) -> dict[str, str]:
    """The two columns that stand for a key's text."""
    return {"PrefixKey": plain[:PREFIX_LETTERS], "HashKey": digest(plain)}


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
    """Made once, under the lock of writers; a mere look does not wait for them."""
    if found := state.setting(TOKEN_SECRET):
        return found.encode()
    with state.transaction("server"):
        if not (found := state.setting(TOKEN_SECRET)):
            found = secrets.token_hex(32)
            state.set_setting(TOKEN_SECRET, found)
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
