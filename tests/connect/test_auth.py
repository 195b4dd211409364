"""Authentication flows as straight lines: what is sent, and what happens after a 401."""

from __future__ import annotations

from pathlib import Path

import pytest

from he_sync.connect.auth import authorised, basic, bearer, fixed
from he_sync.connect.tokens import Token, TokenCache
from he_sync.connect.wire import Request, Response
from he_sync.model.errors import NotAllowed

ASK = Request("POST", "https://erp.test/token", idempotent=True)
READ = Request("GET", "https://erp.test/orders")


class Erp:
    """Accepts one token at a time; hands out the next on request."""

    def __init__(self) -> None:
        self.valid, self.issued, self.seen = "t0", 0, list[str]()

    def __call__(self, request: Request) -> Response:
        self.seen.append(request.url.rsplit("/", 1)[1])
        if request.url == ASK.url:
            self.issued += 1
            self.valid = f"t{self.issued}"
            return Response(200, {}, self.valid.encode())
        return Response(200 if request.headers["authorization"] == f"Bearer {self.valid}" else 401, {}, b"")


def read_token(response: Response) -> Token:
    if response.status != 200:
        raise NotAllowed("user or password not accepted", response.status)
    return Token(response.body.decode(), 3600)


def test_a_token_is_fetched_once_and_used_for_every_request(tmp_path: Path) -> None:
    erp, auth = Erp(), bearer(TokenCache(tmp_path / "t.db"), "erp", lambda: ASK, read_token)
    assert [authorised(READ, auth, erp).status for _ in range(3)] == [200, 200, 200]
    assert erp.seen == ["token", "orders", "orders", "orders"]


def test_a_token_that_expired_early_is_renewed_once_and_the_request_repeated(tmp_path: Path) -> None:
    erp, auth = Erp(), bearer(TokenCache(tmp_path / "t.db"), "erp", lambda: ASK, read_token)
    authorised(READ, auth, erp)
    erp.valid = "revoked"
    assert authorised(READ, auth, erp).status == 200
    assert erp.seen == ["token", "orders", "orders", "token", "orders"]


def test_a_new_token_that_is_refused_as_well_ends_the_attempt(tmp_path: Path) -> None:
    seen: list[str] = []

    def refuse(request: Request) -> Response:
        seen.append(request.url)
        return Response(200, {}, b"t") if request.url == ASK.url else Response(401, {}, b"")

    auth = bearer(TokenCache(tmp_path / "t.db"), "erp", lambda: ASK, read_token)
    assert authorised(READ, auth, refuse).status == 401
    assert seen == [ASK.url, READ.url, ASK.url, READ.url]


def test_refused_credentials_free_the_lease_for_the_next_process(tmp_path: Path) -> None:
    auth = bearer(TokenCache(tmp_path / "t.db"), "erp", lambda: ASK, read_token)
    for _ in range(2):
        with pytest.raises(NotAllowed):
            authorised(READ, auth, lambda _: Response(401, {}, b""))
    assert authorised(READ, auth, Erp()).status == 200


def test_fixed_headers_travel_with_every_request() -> None:
    seen: list[dict[str, str]] = []

    def note(request: Request) -> Response:
        seen.append(request.headers)
        return Response(200, {}, b"")

    authorised(READ, fixed(authorization=basic("ada", "pass:word"), x_api_key="k"), note)
    assert seen == [{"authorization": "Basic YWRhOnBhc3M6d29yZA==", "x-api-key": "k"}]


def test_a_secret_is_not_in_the_text_of_a_token() -> None:
    assert "geheim" not in repr(Token("geheim", 60))
