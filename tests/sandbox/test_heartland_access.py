from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from he_sync.sandbox.faults import Fault
from he_sync.sandbox.heartland import switches
from he_sync.sandbox.server import Sandbox
from tests.sandbox.heartland_documents import load
from tests.sandbox.heartland_http import READ_ONLY, Retail

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-client-secret"}
BACK = "http://127.0.0.1/back"


@pytest.fixture
def retail(sandbox: Sandbox) -> Retail:
    load(sandbox.state)
    return Retail(sandbox)


def code(retail: Retail, scope: str = "item.read") -> str:
    query = {"client_id": CLIENT["client_id"], "scope": scope, "redirect_uri": BACK, "state": "s1"}
    answer = httpx.get(f"{retail.sandbox.urls['heartland']}/oauth/authorize", params=query)
    target = urlsplit(answer.headers["location"])
    found = parse_qs(target.query)
    assert (answer.status_code, target.path, found["state"]) == (302, "/back", ["s1"])
    return found["code"][0]


def redeem(retail: Retail, method: str = "GET", **grant: str) -> httpx.Response:
    asked = {**CLIENT, "redirect_uri": BACK, "grant_type": "authorization_code", **grant}
    address = f"{retail.sandbox.heartland}/oauth/token"
    return httpx.get(address, params=asked) if method == "GET" else httpx.post(address, data=asked)


@pytest.mark.parametrize(("body", "content"), [("json", "application/json"), ("text", "text/plain"), ("empty", "")])
def test_a_wrong_token_is_401_with_the_body_of_the_switch(retail: Retail, body: str, content: str) -> None:
    retail.turn(switches.UNAUTHORIZED_BODY, body)
    answer = Retail(retail.sandbox, "wrong").call("GET", "items")
    assert (answer.status_code, answer.headers.get("content-type", "").split(";")[0]) == (401, content)
    assert httpx.get(f"{retail.sandbox.heartland}/nowhere").status_code == 401


def test_an_expired_token_is_401_and_nothing_is_done(retail: Retail) -> None:
    retail.sandbox.faults.set([Fault("expired_token", system="heartland", remaining=1)])
    assert retail.call("POST", "items", {}).status_code == 401
    assert len(retail.ids("items")) == 3


def test_the_read_only_token_reads_but_does_not_write(retail: Retail) -> None:
    viewer = Retail(retail.sandbox, READ_ONLY)
    assert len(viewer.ids("items")) == 3
    for method, path in (("POST", "items"), ("PUT", "items/100001"), ("DELETE", "items/100001")):
        assert viewer.error(method, path, {})[:2] == (403, "forbidden")


def test_unknown_addresses_and_methods_are_told_apart(retail: Retail) -> None:
    assert retail.error("GET", "v1/orders")[:2] == (404, "not_found")
    assert retail.error("DELETE", "payments/1")[0] == 405
    retail.turn(switches.NOT_FOUND_BODY, "empty")
    assert retail.call("GET", "items/7").content == b""


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_authorization_code_buys_one_token(retail: Retail, method: str) -> None:
    once = code(retail)
    assert redeem(retail, method, code=once, redirect_uri="http://127.0.0.1/other").status_code == 400
    answer = redeem(retail, method, code=once)
    assert answer.json().keys() == {"access_token", "token_type", "scope"}
    assert redeem(retail, method, code=once).json()["error"] == "invalid_grant"
    app = Retail(retail.sandbox, answer.json()["access_token"])
    assert app.get("system/host") == {"host": urlsplit(retail.sandbox.heartland).netloc}
    assert app.get("system/whoami")["login"] == "he-sync"


def test_tokens_expire_and_refresh_where_the_switches_say_so(retail: Retail) -> None:
    retail.turn(switches.TOKEN_SECONDS, "60")
    retail.turn(switches.REFRESH_TOKEN, "issued")
    first = redeem(retail, code=code(retail)).json()
    assert first["expires_in"] == 60
    retail.sandbox.state.set_setting("clock.offset", "61")
    assert Retail(retail.sandbox, first["access_token"]).call("GET", "items").status_code == 401
    second = redeem(retail, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert len(Retail(retail.sandbox, second["access_token"]).ids("items")) == 3


def test_scopes_bind_only_where_the_switch_enforces_them(retail: Retail) -> None:
    app = Retail(retail.sandbox, redeem(retail, code=code(retail, "item.read")).json()["access_token"])
    assert app.call("GET", "customers").status_code == 200
    retail.turn(switches.SCOPES, "enforced")
    assert [app.call("GET", path).status_code for path in ("items", "customers")] == [200, 403]
    assert app.call("POST", "items", {}).status_code == 403


def test_the_legacy_login_gives_a_session_cookie(retail: Retail) -> None:
    address = f"{retail.sandbox.heartland}/auth/identity/callback"
    with httpx.Client() as client:
        assert client.post(address, data={"auth_key": "sandbox", "password": "no"}).status_code == 401
        assert client.post(address, data={"auth_key": "sandbox", "password": "sandbox"}).status_code == 200
        assert client.get(f"{retail.sandbox.heartland}/items").status_code == 200


def test_a_spent_minute_is_429_with_the_time_to_wait(retail: Retail) -> None:
    retail.turn(switches.REQUESTS_PER_MINUTE, "2")
    answers = [retail.call("GET", "items") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2].headers["retry-after"]) <= 61


def test_locations_are_absolute_where_the_switch_says_so(retail: Retail) -> None:
    retail.turn(switches.LOCATION_HEADER, "absolute")
    location = retail.call("POST", "items", {}).headers["location"]
    assert location == f"{retail.sandbox.heartland}/items/100004"
