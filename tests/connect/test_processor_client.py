from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from he_sync.connect.processor import ProcessorClient, minor
from he_sync.connect.retry import Patience
from he_sync.connect.throttle import Throttle
from he_sync.connect.tokens import TokenCache
from he_sync.connect.wire import HttpSend, Request, Response, Send, http_send
from he_sync.model.errors import BadRecord, BrokenPromise, FixSettings, NotAllowed, NotFound, Throttled, TryLater
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.processor import switches
from he_sync.sandbox.server import Sandbox
from tests.sandbox.processor_documents import DAY, MID, load, sale

SETTLED = "settlement/transactions"
Make = Callable[..., ProcessorClient]


@pytest.fixture
def wire() -> Any:
    with http_send(total_deadline=10) as send:
        yield send


@pytest.fixture
def client(sandbox: Sandbox, tmp_path: Path, wire: HttpSend) -> Make:
    """Makes clients of a loaded sandbox; all of them share one token file, as the processes of a machine do."""
    load(sandbox.state)

    def make(app_id: str = "sandbox-app", app_key: str = "sandbox-app-key", **more: Any) -> ProcessorClient:
        send, url = more.pop("send", wire), more.pop("url", sandbox.gp)
        tokens, throttle = TokenCache(tmp_path / "tokens.db"), Throttle(tmp_path / "throttle.db", {})
        patience = Patience(sleep=more.pop("sleep", lambda _: None))
        return ProcessorClient(url, app_id, app_key, send, tokens, throttle, patience=patience, **more)

    return make


def ids(client: ProcessorClient, path: str = SETTLED, key: str = "transactions", **more: Any) -> list[str]:
    return [row["id"] for page in client.walk(path, more.pop("params", {}), key, **more) for row in page]


def logins(sandbox: Sandbox) -> int:
    return sum(seen.url == "/ucp/accesstoken" for seen in sandbox.services["processor"].seen)


@pytest.mark.parametrize("spelling", switches.COUNT_KEY.values)
@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 500])
def test_every_settled_transaction_of_a_batch_day_comes_once(
    client: Make, sandbox: Sandbox, page_size: int, spelling: str
) -> None:
    switches.COUNT_KEY.set(sandbox.state, spelling)
    params = {"from_batch_time_created": DAY, "to_batch_time_created": DAY}
    assert ids(client(), params=params, page_size=page_size) == ["TRN_0001", "TRN_0002", "TRN_0003", "TRN_0004"]
    assert client().count(SETTLED, params) == 4


@pytest.mark.parametrize(
    ("path", "key", "found"),
    [
        ("transactions", "transactions", 5),
        ("settlement/deposits", "deposits", 2),
        ("disputes", "disputes", 1),
        ("settlement/disputes", "disputes", 1),
        ("actions", "actions", 0),
    ],
)
def test_every_listing_can_be_walked(client: Make, path: str, key: str, found: int) -> None:
    assert len(ids(client(account_id="DAA_sandbox"), path, key, page_size=1)) == found


def test_a_server_that_gives_fewer_rows_than_asked_for_loses_none(client: Make, sandbox: Sandbox) -> None:
    switches.PAGE_SIZE_MAX.set(sandbox.state, "2")
    assert len(ids(client(), "transactions", page_size=500)) == 5


def test_rows_that_shift_while_reading_are_read_once_each_and_none_is_missed(client: Make, sandbox: Sandbox) -> None:
    reading = client().walk("transactions", {}, "transactions", page_size=2)
    first = next(reading)
    sandbox.state.put("processor/transactions", "TRN_0000", sale(0, 100))
    found = [row["id"] for page in (first, *reading) for row in page]
    assert sorted(found) == [f"TRN_000{number}" for number in range(6)]


def without_page(send: Send) -> Send:
    """A server that ignores the page number."""
    return lambda request: send(
        Request(request.method, request.url.replace("page=2", "page=1"), request.headers, request.body)
    )


def test_pages_that_repeat_end_the_walk_with_an_error(client: Make, wire: HttpSend) -> None:
    with pytest.raises(BrokenPromise, match="repeats"):
        ids(client(send=without_page(wire)), "transactions", page_size=2)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"total_count":1}', b'{"transactions":[]}', b"not json"])
def test_an_answer_without_rows_or_count_is_no_empty_day(client: Make, wire: HttpSend, body: bytes) -> None:
    def send(request: Request) -> Response:
        return wire(request) if "accesstoken" in request.url else Response(200, {}, body)

    with pytest.raises(BrokenPromise):
        ids(client(send=send), "transactions")


