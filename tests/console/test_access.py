"""Every route as every role, over HTTP: what happens is what `access` declares, and nothing is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute

from he_sync.model.errors import BrokenPromise, FixInput
from he_sync.store import audit
from he_sync.web.console.access import RULES, Access, Rule, matrix, served
from he_sync.web.console.door import HEADERS
from he_sync.web.console.roles import Role, roles_named
from he_sync.web.console.sessions import IDLE, LASTS
from tests.console.conftest import Served, named, phrase, serving
from tests.console.person import Answer, Person

CLOSED = [rule for rule in RULES if not rule.open]
SIGN_OUT = "/sign-out"


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory, profile: str) -> Iterator[Served]:
    """A console with a person of each role alone, and one with all."""
    home = tmp_path_factory.mktemp("staffed")
    (home / "profile.yaml").write_text(profile, encoding="utf-8")
    for role in Role:
        named(home, role.value, roles=frozenset({role}))
    named(home, "chief")
    with serving(home, {"HE_HOME": str(home)}) as one:
        yield one


def somewhere(path: str) -> str:
    """An address of a route: nothing of that name is there, so that nothing happens beyond the door."""
    return "/static/console.css" if path == "/static" else re.sub(r"\{[^}]*\}", "1", path)


def ask(person: Person, method: str, path: str, token: str, origin: str | None = "", **fields: str) -> Answer:
    """One request as it is answered: nothing is followed."""
    person.token = token
    follow, person.follows = person.follows, False
    try:
        address = somewhere(path)
        return person.get(address) if method == "GET" else person.post(address, origin, **fields)
    finally:
        person.follows = follow


def cases() -> list[tuple[Rule, str]]:
    """Every route that is not open, a form once for each of its deeds."""
    return [(rule, do) for rule in CLOSED if rule.path != SIGN_OUT for do in rule.deeds or [""]]


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_through_where_it_is_declared_and_nowhere_else(staffed: Served, role: Role) -> None:
    person, _ = staffed.signs_in(role.value)
    token, holes = person.token, []
    for rule, do in cases():
        answer = ask(person, rule.method, rule.path, token, do=do)
        may = role in (rule.deeds[do] if do else rule.roles)
        refused = answer.status == 403 and f"{role} is {role} here" in answer.words
        if refused is may or answer.status in {401, 404, 405, 421}:
            holes.append((rule.method, rule.path, do, answer.status))
    assert not holes


def test_who_is_signed_out_gets_nowhere(staffed: Served) -> None:
    stranger = Person(staffed.address)
    stranger.get("/sign-in")
    for rule, do in cases():
        answer = ask(stranger, rule.method, rule.path, stranger.token, do=do)
        assert answer.status == (303 if rule.method == "GET" else 401), rule.path
        assert rule.method != "GET" or answer.headers["location"].startswith("/sign-in?to="), rule.path


def test_the_declaration_covers_what_is_served_and_nothing_else(staffed: Served) -> None:
    assert served(staffed.app.routes) == sorted((rule.method, rule.path) for rule in RULES)


def nothing(request: Request) -> Response:
    del request
    return Response()


@pytest.mark.parametrize(
    ("route", "says"),
    [
        (
            Route("/new", nothing),
            r'GET /new has no roles: add reads\("/new", ...\) to RULES in he_sync/web/console/acc',
        ),
        (Route("/new", nothing, methods=["POST"]), r'POST /new has no roles: add does\("/new", ...\)'),
        (Route("/letters", nothing, methods=["DELETE"]), "DELETE /letters has no roles"),
        (Mount("/files", routes=[]), r"GET /files has no roles"),
        (WebSocketRoute("/socket", nothing), "is no page"),
    ],
)
def test_a_route_without_roles_stops_the_console_and_names_the_missing_line(route: Route, says: str) -> None:
    with pytest.raises(BrokenPromise, match=says):
        Access([route])


def test_only_an_approver_approves_or_signs_and_who_looks_or_audits_changes_no_record() -> None:
    for rule in RULES:
        for do, roles in rule.deeds.items():
            assert do not in {"approve", "sign", "reopen"} or roles == {Role.APPROVER}, (rule.path, do)
    changing = [rule for rule in CLOSED if rule.method != "GET" and rule.path not in {SIGN_OUT, "/audit", "/packs"}]
    assert not [rule.path for rule in changing if rule.roles & {Role.VIEWER, Role.AUDITOR}]


def test_a_deed_that_a_form_has_not_is_nobodys(staffed: Served) -> None:
    person, _ = staffed.signs_in("chief")
    for rule in (rule for rule in CLOSED if rule.deeds):
        for do in ("", "destroy", "Approve"):
            assert ask(person, rule.method, rule.path, person.token, do=do).status == 422, (rule.path, do)


def test_every_form_needs_its_token_and_a_page_of_ours(staffed: Served) -> None:
    person, _ = staffed.signs_in("chief")
    token, before = person.token, audit.head(staffed.store)
    for rule in (rule for rule in RULES if rule.method == "POST"):
        do = next(iter(rule.deeds), "")
        for wrong in ("", "0" * 64, staffed.keys.form("another session")):
            answer = ask(person, "POST", rule.path, wrong, do=do, key="x", name="x")
            assert (answer.status, "older session" in answer.words) == (422, True), rule.path
        for origin in ("http://shop.example", "null"):
            assert ask(person, "POST", rule.path, token, origin, do=do).status == 403, rule.path
    assert audit.head(staffed.store) == before


def test_every_answer_carries_the_headers_whoever_asks_and_whatever_goes_wrong(staffed: Served) -> None:
    chief, _ = staffed.signs_in("chief")
    viewer, _ = staffed.signs_in("viewer")
    for person in (chief, viewer, Person(staffed.address)):
        for rule in (rule for rule in RULES if rule.path != SIGN_OUT):
            for method in {rule.method, "PUT", "TRACE"}:
                answer = raw(person, method, somewhere(rule.path))
                assert HEADERS.items() <= answer.headers.items(), (method, rule.path)
                assert method == rule.method or answer.status in {303, 401, 403, 405}, (method, rule.path)


def raw(person: Person, method: str, path: str) -> Answer:
    connection = HTTPConnection(person.address, timeout=30)
    kept = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    connection.request(method, path, None, {"Cookie": kept, "X-HTTP-Method-Override": "DELETE"})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return Answer(response.status, text, {name.lower(): value for name, value in response.headers.items()})


def test_a_session_that_is_too_old_or_was_replaced_opens_no_route(staffed: Served) -> None:
    old, _ = staffed.signs_in("chief")
    before = old.cookies["he_console"]
    old.get("/sign-in")
    old.post(SIGN_OUT)
    old.get("/sign-in")
    old.post("/sign-in", name="chief", password=phrase("chief"))
    assert old.cookies["he_console"] != before
    quiet, _ = staffed.signs_in("chief")
    replaced = Person(staffed.address, {"he_console": before})
    ahead = staffed.clock.ahead
    try:
        for person, later in ((replaced, ahead), (quiet, ahead + IDLE), (quiet, ahead + LASTS)):
            staffed.clock.ahead = later
            for rule in CLOSED:
                status = ask(person, rule.method, rule.path, person.token).status
                assert status == (303 if rule.method == "GET" else 401), rule.path
    finally:
        staffed.clock.ahead = ahead


def test_roles_are_named_in_any_case_and_a_name_that_is_no_role_is_refused() -> None:
    assert roles_named(["Rule Author", "rule_author", " ADMIN "]) == {Role.RULE_AUTHOR, Role.ADMIN}
    for wrong, says in (([], "no role is named"), (["root"], "'root' is no role; choose among viewer, operator")):
        with pytest.raises(FixInput, match=says):
            roles_named(wrong)


def test_the_printed_matrix_has_every_form_and_deed_with_a_column_a_role() -> None:
    head, _, *rows = matrix().splitlines()
    assert head == "| page or form | deed | viewer | operator | preparer | approver | rule-author | auditor | admin |"
    assert "| POST `/approvals` | approve |  |  |  | x |  |  |  |" in rows
    assert len(rows) == len(CLOSED) + sum(max(0, len(rule.deeds) - 1) for rule in CLOSED)
