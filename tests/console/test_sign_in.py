"""People sign in by name and password, every deed is theirs, and nobody is two people."""

from __future__ import annotations

import getpass
import hashlib
import io
import json
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest
import yaml
from starlette.routing import Route

from he_sync.model.errors import FixInput, FixSettings
from he_sync.store import audit, effects
from he_sync.web.console import __main__, sign_in, users
from he_sync.web.console.pages import ROUTES
from he_sync.web.console.roles import VIEWS, Role
from he_sync.web.console.sessions import IDLE
from he_sync.web.console.tries import FREE, LONGEST
from he_sync.web.console.users import AT_ONCE, Users
from tests.console.conftest import CHEAP, Served, named, phrase
from tests.console.person import Person
from tests.store.examples import effect, key_of

WRONG = "long words of nobody"


@pytest.fixture
def people(served: Served) -> Served:
    named(served.home, "cora", "carl")
    named(served.home, "lea", roles=VIEWS)
    return served


def routes() -> list[tuple[str, str]]:
    """Every (method, path) of the console's pages."""
    found = [(method, route) for route in ROUTES if isinstance(route, Route) for method in route.methods or ()]
    return sorted((method, re.sub(r"\{[^}]*\}", "1", route.path)) for method, route in found)


def test_every_deed_is_its_persons(people: Served) -> None:
    one, other = effect("ticket 1", limit_ok=False), effect("ticket 2", limit_ok=False)
    effects.plan(people.store, [one, other])
    for name, waits in (("cora", one), ("Carl", other)):
        person, _ = people.signs_in(name, phrase(name.casefold()))
        assert "1 approved" in person.post("/approvals", do="approve", key=waits.key).words
    approved = {row.actor for row in audit.entries(people.store) if row.action == "effect waiting_approval -> planned"}
    assert approved == {"cora", "carl"}


def test_a_posting_is_approved_within_ones_role_and_by_nobody_without_one(people: Served) -> None:
    profile = people.home / "profile.yaml"
    told = yaml.safe_load(profile.read_text())
    told["approval"] = {"roles": {"clerk": {"limit_minor": 1_000}}, "people": {"cora": "clerk"}}
    profile.write_text(yaml.safe_dump(told))
    large, small = (effect(f"payment {cents}", kind="post_journal", limit_ok=False, amount_minor=-cents,
                           key=key_of(f"payment {cents}", "post_journal")) for cents in (1_001, 1_000))  # fmt: skip
    effects.plan(people.store, [large, small])
    cora, _ = people.signs_in("cora")
    refused = cora.post("/approvals", do="approve", key=[small.key, large.key])
    assert (refused.status, "10.01 is above cora's limit of 10.00" in refused.words) == (403, True)
    carl, _ = people.signs_in("carl")
    assert "carl may not approve" in carl.post("/approvals", do="approve", key=small.key).words
    assert {status.state for status in effects.listing(people.store)} == {"waiting_approval"}
    assert "1 approved" in cora.post("/approvals", do="approve", key=small.key).words


def test_once_somebody_is_named_no_page_opens_without_a_sign_in_and_the_key_lets_nobody_in(people: Served) -> None:
    stranger = Person(people.address)
    for way in (f"/enter/{people.keys.way_in}", "/", "/audit"):
        page = stranger.get(way)
        assert (page.status, "Sign in" in page.words) == (200, True), way
        assert "he_console" not in stranger.cookies
    for method, path in routes():
        if method == "POST":
            assert stranger.post(path, do="approve", key="x").status == 401, path
        elif method == "GET":
            assert "Sign in" in stranger.get(path).words, path


def test_a_session_of_the_key_ends_when_the_first_person_is_named(served: Served) -> None:
    owner = served.person()
    named(served.home, "cora")
    assert "Sign in" in owner.get("/audit").words


def test_who_only_looks_opens_every_page_and_decides_nothing_anywhere(people: Served) -> None:
    waits = effect("ticket 1", limit_ok=False)
    effects.plan(people.store, [waits])
    looker, _ = people.signs_in("lea")
    for method, path in routes():
        if method == "POST":
            refused = looker.post(path, do="approve", key=waits.key, note="please")
            assert (refused.status, "lea is viewer here" in refused.words) == (403, True), path
    assert looker.get("/approvals").status == 200
    assert effects.find(people.store, waits.key).state == "waiting_approval"  # type: ignore[union-attr]
    assert looker.post("/sign-out").status == 200


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(people: Served) -> None:
    answers = [people.signs_in(name, WRONG)[1] for name in ("cora", "nobody", "", "x" * 70_00)]
    assert {(one.status, sign_in.WRONG in one.words) for one in answers} == {(401, True)}


