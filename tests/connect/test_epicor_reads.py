"""Reading sets of Kinetic: a test for every measured trap of the reference."""

from __future__ import annotations

import json
from typing import Any

import pytest

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.epicor_query import LONGEST_URL, equals
from he_sync.connect.wire import Request, Response
from he_sync.model.errors import BrokenPromise, FixInput, NotFound, Refused
from he_sync.sandbox.server import Sandbox
from tests.connect.kinetic import COMPANY, CUSTOMERS, ORDERS, answering, customer, customers, orders, seen


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
