"""Nobody is in the console who does not belong, and no form is taken that a page of ours did not make."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from he_sync.model.errors import FixSettings
from he_sync.store import effects
from he_sync.web.console.door import key_of
from he_sync.web.console.pages import ROUTES
from he_sync.web.console.render import LINKS
from he_sync.web.console.sessions import IDLE, LASTS
from tests.console.conftest import Served
from tests.console.person import Person
from tests.store.examples import effect


def paths() -> list[str]:
    return sorted({re.sub(r"\{[^}]*\}", "1", route.path) for route in ROUTES})


def test_no_page_opens_without_the_printed_address(served: Served) -> None:
    stranger = Person(served.address)
    for path in paths():
        assert stranger.get(path).status == 401, path
        assert stranger.post(path, do="approve", key="x").status == 401, path


def test_a_wrong_address_lets_nobody_in(served: Served) -> None:
    stranger = Person(served.address)
    for secret in ("", "x", served.keys.way_in[:-1], served.keys.way_in + "0", "%C3%A4"):
        assert stranger.get(f"/enter/{secret}").status == 401
    assert stranger.get("/").status == 401


def test_a_session_ends_after_a_working_day_and_a_made_up_one_never_begins(served: Served) -> None:
    person = served.person()
    while served.clock.ahead < LASTS - IDLE:
        served.clock.ahead += IDLE / 2
        assert person.get("/audit").status == 200
    served.clock.ahead = LASTS + timedelta(seconds=1)
    assert person.get("/audit").status == 401
    for made_up in ("", "x", "A" * 43, person.cookies["he_console"][:-1]):
        person.cookies["he_console"] = made_up
        assert person.get("/audit").status == 401


def test_a_session_that_nobody_uses_ends_within_hours(served: Served) -> None:
    person = served.person()
    served.clock.ahead = IDLE + timedelta(seconds=1)
    assert person.get("/audit").status == 401


def test_a_name_that_is_not_ours_is_not_served(served: Served) -> None:
    assert served.person().get("/", Host="console.example:80").status == 421


def test_a_form_of_another_site_or_without_its_token_decides_nothing(served: Served) -> None:
    waits = effect("ticket 1", limit_ok=False)
    effects.plan(served.store, [waits])
    person = served.person()
    person.get("/approvals")
    right = person.token
    assert person.post("/approvals", origin="http://shop.example", do="approve", key=waits.key).status == 403
    assert person.post("/approvals", origin="null", do="approve", key=waits.key).status == 403
    for wrong in ("", "0" * 64, served.keys.form("another session")):
        person.token = wrong
        assert person.post("/approvals", do="approve", key=waits.key).status == 422
    assert effects.find(served.store, waits.key).state == "waiting_approval"  # type: ignore[union-attr]
    person.token = right
    assert "1 approved" in person.post("/approvals", do="approve", key=waits.key).words


def test_every_answer_forbids_scripts_frames_and_caches(served: Served) -> None:
    person = served.person()
    for path in ("/", "/nowhere", "/stock?sku=x&location=y"):
        headers = person.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'"), path
        assert (headers["x-frame-options"], headers["cache-control"]) == ("DENY", "no-store"), path


def test_what_others_sent_is_text_never_markup(served: Served) -> None:
    effects.plan(served.store, [effect("ticket 1", limit_ok=False, summary="<script>alert(1)</script>")])
    page = served.person().get("/approvals")
    assert "<script" not in page.text
    assert "<script>alert(1)</script>" in page.words


def test_every_link_of_every_page_leads_somewhere(served: Served) -> None:
    person = served.person()
    for to, name in (link for group in LINKS for link in group):
        page = person.get(to)
        assert page.status == 200, (to, page.words)
        assert f'<a href="{to}" aria-current="page">{name}</a>' in page.text


def test_a_key_that_others_could_have_read_is_refused(tmp_path: Path) -> None:
    assert len(key_of(tmp_path)) == 32
    assert key_of(tmp_path) == key_of(tmp_path)
    assert (tmp_path / "console.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "console.key").chmod(0o640)
    with pytest.raises(FixSettings, match="can be read by others"):
        key_of(tmp_path)