def test_of_many_guesses_at_once_a_handful_is_looked_at_and_the_right_one_waits_too(people: Served) -> None:
    def guess(first: int) -> list[int]:
        stranger = Person(people.address)
        stranger.get("/sign-in")
        words = (f"{WRONG} {number}" for number in range(first, first + 25))
        return [stranger.post("/sign-in", name="cora", password=each).status for each in words]

    with ThreadPoolExecutor(8) as at_once:
        answers = [status for each in at_once.map(guess, range(0, 200, 25)) for status in each]
    assert answers.count(401) <= FREE
    assert set(answers) <= {401, 429, 503}
    assert "Too many wrong passwords" in people.signs_in("cora")[1].words
    assert [row.actor for row in audit.entries(people.store) if row.action.startswith("locked")] == ["cora"]
    assert people.signs_in("carl")[1].status == 200
    people.clock.ahead += LONGEST
    assert people.signs_in("cora")[1].status == 200


def test_the_try_that_locks_is_in_the_audit_though_nobody_had_time_to_look_at_it(people: Served) -> None:
    for number in range(FREE - 1):
        people.signs_in("cora", f"{WRONG} {number}")
    users: Users = people.app.state.users
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(users._turn())
        assert people.signs_in("cora", WRONG)[1].status == 503
    assert [row.actor for row in audit.entries(people.store) if row.action.startswith("locked")] == ["cora"]


def sign_out(people: Served, person: Person) -> None:
    del people
    person.post("/sign-out")


def another_password(people: Served, person: Person) -> None:
    del person
    users.add(people.home, "cora", "other words than before", hasher=CHEAP)


def no_more_decisions(people: Served, person: Person) -> None:
    del person
    named(people.home, "cora", roles=VIEWS)


def dropped(people: Served, person: Person) -> None:
    del person
    users.drop(people.home, "cora")


@pytest.mark.parametrize("end", [sign_out, another_password, no_more_decisions, dropped])
def test_a_session_ends_at_once_with_what_it_began_on(people: Served, end: Callable[[Served, Person], None]) -> None:
    person, _ = people.signs_in("cora")
    cookie = person.cookies["he_console"]
    assert "Verify the chain" in person.get("/audit").words
    end(people, person)
    person.cookies["he_console"] = cookie
    assert "Sign in" in person.get("/audit").words


def test_a_cookie_that_was_planted_before_the_sign_in_is_worth_nothing_after_it(people: Served) -> None:
    planted = "A" * 43
    person = Person(people.address, {"he_console": planted})
    person.get("/sign-in")
    person.post("/sign-in", name="cora", password=phrase("cora"))
    assert person.cookies["he_console"] not in {planted, people.signs_in("cora")[0].cookies["he_console"]}
    assert "Verify the chain" in person.get("/audit").words
    assert "Sign in" in Person(people.address, {"he_console": planted}).get("/audit").words


def test_a_sign_in_without_the_token_of_its_own_page_or_from_another_site_is_none(people: Served) -> None:
    stranger = Person(people.address)
    stranger.get("/sign-in")
    assert stranger.post("/sign-in", origin="http://shop.example", name="cora", password=phrase("cora")).status == 403
    stranger.cookies.clear()
    assert stranger.post("/sign-in", name="cora", password=phrase("cora")).status == 422
    assert "he_console" not in stranger.cookies


