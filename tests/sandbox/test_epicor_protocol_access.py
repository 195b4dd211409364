"""Who may call the Epicor stand-in: users, keys, tokens, companies, sessions, licences, rights."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from he_sync.sandbox.epicor import switches
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.server import Sandbox
from tests.sandbox.epicor_http import CUSTOMERS, ORDERS, PARTS, Caller, message, switch

SESSION = "Ice.Lib.SessionModSvc"


@pytest.fixture
def kinetic(sandbox: Sandbox) -> Caller:
    return Caller(sandbox)


def token(sandbox: Sandbox, **more: Any) -> dict[str, Any]:
    response = httpx.post(f"{sandbox.epicor}/TokenResource.svc/", **(more or {"auth": ("he-sync", "sandbox")}))
    assert response.status_code == 200, response.text
    return dict(response.json())


def bearer(sandbox: Sandbox, value: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {value}", "x-api-key": "sandbox-api-key"}
    return httpx.get(f"{sandbox.epicor}/api/v2/odata/EPIC06/{PARTS}/Parts", headers=headers)


def test_a_user_and_an_api_key_are_both_needed_and_the_key_may_stand_in_the_query(kinetic: Caller) -> None:
    url = f"{kinetic.sandbox.epicor}/api/v2/odata/EPIC06/{PARTS}/Parts"
    assert httpx.get(url, headers={"x-api-key": "sandbox-api-key"}).status_code == 401
    assert httpx.get(url, auth=("he-sync", "wrong"), headers={"x-api-key": "sandbox-api-key"}).status_code == 401
    assert httpx.get(url, auth=("he-sync", "sandbox"), params={"api-key": "sandbox-api-key"}).status_code == 200
    for status in ("401", "403", "400"):
        switch(kinetic.sandbox, switches.MISSING_KEY_STATUS, status)
        refused = httpx.get(url, auth=("he-sync", "sandbox"))
        assert refused.status_code == int(status)
        assert "invalid api key" in refused.text.lower()


def test_both_forms_of_token_resource_give_a_bearer_that_works(sandbox: Sandbox) -> None:
    switches.EXPIRES_IN.set(sandbox.state, "28800")
    named = {"username": "he-sync", "password": "sandbox", "x-api-key": "sandbox-api-key"}
    for row in (token(sandbox), token(sandbox, headers=named)):
        assert (row["ExpiresIn"], row["TokenType"]) == (28800, "Bearer")
        assert bearer(sandbox, row["AccessToken"]).status_code == 200
    switches.TOKEN_CASE.set(sandbox.state, "snake")
    assert "access_token" in token(sandbox)
    wrong = httpx.post(f"{sandbox.epicor}/TokenResource.svc", headers={"username": "he-sync", "password": "x"})
    assert wrong.status_code == 401


def test_a_token_that_ended_was_changed_or_drew_the_fault_is_a_401(sandbox: Sandbox) -> None:
    good = token(sandbox)["AccessToken"]
    assert bearer(sandbox, good[:-2] + "xx").status_code == 401
    sandbox.faults.set([Fault("expired_token", system="epicor", remaining=1)])
    assert [bearer(sandbox, good).status_code for _ in range(2)] == [401, 200]
    switches.EXPIRES_IN.set(sandbox.state, "0")
    assert bearer(sandbox, token(sandbox)["AccessToken"]).status_code == 401


def test_the_token_service_issues_and_checks_tokens(kinetic: Caller) -> None:
    made = kinetic.call("Ice.LIB.TokenServiceSvc/GetAccessToken", clientId="he-sync", clientSecret="sandbox", scope="")
    value = made["returnObj"]["TokenService"][0]["AccessToken"]
    checked = kinetic.call("Ice.LIB.TokenServiceSvc/IsTokenValid", token=value, userId="he-sync")
    assert checked["returnObj"] is True
    assert bearer(kinetic.sandbox, value).status_code == 200


def test_a_wrong_company_is_refused_in_the_address_and_in_call_settings(kinetic: Caller) -> None:
    refused = kinetic.get(f"{kinetic.sandbox.epicor}/api/v2/odata/NOPE/{PARTS}/Parts")
    assert (refused.status_code, message(refused)) == (400, "Invalid company 'NOPE'.")
    settings = Caller(kinetic.sandbox, headers={"CallSettings": '{"Company":"NOPE","Plant":"Nowhere","X":1}'})
    assert settings.get(f"{PARTS}/Parts").status_code == 200
    switch(kinetic.sandbox, switches.WRONG_COMPANY_STATUS, "403")
    assert kinetic.get(f"{kinetic.sandbox.epicor}/api/v2/odata/NOPE/{PARTS}/Parts").status_code == 403


def test_a_user_with_reading_rights_reads_and_writes_nothing(sandbox: Sandbox) -> None:
    viewer = Caller(sandbox, user="viewer")
    Caller(sandbox).customer()
    assert len(viewer.rows(f"{CUSTOMERS}/Customers")) == 1
    assert viewer.call(f"{CUSTOMERS}/GetByID", custNum=1)["returnObj"]["Customer"]
    refused = [
        viewer.post(f"{CUSTOMERS}/Customers", {"CustID": "H2", "Name": "x"}),
        viewer.patch(f"{CUSTOMERS}/Customers('EPIC06',1)", {"Name": "x"}),
        viewer.send("DELETE", f"{CUSTOMERS}/Customers('EPIC06',1)"),
        viewer.post(f"{CUSTOMERS}/Update", {"ds": {}}),
        viewer.post(f"{sandbox.epicor}/api/v2/efx/EPIC06/HeSync/CreateOrderOnce", {}),
    ]
    assert [(one.status_code, one.json()["ErrorType"]) for one in refused] == [(403, "UnauthorizedAccessException")] * 5
    assert [one["operation"] for one in sandbox.state.oracle()] == ["insert"]


def test_an_access_scope_ends_at_its_services(sandbox: Sandbox) -> None:
    orders_only = Caller(sandbox, key="sandbox-orders-key")
    assert orders_only.get(f"{ORDERS}/SalesOrders").status_code == 200
    assert orders_only.get(f"{PARTS}/Parts").status_code == 403
    keys = Caller(sandbox).get("Ice.BO.APIKeySvc/GetRows").json()["returnObj"]["APIKey"]
    assert {row["KeyID"] for row in keys} == {"he-sync", "orders only"}
    assert "sandbox-api-key" not in {row["PrefixKey"] for row in keys}


def test_a_session_lives_from_login_to_logout_and_is_gone_after(kinetic: Caller) -> None:
    key = kinetic.call(f"{SESSION}/Login")["returnObj"]
    for header, value in (("License", f'{{"ClaimedLicense":"x","SessionID":"{key}"}}'), ("SessionInfo", key)):
        held = Caller(kinetic.sandbox, headers={header: value})
        assert held.get(f"{PARTS}/Parts").status_code == 200
    assert held.call(f"{SESSION}/IsValidSession", sessionID=key, userID="he-sync") == {"returnObj": True}
    assert held.call(f"{SESSION}/SetPlant", newSite="MfgSys")["parameters"]["siteName"]
    assert held.call(f"{SESSION}/SetCompany", newCompany="EPIC06")["parameters"]["siteID"] == "MfgSys"
    assert held.call(f"{SESSION}/Logout") == {}
    gone = held.get(f"{PARTS}/Parts")
    assert (gone.status_code, gone.json()["ErrorType"]) == (410, "InvalidSessionException")
    assert kinetic.call(f"{SESSION}/IsValidSession", sessionID=key, userID="") == {"returnObj": False}


def test_leaked_sessions_use_up_the_licences_and_the_holder_goes_on(kinetic: Caller) -> None:
    switch(kinetic.sandbox, switches.LICENSES, "1")
    assert kinetic.get(f"{PARTS}/Parts").status_code == 200
    key = kinetic.call(f"{SESSION}/Login")["returnObj"]
    refused = kinetic.get(f"{PARTS}/Parts")
    assert (refused.status_code, message(refused)) == (400, "Maximum users exceeded")
    assert refused.json()["ErrorType"].endswith("LicenseAccessException")
    assert kinetic.post(f"{SESSION}/Login", {}).status_code == 400
    held = Caller(kinetic.sandbox, headers={"SessionInfo": key})
    assert held.get(f"{PARTS}/Parts").status_code == 200
    held.call("Ice.BO.AdminSessionSvc/DeleteSessionByID", sessionID=key)
    assert kinetic.get(f"{PARTS}/Parts").status_code == 200


def test_more_licences_than_owned_may_be_a_penalty_instead_of_a_refusal(kinetic: Caller) -> None:
    for one, value in (
        (switches.LICENSES, "0"),
        (switches.LICENSE_OVERFLOW, "penalty"),
        (switches.LICENSE_PENALTY, "0.2"),
    ):
        switch(kinetic.sandbox, one, value)
    response = kinetic.get(f"{PARTS}/Parts")
    assert (response.status_code, response.elapsed.total_seconds() >= 0.2) == (200, True)


def test_calls_at_once_each_hold_a_licence_and_give_it_back(kinetic: Caller) -> None:
    switch(kinetic.sandbox, switches.LICENSES, "8")
    threads = [threading.Thread(target=kinetic.get, args=(f"{PARTS}/Parts",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    switch(kinetic.sandbox, switches.LICENSES, "1")
    assert kinetic.get(f"{PARTS}/Parts").status_code == 200
