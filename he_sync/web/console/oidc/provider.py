"""The provider asked and its token checked (OpenID Connect Core 3.1.3.7): signature, issuer, audience, nonce, times."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from he_sync.connect.wire import GOOD, MEBIBYTE, HttpSend, Request, Send, http_send
from he_sync.model.errors import BrokenPromise, FixSettings, HeSyncError, NotAllowed, TryLater
from he_sync.web.console.oidc.attempts import Attempt
from he_sync.web.console.oidc.settings import OidcSettings, is_safe
from he_sync.web.console.roles import Roles
from he_sync.web.console.users import NAME

ALGORITHMS = ["RS256", "PS256", "ES256"]
"""Signed with a private key. Never `none`, never a shared secret that a reader of the settings could sign with."""
SKEW = 60
"""Seconds that the two clocks may differ."""
KEPT = timedelta(hours=1)
"""How long addresses and keys are believed: a key that is withdrawn there is out of use here after that."""
AGAIN = timedelta(seconds=30)
"""Between two looks for a key that is not known: a new one is found at once, a made-up one asks for no second look."""
SECONDS = 10.0
WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Vouched:
    """Whom the provider vouches for: `subject` is theirs for good, a name may be given to another one day."""

    name: str
    subject: str
    roles: Roles


@dataclass(frozen=True)
class _Told:
    """What the provider told about itself."""

    at: datetime
    addresses: Mapping[str, Any]
    keys: KeySet


def over_http() -> HttpSend:
    """A sender with the limits of a sign-in: a person waits."""
    return http_send(total_deadline=SECONDS, byte_cap=MEBIBYTE)


class Provider:
    """One identity provider. Raises HeSyncError of every kind: nobody is let in by an error."""

    def __init__(
        self,
        settings: OidcSettings,
        now: Callable[[], datetime],
        sender: Callable[[], AbstractContextManager[Send]] = over_http,
    ) -> None:
        self.settings, self._now, self._sender = settings, now, sender
        self._told: _Told | None = None
        self._lock = threading.Lock()

    def address(self, attempt: Attempt) -> str:
        """Where a person signs in."""
        with self._sender() as send:
            there = self._addresses(send)["authorization_endpoint"]
        asked = {
            "response_type": "code",
            "scope": "openid profile email",
            "client_id": self.settings.client,
            "redirect_uri": self.settings.back,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return f"{there}{'&' if '?' in there else '?'}{urlencode(asked)}"

    def vouched(self, attempt: Attempt, code: str) -> Vouched:
        """Who came back with a code. Raises NotAllowed for a bad token and for a person without a role."""
        with self._sender() as send:
            token = self._exchanged(send, attempt, code)
            claims = self._claims(send, token, attempt.nonce)
        return _person(claims, self.settings)

    def _exchanged(self, send: Send, attempt: Attempt, code: str) -> str:
        """The identity token that the code stands for."""
        told = self._addresses(send)
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.back,
            "code_verifier": attempt.verifier,
        }
        heads = {"content-type": "application/x-www-form-urlencoded"}
        fields, heads = self._proven(told, fields, heads)
        request = Request("POST", told["token_endpoint"], heads, urlencode(fields).encode(), idempotent=False)
        answer = _asked(send, request)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise NotAllowed("the provider did not take the code: sign in again")
        return token

    def _proven(
        self, told: Mapping[str, Any], fields: dict[str, str], heads: dict[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """The request as this console's own: its secret in the head, or in the form where only that is taken."""
        ours, secret = self.settings.client, self.settings.secret
        if not secret:
            return {**fields, "client_id": ours}, heads
        if "client_secret_basic" in told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            pair = f"{quote(ours, safe='')}:{quote(secret, safe='')}"
            return fields, {**heads, "authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        return {**fields, "client_id": ours, "client_secret": secret}, heads

    def _claims(self, send: Send, token: str, nonce: str) -> dict[str, Any]:
        """What a token says, once everything about it is right."""
        try:
            try:
                read = jwt.decode(token, self._keys(send), algorithms=ALGORITHMS)
            except InvalidKeyIdError:
                read = jwt.decode(token, self._keys(send, newer_than=AGAIN), algorithms=ALGORITHMS)
            must = {"iss": self.settings.issuer, "aud": self.settings.client, "nonce": nonce}
            rules: dict[str, Any] = {claim: {"essential": True, "value": value} for claim, value in must.items()}
            rules |= {claim: {"essential": True} for claim in ("exp", "iat", "sub")}
            jwt.JWTClaimsRegistry(int(self._now().timestamp()), SKEW, **rules).validate(read.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise NotAllowed(f"the provider's token is not good ({type(error).__name__}): sign in again") from error
        audience = read.claims["aud"]
        party = read.claims.get("azp", self.settings.client if isinstance(audience, str) else None)
        if party != self.settings.client and (party is not None or len(audience) > 1):
            raise NotAllowed("the provider's token is for another program")
        return read.claims

    def _addresses(self, send: Send) -> Mapping[str, Any]:
        return self._fresh(send, KEPT).addresses

    def _keys(self, send: Send, newer_than: timedelta = KEPT) -> KeySet:
        return self._fresh(send, newer_than).keys

    def _fresh(self, send: Send, most: timedelta) -> _Told:
        """What the provider told, no older than that."""
        with self._lock:
            if self._told is None or self._now() - self._told.at > most:
                self._told = self._ask(send)
            return self._told

    def _ask(self, send: Send) -> _Told:
        """Raises FixSettings for another issuer than the configured one, and for addresses without TLS."""
        issuer = self.settings.issuer
        found = _asked(send, Request("GET", issuer.rstrip("/") + WELL_KNOWN))
        if found.get("issuer") != issuer:
            raise FixSettings(f"HE_OIDC_ISSUER is {issuer}; the provider calls itself {str(found.get('issuer'))[:200]}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not is_safe(str(found.get(name, ""))):
                raise FixSettings(f"{issuer}: its {name} is no https:// address")
        keys = _asked(send, Request("GET", found["jwks_uri"])).get("keys")
        rows = keys if isinstance(keys, list) else []
        return _Told(self._now(), found, KeySet([key for row in rows if (key := _key(row))]))


def _asked(send: Send, request: Request) -> dict[str, Any]:
    """One answer of the provider as an object. Raises TryLater where it gives none, NotAllowed where it refuses."""
    try:
        answer = send(request)
        found = answer.json() if answer.status in GOOD else {}
    except BrokenPromise:
        raise
    except HeSyncError as error:
        raise TryLater(f"the provider does not answer ({error}): sign in again in a moment") from error
    if answer.status not in GOOD:
        refused = answer.status < 500  # noqa: PLR2004 - the class of the status
        raise (NotAllowed if refused else TryLater)(f"the provider answered {answer.status}: sign in again")
    if not isinstance(found, dict):
        raise BrokenPromise(f"{request.place}: not an object")
    return found


def _key(row: object) -> Key | None:
    """A key to check with; None for one that is for something else or of a kind that is not used here."""
    if not isinstance(row, dict) or row.get("use", "sig") != "sig" or row.get("kty") not in {"RSA", "EC"}:
        return None
    try:
        return JWKRegistry.import_key(row)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _person(claims: Mapping[str, Any], settings: OidcSettings) -> Vouched:
    name, groups = str(claims.get(settings.name, "")).lower(), claims.get(settings.groups, [])
    if not NAME.fullmatch(name):
        raise NotAllowed(f"the provider's {settings.name} is {name[:70]!r}, which is no name here")
    if settings.name == "email" and claims.get("email_verified") is not True:
        raise NotAllowed(f"the provider did not verify that {name} is yours")
    roles = settings.roles_of([groups] if isinstance(groups, str) else groups if isinstance(groups, list) else [])
    if not roles:
        raise NotAllowed(f"{name} has no role here: none of their groups is named in HE_OIDC_ROLES")
    return Vouched(name, str(claims["sub"]), roles)
