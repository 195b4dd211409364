"""Request lines recorded from real clients (reference heartland section 8, Retail side), replayed as they were sent."""

from __future__ import annotations

import pytest

from he_sync.sandbox.server import Sandbox
from tests.sandbox.heartland_documents import CASH, KITE, REASON, SHOP, STATION, WHEEL, load
from tests.sandbox.heartland_http import Retail

GEM_LIST = (
    'items?_filter=[{"active":true},{"price":{"$gt":10}}]&_include[]=grid&_only[]=id&page=1&per_page=50'
    "&sort[]=created_at,desc&sort[]=id"
)
ANALYZER = (
    "reporting/analyzer?per_page=200&subtotal=false&grand_total=false&exclude_zeroes=true&include_links=true&charts=[]"
    "&page=1&end_date=2026-01-31&group[]=location.name&group[]=vendor.name&metrics[]=ending_inventory.qty_owned"
)


@pytest.fixture
def retail(sandbox: Sandbox) -> Retail:
    load(sandbox.state)
    sandbox.state.set_setting("clock.frozen", "2026-02-01T00:00:00+00:00")
    return Retail(sandbox)


def test_the_gem_lists_with_filter_embed_only_and_sort(retail: Retail) -> None:
    assert retail.get(GEM_LIST) == {"total": 1, "pages": 1, "results": [{"id": WHEEL, "grid": None}]}


def test_the_gem_counts_with_a_page_of_one(retail: Retail) -> None:
    body = retail.get("items?page=1&per_page=1")
    assert (body["total"], body["pages"], len(body["results"])) == (3, 3, 1)


def test_the_gem_creates_then_reads_and_heads_the_location(sandbox: Sandbox) -> None:
    empty = Retail(sandbox)
    answer = empty.call("POST", "items", {"description": "x"})
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["location"] == "/api/items/100001"
    head = empty.call("HEAD", "items/100001")
    assert (head.status_code, head.content) == (200, b"")
    assert empty.get("items/100001")["description"] == "x"
    assert empty.call("HEAD", "items/100002").status_code == 404


def test_the_gem_finds_the_first_ticket_since_a_local_time(retail: Retail) -> None:
    path = 'sales/tickets?_filter={"local_completed_at":{"$gte":"2026-01-01T00:00:00"}}&page=1&per_page=1'
    assert (retail.get(path)["total"], retail.ids(path)) == (4, [100001])


def test_the_mcp_server_looks_an_item_up_by_its_number(retail: Retail) -> None:
    assert retail.ids("items?~[public_id]=kite&per_page=1") == [KITE]


def test_the_mcp_server_asks_the_analyzer_for_stock(retail: Retail) -> None:
    rows = retail.rows(ANALYZER)
    assert [(row["location.name"], row["ending_inventory.qty_owned"]) for row in rows] == [
        ("Main Street", 14),
        ("Warehouse", 100),
    ]


def test_the_mcp_server_opens_an_adjustment_set_with_ids_as_text(retail: Retail) -> None:
    made = retail.post("inventory/adjustment_sets", {"location_id": str(SHOP), "adjustment_reason_id": str(REASON)})
    assert retail.get(made)["location_id"] == SHOP


def test_the_migration_tool_writes_a_ticket_of_the_past_in_one_call(retail: Retail) -> None:
    at = "2026-01-15T18:04:05Z"
    payment = {"type": "Payments::ExternalPayment", "payment_type_id": CASH, "amount": 76.32, "deposit": False}
    body = {
        "public_id": "T-9001",
        "station_id": STATION,
        "created_at": at,
        "completed_at": at,
        "item_lines": [{"type": "ItemLine", "item_id": WHEEL, "unit_price": 72.0, "qty": 1}],
        "tax_lines": [{"type": "TaxLine", "description": "Sales Tax", "value": 4.32}],
        "payments": [{**payment, "completed_at": at, "updated_at": at}],
        "affect_inventory": False,
        "recalculate": False,
        "status": "complete",
        "custom@adm_imported_at": "2026-01-16T00:00:00Z",
    }
    ticket = retail.get(retail.post("sales/tickets", body) + "?_include[]=payments")
    assert (str(ticket["total"]), str(ticket["total_tax"]), str(ticket["balance"])) == ("76.32", "4.32", "0.00")
    assert (ticket["completed_at"], ticket["local_completed_at"]) == (
        "2026-01-15T18:04:05+00:00",
        "2026-01-15T12:04:05",
    )
    assert (ticket["source_location_id"], ticket["custom"]) == (SHOP, {"adm_imported_at": "2026-01-16T00:00:00Z"})
    assert ticket["payments"][0]["transaction_id"] == ticket["id"]
    assert retail.on_hand(WHEEL, SHOP)[0] == 4
    assert retail.error("POST", "sales/tickets", body)[1:] == (
        "validation_error",
        {"public_id": ["has already been taken"]},
    )