def test_an_expired_token_is_renewed_once_and_the_read_goes_on(client: Make, sandbox: Sandbox) -> None:
    reader = client()
    assert reader.count("transactions") == 5
    sandbox.faults.set([Fault("expired_token", system="processor", remaining=1)])
    assert reader.count("transactions") == 5
    assert logins(sandbox) == 2


def test_a_token_refused_under_any_status_is_renewed(client: Make, sandbox: Sandbox) -> None:
    switches.STATUS_OF["NOT_AUTHENTICATED"].set(sandbox.state, "400")
    sandbox.faults.set([Fault("expired_token", system="processor", route="transactions", remaining=1)])
    assert client().count("transactions") == 5
    assert logins(sandbox) == 2


def test_a_token_that_stays_refused_is_not_asked_for_in_a_circle(client: Make, sandbox: Sandbox) -> None:
    sandbox.faults.set([Fault("expired_token", system="processor")])
    with pytest.raises(NotAllowed, match="Invalid access token"):
        client().count("transactions")
    assert logins(sandbox) == 2


def test_one_token_serves_every_process_of_the_machine(client: Make, sandbox: Sandbox) -> None:
    for _ in range(3):
        client().count("transactions")
    assert logins(sandbox) == 1


def test_good_credentials_and_permissions_pass_the_check(client: Make) -> None:
    client(account_id="DAA_sandbox").check()


@pytest.mark.parametrize("status", ["403", "401", "400"])
def test_a_wrong_key_is_a_setting_to_fix_named_in_one_line(client: Make, sandbox: Sandbox, status: str) -> None:
    switches.STATUS_OF["ACTION_NOT_AUTHORIZED"].set(sandbox.state, status)
    with pytest.raises(FixSettings, match="HE_GP_APP_KEY") as refused:
        client(app_key="wrong").check()
    assert "\n" not in str(refused.value)
    assert "wrong" not in str(refused.value)


def test_an_application_without_settlement_reporting_is_told_so(client: Make) -> None:
    with pytest.raises(NotAllowed, match=r"settlement/transactions.*account_id"):
        client("sandbox-sales-app", "sandbox-sales-key").check()
    with pytest.raises(NotAllowed, match="40003"):
        client(account_id="DAA_other").check()


def test_an_unreachable_host_fails_the_check_at_once(client: Make) -> None:
    pauses: list[float] = []
    with pytest.raises(TryLater, match="accesstoken"):
        client(url="http://127.0.0.1:9/ucp", sleep=pauses.append).check()
    assert pauses == []


@pytest.mark.parametrize("path", ["settlement/deposits/DEP_9", "transactions/TRN_9", "disputes/DIS_9"])
def test_a_document_that_is_not_there_is_not_found(client: Make, path: str) -> None:
    with pytest.raises(NotFound):
        client().get(path)


def test_one_document_is_read_by_its_path(client: Make) -> None:
    assert client().get(f"settlement/deposits/DEP_{MID}")["amount"] == "21140"


def test_a_full_second_is_waited_out_as_long_as_the_processor_asks(client: Make, sandbox: Sandbox) -> None:
    reader, pauses = client(), []
    reader.count("transactions")
    switches.RATE_LIMIT.set(sandbox.state, "1")
    switches.RETRY_AFTER.set(sandbox.state, "7")
    hurried = client(sleep=pauses.append)
    with pytest.raises(Throttled) as refused:
        ids(hurried, "transactions", page_size=1)
    assert refused.value.retry_after == 7.0
    assert min(pauses) >= 7.0


@pytest.mark.parametrize(
    "fault", ["throttle", "error_before", "error_after", "lost_request", "lost_response", "truncated_body"]
)
def test_a_read_survives_two_faults_in_a_row(client: Make, sandbox: Sandbox, fault: str) -> None:
    sandbox.faults.set([Fault(fault, system="processor", route="settlement", remaining=2)])
    assert len(ids(client(), page_size=2)) == 4


@pytest.mark.parametrize(
    ("text", "amount"), [("", 0), (None, 0), ("0", 0), ("102500", 102_500), ("-1500", -1500), (700, 700), ("25.00", 25)]
)
def test_an_amount_is_whole_minor_units_and_empty_is_zero(text: Any, amount: int) -> None:
    assert minor(text) == amount


@pytest.mark.parametrize("text", ["12.5", "NaN", "Infinity", "1E30", "x", "9223372036854775808", 12.0, True])
def test_anything_else_is_no_amount(text: Any) -> None:
    with pytest.raises(BadRecord):
        minor(text)
