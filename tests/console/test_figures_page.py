"""The page of figures: for whoever has its token, for nobody else, and not there without one."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from he_sync.store import inbox
from tests.console.conftest import NOBODY_LISTENS, Served, serving
from tests.store.examples import arrival

TOKEN = "metrics-token-of-the-tests"


@pytest.fixture
def scraped(tmp_path: Path, profile: str) -> Iterator[Served]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "profile.yaml").write_text(profile, encoding="utf-8")
    with serving(home, {**NOBODY_LISTENS, "HE_HOME": str(home), "HE_METRICS_TOKEN": TOKEN}) as one:
        yield one


def scrape(served: Served, token: str | None = TOKEN, method: str = "GET") -> tuple[int, str, dict[str, str]]:
    connection = HTTPConnection(served.address, timeout=30)
    connection.request(method, "/metrics", headers={"authorization": f"Bearer {token}"} if token is not None else {})
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()
    return answer.status, page, {name.lower(): value for name, value in answer.getheaders()}


def test_who_has_the_token_reads_every_figure_as_prometheus_wants_it(scraped: Served) -> None:
    inbox.put(scraped.store, [arrival("a")])
    status, page, headers = scrape(scraped)
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    assert headers["cache-control"] == "no-store"
    assert 'he_events{state="new"} 1\n' in page
    assert 'he_figures_missing{group="days"} 0\n' in page
    inbox.put(scraped.store, [arrival("b", "order 2")])
    assert scrape(scraped)[1] == page, "read twice within five seconds"
    scraped.clock.ahead += scraped.clock.ahead.resolution * 6_000_000
    assert 'he_events{state="new"} 2\n' in scrape(scraped)[1]


@pytest.mark.parametrize("token", [None, "", TOKEN[:-1], TOKEN + "0", "ä" * 30])
def test_a_wrong_token_reads_nothing_and_neither_does_a_person_who_is_signed_in(
    scraped: Served, token: str | None
) -> None:
    try:
        status, page, headers = scrape(scraped, token)
    except UnicodeEncodeError:
        pytest.skip("not sent by this client")
    assert (status, page) == (401, "not accepted\n")
    assert headers["www-authenticate"] == "Bearer"
    assert scraped.person().get("/metrics").status == 401
    assert scrape(scraped, method="POST")[0] in {401, 403, 405}


def test_without_a_token_in_the_settings_there_is_no_such_page(served: Served) -> None:
    assert scrape(served)[0] == 404
    assert scrape(served, "")[0] == 404
