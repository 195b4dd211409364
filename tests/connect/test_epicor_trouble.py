"""What Kinetic and its gateway do when they cannot: pauses, licences, half answers, and what errors say."""

from __future__ import annotations

import pytest

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.retry import Patience
from he_sync.connect.wire import HttpSend, Request, Response
from he_sync.model.errors import BrokenPromise, LookUpFirst, Refused, Throttled
from he_sync.sandbox.epicor import switches
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.server import Sandbox
from tests.connect.kinetic import COMPANY, CUSTOMERS, KEY, PASSWORD, USER, answering, customers


def test_a_truncated_answer_is_read_again(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 30)
    sandbox.faults.set([Fault("truncated_body", method="GET", remaining=2)])
    assert client.count(*CUSTOMERS) == 30


def test_no_free_licence_is_a_pause_of_half_a_minute_not_a_refusal(
    sandbox: Sandbox, send: HttpSend, sleeps: list[float]
) -> None:
    """A 400 whose body says that the maximum of users is exceeded."""

    def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        switches.LICENSES.set(sandbox.state, "10")

    switches.LICENSES.set(sandbox.state, "0")
    patience = Patience(sleep=sleep)
    client = EpicorClient(sandbox.epicor, COMPANY, USER, PASSWORD, KEY, send, patience=patience)
    assert client.count(*CUSTOMERS) == 0
    assert len(sleeps) == 1
    assert sleeps[0] >= 30


@pytest.mark.parametrize(
    "body",
    [
        b'{"ErrorMessage":"No seat","ErrorType":"Ice.Common.LicenseAccessException"}',
        b"<html>Maximum users exceeded</html>",
    ],
)
def test_a_missing_licence_is_known_by_its_type_or_by_its_phrase(body: bytes) -> None:
    with pytest.raises(Throttled) as throttled:
        answering(Response(400, {}, body)).check()
    assert throttled.value.retry_after == 30


def test_a_write_without_a_licence_was_not_done(sandbox: Sandbox, client: EpicorClient) -> None:
    switches.LICENSES.set(sandbox.state, "0")
    with pytest.raises(Throttled):
        client.insert(*CUSTOMERS, {"CustID": "H1", "Name": "Ada Hill"})
    assert sandbox.state.count("epicor/Customer") == 0


def test_a_retry_after_is_kept(sandbox: Sandbox, client: EpicorClient, sleeps: list[float]) -> None:
    sandbox.faults.set([Fault("throttle", route="odata", remaining=1, retry_after="9")])
    client.check()
    assert 9 <= sleeps[0] <= 9.5


DETAIL = b'{"ErrorType":"%s","HttpStatus":400,"ErrorMessage":"Customer not available","ErrorDetails":[%s]}'


@pytest.mark.parametrize(
    ("body", "reason", "kind"),
    [
        (DETAIL % (b"BLException", b""), "Customer not available", "BLException"),
        (
            DETAIL % (b"BLException", b'{"Table":"Customer","Field":"Name","Message":"Name is required."}'),
            "Customer not available [Customer.Name] Name is required.",
            "BLException",
        ),
        (b'{"error":{"code":"X1","message":"Bad filter","innererror":{}}}', "Bad filter", "X1"),
        (b"<Error><HttpStatus>400</HttpStatus><ErrorType>A.B</ErrorType></Error>", "400 A.B", "A.B"),
        (b"<html><head><title>Bad</title></head><body>gateway\n\n error</body></html>", "Bad gateway error", ""),
        (b"plain text", "plain text", ""),
        (b"", "no reason given", ""),
    ],
)
def test_every_error_body_becomes_one_line_with_its_kind(body: bytes, reason: str, kind: str) -> None:
    with pytest.raises(Refused) as refused:
        answering(Response(400, {}, body)).call("Erp.BO.CustomerSvc", "Update")
    place = "POST https://erp.test/kinetic/api/v2/odata/EPIC06/Erp.BO.CustomerSvc/Update"
    assert str(refused.value) == f"epicor: {place} answered 400: {reason}"
    assert refused.value.kind == kind


def test_a_write_answered_with_a_page_of_html_is_looked_up_and_a_read_is_a_broken_promise() -> None:
    client = answering(Response(200, {}, b"<html>signed out</html>"))
    with pytest.raises(LookUpFirst):
        client.insert(*CUSTOMERS, {"CustID": "H1"})
    with pytest.raises(BrokenPromise, match="not JSON"):
        client.read(*CUSTOMERS)


def test_company_and_plant_travel_with_every_call() -> None:
    sent: list[Request] = []

    def note(request: Request) -> Response:
        sent.append(request)
        return Response(200, {}, b'{"value":[]}')

    EpicorClient("https://erp.test/kinetic/", COMPANY, USER, PASSWORD, KEY, note, plant="MfgSys").read(*CUSTOMERS)
    assert sent[0].url.startswith("https://erp.test/kinetic/api/v2/odata/EPIC06/Erp.BO.CustomerSvc/Customers?")
    assert sent[0].headers["CallSettings"] == '{"Company":"EPIC06","Plant":"MfgSys"}'
    assert sent[0].headers["x-api-key"] == KEY
