"""Unfriendly callers of the Epicor stand-in: whatever comes, the answer is a documented one, and it comes soon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from he_sync.sandbox import server
from he_sync.sandbox.epicor import catalog
from he_sync.sandbox.epicor.bo import REGISTRY
from tests.sandbox.epicor_company import COMPANY, load

DOCUMENTED = {200, 201, 204, 400, 401, 403, 404, 405, 409, 410, 414}
DEEP = "[" * 50_000
ODD: list[Any] = [None, True, 0, -1, 2**31, 10**40, 1e300, 0.1, "", "x", "O'Brien", "\0~\u2028\U0001f600", [], [1], {}]
METHODS = [(bo.name, name) for bo in REGISTRY.values() for name in sorted(bo.by_lower)]
SETS = [(bo.name, name) for bo in REGISTRY.values() for name in bo.sets]
NAMES = [
    "ds",
    "whereClause",
    "pageSize",
    "absolutePage",
    "orderNum",
    "partNum",
    "custNum",
    "iOrderNum",
    "groupID",
    "id",
]
GRAMMAR = (
    "( ) ' '' , ; eq and or not in contains( length( null true OrderNum PartNum Company 1 -1 1e9 2026-13-45 $ / any"
)
fuzz = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def kinetic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with server.running(tmp_path_factory.mktemp("hostile")) as sandbox:
        load(sandbox, COMPANY)
        base, headers = f"{sandbox.epicor}/api/v2/odata/EPIC06/", {"x-api-key": "sandbox-api-key"}
        with closing(httpx.Client(base_url=base, auth=("he-sync", "sandbox"), headers=headers, timeout=5)) as client:
            yield client


def documented(response: httpx.Response) -> None:
    """A status that the reference knows, and a body in Kinetic's shape where there is an error."""
    assert response.status_code in DOCUMENTED, f"{response.request.method} {response.request.url} {response.text}"
    if response.status_code >= 400 and "json" in response.headers.get("content-type", ""):
        assert response.json()["HttpStatus"] == response.status_code


def row(table: str) -> st.SearchStrategy[dict[str, Any]]:
    """A row of a dataset with odd values in some columns, marked to be written."""
    columns = st.dictionaries(st.sampled_from(sorted(catalog.table(table).columns)), st.sampled_from(ODD), max_size=4)
    return st.builds(lambda found, mode: {**found, "RowMod": mode}, columns, st.sampled_from(["A", "U", "D", "", 5]))


def arguments(service: str) -> st.SearchStrategy[Any]:
    """A method's body: a dataset of the service's tables, or odd values under likely names."""
    tables = REGISTRY[service.lower()].tables
    dataset = st.dictionaries(
        st.sampled_from(tables or ("X",)),
        st.one_of(st.sampled_from(ODD), st.lists(st.one_of(*[row(name) for name in tables]), max_size=2))
        if tables
        else st.none(),
        max_size=2,
    )
    odd = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(ODD), max_size=4)
    return st.builds(lambda found, more: {**more, "ds": found}, dataset, odd) | odd | st.sampled_from(ODD)


CALLS = st.sampled_from(METHODS).flatmap(lambda one: st.tuples(st.just(one), arguments(one[0])))


@fuzz
@given(CALLS)
def test_no_method_fails_on_what_its_arguments_hold(kinetic: httpx.Client, call: tuple[tuple[str, str], Any]) -> None:
    (service, method), body = call
    documented(kinetic.post(f"{service}/{method}", json=body))


@fuzz
@given(
    st.sampled_from(SETS),
    st.dictionaries(st.sampled_from(sorted(catalog.table("OrderHed").columns)), st.sampled_from(ODD)),
)
def test_no_entity_set_fails_on_what_a_body_holds(
    kinetic: httpx.Client, where: tuple[str, str], body: dict[str, Any]
) -> None:
    documented(kinetic.post("/".join(where), json=body))


@fuzz
@given(st.lists(st.sampled_from(GRAMMAR.split()), max_size=12).map(" ".join) | st.text(max_size=20))
@example("((OrderNum eq 1)")
@example("not (" * 150 + "OrderNum eq 1" + ")" * 150)
@example("OrderNum eq 1 and (OrderNum eq 1 or (" * 40 + "OrderNum eq 1" + "))" * 40)
@example("OrderNum eq " + "9" * 400)
def test_no_filter_fails_or_hangs(kinetic: httpx.Client, text: str) -> None:
    for where in ("Erp.BO.SalesOrderSvc/SalesOrders", "Erp.BO.SalesOrderSvc/OrderDtls", "BaqSvc/HeSync_Stock/Data"):
        documented(kinetic.get(where, params={"$filter": text, "$top": "2"}))


@fuzz
@given(st.lists(st.sampled_from([*GRAMMAR.split(), "BY", "BEGINS", "LIKE", "="]), max_size=10).map(" ".join))
@example(" " * 60_000 + "BY" + " " * 60_000)
@example("'" * 60_001)
def test_no_where_clause_fails_or_hangs(kinetic: httpx.Client, text: str) -> None:
    documented(kinetic.post("Erp.BO.SalesOrderSvc/GetList", json={"whereClause": text}))
    documented(kinetic.post("Erp.BO.PartBinSearchSvc/GetPartBinSearch", json={"whereClause": text}))