def test_the_cookie_is_for_this_site_and_no_script(people: Served) -> None:
    stranger = Person(people.address)
    stranger.get("/sign-in")
    answer = stranger.raw_post("/sign-in", name="cora", password=phrase("cora"))
    [cookie] = [line for line in answer.headers.get_all("set-cookie") or [] if line.startswith("he_console=")]
    assert {"HttpOnly", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize(
    ("to", "lands"),
    [
        ("/audit?after=3", "/audit?after=3"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("evil.example", "/"),
        ("/\tx", "/"),
        ("/sign-in?to=/", "/"),
    ],
)
def test_a_sign_in_leads_into_this_console_and_nowhere_else(to: str, lands: str) -> None:
    assert sign_in.inside(to) == lands


def test_the_file_tells_no_password_and_is_refused_where_others_could_write_it(people: Served) -> None:
    path = people.home / users.FILE
    text = path.read_text()
    assert "long words" not in text
    assert len({row["hash"].split("$")[4] for row in json.loads(text)}) == 3
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o620)
    with pytest.raises(FixSettings, match="read or written by others"):
        users.Users(people.home).known()
    assert Person(people.address).get("/").status == 503


def test_a_record_of_the_older_method_lets_its_person_in_and_is_replaced_by_the_sign_in(served: Served) -> None:
    def old(name: str, *, only_looks: bool) -> dict[str, object]:
        made = hashlib.scrypt(phrase(name).encode(), salt=bytes(16), n=2, r=8, p=1, dklen=64).hex()
        return {"name": name, "cost": [2, 8, 1], "salt": bytes(16).hex(), "hash": made, "only_looks": only_looks}

    path = served.home / users.FILE
    path.write_text(json.dumps([old("cora", only_looks=False), old("lea", only_looks=True)]))
    path.chmod(0o600)
    before = path.read_text()
    assert served.signs_in("cora", WRONG)[1].status == 401
    assert path.read_text() == before
    person, _ = served.signs_in("cora")
    assert [row["hash"].split("$")[1] for row in json.loads(path.read_text())] == ["argon2id", "scrypt"]
    assert "Verify the chain" in person.get("/audit").words
    assert served.signs_in("lea")[0].post("/conflicts", name="x").status == 403
    assert served.signs_in("cora")[1].status == 200


@pytest.mark.parametrize("damaged", ["", "[1]", '[{"name": "x"}]', '[{"name": "x", "hash": "x", "roles": []}]', "{}x"])
def test_a_damaged_file_lets_nobody_in(served: Served, damaged: str) -> None:
    owner = served.person()
    (served.home / users.FILE).write_text(damaged)
    (served.home / users.FILE).chmod(0o600)
    assert owner.get("/audit").status == 503
    assert Person(served.address).get(f"/enter/{served.keys.way_in}").status == 503


def test_names_and_passwords_that_will_not_do_are_refused_and_the_last_person_stays(people: Served) -> None:
    for name, password, says in (
        ("a b", phrase("x"), "no name"),
        ("\x1b[2J", phrase("x"), "no name"),
        ("ben", "short", "12 to 1024"),
        ("longer-than-twelve", "Longer-than-twelve", "is the name"),
    ):
        with pytest.raises(FixInput, match=says):
            users.add(people.home, name, password, hasher=CHEAP)
    for name in ("lea", "Carl"):
        users.drop(people.home, name)
    with pytest.raises(FixInput, match="cora is the last one"):
        users.drop(people.home, "cora")


def test_the_command_line_names_people_and_the_audit_says_who_did(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*words: str, said: str = "") -> int:
        monkeypatch.setattr(sys, "argv", ["console", "--home", str(served.home), *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(said))
        return __main__.main()

    monkeypatch.setenv("HE_HOME", str(served.home))
    assert run("--add-user", "cora", said="short\n") == 2
    assert not (served.home / users.FILE).exists()
    assert run("--add-user", "cora", said=f"{phrase('cora')}\n") == 0
    assert run("--add-user", "lea", "--only-look", said=f"{phrase('lea')}\n") == 0
    assert served.signs_in("cora")[1].status == 200
    assert users.Users(served.home).known()["lea"].roles == VIEWS
    assert run("--add-user", "max", "--role", "root", said=f"{phrase('max')}\n") == 2
    assert run("--add-user", "max", "--role", "preparer", "--role", "approver", said=f"{phrase('max')}\n") == 0
    assert users.Users(served.home).known()["max"].roles == {Role.PREPARER, Role.APPROVER}
    assert run("--drop-user", "lea") == 0
    deeds = [(row.actor, row.action, json.loads(row.detail)["user"]) for row in audit.entries(served.store, "console")
             if row.action.startswith("user")]  # fmt: skip
    me = getpass.getuser()
    said = [("user added", "cora"), ("user added", "lea"), ("user added", "max"), ("user dropped", "lea")]
    assert deeds == [(me, *each) for each in said]


def test_an_idle_session_ends_and_the_page_comes_back_after_signing_in(people: Served) -> None:
    person, _ = people.signs_in("cora")
    people.clock.ahead += IDLE + timedelta(seconds=1)
    page = person.get("/close?x=1")
    assert 'name="to" value="/close?x=1"' in page.text
