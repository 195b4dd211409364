"""The Kinetic client against the stand-in over real HTTP: a test for every measured trap of the reference."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.epicor_answers import dataset, returned
from he_sync.connect.epicor_query import LONGEST_URL, equals
from he_sync.connect.retry import Patience
from he_sync.connect.tokens import TokenCache
from he_sync.connect.wire import HttpSend, Request, Response, http_send
from he_sync.model.errors import (
    BrokenPromise,
    FixInput,
    FixSettings,
    LookUpFirst,
    NotAllowed,
    NotFound,
    Refused,
    Throttled,
    TryLater,
)
from he_sync.sandbox.epicor import switches
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.server import Sandbox
from tests.connect.processes import check_epicor

COMPANY, USER, PASSWORD, KEY = "EPIC06", "he-sync", "sandbox", "sandbox-api-key"
CUSTOMERS = ("Erp.BO.CustomerSvc", "Customers")
ORDERS = ("Erp.BO.SalesOrderSvc", "SalesOrders")


@pytest.fixture
def send() -> Iterator[HttpSend]:
    with http_send(total_deadline=10) as sender:
        yield sender


@pytest.fixture
def sleeps() -> list[float]:
    return []


@pytest.fixture
def client(sandbox: Sandbox, send: HttpSend, sleeps: list[float], tmp_path: Path) -> EpicorClient:
    tokens = TokenCache(tmp_path / "shared.db")
    patience = Patience(sleep=sleeps.append)
    return EpicorClient(sandbox.epicor, COMPANY, USER, PASSWORD, KEY, send, tokens, patience=patience)


def customers(sandbox: Sandbox, count: int) -> None:
    rows = [(f"{COMPANY}~{one}", None, customer(one, sandbox.state.next_rev())) for one in range(1, count + 1)]
    sandbox.state.load("epicor/Customer", rows)


def customer(number: int, revision: int) -> dict[str, Any]:
    named = {
        "Company": COMPANY,
        "CustNum": number,
        "CustID": f"H{number}",
        "Name": f"Name {number}",
        "CustomerType": "CUS",
        "CurrencyCode": "USD",
    }
    return {**named, "SysRevID": revision, "SysRowID": f"00000000-0000-0000-0000-{number:012}"}


def orders(sandbox: Sandbox, count: int) -> None:
    """Orders with one line each, numbered from 5001."""
    for number in range(5001, 5001 + count):
        key = f"{COMPANY}~{number}"
        head = {"Company": COMPANY, "OrderNum": number, "CustNum": 1, "PONum": f"HR-T{number}", "OpenOrder": True}
        line = {"Company": COMPANY, "OrderNum": number, "OrderLine": 1, "PartNum": "BOOT-11", "OpenLine": True}
        for table, one, parent, row in (("OrderHed", key, None, head), ("OrderDtl", f"{key}~1", key, line)):
            stamp = {"SysRevID": sandbox.state.next_rev(), "SysRowID": f"{number:08}-0000-0000-0000-{len(one):012}"}
            sandbox.state.load(f"epicor/{table}", [(one, parent, {**row, **stamp})])


def seen(sandbox: Sandbox, method: str = "", route: str = "") -> list[str]:
    calls = sandbox.services["epicor"].seen
    return [one.url for one in calls if one.method.startswith(method) and route in one.url]


def answering(*responses: Response, sent: list[Request] | None = None) -> EpicorClient:
    """A client with Basic whose server gives these answers in turn, the last one for ever."""
    waiting = list(responses)

    def send(request: Request) -> Response:
        if sent is not None:
            sent.append(request)
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    patience = Patience(sleep=lambda _: None)
    return EpicorClient("https://erp.test/kinetic", COMPANY, USER, PASSWORD, KEY, send, patience=patience)


# getting in


def test_a_token_is_fetched_once_for_many_calls(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 3)
    for _ in range(3):
        client.check()
    assert len(seen(sandbox, "POST", "TokenResource")) == 1


@pytest.mark.parametrize("names", ["pascal", "snake"])
def test_a_token_that_expired_early_is_renewed_once_and_the_read_goes_on(
    sandbox: Sandbox, client: EpicorClient, names: str
) -> None:
    switches.TOKEN_CASE.set(sandbox.state, names)
    client.check()
    sandbox.faults.set([Fault("expired_token", route="odata", remaining=1)])
    assert client.count(*CUSTOMERS) == 0
    assert len(seen(sandbox, "POST", "TokenResource")) == 2


def test_an_expired_token_is_renewed_once_by_four_processes(sandbox: Sandbox, tmp_path: Path) -> None:
    tokens = tmp_path / "shared.db"
    check_epicor(sandbox.epicor, tokens)
    sandbox.state.set_setting("epicor.token_secret", "f" * 64)  # every token issued so far is worthless now
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=check_epicor, args=(sandbox.epicor, tokens)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert len(seen(sandbox, "POST", "TokenResource")) == 2


def test_basic_works_where_no_token_cache_is_given(sandbox: Sandbox, send: HttpSend) -> None:
    EpicorClient(sandbox.epicor, COMPANY, USER, PASSWORD, KEY, send).check()
    assert seen(sandbox, "POST", "TokenResource") == []


def test_wrong_credentials_and_addresses_say_what_to_check(sandbox: Sandbox, send: HttpSend, tmp_path: Path) -> None:
    def client(url: str, company: str, password: str, key: str) -> EpicorClient:
        tokens = TokenCache(tmp_path / f"{company}{password}{key}.db")
        return EpicorClient(url, company, USER, password, key, send, tokens)

    with pytest.raises(NotAllowed, match="user 'he-sync', its password or the API key"):
        client(sandbox.epicor, COMPANY, "wrong", KEY).check()
    with pytest.raises(NotAllowed, match="API key"):
        client(sandbox.epicor, COMPANY, PASSWORD, "wrong").check()
    with pytest.raises(Refused, match="company"):
        client(sandbox.epicor, "NOPE", PASSWORD, KEY).check()
    with pytest.raises(FixSettings, match="instance address"):
        client(sandbox.epicor.replace("kinetic", "other"), COMPANY, PASSWORD, KEY).check()


@pytest.mark.parametrize("status", ["400", "401", "403"])
def test_a_missing_key_is_not_allowed_whatever_status_the_server_gives_it(
    sandbox: Sandbox, send: HttpSend, status: str
) -> None:
    switches.MISSING_KEY_STATUS.set(sandbox.state, status)
    with pytest.raises(NotAllowed, match=r"API key|API Key"):
        EpicorClient(sandbox.epicor, COMPANY, USER, PASSWORD, "wrong", send).check()


def test_a_right_to_write_is_seen_without_writing(sandbox: Sandbox, client: EpicorClient, send: HttpSend) -> None:
    viewer = EpicorClient(sandbox.epicor, COMPANY, "viewer", PASSWORD, KEY, send)
    before = len(sandbox.state.oracle())
    assert client.may_write(*CUSTOMERS, {"CustNum": 0})
    assert not viewer.may_write(*CUSTOMERS, {"CustNum": 0})
    assert len(sandbox.state.oracle()) == before


# reading


def test_a_walk_gives_every_row_by_rising_sysrevid(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 25)
    pages = list(client.walk(*CUSTOMERS, select=["CustID"], page_size=10))
    assert [row["CustID"] for page in pages for row in page] == [f"H{one}" for one in range(1, 26)]
    assert [len(page) for page in pages] == [10, 10, 5]


def test_a_row_changed_while_we_walk_comes_again_and_hides_no_other(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 20)
    walked: list[tuple[str, str]] = []
    for page in client.walk(*CUSTOMERS, page_size=8):
        walked += [(row["CustID"], row["Name"]) for row in page]
        if len(walked) == 8:
            client.patch(*CUSTOMERS, {"CustNum": 3}, {"Name": "Changed"})
    assert {name for name, _ in walked} == {f"H{one}" for one in range(1, 21)}
    assert walked[-1] == ("H3", "Changed")


def test_a_walk_goes_on_after_the_sysrevid_that_was_seen_last(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 5)
    [first] = client.read(*CUSTOMERS, filter=equals("CustID", "H3"))
    later = [row["CustID"] for page in client.walk(*CUSTOMERS, start=first["SysRevID"]) for row in page]
    assert later == ["H4", "H5"]


def test_the_default_of_100_rows_cuts_nothing(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 250)
    assert len(client.read(*CUSTOMERS, top=1000)) == 250
    assert len(client.read(*CUSTOMERS, top=100)) == 250
    assert client.count(*CUSTOMERS) == 250


def test_a_server_that_caps_pages_below_what_was_asked_cuts_nothing() -> None:
    rows = [{"CustNum": one, "SysRevID": one} for one in range(1, 8)]

    def page(some: list[dict[str, int]], **more: Any) -> Response:
        return Response(200, {}, json.dumps({"value": some, **more}).encode())

    counted = answering(page(rows[:5], **{"@odata.count": 7}), page(rows[5:], **{"@odata.count": 7}))
    assert counted.read(*CUSTOMERS) == rows
    uncounted = answering(page(rows[:5]), page(rows[5:]), page([]))
    assert uncounted.read(*CUSTOMERS) == rows
    deaf = answering(page(rows[:5]))
    with pytest.raises(BrokenPromise, match="offset is ignored"):
        deaf.read(*CUSTOMERS)


def test_a_child_set_is_refused_and_its_rows_are_read_with_their_head(sandbox: Sandbox, client: EpicorClient) -> None:
    """The filter of a child set sees the first parents only: a late order's lines answered as an empty list."""
    orders(sandbox, 120)
    for ask in (client.read, client.walk, client.count):
        with pytest.raises(FixInput, match="child set"):
            list(ask(ORDERS[0], "OrderDtls", filter="OrderNum eq 5120"))  # type: ignore[operator]
    assert seen(sandbox, "GET", "OrderDtls") == []
    [order] = client.read(*ORDERS, filter="OrderNum eq 5120", expand="OrderDtls($select=OrderLine,PartNum)")
    assert order["OrderDtls"][0]["PartNum"] == "BOOT-11"


