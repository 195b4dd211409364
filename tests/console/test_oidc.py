"""People come in by an identity provider: its token is believed when everything about it is right, once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import uvicorn

from he_sync.model.errors import FixSettings
from he_sync.store import audit
from he_sync.web.console import users
from he_sync.web.console.oidc.attempts import LASTS
from he_sync.web.console.oidc.provider import KEPT
from he_sync.web.console.oidc.settings import oidc_settings
from he_sync.web.console.roles import Role
from tests.console.conftest import Served, named, serving
from tests.console.person import Answer, Person
from tests.console.stand_in import CLIENT, SECRET, StandIn, fresh_key, rsa_key

GROUPS = "leads=approver,viewer; staff=preparer"


@dataclass
class Both:
    """A console and the provider that it believes."""

    served: Served
    provider: StandIn

    def away(self, to: str = "/") -> tuple[Person, str]:
        """Somebody who was sent to the provider and comes back: with the address that the provider sends them to."""
        person = Person(self.served.address, follows=False)
        there = urlsplit(person.get(f"/sign-in/provider?to={to}").headers["location"])
        connection = HTTPConnection(there.netloc, timeout=30)
        connection.request("GET", f"{there.path}?{there.query}")
        back = urlsplit(connection.getresponse().headers["location"])
        connection.close()
        return person, f"{back.path}?{back.query}"

    def comes(self, to: str = "/", **claims: Any) -> tuple[Person, Answer]:
        self.provider.claims = claims
        person, back = self.away(to)
        answer = person.get(back)
        person.follows = True
        return person, answer


@contextmanager
def provided() -> Iterator[StandIn]:
    one = StandIn()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        one.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(one.app(), log_config=None, ws="none", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield one
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def provider() -> Iterator[StandIn]:
    with provided() as one:
        yield one


@pytest.fixture
def both(provider: StandIn, tmp_path: Path, profile: str) -> Iterator[Both]:
    (tmp_path / "profile.yaml").write_text(profile, encoding="utf-8")
    provider.__init__(provider.address)  # type: ignore[misc] - as it was when it began
    with serving(tmp_path, environ(provider, tmp_path)) as served:
        yield Both(served, provider)


def environ(provider: StandIn, home: Path) -> dict[str, str]:
    return {
        "HE_HOME": str(home),
        "HE_OIDC_ISSUER": provider.address,
        "HE_OIDC_CLIENT_ID": CLIENT,
        "HE_OIDC_CLIENT_SECRET": SECRET,
        "HE_OIDC_ROLES": GROUPS,
        "HE_CONSOLE_URL": "http://localhost:7220",
    }


def is_in(person: Person) -> bool:
    return "Audit log" in person.get("/audit").text or "Nothing was decided" in person.get("/audit").text


def test_who_the_provider_vouches_for_is_in_with_the_roles_of_their_groups(both: Both) -> None:
    person, answer = both.comes("/audit?after=3")
    assert (answer.status, answer.headers["refresh"]) == (200, "0; url=/audit?after=3")
    assert is_in(person)
    assert users.Users(both.served.home).known()["cora"].roles == {Role.APPROVER, Role.VIEWER}
    assert person.post("/conflicts", name="x", note="y").status == 403
    assert [row.actor for row in audit.entries(both.served.store)] == ["cora"]


def test_without_a_sign_in_nothing_opens_and_the_key_lets_nobody_in(both: Both) -> None:
    stranger = Person(both.served.address)
    for way in ("/", "/audit", f"/enter/{both.served.keys.way_in}"):
        assert "Sign in with your organisation" in stranger.get(way).words


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "http://127.0.0.1:1"},
    "another audience": {"aud": "shop"},
    "no audience": {"aud": None},
    "two audiences and no party": {"aud": [CLIENT, "shop"]},
    "another party": {"aud": CLIENT, "azp": "shop"},
    "another nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "expired": {"exp": 1},
    "no end": {"exp": None},
    "an end that is a text": {"exp": "2099-01-01"},
    "issued tomorrow": {"iat": 2**33},
    "not before tomorrow": {"nbf": 2**33},
    "nobody": {"sub": None},
    "no name": {"preferred_username": None},
    "a name that is none": {"preferred_username": "cora\r\nadmin"},
    "no group of ours": {"groups": ["unknown"]},
    "groups that are no list": {"groups": {"leads": True}},
}


def test_a_token_that_is_wrong_in_one_thing_lets_nobody_in(both: Both) -> None:
    for why, claims in WRONG_CLAIMS.items():
        person, answer = both.comes(**claims)
        assert (answer.status, "he_console" in person.cookies, is_in(person)) == (403, False, False), why
    assert users.Users(both.served.home).known() == {}


@pytest.mark.parametrize("how", ["none", "HS256", "another key of that name"])
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(both: Both, how: str) -> None:
    both.provider.published = [both.provider.key]
    if how == "another key of that name":
        both.provider.key = fresh_key("first")
    else:
        both.provider.algorithm = how
    person, answer = both.comes()
    assert (answer.status, is_in(person)) == (403, False)


def test_clocks_may_differ_by_a_minute_and_no_more(both: Both) -> None:
    now = int(time.time())
    for late, status in ((45, 200), (75, 403)):
        assert both.comes(exp=now - late)[1].status == status
        assert both.comes(iat=now + late, exp=now + 300)[1].status == status


def test_a_new_key_is_found_at_once_and_a_withdrawn_one_is_no_longer_believed(both: Both) -> None:
    old = both.provider.key
    assert both.comes()[1].status == 200
    both.served.clock.ahead = KEPT / 2
    later = int(time.time() + KEPT.total_seconds() / 2) + 300
    both.provider.key = rsa_key("second")
    both.provider.algorithm = "RS256"
    assert both.comes(exp=later)[1].status == 200
    assert both.provider.asked == ["discovery"] * 2
    both.provider.published, both.provider.key, both.provider.algorithm = [both.provider.key], old, "ES256"
    assert both.comes(exp=later)[1].status == 403


def test_a_sign_in_ends_in_the_browser_where_it_began_once_and_in_time(both: Both) -> None:
    person, back = both.away()
    thief = Person(both.served.address, {"he_away": "x" * 43}, follows=False)
    assert thief.get(back).status == 403
    assert Person(both.served.address, follows=False).get(back).status == 403
    wrong = person.get(back.replace("state=", "state=x"))
    assert (wrong.status, "did not begin in this browser" in wrong.words) == (403, True)
    assert person.get(back).status == 403
    person, back = both.away()
    kept = dict(person.cookies)
    assert person.get(back).status == 200
    again = Person(both.served.address, kept, follows=False)
    assert "did not begin in this browser" in again.get(back).words
    late, back = both.away()
    both.served.clock.ahead = LASTS * 1.1
    assert "did not begin in this browser" in late.get(back).words


def test_a_stolen_code_is_worth_nothing_in_another_sign_in(both: Both) -> None:
    _, theirs = both.away()
    thief, own = both.away()
    stolen, state = parse_qs(urlsplit(theirs).query)["code"][0], parse_qs(urlsplit(own).query)["state"][0]
    answer = thief.get(f"/sign-in/callback?code={stolen}&state={state}")
    assert (answer.status, "he_console" in thief.cookies) == (403, False)


def test_one_person_is_not_two_and_two_are_not_one(both: Both) -> None:
    named(both.served.home, "carl")
    assert "carl is somebody else here" in both.comes(preferred_username="carl")[1].words
    assert both.comes()[1].status == 200
    assert "cora is somebody else here" in both.comes(sub="8")[1].words
    assert "cora.new was cora here before" in both.comes(preferred_username="cora.new")[1].words
    users.drop(both.served.home, "cora")
    assert both.comes(preferred_username="cora.new")[1].status == 200


def test_a_person_of_the_provider_has_no_password_here(both: Both) -> None:
    both.comes()
    for word in ("", "long words of cora", users.Users(both.served.home).known()["cora"].hash):
        assert both.served.signs_in("cora", word or " ")[1].status == 401


def test_other_groups_end_the_sessions_that_began_before(both: Both) -> None:
    before, _ = both.comes()
    after, _ = both.comes(groups="staff")
    assert (is_in(before), is_in(after)) == (False, True)


def test_a_refusal_or_silence_of_the_provider_lets_nobody_in_and_says_so(both: Both) -> None:
    person, back = both.away()
    state = parse_qs(urlsplit(back).query)["state"][0]
    page = person.get(f"/sign-in/callback?error=%3Cb%3Edenied&state={state}")
    assert (page.status, "<b>denied" in page.text, "<b>denied" in page.words) == (403, False, True)
    both.provider.away = True
    both.served.clock.ahead = KEPT * 2
    assert "the provider answered 503" in Person(both.served.address, follows=False).get("/sign-in/provider").words


@pytest.mark.parametrize(
    "told",
    [{"issuer": "http://127.0.0.1:1"}, {"token_endpoint": "http://evil.example/token"}, {"jwks_uri": None}],
)
def test_a_provider_that_calls_itself_otherwise_or_asks_without_tls_is_not_used(
    both: Both, told: dict[str, Any]
) -> None:
    both.provider.told = told
    assert Person(both.served.address, follows=False).get("/sign-in/provider").status == 422


def test_off_to_the_provider_goes_what_a_later_check_needs_and_no_secret(both: Both) -> None:
    person = Person(both.served.address, follows=False)
    answer = person.get("/sign-in/provider")
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["redirect_uri"] == ["http://localhost:7220/sign-in/callback"]
    assert {len(asked[name][0]) for name in ("state", "nonce", "code_challenge")} == {43}
    assert "secret" not in answer.headers["location"]
    assert {"HttpOnly", "SameSite=lax", "Path=/sign-in"} <= {
        part.strip() for part in answer.headers["set-cookie"].split(";")
    }


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HE_OIDC_ISSUER", "http://id.example", "HE_OIDC_ISSUER is"),
        ("HE_CONSOLE_URL", "", "HE_CONSOLE_URL is not set"),
        ("HE_CONSOLE_URL", "http://console.example", "HE_CONSOLE_URL is"),
        ("HE_OIDC_CLIENT_ID", "", "HE_OIDC_CLIENT_ID is not set"),
        ("HE_OIDC_ROLES", "leads", "HE_OIDC_ROLES"),
        ("HE_OIDC_ROLES", "leads=root", "'root' is no role"),
        ("HE_OIDC_ROLES", ";", "names no group"),
    ],
)
def test_a_provider_that_is_half_configured_is_refused_by_name(
    provider: StandIn, tmp_path: Path, name: str, value: str, says: str
) -> None:
    with pytest.raises(FixSettings, match=says):
        oidc_settings({**environ(provider, tmp_path), name: value})


def test_behind_a_proxy_with_tls_every_cookie_is_for_tls_alone(tmp_path: Path, profile: str) -> None:
    (tmp_path / "profile.yaml").write_text(profile, encoding="utf-8")
    named(tmp_path, "cora")
    with serving(tmp_path, {"HE_HOME": str(tmp_path), "HE_CONSOLE_URL": "https://console.example"}) as served:
        person = Person(served.address)
        page = person.get("/sign-in", Host="console.example")
        assert "max-age=31536000" in page.headers["strict-transport-security"]
        answer = person.raw_post("/sign-in", name="cora", password="long words of cora")
        cookies = answer.headers.get_all("set-cookie") or []
        assert (answer.status, len(cookies)) == (303, 2)
        assert all(cookie.endswith("; Secure") for cookie in cookies)
