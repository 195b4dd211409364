"""A small identity provider over HTTP: signs what a test wants it to sign, as strict about codes as a real one."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jws, jwt
from joserfc.jwk import ECKey, Key, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "console", "a secret: with % and /"


def fresh_key(name: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": name, "use": "sig"})


@dataclass
class StandIn:
    """`claims` are laid over those of the person (None takes one away); `told` over what discovery says."""

    address: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    key: Key = field(default_factory=lambda: fresh_key("first"))
    published: list[Key] = field(default_factory=list)
    algorithm: str = "ES256"
    away: bool = False
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/keys", self.keys),
            ]
        )

    async def discovery(self, request: Request) -> Response:
        self.asked.append("discovery")
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        told = {"issuer": self.address, **{name: f"{self.address}/{path}" for name, path in ends.items()}}
        del request
        return JSONResponse(told | self.told, 503 if self.away else 200)

    async def keys(self, request: Request) -> Response:
        del request
        shown = [key.as_dict(private=False) for key in self.published or [self.key]]
        return JSONResponse({"keys": [*shown, {"kty": "odd"}, {"kty": "oct", "kid": "first", "k": "c2VjcmV0"}]})

    async def authorize(self, request: Request) -> Response:
        """The person is signed in here already, and sent back with a code."""
        code, asked = secrets.token_urlsafe(8), dict(request.query_params)
        assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
        self._codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}", 302)

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        asked = self._codes.pop(form["code"], None)
        user, _, word = (
            base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode().partition(":")
        )
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        proven = asked and asked["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        ours = (user, word) == (CLIENT, "a%20secret%3A%20with%20%25%20and%20%2F")
        if not (proven and ours and asked and form["redirect_uri"] == asked["redirect_uri"]):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": self.signed(asked["nonce"])})

    def signed(self, nonce: str) -> str:
        now = int(time.time())
        person = {"sub": "7", "preferred_username": "Cora", "groups": ["leads", "unknown"]}
        base = {"iss": self.address, "aud": CLIENT, "nonce": nonce, "iat": now, "exp": now + 300}
        claims = {name: value for name, value in (base | person | self.claims).items() if value is not None}
        if self.algorithm == "none":
            head, body = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in _unsigned(claims))
            return f"{head}.{body}."
        key = OctKey.import_key(SECRET) if self.algorithm == "HS256" else self.key
        registry = jws.JWSRegistry(algorithms=[self.algorithm])
        return jwt.encode({"alg": self.algorithm, "kid": self.key.kid}, claims, key, registry=registry)


def _unsigned(claims: dict[str, Any]) -> tuple[bytes, bytes]:
    return json.dumps({"alg": "none"}).encode(), json.dumps(claims).encode()


def rsa_key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})