def test_many_values_are_asked_in_addresses_that_no_gateway_refuses(sandbox: Sandbox, client: EpicorClient) -> None:
    """Over about 8 KB the gateway answers 414."""
    customers(sandbox, 700)
    found = client.read_any(*CUSTOMERS, "CustID", [f"H{one}" for one in range(1, 701)], select=["CustID"])
    assert len(found) == 700
    assert 7 <= len(seen(sandbox, "GET", "$filter")) <= 8
    assert {one.status for one in sandbox.services["epicor"].seen} == {200}


def test_an_address_that_would_be_refused_is_not_sent() -> None:
    sent: list[Request] = []
    client = answering(Response(200, {}, b"{}"), sent=sent)
    with pytest.raises(FixInput, match="414"):
        client.read(*CUSTOMERS, filter=equals("Name", "x" * LONGEST_URL))
    assert sent == []


def test_one_row_is_read_by_its_key_and_a_missing_one_is_not_found(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 2)
    assert client.by_key(*CUSTOMERS, {"CustNum": 2}, select=["Name"])["Name"] == "Name 2"
    with pytest.raises(NotFound):
        client.by_key(*CUSTOMERS, {"CustNum": 99})


def test_an_apostrophe_in_a_name_finds_the_name(sandbox: Sandbox, client: EpicorClient) -> None:
    sandbox.state.load("epicor/Customer", [(f"{COMPANY}~9", None, customer(9, 7) | {"Name": "O'Hara & Søn 100%"})])
    assert [row["CustNum"] for row in client.read(*CUSTOMERS, filter=equals("Name", "O'Hara & Søn 100%"))] == [9]


