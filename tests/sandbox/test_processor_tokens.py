from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from he_sync.sandbox.faults import Fault
from he_sync.sandbox.processor import switches
from he_sync.sandbox.server import Sandbox, running
from tests.sandbox.processor_http import VERSION, Caller, login


def detail(answer: httpx.Response) -> str:
    return str(answer.json()["detailed_error_code"])


def test_a_token_names_its_life_and_the_accounts_it_reaches(sandbox: Sandbox) -> None:
    body = login(sandbox, seconds_to_expire=60).json()
    assert body["seconds_to_expire"] == 60
    accounts = {one["id"]: one["name"] for one in body["scope"]["accounts"]}
    assert accounts["DAA_sandbox"] == "settlement_reporting"
    assert accounts["TRA_sandbox"] == "transaction_processing"


@pytest.mark.parametrize(("seconds", "taken"), [(59, False), (60, True), (604_800, True), (604_801, False)])
def test_a_life_outside_a_minute_and_a_week_is_refused(sandbox: Sandbox, seconds: int, taken: bool) -> None:
    answer = login(sandbox, seconds_to_expire=seconds)
    assert (answer.status_code == 200) is taken
    assert taken or detail(answer) == "40213"


def test_an_interval_sets_the_life(sandbox: Sandbox) -> None:
    assert login(sandbox, interval_to_expire="5_MINUTES").json()["seconds_to_expire"] == 300


def test_a_wrong_key_and_an_unknown_app_are_not_recognised(sandbox: Sandbox) -> None:
    assert detail(login(sandbox, app_key="wrong")) == "40004"
    assert detail(login(sandbox, app_id="nobody")) == "40004"


def test_an_unknown_permission_is_named_in_the_refusal(sandbox: Sandbox) -> None:
    answer = login(sandbox, permissions=["TEST_1", "TRN_GET_List"])
    assert detail(answer) == "40119"
    assert "TEST_1" in answer.json()["detailed_error_description"]


def test_a_token_limited_to_permissions_does_nothing_else(sandbox: Sandbox) -> None:
    caller = Caller(sandbox, login(sandbox, permissions=["TRN_GET_List"]).json()["token"])
    assert caller.get("transactions").status_code == 200
    assert caller.error("settlement/deposits") == (403, "ACTION_NOT_AUTHORIZED", "40212")


def test_a_token_survives_a_restart_and_ends_by_the_sandbox_clock(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        token = login(first, seconds_to_expire=600).json()["token"]
    with running(tmp_path) as second:
        caller = Caller(second, token)
        assert caller.get("transactions").status_code == 200
        second.state.set_setting("clock.frozen", (datetime.now(UTC) + timedelta(seconds=601)).isoformat())
        assert caller.error("transactions") == (401, "NOT_AUTHENTICATED", "40001")


def test_the_expired_token_fault_refuses_a_good_token_once(sandbox: Sandbox) -> None:
    caller = Caller(sandbox)
    sandbox.faults.set([Fault("expired_token", system="processor", remaining=1)])
    assert caller.error("transactions") == (401, "NOT_AUTHENTICATED", "40001")
    assert caller.get("transactions").status_code == 200


def test_an_account_that_the_token_does_not_reach_is_refused(sandbox: Sandbox) -> None:
    sales_only = Caller(sandbox, login(sandbox, "sandbox-sales-app", "sandbox-sales-key").json()["token"])
    refused = (403, "ACTION_NOT_AUTHORIZED", "40003")
    assert Caller(sandbox).error("settlement/deposits?account_id=DAA_other") == refused
    assert sales_only.error("settlement/deposits") == refused


def test_the_version_header_is_needed_only_while_the_switch_says_so(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {Caller(sandbox).token}"}
    assert httpx.get(f"{sandbox.gp}/transactions", headers=headers).status_code == 400
    switches.REQUIRE_VERSION.set(sandbox.state, "no")
    assert httpx.get(f"{sandbox.gp}/transactions", headers=headers).status_code == 200


def test_the_status_of_an_error_code_is_a_switch(sandbox: Sandbox) -> None:
    switches.STATUS_OF["NOT_AUTHENTICATED"].set(sandbox.state, "403")
    assert Caller(sandbox, "nonsense").error("transactions") == (403, "NOT_AUTHENTICATED", "40001")


def test_a_body_is_read_as_json_whatever_its_content_type(sandbox: Sandbox) -> None:
    headers = {**VERSION, "content-type": "charset=UTF-8"}
    answer = httpx.post(f"{sandbox.gp}/accesstoken", content=b'{"app_id":"x"}', headers=headers)
    assert answer.json()["error_code"] == "MANDATORY_DATA_MISSING"
    assert httpx.post(f"{sandbox.gp}/accesstoken", content=b"{", headers=headers).json()["error_code"] == (
        "INVALID_REQUEST_DATA"
    )


def test_more_calls_a_second_than_the_switch_allows_are_told_when_to_return(sandbox: Sandbox) -> None:
    caller = Caller(sandbox)
    switches.RATE_LIMIT.set(sandbox.state, "1")
    answers = [caller.get("transactions") for _ in range(5)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}


def test_signing_in_leaves_nothing_in_the_oracle(sandbox: Sandbox) -> None:
    Caller(sandbox).get("transactions")
    assert sandbox.state.oracle() == []
