"""The published expectations of a date are shown behind the door, and no other file of the home is."""

from __future__ import annotations

from tests.console.conftest import Served

DAY = "2026-11-20"


def published(served: Served) -> None:
    folder = served.home / "data_docs" / DAY
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("<!DOCTYPE html><title>all 99 are met</title>")
    (folder / "close.css").write_text("body { margin: 0 }")
    (folder / "secret.key").write_text("no page")


def test_the_dates_page_leads_to_what_was_expected_of_it_once_that_is_published(served: Served) -> None:
    person, link = served.person(), f'href="/close/{DAY}/expectations/index.html"'
    assert link not in person.get(f"/close/{DAY}").text
    published(served)
    assert link in person.get(f"/close/{DAY}").text
    assert "all 99 are met" in person.get(f"/close/{DAY}/expectations/index.html").text
    assert person.get(f"/close/{DAY}/expectations/close.css").status == 200


def test_nothing_else_of_the_home_is_served(served: Served) -> None:
    published(served)
    person = served.person()
    for path in ("secret.key", "../../profile.yaml", "..%2f..%2fprofile.yaml", "%2e%2e/%2e%2e/console.key", "no.html"):
        assert person.get(f"/close/{DAY}/expectations/{path}").status == 404


def test_a_date_without_pages_says_how_to_make_them(served: Served) -> None:
    page = served.person().get("/close/2026-11-19/expectations/index.html")
    assert (page.status, "run he-sync close docs 2026-11-19" in page.words) == (422, True)