@fuzz
@given(st.text(alphabet="'(),=;/ 15OrderNum\u00e9", max_size=20))
@example("'" * 400)
@example("'" * 401 + ")")
@example("'O''Brien',1")
def test_no_key_fails_or_hangs(kinetic: httpx.Client, text: str) -> None:
    key = quote(text, safe="'(),=;")
    address = f"Erp.BO.SalesOrderSvc/SalesOrders({key})"
    for method in ("GET", "PATCH", "DELETE"):
        documented(kinetic.request(method, address, json={} if method == "PATCH" else None))


@pytest.mark.parametrize("option", ["$top", "$skip"])
@pytest.mark.parametrize("value", ["-1", "x", "", "1.0", "9" * 30, "\u00b2", "\u0665"])
def test_a_page_is_asked_for_with_a_small_whole_number(kinetic: httpx.Client, option: str, value: str) -> None:
    refused = kinetic.get("Erp.BO.SalesOrderSvc/SalesOrders", params={option: value})
    assert refused.status_code == 400
    assert f"Invalid value '{value}' for {option}" in refused.json()["ErrorMessage"]


@pytest.mark.parametrize("body", ["{", "[]", "null", "NaN", DEEP, '{"a":' * 50_000, "\udcff"])
def test_a_body_that_is_no_object_is_no_entity(kinetic: httpx.Client, body: str) -> None:
    content = body.encode(errors="surrogateescape")
    for address in ("SalesOrders", "Update", "MasterUpdate", "GetList"):
        answer = kinetic.post(f"Erp.BO.SalesOrderSvc/{address}", content=content)
        assert (answer.status_code, "Unable to deserialize" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("callsettings", "{"),
        ("callsettings", "[]"),
        ("callsettings", '{"Company": ["EPIC06"]}'),
        ("callsettings", DEEP[:4000]),
        ("license", '{"SessionID": 5}'),
        ("license", "{" * 4000),
        ("authorization", "Basic /////w=="),
        ("authorization", "Bearer .."),
        ("x-api-key", ""),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(kinetic: httpx.Client, header: str, value: str) -> None:
    auth = None if header == "authorization" else httpx.USE_CLIENT_DEFAULT
    answer = kinetic.get("Erp.BO.SalesOrderSvc/SalesOrders", headers={header: value}, auth=auth)
    documented(answer)
    assert answer.status_code >= 400


def test_amounts_that_multiply_beyond_a_column_are_refused_and_nothing_is_stored(kinetic: httpx.Client) -> None:
    line = {"PartNum": "BOOT-11", "SalesUM": "EA", "SellingQuantity": 10**17, "DocUnitPrice": 10**17}
    order = {"CustNum": 2, "FOB": "ORIG", "PONum": "HUGE", "OrderDtls": [line]}
    answer = kinetic.post("Erp.BO.SalesOrderSvc/SalesOrders", json=order)
    assert (answer.status_code, "Arithmetic overflow" in answer.text) == (400, True)
    found = kinetic.get("Erp.BO.SalesOrderSvc/SalesOrders", params={"$filter": "PONum eq 'HUGE'"}).json()
    assert found["value"] == []


@pytest.mark.parametrize("number", [-5, 2**31 - 1])
def test_a_callers_number_leaves_the_server_room_to_count(kinetic: httpx.Client, number: int) -> None:
    answer = kinetic.post("Erp.BO.SalesOrderSvc/SalesOrders", json={"CustNum": 2, "FOB": "ORIG", "OrderNum": number})
    assert answer.status_code == 400


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01T00:00:00", "2026-01-01T25:00:00", "tomorrow"])
def test_a_day_that_no_calendar_has_is_no_date(kinetic: httpx.Client, day: str) -> None:
    answer = kinetic.post("Erp.BO.SalesOrderSvc/SalesOrders", json={"CustNum": 2, "FOB": "ORIG", "OrderDate": day})
    assert answer.status_code == 400


def test_a_row_of_another_company_is_refused_on_every_way_in(kinetic: httpx.Client) -> None:
    alien = {"Company": "OTHER", "CustNum": 2, "FOB": "ORIG"}
    posted = kinetic.post("Erp.BO.SalesOrderSvc/SalesOrders", json=alien)
    updated = kinetic.post("Erp.BO.SalesOrderSvc/Update", json={"ds": {"OrderHed": [{**alien, "RowMod": "A"}]}})
    assert {answer.json()["ErrorMessage"] for answer in (posted, updated)} == {"Company references invalid value."}


def test_an_error_as_xml_holds_only_what_xml_can(kinetic: httpx.Client) -> None:
    asked = {"$select": "\x01<\ufffe"}
    answer = kinetic.get("Erp.BO.PartSvc/Parts", params=asked, headers={"accept": "application/xml"})
    told = ET.fromstring(answer.text).findtext("ErrorMessage")  # noqa: S314 - our own stand-in's answer
    assert (answer.status_code, told) == (400, "Could not find a property named '\ufffd<\ufffd' on type 'Erp.Part'.")
