"""What cannot be done is said in one line with its exit code, nothing is half-written, and mended it goes on."""

from datetime import UTC, datetime, timedelta

import pytest

from he_sync.connect.heartland import HeartlandClient
from he_sync.connect.wire import Response
from he_sync.flows import night
from he_sync.flows.sources import SOURCES
from he_sync.model.errors import BrokenPromise, Refused
from he_sync.sandbox.http import Answer
from he_sync.settings import read_settings


def said_in_one_line(err):
    [line] = err.splitlines()
    assert line.startswith("he-sync: ")
    assert "Traceback" not in line
    return line


SETTINGS = [
    ({"HE_HEARTLAND_TOKEN": None}, "HE_HEARTLAND_TOKEN is not set"),
    ({"HE_EPICOR_API_KEY_FILE": "nowhere", "HE_EPICOR_API_KEY": None}, "nowhere, which cannot be read"),
    ({"HE_PROFILE": "nowhere.yaml"}, "nowhere.yaml: cannot read the retailer's profile"),
    ({"HE_EPICOR_COMPANY": "EPIC99"}, "HE_EPICOR_COMPANY is EPIC99"),
]
DOORS = [
    ({"HE_HEARTLAND_TOKEN": "wrong"}, "heartland", "401"),
    ({"HE_GP_APP_KEY": "wrong"}, "processor", "app"),
    ({"HE_EPICOR_PASSWORD": "wrong"}, "epicor", "password"),
    ({"HE_EPICOR_API_KEY": "wrong"}, "epicor", "API key"),
]


@pytest.mark.parametrize(("settings", "say"), SETTINGS)
def test_a_wrong_setting_is_one_line_and_exit_2(he_sync, friday, settings, say):
    for words in (("close", friday), ("doctor",)):
        code, out, err = he_sync(*words, **settings)
        assert (code, out) == (2, "")
        assert say in said_in_one_line(err)


@pytest.mark.parametrize(
    ("change", "say"),
    [
        (lambda profile: profile.update(currancy="USD"), "currancy: Extra inputs are not permitted"),
        (lambda profile: profile["stores"][0].update(timezone="America/Chicagoo"), "time zone 'America/Chicagoo'"),
        (lambda profile: profile.update(timezone="Mars"), "time zone 'Mars' is unknown"),
        (lambda profile: profile.pop("epicor"), "epicor: Field required"),
    ],
)
def test_a_profile_with_a_mistake_is_one_line_that_names_it(he_sync, friday, change, say):
    he_sync.change_profile(change)
    for words in (("close", friday), ("doctor",)):
        code, _, err = he_sync(*words)
        assert code == 2
        assert say in said_in_one_line(err)


@pytest.mark.parametrize(("settings", "system", "say"), DOORS)
def test_refused_credentials_are_one_line_before_anything_is_pulled(he_sync, friday, settings, system, say):
    code, _, err = he_sync("close", friday, **settings)
    assert code in {1, 2}
    line = said_in_one_line(err)
    assert system in line.lower()
    assert say.lower() in line.lower()
    assert not (he_sync.home / "lake").exists()


@pytest.mark.parametrize(("settings", "system", "say"), DOORS)
def test_the_doctor_says_which_credentials_are_refused_and_looks_at_the_others(he_sync, settings, system, say):
    code, out, err = he_sync("doctor", **settings)
    assert (code, err) == (1, "")
    wrong = [line for line in out.splitlines() if line.startswith("DO")]
    assert wrong
    assert all(line.split()[1] == system for line in wrong)
    assert say.lower() in wrong[0].lower()


def test_a_company_that_kinetic_does_not_know_is_one_line(he_sync, friday):
    he_sync.change_profile(lambda profile: profile["epicor"].update(company="EPIC99"))
    code, _, err = he_sync("close", friday, HE_EPICOR_COMPANY="EPIC99")
    assert code == 1
    assert "Invalid company 'EPIC99'" in said_in_one_line(err)


def test_a_host_that_is_not_there_is_one_line_that_names_it(he_sync, friday):
    code, _, err = he_sync("close", friday, HE_HEARTLAND_URL="http://127.0.0.1:9/api")
    assert code == 1
    assert "127.0.0.1:9" in said_in_one_line(err)


TODAY = datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("day", "say"),
    [
        ("yesterday", "'yesterday' is not a date"),
        ("2026-02-30", "'2026-02-30' is not a date"),
        ((TODAY + timedelta(days=400)).isoformat(), "is not over"),
        (TODAY.isoformat(), "is not over"),
        ("2019-07-04", "nothing happened on 2019-07-04 in any system"),
    ],
)
def test_a_date_that_cannot_be_closed_is_one_line_and_exit_2_and_plans_nothing(he_sync, day, say):
    before = he_sync.writes()
    code, out, err = he_sync("close", day)
    assert (code, out) == (2, "")
    assert say in said_in_one_line(err)
    assert he_sync.writes() == before


@pytest.mark.parametrize("words", [("close",), ("close", "--planonly", "2026-11-20"), ("clsoe",), ("doctor", "now")])
def test_a_mistyped_command_is_one_line_and_exit_2(he_sync, words):
    code, out, err = he_sync(*words)
    assert (code, out) == (2, "")
    said_in_one_line(err)


def test_a_home_that_cannot_be_made_is_one_line(he_sync, friday):
    (he_sync.home / "file").write_text("in the way")
    code, _, err = he_sync("close", friday, HE_HOME=str(he_sync.home / "file" / "home"))
    assert code == 2
    assert "file" in said_in_one_line(err)


def test_a_page_that_never_ends_stops_the_close_in_one_line_and_mended_it_finishes(he_sync, friday):
    ticket = {"id": 7, "public_id": "7"}

    def same(_call):
        return Answer(200, {"total": 10**6, "pages": 10**4, "results": [ticket]})

    routes = he_sync.sandbox.services["heartland"].routes._routes
    kept = list(routes)
    he_sync.sandbox.services["heartland"].routes.add("GET", "/api/sales/tickets", same)
    routes.insert(0, routes.pop())
    try:
        code, _, err = he_sync("close", friday)
    finally:
        routes[:] = kept
    assert code == 1
    assert "keys must rise or no walk ends" in said_in_one_line(err)
    assert not list((he_sync.home / "lake" / "raw" / "heartland" / "tickets").rglob("*.parquet"))
    code, out, _ = he_sync("close", friday, "--plan-only")
    assert (code, "came in" in out) == (0, True)


def test_a_page_that_never_ends_ends_a_walk_after_its_second_request():
    asked = []

    def same(request):
        asked.append(request)
        return Response(200, {}, b'{"total": 1000, "pages": 10, "results": [{"id": 7}]}')

    with pytest.raises(BrokenPromise, match="keys must rise"):
        list(HeartlandClient("http://x/api", "token", same).walk("customers"))
    assert len(asked) == 2


def test_an_unknown_column_is_named_and_the_rest_of_the_night_is_not_begun(he_sync, friday):
    he_sync("close", friday, "--plan-only")
    wrong = SOURCES["epicor/jobs"]
    settings = read_settings()

    def ask(question):
        return question.systems.epicor.walk("Erp.BO.JobEntrySvc", "JobEntries", select=["JobNum", "NoSuchColumn"])

    sources = {
        **SOURCES,
        wrong.entity: type(wrong)(wrong.entity, wrong.key, ask, wrong.count, wrong.about, daily=False),
    }
    with night.open_office(settings) as office, pytest.raises(Refused, match="NoSuchColumn") as told:
        night.compare_day(office, datetime.fromisoformat(friday).date(), sources.values())
    assert "\n" not in str(told.value)