def test_an_unknown_column_is_refused_in_the_server_s_words(client: EpicorClient) -> None:
    with pytest.raises(Refused, match="Could not find a property named 'ChangeDate'") as refused:
        client.read("Erp.BO.PartSvc", "Parts", filter="ChangeDate gt 2026-11-20T00:00:00")
    assert refused.value.status == 400
    assert "\n" not in str(refused.value)


# trouble


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


# writing


def test_an_inserted_customer_comes_back_with_its_number(client: EpicorClient) -> None:
    made = client.insert(*CUSTOMERS, {"CustID": "H100231", "Name": "Ada Hill"})
    assert client.by_key(*CUSTOMERS, {"CustNum": made["CustNum"]})["CustID"] == "H100231"


@pytest.mark.parametrize(
    ("fault", "error", "landed"),
    [
        (Fault("lost_request", method="POST", route="Customers"), LookUpFirst, 0),
        (Fault("lost_response", method="POST", route="Customers"), LookUpFirst, 1),
        (Fault("error_after", method="POST", route="Customers"), LookUpFirst, 1),
        (Fault("truncated_body", method="POST", route="Customers"), LookUpFirst, 1),
        (Fault("error_before", method="POST", route="Customers"), TryLater, 0),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_an_insert_goes_out_once_and_says_whether_it_must_be_looked_up(
    sandbox: Sandbox, client: EpicorClient, fault: Fault, error: type[Exception], landed: int
) -> None:
    sandbox.faults.set([fault])
    with pytest.raises(error):
        client.insert(*CUSTOMERS, {"CustID": "H1", "Name": "Ada Hill"})
    assert len(seen(sandbox, "POST", "Customers")) == 1
    assert len(client.read(*CUSTOMERS, filter=equals("CustID", "H1"))) == landed


def test_the_same_customer_twice_is_one_customer_whatever_the_second_answer_is(
    sandbox: Sandbox, client: EpicorClient
) -> None:
    """A duplicate CustID answers a generic 500 or a 409; the first is looked up, the second is a refusal."""
    client.insert(*CUSTOMERS, {"CustID": "H1", "Name": "Ada Hill"})
    for status, error in (("500", LookUpFirst), ("409", Refused)):
        switches.DUPLICATE_CUSTID_STATUS.set(sandbox.state, status)
        with pytest.raises(error):
            client.insert(*CUSTOMERS, {"CustID": "H1", "Name": "Ada Hill"})
    assert client.count(*CUSTOMERS, equals("CustID", "H1")) == 1


def test_a_patch_is_read_back(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 1)
    stored = client.patch(*CUSTOMERS, {"CustNum": 1}, {"Name": "Ada", "CreditLimit": Decimal("100.50")})
    assert (stored["Name"], stored["CreditLimit"]) == ("Ada", Decimal("100.50"))


def test_a_patch_that_answers_success_and_stores_nothing_is_refused(sandbox: Sandbox, client: EpicorClient) -> None:
    """A closed order takes a PATCH with 204 and keeps what it was."""
    orders(sandbox, 1)
    closed = sandbox.state.get("epicor/OrderHed", f"{COMPANY}~5001")
    sandbox.state.put("epicor/OrderHed", f"{COMPANY}~5001", {**(closed or {}), "OpenOrder": False})
    with pytest.raises(Refused, match="did not store OrderComment") as refused:
        client.patch(*ORDERS, {"OrderNum": 5001}, {"OrderComment": "call first"})
    assert refused.value.kind == "NotStored"


def test_a_patch_that_cannot_be_read_back_is_looked_up() -> None:
    client = answering(Response(204, {}, b""), Response(503, {}, b"busy"))
    with pytest.raises(LookUpFirst, match="cannot be read back"):
        client.patch(*ORDERS, {"OrderNum": 5001}, {"OrderComment": "call first"})


def test_a_patch_of_a_row_that_is_not_there_is_refused_in_kinetic_s_words(client: EpicorClient) -> None:
    with pytest.raises(Refused, match="Customer not available") as refused:
        client.patch(*CUSTOMERS, {"CustNum": 99}, {"Name": "Nobody"})
    assert refused.value.kind == "Ice.Common.BusinessObjectException"


def test_update_ext_that_failed_inside_a_200_is_refused_with_the_row_s_reason(client: EpicorClient) -> None:
    rows = {"Customer": [{"Company": COMPANY, "CustNum": 0, "CustID": "", "Name": "Ada Hill", "RowMod": "A"}]}
    with pytest.raises(Refused, match=r"Customer: Customer ID is required\.") as refused:
        client.update_ext("Erp.BO.CustomerSvc", rows)
    assert refused.value.kind == "Ice.Common.BusinessObjectException"


def test_update_ext_gives_back_what_it_stored(client: EpicorClient) -> None:
    rows = {"Customer": [{"Company": COMPANY, "CustNum": 0, "CustID": "H7", "Name": "Ada Hill", "RowMod": "A"}]}
    assert client.update_ext("Erp.BO.CustomerSvc", rows)["Customer"][0]["CustID"] == "H7"


# methods


def test_a_read_only_method_goes_by_get(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 1)
    found = returned(client.call("Erp.BO.CustomerSvc", "GetByID", {"custNum": 1}))
    assert found["Customer"][0]["CustID"] == "H1"
    assert seen(sandbox, "GET", "GetByID") == [f"/kinetic/api/v2/odata/{COMPANY}/Erp.BO.CustomerSvc/GetByID?custNum=1"]
    with pytest.raises(NotFound) as missing:
        client.call("Erp.BO.CustomerSvc", "GetByID", {"custNum": 99})
    assert missing.value.kind == "Ice.Common.RecordNotFoundException"


@pytest.mark.parametrize("status", ["400", "409"])
def test_a_row_changed_by_somebody_else_is_read_again_whatever_status_says_so(
    sandbox: Sandbox, client: EpicorClient, status: str
) -> None:
    switches.CONFLICT_STATUS.set(sandbox.state, status)
    customers(sandbox, 1)
    ds = dataset(client.call("Erp.BO.CustomerSvc", "GetByID", {"custNum": 1}))
    client.patch(*CUSTOMERS, {"CustNum": 1}, {"Name": "Somebody else's"})
    ds["Customer"][0] |= {"Name": "Ours", "RowMod": "U"}
    with pytest.raises(TryLater, match="read the row again"):
        client.call("Erp.BO.CustomerSvc", "Update", {"ds": ds})


def test_a_method_that_stores_nothing_is_repeated_and_one_that_stores_is_not(
    sandbox: Sandbox, client: EpicorClient
) -> None:
    sandbox.faults.set([Fault("lost_response", method="POST", route="CustomerSvc", remaining=1)])
    client.call("Erp.BO.CustomerSvc", "GetNewCustomer", {"ds": {}})
    assert len(seen(sandbox, "POST", "GetNewCustomer")) == 2
    sandbox.faults.set([Fault("lost_response", method="POST", route="CustomerSvc", remaining=1)])
    with pytest.raises(LookUpFirst):
        client.call("Erp.BO.CustomerSvc", "Update", {"ds": {}})
    assert len(seen(sandbox, "POST", "Svc/Update")) == 1


STORING = ["Update", "MasterUpdate", "SetInventoryQtyAdj", "PostGroupJournals", "CheckOut", "Issue"]


@pytest.mark.parametrize("method", STORING)
def test_methods_that_store_are_known_as_such(method: str) -> None:
    client = answering(Response(500, {}, b""))
    with pytest.raises(LookUpFirst):
        client.call("Erp.BO.AnySvc", method)


def test_a_write_goes_out_once_even_when_the_server_says_that_nothing_was_done() -> None:
    sent: list[Request] = []
    client = answering(Response(503, {}, b"busy"), sent=sent)
    for write in (
        lambda: client.call("Erp.BO.SalesOrderSvc", "MasterUpdate"),
        lambda: client.insert(*ORDERS, {"CustNum": 1}),
        lambda: client.patch(*ORDERS, {"OrderNum": 5001}, {"OrderComment": "x"}),
    ):
        with pytest.raises(TryLater):
            write()
    assert [one.method for one in sent] == ["POST", "POST", "PATCH"]


@pytest.mark.parametrize("method", ["GetNewOrderHed", "ChangeSoldToID", "OnChangeBinNum", "PreUpdate", "CheckSONum"])
def test_methods_that_only_compute_are_known_as_such(method: str) -> None:
    client = answering(Response(500, {}, b""))
    with pytest.raises(TryLater):
        client.call("Erp.BO.AnySvc", method)


# what errors say

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
