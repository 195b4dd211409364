from __future__ import annotations

import hashlib
import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from he_sync.sandbox.processor import switches
from he_sync.sandbox.server import Sandbox
from tests.sandbox.processor_http import Caller, sale


@pytest.fixture
def gp(sandbox: Sandbox) -> Caller:
    return Caller(sandbox)


def test_a_sale_answers_200_and_joins_the_open_batch_of_its_brand_group(gp: Caller) -> None:
    visa = gp.post("transactions", sale(2000))
    amex = gp.post("transactions", sale(500, payment_method={"card": {"number": "371449635398431"}}))
    again = gp.post("transactions", sale(300))
    assert visa.status_code == 200
    assert visa.json()["status"] == "CAPTURED"
    assert visa.json()["batch_id"] == again.json()["batch_id"] != amex.json()["batch_id"]
    assert again.json()["payment_method"]["card"]["masked_number_first6last4"] == "426397XXXXXX5262"


def test_closing_a_batch_nets_refunds_and_gives_its_transactions_the_batch_date(gp: Caller) -> None:
    sold = gp.post("transactions", sale(2000)).json()
    gp.post(f"transactions/{sold['id']}/refund", {"amount": "500"})
    closed = gp.post(f"batches/{sold['batch_id']}", {}).json()
    assert (closed["status"], closed["amount"], closed["transaction_count"]) == ("CLOSED", "1500", 2)
    assert (closed["sales"], closed["refunds"]) == ({"count": 1, "amount": "2000"}, {"count": 1, "amount": "500"})
    settled = gp.get("settlement/transactions").json()["transactions"]
    assert {row["status"] for row in settled} == {"BATCHED"}
    assert {row["batch_time_created"] for row in settled} == {closed["time_last_updated"]}


def test_a_batch_closes_once(gp: Caller) -> None:
    batch = gp.post("transactions", sale()).json()["batch_id"]
    gp.post(f"batches/{batch}", {})
    assert gp.post(f"batches/{batch}", {}).json()["error_code"] == "INVALID_BATCH_ACTION"
    assert gp.post("batches/BAT_none", {}).json()["detailed_error_code"] == "40118"
    assert gp.post("batches", {}).json()["detailed_error_code"] == "40223"


def test_a_replayed_idempotency_key_changes_nothing(gp: Caller) -> None:
    key = {"x-gp-idempotency": "k-1"}
    first = gp.post("transactions", sale(), **key)
    second = gp.post("transactions", sale(), **key)
    assert (second.status_code, second.json()["detailed_error_code"]) == (409, "40039")
    assert second.json()["detailed_error_description"] == (
        f"Idempotency Key seen before: id={first.json()['id']}, status=CAPTURED"
    )
    assert len(gp.sandbox.state.oracle("collection = 'processor/transactions'")) == 1


def test_a_refused_change_does_not_use_up_its_idempotency_key(gp: Caller) -> None:
    key = {"x-gp-idempotency": "k-1"}
    assert gp.post("transactions/TRN_9/capture", {}, **key).json()["detailed_error_code"] == "40118"
    assert gp.post("transactions", sale(), **key).status_code == 200


def test_no_more_is_refunded_than_was_sold(gp: Caller) -> None:
    sold = gp.post("transactions", sale(2000)).json()["id"]
    assert gp.post(f"transactions/{sold}/refund", {"amount": "1500"}).status_code == 200
    assert gp.post(f"transactions/{sold}/refund", {"amount": "501"}).json()["detailed_error_code"] == "40087"


def test_a_reversed_sale_leaves_its_batch(gp: Caller) -> None:
    sold = gp.post("transactions", sale(2000)).json()
    assert gp.post(f"transactions/{sold['id']}/reversal", {}).json()["status"] == "REVERSED"
    assert gp.post(f"batches/{sold['batch_id']}", {}).json()["transaction_count"] == 0


def test_a_declined_card_is_answered_and_settles_nowhere(gp: Caller) -> None:
    declined = gp.post("transactions", sale(payment_method={"card": {"number": "4000120000001154"}})).json()
    assert (declined["status"], declined["action"]["result_code"], declined["batch_id"]) == ("DECLINED", "DECLINED", "")


@pytest.mark.parametrize("name", ["type", "channel", "amount", "currency", "reference", "payment_method"])
def test_a_sale_without_a_mandatory_field_is_refused_by_the_fields_name(gp: Caller, name: str) -> None:
    answer = gp.post("transactions", {**sale(), name: ""})
    assert answer.json()["error_code"] == "MANDATORY_DATA_MISSING"
    assert name in answer.json()["detailed_error_description"]


def test_every_change_is_in_the_audit_list(gp: Caller) -> None:
    sold = gp.post("transactions", sale()).json()
    gp.post(f"batches/{sold['batch_id']}", {})
    rows = gp.get("actions?order=ASC").json()["actions"]
    assert {row["type"] for row in rows} == {"SALE", "CLOSE"}
    assert gp.ids(f"actions?resource_id={sold['id']}", "actions") == [sold["action"]["id"]]


@contextmanager
def listening() -> Iterator[tuple[str, queue.Queue[tuple[str, bytes]]]]:
    """A merchant's status address and what arrived there: signature and body."""
    arrived: queue.Queue[tuple[str, bytes]] = queue.Queue()

    class Merchant(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            arrived.put((self.headers["x-gp-signature"], body))

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Merchant)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/status", arrived
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("registered", ["by the sale", "by the switch"])
def test_a_capture_is_posted_to_the_registered_address_signed_with_the_app_key(gp: Caller, registered: str) -> None:
    with listening() as (url, arrived):
        if registered == "by the switch":
            switches.STATUS_URL.set(gp.sandbox.state, url)
        body = sale(description="Café / 1")
        sold = gp.post(
            "transactions", body if registered == "by the switch" else {**body, "notifications": {"status_url": url}}
        )
        signature, posted = arrived.get(timeout=10)
    assert signature == hashlib.sha512(posted + b"sandbox-app-key").hexdigest()
    assert json.loads(posted)["id"] == sold.json()["id"]
    assert "Café / 1".encode() in posted
