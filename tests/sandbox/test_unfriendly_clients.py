"""Whatever a client sends, the Retail and processor stand-ins answer, and it is never an unhandled error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
import simplejson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from he_sync.sandbox.http import MAX_BODY
from he_sync.sandbox.server import Sandbox, running
from tests.sandbox.heartland_documents import load
from tests.sandbox.heartland_http import TOKEN
from tests.sandbox.processor_documents import load as load_processor
from tests.sandbox.processor_http import VERSION, login

RETAIL = (
    *("items", "customers", "sales/tickets", "sales/orders", "sales/invoices", "payments", "gift_cards", "tax_rules"),
    *("inventory/values", "inventory/transactions", "inventory/adjustment_sets", "inventory/transfers", "locations"),
    *("purchasing/orders", "purchasing/receipts", "webhooks", "settings", "reporting/analyzer", "reporting/sales"),
    *(
        "customers/100001/addresses",
        "items/100002/images",
        "sales/tickets/100005/lines",
        "sales/tickets/100005/payments",
    ),
    *("inventory/physical_counts", "inventory/adjustments", "gift_card/adjustments", "custom_fields", "oauth/token"),
)
GATEWAY = (
    *("accesstoken", "transactions", "settlement/transactions", "settlement/deposits", "disputes", "actions"),
    *(
        "settlement/disputes",
        "batches",
        "batches/BAT_1",
        "transactions/TRN_0001/refund",
        "transactions/TRN_0001/capture",
    ),
)
NASTY = (
    *(
        "",
        "'; DROP TABLE items; --",
        "\x00",
        "\u0661\u0662",
        "\u00b2",
        "\U0001f4a5",
        "\ud800",
        "9" * 5000,
        "-1",
        "1e999",
    ),
    *(
        "NaN",
        "0001-01-01T00:00:00Z",
        "9999-12-31",
        "America",
        "../..",
        "%2e%2e",
        "a\r\nb: c",
        "null",
        "true",
        "[]",
        "{}",
    ),
)
text = st.sampled_from(NASTY) | st.text(max_size=20)
numbers = st.integers() | st.sampled_from((10**14, -(10**14), 10**30, 0.1, 1e300, 5e-324))
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    *(
        "id",
        "item_id",
        "item_lookup",
        "qty",
        "unit_price",
        "adjusted_unit_price",
        "value",
        "type",
        "status",
        "public_id",
    ),
    *("station_id", "customer_id", "location_id", "source_location_id", "completed_at", "custom", "metadata", "rate"),
    *("timezone", "number", "balance", "gift_card_id", "reason_id", "delta_balance", "order_id", "vendor_id", "events"),
    *("item_lines", "lines", "payments", "tax_lines", "url", "active", "voided", "email", "first_name", "last_name"),
    *("payment_type_id", "amount", "from_location_id", "to_location_id", "receive_at_location_id", "custom@x", "name"),
    *("app_id", "nonce", "secret", "grant_type", "seconds_to_expire", "interval_to_expire", "permissions", "channel"),
    *("currency", "reference", "payment_method", "order", "notifications", "account_id", "key", "group_id", "required"),
)
known = st.sampled_from((100001, 100002, "100001", 1, "complete", "open", "ItemLine", "SALE", "CP", "10", {"card": {}}))
bodies = st.dictionaries(st.sampled_from(FIELDS), known | values, max_size=8)
OPERATORS = ("$eq", "$neq", "$gt", "$lt", "$in", "$nin", "$like", "$and", "$or", "eq", "$x", "")
QUERY_FIELDS = (
    "id",
    "public_id",
    "created_at",
    "price",
    "custom@x_at",
    "total",
    "active?",
    "1=1) OR (1",
    "$or",
    "nope",
)
filters = st.recursive(
    values, lambda inner: st.dictionaries(st.sampled_from((*OPERATORS, *QUERY_FIELDS)), inner, max_size=2), max_leaves=5
)
NAMES = (
    *("page", "per_page", "sort[]", "_include[]", "_only[]", "_filter[id][$in][]", "~[total][$gt]", "query", "group[]"),
    *(
        "metrics[]",
        "item.filters",
        "start_date",
        "status",
        "page_size",
        "amount",
        "from_time_created",
        "to_time_created",
    ),
    *("system.mid", "order", "order_by", "arn", "id", "_filter", "_filter[]", "_filter[][", "redirect_uri", "code"),
)
queries = st.lists(st.tuples(st.sampled_from(NAMES), text | filters.map(simplejson.dumps)), max_size=4)
MANY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, httpx.Client, dict[str, dict[str, str]]]]:
    """A sandbox with a few documents, one client, and the headers that open each stand-in."""
    with running(tmp_path_factory.mktemp("town")) as sandbox, httpx.Client(timeout=60) as client:
        load(sandbox.state)
        load_processor(sandbox.state)
        token = login(sandbox).json()["token"]
        bearer = {sandbox.heartland: {"Authorization": f"Bearer {TOKEN}"}}
        yield sandbox, client, {**bearer, sandbox.gp: {"Authorization": f"Bearer {token}", **VERSION}}


def encoded(pairs: list[tuple[str, str]]) -> str:
    return urlencode(pairs, errors="surrogatepass")


def answered(town: Any, method: str, path: str, query: str = "", body: Any = None) -> httpx.Response:
    sandbox, client, headers = town
    base = sandbox.gp if path.split("/", 1)[0] in {one.split("/", 1)[0] for one in GATEWAY} else sandbox.heartland
    content = body if isinstance(body, bytes) else simplejson.dumps(body).encode() if body is not None else None
    answer: httpx.Response = client.request(method, f"{base}/{path}?{query}", content=content, headers=headers[base])
    assert answer.status_code < 500, (method, path, query, body, answer.text)
    assert "Traceback" not in answer.text
    return answer


@MANY
@given(path=st.sampled_from(RETAIL + GATEWAY), query=queries)
def test_any_query_is_answered(town: Any, path: str, query: list[tuple[str, str]]) -> None:
    answered(town, "GET", path, encoded(query))


@MANY
@given(path=st.sampled_from(RETAIL + GATEWAY), body=bodies | values)
def test_any_body_is_answered_and_what_it_made_can_be_listed(town: Any, path: str, body: Any) -> None:
    answer = answered(town, "POST", path, body=body)
    if answer.status_code == 201:
        made = answer.headers["location"].removeprefix("/api/")
        assert answered(town, "GET", made).status_code == 200
    answered(town, "GET", path, "per_page=all" if path in RETAIL else "")


@MANY
@given(path=st.sampled_from(RETAIL), key=st.sampled_from(("100001", "100002", "100005")) | text, body=bodies)
def test_any_change_is_answered_and_the_shop_still_sells(town: Any, path: str, key: str, body: Any) -> None:
    answered(town, "PUT", f"{path}/{quote(key, safe='', errors='surrogatepass') or '0'}", body=body)
    sale = {"station_id": 100001, "item_lines": [{"item_id": 100002, "qty": 1}], "status": "complete"}
    answered(town, "POST", "sales/tickets", body=sale)


@MANY
@given(
    body=st.binary(max_size=200) | st.sampled_from((b"[" * 100_000, b'{"a":' * 100_000, b"\xff", b'"\\ud800"', b"{}x"))
)
def test_bytes_that_are_no_document_are_refused(town: Any, body: bytes) -> None:
    for path in ("items", "transactions", "accesstoken", "sales/tickets"):
        answered(town, "POST", path, body=body)


def test_a_body_that_is_too_large_hears_413_and_the_server_goes_on(town: Any) -> None:
    assert answered(town, "POST", "items", body=b" " * (MAX_BODY + 1)).status_code == 413
    assert answered(town, "POST", "items", body=b" " * 64 * 1024 * 1024).status_code == 413
    assert answered(town, "GET", "items").status_code == 200


@pytest.mark.parametrize(
    "inner",
    [
        "<a>" * 500 + "</a>" * 500,
        "<ReportActivity><RptStartUtcDT>\u0661</RptStartUtcDT></ReportActivity>",
        "<ReportTxnDetail><TxnId>' OR 1=1 --</TxnId></ReportTxnDetail>",
        "<FindTransactions><Criteria><SettlementAmt>NaN</SettlementAmt></Criteria></FindTransactions>",
    ],
)
def test_any_envelope_is_answered(town: Any, inner: str) -> None:
    sandbox, client, _ = town
    for encoding in ("utf-8", "foo", "utf-16"):
        envelope = (
            f'<?xml version="1.0" encoding="{encoding}"?>'
            '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
            '<PosRequest xmlns="http://Hps.Exchange.PosGateway"><Ver1.0><Header><SecretAPIKey>skapi_sandbox</SecretAPIKey>'
            f"</Header><Transaction>{inner}</Transaction></Ver1.0></PosRequest></soap:Body></soap:Envelope>"
        )
        address = f"{sandbox.urls['processor']}/Hps.Exchange.PosGateway/PosGatewayService.asmx"
        assert client.post(address, content=envelope.encode()).status_code < 500


def nested(depth: int) -> str:
    return '{"$and":[' * depth + "{}" + "]}" * depth


BREAKERS = {
    "a zone that is a folder": ("PUT", "locations/100001", "", {"timezone": "America"}),
    "a zone that is a number": ("PUT", "locations/100001", "", {"timezone": 5}),
    "a rate that is no number": ("POST", "tax_rules", "", {"name": "x", "rate": "abc"}),
    "a superscript item": (
        "POST",
        "sales/tickets",
        "",
        {"station_id": 100001, "lines": [{"item_id": "\u00b2", "qty": 1}]},
    ),
    "more money than there is": (
        *("POST", "sales/tickets", ""),
        {"station_id": 100001, "item_lines": [{"item_id": 100002, "qty": 9 * 10**14, "unit_price": 9 * 10**14}]},
    ),
    "a sale in the year one": ("POST", "sales/tickets", "", {"station_id": 100001, "completed_at": "0001-01-01"}),
    "custom fields that are a number": ("PUT", "customers/100001", "", {"custom": 5}),
    "a foreign card number": ("POST", "gift_cards", "", {"number": "\u041a\u0410/\r\n\U0001f4a5"}),
    "a half letter": ("POST", "items", "", b'{"public_id":"\\ud800"}'),
    "a custom time": ("GET", "sales/tickets", encoded([("_filter", '{"custom@x_at":{"$gt":5}}')]), None),
    "a report of no number": (
        *("GET", "reporting/analyzer"),
        encoded([("metrics[]", "ending_inventory.qty_owned"), ("metric.filters", '{"x":{"$gt":["NaN"]}}')]),
        None,
    ),
    "a report filter too deep": (
        *("GET", "reporting/analyzer"),
        encoded([("metrics[]", "ending_inventory.qty_owned"), ("metric.filters", nested(400))]),
        None,
    ),
    "a filter too deep": ("GET", "items", encoded([("_filter", nested(400))]), None),
    "a filter on SQL": ("GET", "items", encoded([("~[id) OR (1=1]", "1"), ("sort[]", "id;DROP TABLE x")]), None),
    "a page beyond every page": ("GET", "transactions", "page=" + "9" * 5000, None),
    "a negative page": ("GET", "items", "page=-1", None),
    "an amount beyond every amount": ("GET", "transactions", "amount=" + "9" * 30, None),
    "the last day of all": ("GET", "transactions", "to_time_created=9999-12-31", None),
    "permissions that are a number": ("POST", "accesstoken", "", {"permissions": 5}),
    "seconds without end": ("POST", "accesstoken", "", b'{"seconds_to_expire":1e999999999}'),
    "a nonce of half a letter": (
        *("POST", "accesstoken", ""),
        b'{"app_id":"sandbox-app","nonce":"\\ud800","secret":"x","grant_type":"client_credentials"}',
    ),
    "an order that is a number": (
        *("POST", "transactions", ""),
        {
            "type": "SALE",
            "channel": "CP",
            "amount": "1",
            "currency": "USD",
            "reference": "r",
            "order": 5,
            "payment_method": {"card": 7},
        },
    ),
}


@pytest.mark.parametrize("case", BREAKERS)
def test_what_broke_a_server_once_is_answered_and_the_shop_still_sells(town: Any, case: str) -> None:
    method, path, query, body = BREAKERS[case]
    answer = answered(town, method, path, query, body)
    if answer.status_code == 201:
        assert answered(town, "GET", answer.headers["location"].removeprefix("/api/")).status_code == 200
    sale = {"station_id": 100001, "item_lines": [{"item_id": 100002, "qty": 1}], "status": "complete"}
    assert answered(town, "POST", "sales/tickets", body=sale).status_code in {201, 400}


def test_a_dimension_of_lists_is_grouped_by_its_text(town: Any) -> None:
    answered(town, "PUT", "items/100002", body={"custom": {"tags": ["a", "b"]}})
    asked = [("metrics[]", "ending_inventory.qty_owned"), ("group[]", "item.custom@tags")]
    rows = answered(town, "GET", "reporting/analyzer", encoded(asked)).json()["results"]
    assert '["a","b"]' in [row["item.custom@tags"] for row in rows]


@pytest.mark.parametrize(
    "address", ["http://x.test/\u20ac", "http://[", "javascript:alert(1)", "http://x.test/\r\nSet-Cookie: a=b"]
)
def test_an_address_that_fits_no_header_is_refused(town: Any, address: str) -> None:
    sandbox, client, _ = town
    asked = urlencode({"client_id": "sandbox-client", "redirect_uri": address})
    assert client.get(f"{sandbox.urls['heartland']}/oauth/authorize?{asked}").status_code == 400
