"""Authentication as straight-line generators without network I/O: they yield requests and are sent the responses."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Generator
from contextlib import closing

from he_sync.connect.tokens import Token, TokenCache
from he_sync.connect.wire import Request, Response, Send

UNAUTHORISED = 401

Flow = Generator[Request, Response, None]
Auth = Callable[[Request], Flow]


def authorised(request: Request, auth: Auth, send: Send) -> Response:
    """Send a request the way `auth` says; the last response."""
    with closing(auth(request)) as flow:
        outgoing = next(flow)
        while True:
            response = send(outgoing)
            try:
                outgoing = flow.send(response)
            except StopIteration:
                return response


def fixed(**headers: str) -> Auth:
    """The same headers on every request (an API token, a Basic credential); underscores stand for hyphens."""

    def flow(request: Request) -> Flow:
        yield request.with_headers(**headers)

    return flow


def basic(user: str, password: str) -> str:
    """The value of a Basic authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def fingerprint(*secrets: str) -> str:
    """Tells that a credential was changed. Six digits on purpose: it lies in a file and must not verify a guess."""
    return hashlib.sha256("\0".join(secrets).encode()).hexdigest()[:6]


def bearer(
    tokens: TokenCache, name: str, ask: Callable[[], Request], read: Callable[[Response], Token], **headers: str
) -> Auth:
    """A bearer token that all processes share, fetched by whoever finds it missing, once more after a 401.

    Args:
        tokens: the shared cache.
        name: what the token is called in it; it names system and account.
        ask: the request that fetches a token (a fresh one each time: some carry a nonce).
        read: the token in its answer; raises NotAllowed for refused credentials.
        headers: further headers of every request.
    """

    def flow(request: Request) -> Flow:
        for _ in range(2):
            with tokens.lease(name) as lease:
                if lease.token is None:
                    lease.keep(read((yield ask())))
                token = lease.token or ""
            response = yield request.with_headers(authorization=f"Bearer {token}", **headers)
            if response.status != UNAUTHORISED:
                return
            tokens.drop(name, token)

    return flow
