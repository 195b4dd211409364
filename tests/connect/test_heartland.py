"""The Heartland client against the stand-in over real HTTP: lists that move, writes that get lost, one-line errors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest

from he_sync.connect.heartland import HeartlandClient
from he_sync.connect.retry import Patience
from he_sync.connect.wire import HttpSend, Request, Response, http_send
from he_sync.model.errors import (
    BrokenPromise,
    FixInput,
    LookUpFirst,
    NotAllowed,
    NotFound,
    Refused,
    Throttled,
    TryLater,
)
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.heartland import switches
from he_sync.sandbox.server import Sandbox

TOKEN, READ_ONLY = "sandbox-heartland-token", "sandbox-readonly-token"
ANA = {"first_name": "Ana", "last_name": "Ruiz", "email": "ana@example.test"}


@pytest.fixture
def send() -> Iterator[HttpSend]:
    with http_send(total_deadline=10) as sender:
        yield sender


class Sleeps(list[float]):
    """Pauses that were asked for and not taken."""


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture
def client(sandbox: Sandbox, send: HttpSend, sleeps: Sleeps) -> HeartlandClient:
    return HeartlandClient(sandbox.heartland, TOKEN, send, patience=Patience(sleep=sleeps.append))


def customers(sandbox: Sandbox, *ids: int) -> None:
    rows = [(one, None, {"id": one, "public_id": str(one), **ANA, "active?": True, "custom": {}}) for one in ids]
    sandbox.state.load("heartland/customers", rows)


def tickets(sandbox: Sandbox, *completed: str) -> None:
    rows = [
        (one, None, {"id": one, "type": "Ticket", "status": "complete", "total": Decimal("19.99"), "completed_at": at})
        for one, at in enumerate(completed, start=100001)
    ]
    sandbox.state.load("heartland/sales/tickets", rows)


def seen(sandbox: Sandbox, method: str) -> list[str]:
    return [one.url for one in sandbox.services["heartland"].seen if one.method == method]


def ids(pages: Any) -> list[int]:
    return [row["id"] for page in pages for row in page]


def answering(response: Response) -> HeartlandClient:
    """A client whose server always answers so."""
    return HeartlandClient("http://pos.test/api", TOKEN, lambda _: response, patience=Patience(sleep=lambda _: None))


# lists


def test_a_walk_gives_every_row_once_by_rising_id(sandbox: Sandbox, client: HeartlandClient) -> None:
    customers(sandbox, *range(100001, 100024))
    assert ids(client.walk("customers", page_size=5)) == list(range(100001, 100024))


def test_a_walk_is_not_cut_by_a_server_that_gives_fewer_rows_than_asked(
    sandbox: Sandbox, client: HeartlandClient
) -> None:
    switches.PER_PAGE_MAXIMUM.set(sandbox.state, "4")
    customers(sandbox, *range(100001, 100012))
    assert len(ids(client.walk("customers", page_size=500))) == 11


def test_rows_that_vanish_and_appear_while_walking_hide_no_other_row(sandbox: Sandbox, client: HeartlandClient) -> None:
    customers(sandbox, *range(100001, 100011))
    walked = []
    for page in client.walk("customers", page_size=4):
        walked += [row["id"] for row in page]
        if len(walked) == 4:
            sandbox.state.delete("heartland/customers", 100001)
            customers(sandbox, 100011)
    assert walked == list(range(100001, 100012))


def test_a_walk_keeps_the_filter_and_the_wanted_fields(sandbox: Sandbox, client: HeartlandClient) -> None:
    tickets(sandbox, "2026-11-20T18:00:00+00:00", "2026-11-21T18:00:00+00:00", "2026-11-22T18:00:00+00:00")
    asked = {"completed_at": {"$gte": "2026-11-21T00:00:00+00:00", "$lt": "2026-11-22T00:00:00+00:00"}}
    [[row]] = list(client.walk("sales/tickets", asked, only=["total"]))
    assert row == {"id": 100002, "total": Decimal("19.99")}
    assert client.count("sales/tickets", asked) == 1


def test_two_years_of_tickets_are_asked_for_in_spans_that_the_server_can_bear(
    sandbox: Sandbox, client: HeartlandClient
) -> None:
    """One filter over 24 months answers 500 (reference: heartland 1.6)."""
    times = [f"{year}-{month:02}-15T12:00:00+00:00" for year in (2024, 2025, 2026) for month in range(1, 12)]
    tickets(sandbox, *times)
    asked = {"completed_at": {"$gte": times[0], "$lte": times[-1]}}
    assert sorted(ids(client.walk("sales/tickets", asked))) == list(range(100001, 100001 + len(times)))
    assert client.count("sales/tickets", asked) == len(times)
    assert {one.status for one in sandbox.services["heartland"].seen} == {200}
    with pytest.raises(FixInput, match="span by span"):
        next(client.walk("sales/tickets", asked, start=100005))


def test_stock_rows_without_ids_are_read_once_by_item_and_place(sandbox: Sandbox, client: HeartlandClient) -> None:
    for item in range(100001, 100008):
        sandbox.state.put("heartland/items", item, {"id": item, "public_id": f"I{item}"})
        row = {"item_id": item, "location_id": 100001, "qty": 3, "qty_on_hand": 3, "qty_available": 3}
        sandbox.state.put("heartland/inventory/values", f"{item}~100001", row)
    sandbox.state.put("heartland/locations", 100001, {"id": 100001, "name": "Main"})
    params = [("group[]", "item_id"), ("group[]", "location_id")]
    pages = client.walk_pages("inventory/values", params, lambda row: (row["item_id"], row["location_id"]), page_size=3)
    assert [row["item_id"] for page in pages for row in page] == list(range(100001, 100008))


def test_one_document_is_read_with_its_embeds_and_a_missing_one_is_not_found(
    sandbox: Sandbox, client: HeartlandClient
) -> None:
    customers(sandbox, 100001)
    assert client.get("customers/100001")["email"] == "ana@example.test"
    with pytest.raises(NotFound, match=r"GET http.*/api/customers/5 answered 404"):
        client.get("customers/5")


# writes


@pytest.mark.parametrize("form", ["path", "absolute"])
def test_a_created_record_s_id_is_read_from_either_form_of_location(
    sandbox: Sandbox, client: HeartlandClient, form: str
) -> None:
    switches.LOCATION_HEADER.set(sandbox.state, form)
    made = client.create("customers", {**ANA, "custom": {"erp_number": "214"}})
    assert client.get(f"customers/{made}")["custom"] == {"erp_number": "214"}


def test_a_201_that_names_no_record_is_looked_up() -> None:
    with pytest.raises(LookUpFirst, match="names no record"):
        answering(Response(201, {}, b"")).create("customers", ANA)


def test_an_update_changes_what_was_sent_and_nothing_else(sandbox: Sandbox, client: HeartlandClient) -> None:
    customers(sandbox, 100001)
    client.update("customers/100001", {"last_name": "Lind"})
    after = client.get("customers/100001")
    assert (after["first_name"], after["last_name"]) == ("Ana", "Lind")


@pytest.mark.parametrize(
    ("fault", "error", "landed"),
    [
        (Fault("lost_request", method="POST"), LookUpFirst, 0),
        (Fault("lost_response", method="POST"), LookUpFirst, 1),
        (Fault("error_after", method="POST"), LookUpFirst, 1),
        (Fault("error_before", method="POST"), TryLater, 0),
        (Fault("throttle", method="POST", retry_after="7"), Throttled, 0),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_create_goes_out_once_and_says_whether_it_must_be_looked_up(
    sandbox: Sandbox, client: HeartlandClient, fault: Fault, error: type[Exception], landed: int
) -> None:
    sandbox.faults.set([fault])
    with pytest.raises(error):
        client.create("customers", ANA)
    assert len(seen(sandbox, "POST")) == 1
    assert sandbox.state.count("heartland/customers") == landed


def test_a_create_that_lands_late_was_not_there_when_it_was_looked_up(
    sandbox: Sandbox, client: HeartlandClient
) -> None:
    """Why the store waits before it looks up: the first request may still be under way (reliability 3.1)."""
    sandbox.faults.set([Fault("late_landing", method="POST", seconds=0.5)])
    with pytest.raises(LookUpFirst):
        client.create("customers", ANA)
    assert client.count("customers") == 0
    end = time.monotonic() + 10
    while not client.count("customers") and time.monotonic() < end:
        time.sleep(0.05)
    assert client.count("customers") == 1


# reads that meet trouble


@pytest.mark.parametrize("name", ["truncated_body", "lost_response", "error_before", "error_after", "lost_request"])
def test_a_read_goes_on_after_trouble_that_passes(
    sandbox: Sandbox, client: HeartlandClient, sleeps: Sleeps, name: str
) -> None:
    customers(sandbox, *range(100001, 100008))
    sandbox.faults.set([Fault(name, method="GET", remaining=2)])
    assert len(ids(client.walk("customers", page_size=3))) == 7
    assert len(sleeps) == 2


def test_a_read_waits_as_long_as_the_server_asks(sandbox: Sandbox, client: HeartlandClient, sleeps: Sleeps) -> None:
    customers(sandbox, 100001)
    sandbox.faults.set([Fault("throttle", remaining=1, retry_after="7")])
    assert client.count("customers") == 1
    assert 7 <= sleeps[0] <= 7.5


def test_trouble_that_does_not_pass_ends_with_one_clear_line(sandbox: Sandbox, client: HeartlandClient) -> None:
    sandbox.faults.set([Fault("error_before")])
    with pytest.raises(TryLater, match=r"^heartland: GET http\S+/api/customers answered 503: .+$"):
        client.count("customers")


# refusals


def test_a_wrong_token_and_a_missing_right_are_not_allowed(sandbox: Sandbox, send: HttpSend) -> None:
    with pytest.raises(NotAllowed, match="401"):
        HeartlandClient(sandbox.heartland, "wrong", send).count("customers")
    viewer = HeartlandClient(sandbox.heartland, READ_ONLY, send)
    assert viewer.count("customers") == 0
    with pytest.raises(NotAllowed, match="403"):
        viewer.create("customers", ANA)
    assert not viewer.may_write("customers")


def test_a_right_to_write_is_seen_without_writing(sandbox: Sandbox, client: HeartlandClient) -> None:
    before = sandbox.state.oracle()
    assert client.may_write("customers")
    assert client.may_write("inventory/adjustment_sets")
    assert sandbox.state.oracle() == before


def test_a_validation_error_names_the_path_and_every_field(client: HeartlandClient) -> None:
    with pytest.raises(Refused, match=r"/api/customers answered 4\d\d: .*last_name") as refused:
        client.create("customers", {"first_name": "Ana", "email": "ana@example.test"})
    assert "\n" not in str(refused.value)
    assert refused.value.kind == "validation_error"


INVALID = b'{"error":"validation_error","message":"Invalid","details":{"qty":%s}}'


@pytest.mark.parametrize(
    ("body", "reason", "kind"),
    [
        (INVALID % b'["is zero","is odd"]', "Invalid; qty: is zero, is odd", "validation_error"),
        (INVALID % b'"is zero"', "Invalid; qty: is zero", "validation_error"),
        (b'{"error":"invalid_request"}', "invalid_request", "invalid_request"),
        (b"<html><style>a{}</style><h1>Bad\nRequest</h1></html>", "Bad Request", ""),
        (b"", "no reason given", ""),
        (b"\xff\xfe", "\ufffd\ufffd", ""),
    ],
)
def test_every_error_body_becomes_one_line(body: bytes, reason: str, kind: str) -> None:
    with pytest.raises(Refused) as refused:
        answering(Response(400, {}, body)).create("items", {})
    assert str(refused.value) == f"heartland: POST http://pos.test/api/items answered 400: {reason}"
    assert refused.value.kind == kind


@pytest.mark.parametrize(
    "body", [b"<html>maintenance</html>", b"{}", b"[]", b'{"results":[{"name":"x"}],"total":1,"pages":1}']
)
def test_a_200_that_is_no_listing_is_a_broken_promise(body: bytes) -> None:
    with pytest.raises(BrokenPromise):
        list(answering(Response(200, {}, body)).walk("items"))


def test_the_request_is_the_one_that_the_official_client_sends() -> None:
    sent: list[Request] = []

    def note(request: Request) -> Response:
        sent.append(request)
        return Response(200, {}, b'{"total":0,"pages":0,"results":[]}')

    client = HeartlandClient("http://pos.test/api/", TOKEN, note)
    list(client.walk("items", {"active": True}, include=["grid"], only=["cost"], page_size=50))
    assert unquote(sent[0].url) == (
        'http://pos.test/api/items?_filter=[{"active":true},{"id":{"$gt":0}}]&_include[]=grid'
        "&_only[]=id&_only[]=cost&sort[]=id&page=1&per_page=50"
    )
    assert sent[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert sent[0].headers["content-type"] == "application/json"
