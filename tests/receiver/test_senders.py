"""What real senders send, over HTTP: the stand-ins of Heartland, Epicor and the processor, and the shop's events."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from he_sync.model.errors import FixSettings
from he_sync.sandbox.epicor import bpm
from he_sync.sandbox.epicor.posting import post
from he_sync.sandbox.heartland.webhooks import Delivery, send
from he_sync.sandbox.state import Commit
from he_sync.store import inbox
from he_sync.store.database import Store, open_store
from he_sync.web.receiver.settings import read_settings
from tests.receiver.running import EPICOR, GP, HEARTLAND, Running, order_body, receiving

TICKET = {"id": 100001, "type": "Ticket", "updated_at": "2026-11-20T09:33:53-05:00", "total": 201.4}


def entities(store: Store) -> dict[str, str]:
    """What waits: entity to version."""
    return {kept.event.entity: kept.event.version for kept in inbox.listing(store, "new")}


def epicor(receiver: Running, topic: str, body: Any) -> int:
    headers = {"x-he-sync-secret": EPICOR}
    return receiver.post(f"/hooks/epicor/{topic}", json.dumps(body).encode(), headers).status


@pytest.mark.parametrize(
    ("topic", "document", "entity"),
    [
        ("sales_transaction_completed", TICKET, "ticket 100001"),
        ("sales_transaction_completed", {**TICKET, "type": "Return"}, "ticket 100001"),
        ("sales_transaction_completed", {**TICKET, "type": "Invoice"}, "invoice 100001"),
        ("customer_updated", {"id": 7, "updated_at": TICKET["updated_at"]}, "customer 7"),
        ("item_created", {"id": 9, "updated_at": TICKET["updated_at"]}, "item 9"),
    ],
)
def test_heartlands_bare_resource_names_its_record_and_version(
    receiver: Running, store: Store, topic: str, document: Mapping[str, Any], entity: str
) -> None:
    assert receiver.heartland(topic, document).json == {"new": 1}
    assert receiver.heartland(topic, document).json == {"known": 1}
    assert entities(store) == {entity: "2026-11-20T14:33:53+00:00"}
    (kept,) = inbox.listing(store, "new")
    assert kept.event.body == json.dumps(document)
    assert kept.event.event_id == hashlib.sha256(json.dumps(document).encode()).hexdigest()


def test_a_heartland_body_that_is_no_sale_is_refused(receiver: Running) -> None:
    for document in ({"id": 1}, {"id": 1, "type": "Order"}, {"type": "Ticket"}, {"id": "", "type": "Ticket"}):
        assert receiver.heartland("sales_transaction_completed", document).status == 400


def test_the_shops_named_events_are_about_the_heartland_order(receiver: Running, store: Store) -> None:
    for topic in ("order.created", "order.updated", "order.cancelled", "payment.succeeded"):
        assert receiver.order(topic.replace(".", "-"), order_body(8, topic), topic).json == {"new": 1}
    assert {kept.event.entity for kept in inbox.listing(store, "new")} == {"order 8"}
    assert len(inbox.listing(store, "new")) == 4


def test_gp_api_signs_the_minified_body_with_the_app_key(receiver: Running, store: Store) -> None:
    body = b'{"id":"TRN_4f","time_last_updated":"2026-11-20T14:33:53.123Z","status":"CAPTURED","url":"https://x/y"}'
    signature = hashlib.sha512(body + GP.encode()).hexdigest()
    path = "/hooks/processor/transaction"
    assert receiver.post(path, body, {"X-GP-Signature": signature}).json == {"new": 1}
    assert entities(store) == {"payment TRN_4f": "2026-11-20T14:33:53.123000+00:00"}
    spread = json.dumps(json.loads(body), indent=2).encode()
    assert receiver.post(path, spread, {"X-GP-Signature": signature.upper()}).status == 202
    for bad in (signature[:-1], "", hashlib.sha512(body).hexdigest(), signature.replace("a", "b")):
        assert receiver.post(path, body, {"X-GP-Signature": bad}).status == 401
    assert receiver.post(path, body.replace(b"TRN_4f", b"TRN_4g"), {"X-GP-Signature": signature}).status == 401


def test_epicors_tables_are_about_orders_jobs_shipments_parts_and_customers(receiver: Running, store: Store) -> None:
    changes = [
        {"event": "OrderHed.Update", "company": "EPIC06", "table": "OrderHed", "keys": {"OrderNum": 5012}},
        {"company": "EPIC06", "tableName": "OrderRel", "keys": '{"OrderNum":5013,"OrderLine":1,"OrderRelNum":1}'},
        {"company": "EPIC06", "tableName": "JobHead", "keys": '{"JobNum":"J-1"}', "data": '{"SysRevID":77}'},
        {"company": "EPIC06", "tableName": "ShipHead", "keys": {"PackNum": "9"}},
        {"company": "EPIC06", "tableName": "Part", "keys": {"PartNum": "HG 1/2 RED"}},
        {"company": "EPIC06", "tableName": "Customer", "keys": {"CustNum": 3}},
        {"company": "EPIC06", "tableName": "GLJrnDtl", "keys": {"JournalNum": 3}},
    ]
    assert epicor(receiver, "cdc", changes) == 202
    assert entities(store) == {
        "erp_order 5012": "",
        "erp_order 5013": "",
        "erp_job J-1": "00000000000000000077",
        "erp_shipment 9": "",
        "erp_part HG 1/2 RED": "",
        "erp_customer 3": "",
    }
    assert {kept.event.topic for kept in inbox.listing(store, "new")} == {
        *("OrderHed", "OrderRel", "JobHead", "ShipHead", "Part", "Customer"),
    }


def test_a_table_of_a_flow_of_ones_own_is_taken_by_its_key_and_no_shipped_one_is_renamed(tmp_path: Path) -> None:
    named = {"HE_EPICOR_TABLES": "Vendor=VendorNum, Part=Company"}
    changes = [
        {"company": "EPIC06", "tableName": "Vendor", "keys": '{"Company":"EPIC06","VendorNum":12}'},
        {"company": "EPIC06", "tableName": "Part", "keys": {"PartNum": "P1"}},
    ]
    with receiving(tmp_path, environment=named) as running, open_store(tmp_path / "he_sync.db") as store:
        assert epicor(running, "cdc", changes) == 202
        assert epicor(running, "Vendor", {"table": "Vendor", "keys": {"VendorNum": 13}}) == 202
        assert set(entities(store)) == {"erp_vendor 12", "erp_part P1", "erp_vendor 13"}


@pytest.mark.parametrize("text", ["Vendor", "Vendor=", "=VendorNum", "Vendor:VendorNum", "Vendor=Vendor Num"])
def test_a_table_without_its_key_is_refused_with_the_way_to_write_it(text: str) -> None:
    with pytest.raises(FixSettings, match="HE_EPICOR_TABLES: write tables as Vendor=VendorNum"):
        read_settings({"HE_HOME": "var", "HE_EPICOR_TABLES": text})


def test_one_bad_change_in_a_push_refuses_the_whole_push(receiver: Running, store: Store) -> None:
    good = {"tableName": "Part", "keys": {"PartNum": "P1"}}
    for bad in ({"tableName": "Part", "keys": {}}, {"tableName": "Part", "keys": "{"}, 7, [good]):
        assert epicor(receiver, "cdc", [good, bad]) == 400
    assert inbox.count(store) == {}
    assert epicor(receiver, "cdc", [good] * 1_001) == 400
    assert epicor(receiver, "cdc", [{**good, "keys": {"PartNum": f"P{n}"}} for n in range(1_000)]) == 202
    assert inbox.count(store) == {"new": 1_000}


def test_the_stand_ins_own_senders_are_understood(receiver: Running, store: Store) -> None:
    url = f"http://127.0.0.1:{receiver.port}/hooks"
    hook = f"{url}/heartland/sales_transaction_completed?secret={HEARTLAND}"
    assert send(Delivery(hook, json.dumps(TICKET).encode(), 1, 1.0, 5.0))
    row = {"Company": "EPIC06", "OrderNum": 5012, "PONum": "100001"}
    posted = bpm.event(Commit("epicor/OrderHed", "EPIC06|5012", "insert", None, row, "server"))
    assert post(f"{url}/epicor/OrderHed", posted, {"X-HE-Sync-Secret": EPICOR})
    assert entities(store) == {"ticket 100001": "2026-11-20T14:33:53+00:00", "erp_order 5012": ""}
