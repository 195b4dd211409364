"""What a night found unusual, in the console: expected, seen, why and the records; muted there, it is muted."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from he_sync.flows.anomalies import COLUMNS
from he_sync.quality.anomalies.alert import Alert
from he_sync.quality.anomalies.mutes import muted_by, read_mutes
from he_sync.store import audit
from he_sync.store.lake import Lake
from he_sync.web.console.pages.anomalies import ROWS
from tests.console.conftest import Served
from tests.console.person import Answer, Person

DAY = date(2026, 11, 20)
HALF = Alert("orders", "S002", DAY.isoformat(), "about 120 orders", "40 orders", "67% less", tuple("123"))
SILENT = Alert("silent_store", "S001", DAY.isoformat(), "about 60 orders", "0 orders", "nothing, unlike a usual Friday")
WHY = "two of three tills moved"


def kept(home: Path, *found: Alert, day: date = DAY) -> None:
    """As a night keeps them."""
    rows = [one.plain() | {"rows": " ".join(one.rows), "muted": ""} for one in found]
    Lake(home / "lake").write("quality", "anomalies", day.isoformat(), pd.DataFrame(rows, columns=COLUMNS))


def muted(person: Person, *found: Alert, until: date = DAY, note: str = WHY) -> Answer:
    keys = [one.key for one in found]
    return person.post("/anomalies", day=DAY.isoformat(), key=keys, until=until.isoformat(), note=note)


@pytest.fixture
def person(served: Served) -> Person:
    kept(served.home, HALF, SILENT)
    return served.person()


def test_an_alert_says_what_was_expected_and_seen_why_and_on_which_records(person: Person, served: Served) -> None:
    kept(served.home, Alert(*list(vars(HALF).values())[:6], rows=tuple(f"T{one}" for one in range(ROWS + 2))))
    words = person.get("/anomalies").words
    assert "orders S002 about 120 orders 40 orders 67% less" in words
    assert "T0, T1, T2, T3" in words
    assert f"T{ROWS - 1} and 2 more" in words
    assert f"T{ROWS}," not in words


def test_what_is_muted_here_is_muted_for_the_nights_too_with_who_and_why(person: Person, served: Served) -> None:
    assert "2 days, shares, lines and sales" in person.get("/").words
    answer = muted(person, HALF, until=DAY + timedelta(days=9))
    assert f"1 muted until {DAY + timedelta(days=9)}" in answer.words
    assert f"until {DAY + timedelta(days=9)}: {WHY}" in answer.words
    quiet = read_mutes(served.home / "anomalies" / "mutes.json")
    assert [bool(muted_by(one, quiet)) for one in (HALF, SILENT)] == [True, False]
    [row] = [one for one in audit.entries(served.store) if one.action == "alerts muted"]
    assert (row.actor, row.subject, json.loads(row.detail)["note"]) == ("ana", "orders of S002", WHY)
    assert "1 days, shares, lines and sales" in person.get("/").words


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"note": ""}, "say why"),
        ({"until": DAY - timedelta(days=1)}, "ends before"),
        ({"found": ()}, "tick at least one"),
    ],
)
def test_a_mute_needs_a_reason_an_end_that_comes_and_an_alert(person: Person, served: Served, asked, line) -> None:  # type: ignore[no-untyped-def]
    answer = muted(person, *asked.pop("found", (HALF,)), **asked)
    assert (answer.status, line in answer.words) == (422, True)
    assert not (served.home / "anomalies" / "mutes.json").exists()
    assert "alerts muted" not in {one.action for one in audit.entries(served.store)}


def test_a_later_mute_keeps_those_of_before(person: Person, served: Served) -> None:
    muted(person, HALF)
    muted(person, SILENT)
    assert {one.subject for one in read_mutes(served.home / "anomalies" / "mutes.json")} == {"S001", "S002"}
    assert "0 days, shares, lines and sales" in person.get("/").words


def test_a_mute_that_is_ended_early_is_heard_again_with_who_and_why(person: Person, served: Served) -> None:
    muted(person, HALF, SILENT, until=DAY + timedelta(days=9))
    asked = {"check": HALF.check, "subject": HALF.subject, "day": DAY.isoformat()}
    assert (answer := person.post("/anomalies/mutes", **asked, note="")).status == 422
    assert "say why" in answer.words
    assert "no longer muted: orders of S002" in person.post("/anomalies/mutes", **asked, note="tills are back").words
    assert [one.subject for one in read_mutes(served.home / "anomalies" / "mutes.json")] == ["S001"]
    assert "1 days, shares, lines and sales" in person.get("/").words
    assert "any more; open the page again" in person.post("/anomalies/mutes", **asked, note="twice").words
    rows = [one for one in audit.entries(served.store) if one.action == "mute ended"]
    assert [(one.actor, one.subject, json.loads(one.detail)["note"]) for one in rows] == [
        ("ana", "orders of S002", "tills are back")
    ]


def test_a_broken_file_of_mutes_is_said_and_the_first_page_still_stands(person: Person, served: Served) -> None:
    (served.home / "anomalies").mkdir()
    (served.home / "anomalies" / "mutes.json").write_text("{")
    assert "mutes.json: not JSON" in person.get("/anomalies").words
    first = person.get("/").words
    assert "mutes.json: not JSON" in first
    assert "Events waiting" in first


def test_other_dates_are_a_link_away_and_one_that_nobody_judged_is_refused(person: Person, served: Served) -> None:
    before = DAY - timedelta(days=1)
    kept(served.home, day=before)
    assert f"/anomalies?day={before}" in person.get("/anomalies").text
    assert f"Nothing was unusual on {before}" in person.get(f"/anomalies?day={before}").words
    assert "was not judged" in person.get(f"/anomalies?day={before - timedelta(days=9)}").words
