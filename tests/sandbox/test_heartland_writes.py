from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest

from he_sync.sandbox.heartland import switches
from he_sync.sandbox.heartland.resources import RESOURCES
from he_sync.sandbox.server import Sandbox
from tests.sandbox.heartland_documents import (
    ANA,
    CARD,
    CARD_REASON,
    CASH,
    KITE,
    MUG,
    REASON,
    SHOP,
    STATION,
    WAREHOUSE,
    WHEEL,
    load,
)
from tests.sandbox.heartland_http import Retail


@pytest.fixture
def retail(sandbox: Sandbox) -> Retail:
    load(sandbox.state)
    return Retail(sandbox)


def ledger(retail: Retail, kind: str) -> list[tuple[Any, ...]]:
    names = ("item_id", "location_id", "delta_qty", "delta_qty_committed", "delta_qty_in_transit")
    rows = retail.rows("inventory/transactions?per_page=all")
    return [tuple(row[name] for name in names) for row in rows if row["source_type"] == kind]


def new_order(retail: Retail, qty: int = 3, **more: Any) -> str:
    line = {"item_id": KITE, "qty": qty, "ship_from_location_id": WAREHOUSE}
    body = {"customer_id": ANA, "station_id": STATION, "source_location_id": SHOP, "lines": [line], **more}
    return retail.post("sales/orders", body)


# master data


def test_a_put_changes_only_what_was_sent(retail: Retail) -> None:
    before = retail.get(f"items/{KITE}")
    retail.put(f"items/{KITE}", {"price": Decimal("5.25"), "active": False, "custom@season": "spring"})
    after = retail.get(f"items/{KITE}")
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"price", "active?", "custom", "updated_at"}
    assert (str(after["price"]), after["active?"]) == ("5.25", False)
    assert after["custom"] == {"department": "Outdoor", "upc": "7100002", "season": "spring"}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("customers", {"first_name": "A", "last_name": "B"}, "email"),
        ("customers", {"first_name": "A", "last_name": "B", "email": "a@b.co, c@d.co"}, "email"),
        ("stations", {"location_id": 7}, "location_id"),
        ("items", {"price": "dear"}, "price"),
        ("items", {"grid_id": 1}, "grid_id"),
        ("inventory/adjustment_sets", {"location_id": SHOP}, "adjustment_reason_id"),
        ("webhooks", {"url": "ftp://x", "events": ["item_created"]}, "url"),
        ("webhooks", {"url": "http://x", "events": ["order.created"]}, "events"),
    ],
)
def test_a_body_that_breaks_a_rule_names_the_field_and_stores_nothing(
    retail: Retail, path: str, body: dict[str, Any], field: str
) -> None:
    before = retail.get(f"{path}?per_page=1")["total"]
    status, code, details = retail.error("POST", path, body)
    assert (status, code, list(details)) == (400, "validation_error", [field])
    assert retail.get(f"{path}?per_page=1")["total"] == before


def test_validation_errors_take_the_shape_of_the_switches(retail: Retail) -> None:
    retail.turn(switches.VALIDATION_STATUS, "422")
    retail.turn(switches.DETAILS_SHAPE, "string")
    assert retail.error("POST", "items", {"price": "dear"}) == (422, "validation_error", {"price": "is not a number"})


@pytest.mark.parametrize("content", [b"[1]", b"{", b'{"price": NaN}', b"\xff", b'{"a":' * 2000])
def test_a_body_that_is_no_json_object_is_refused(retail: Retail, content: bytes) -> None:
    token = {"Authorization": f"Bearer {retail.token}"}
    answer = httpx.post(f"{retail.sandbox.heartland}/items", content=content, headers=token)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("junk", [[1], {"a": 1}, "x", "1.5", 10**30, True, Decimal("1e40")])
@pytest.mark.parametrize(
    "path", ["sales/tickets", "sales/orders", "sales/invoices", "gift_cards", "inventory/transfers"]
)
def test_junk_in_any_field_is_a_client_error_or_harmless(retail: Retail, path: str, junk: Any) -> None:
    for name in RESOURCES[path].fields:
        body = {"station_id": STATION, "order_id": 1, "number": "n", name.rstrip("?"): junk}
        assert retail.call("POST", path, body).status_code in {201, 400}, name
    for name in ("item_lines", "lines", "payments", "recalculate", "affect_inventory"):
        for value in (junk, [{"item_id": junk}], [{"item_id": KITE, "qty": junk}], [{"type": junk}]):
            assert retail.call("POST", path, {"station_id": STATION, name: value}).status_code in {201, 400}, name


def test_parallel_tickets_get_an_id_each_and_every_one_takes_its_stock(retail: Retail) -> None:
    body = {"station_id": STATION, "status": "complete", "item_lines": [{"item_id": KITE, "qty": 1}]}
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: retail.post("sales/tickets", body), range(24)))
    assert len(set(made)) == 24
    assert retail.on_hand(KITE, SHOP)[0] == 10 - 24


def test_a_required_custom_field_is_required(retail: Retail) -> None:
    retail.post("custom_fields", {"key": "size", "name": "Size", "group_id": "item", "required": True})
    assert retail.error("POST", "items", {"description": "x"})[2] == {"custom@size": ["can't be blank"]}
    retail.post("items", {"description": "x", "custom": {"size": "L"}})


def test_an_address_is_a_join_and_orders_want_its_address_id(retail: Retail) -> None:
    made = retail.post(f"customers/{ANA}/addresses", {"first_name": "Ana", "last_name": "Ruiz", "country": "US"})
    join = retail.get(made)
    assert join["id"] != join["address_id"]
    assert retail.error("POST", "sales/orders", {"shipping_address_id": join["id"]})[2].keys() == {
        "shipping_address_id"
    }
    order = retail.post("sales/orders", {"customer_id": ANA, "shipping_address_id": join["address_id"]})
    assert retail.get(order)["customer_name"] == "Ana Ruiz"
    retail.turn(switches.ORDER_ADDRESS, "either")
    retail.post("sales/orders", {"shipping_address_id": join["id"]})


def test_settings_are_read_and_written_by_key(retail: Retail) -> None:
    assert retail.call("GET", "settings/company_name").status_code == 404
    retail.put("settings/company_name", {"value": "Toys"})
    assert retail.get("settings/company_name") == {"value": "Toys"}


def test_a_repeated_post_is_a_duplicate_unless_keys_are_replayed(retail: Retail) -> None:
    first, second = (retail.call("POST", "items", {}, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert first.headers["location"] != second.headers["location"]
    retail.turn(switches.IDEMPOTENCY, "replayed")
    third, fourth = (retail.call("POST", "items", {}, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert third.headers["location"] == fourth.headers["location"]


# tickets


def test_a_completed_ticket_takes_stock_once_and_a_void_gives_it_back(retail: Retail) -> None:
    body = {"station_id": STATION, "item_lines": [{"item_lookup": "kite", "qty": 2}], "status": "complete"}
    made = retail.post("sales/tickets", {**body, "payments": [{"payment_type_id": CARD, "amount": 10}]})
    assert retail.on_hand(KITE, SHOP) == (8, 1, 7)
    retail.put(made, {"sales_rep": "Derek"})
    assert retail.on_hand(KITE, SHOP) == (8, 1, 7)
    retail.put(made, {"voided": True})
    assert retail.on_hand(KITE, SHOP) == (10, 1, 9)
    row = retail.get(f"{made}?_include[]=payments")
    assert (row["voided?"], row["payments"][0]["status"], row["total_paid"]) == (True, "voided", 0)


def test_a_return_is_a_ticket_with_a_parent_and_puts_stock_back(retail: Retail) -> None:
    body = {"type": "Return", "parent_transaction_id": 100001, "station_id": STATION, "status": "complete"}
    made = retail.post("sales/tickets", {**body, "item_lines": [{"item_id": KITE, "qty": -1}]})
    assert (retail.get(made)["total"], retail.on_hand(KITE, SHOP)[0]) == (-5, 11)


def test_an_open_ticket_is_built_line_by_line_and_closed_by_status(retail: Retail) -> None:
    made = retail.post("sales/tickets", {"station_id": STATION})
    retail.post(f"{made}/lines", {"item_id": MUG, "qty": 2, "adjusted_unit_price": Decimal("7.50")})
    retail.post(f"{made}/lines", {"type": "TaxLine", "value": Decimal("0.90")})
    retail.post(f"{made}/payments", {"payment_type_id": CASH, "amount": Decimal("15.90")})
    open_ = retail.get(made)
    assert (open_["status"], str(open_["total"]), str(open_["total_discounts"]), open_["balance"]) == (
        "incomplete",
        "15.90",
        "1.00",
        0,
    )
    retail.put(made, {"status": "complete"})
    assert retail.get(made)["completed?"] is True
    assert retail.error("POST", f"{made}/lines", {"item_id": MUG, "qty": 1})[1] == "validation_error"


def test_a_payment_of_an_unknown_type_is_a_payment_error(retail: Retail) -> None:
    body = {"station_id": STATION, "payments": [{"payment_type_id": 5, "amount": 1}]}
    assert retail.error("POST", "sales/tickets", body)[1:] == ("payment_error", {"payment_type_id": ["does not exist"]})


def test_the_server_taxes_unless_it_is_told_not_to_recalculate(retail: Retail) -> None:
    retail.post("tax_rules", {"name": "State", "rate": Decimal("0.06")})
    lines = {"item_lines": [{"item_id": WHEEL, "qty": 1, "unit_price": 1}], "tax_lines": [{"value": 9}]}
    recalculated = retail.get(retail.post("sales/tickets", {"station_id": STATION, **lines}))
    kept = retail.get(retail.post("sales/tickets", {"station_id": STATION, "recalculate": False, **lines}))
    assert (str(recalculated["total"]), kept["total"]) == ("76.32", 10)


def test_duplicate_lines_can_be_an_error_under_qty(retail: Retail) -> None:
    body = {"station_id": STATION, "item_lines": [{"item_id": MUG, "qty": 1}, {"item_id": MUG, "qty": 1}]}
    retail.post("sales/tickets", body)
    retail.turn(switches.DUPLICATE_ITEM_LINES, "refused")
    assert list(retail.error("POST", "sales/tickets", body)[2]) == ["qty"]


# orders and invoices


def test_opening_an_order_commits_stock_and_cancelling_releases_it(retail: Retail) -> None:
    order = new_order(retail)
    assert retail.on_hand(KITE, WAREHOUSE) == (100, 0, 100)
    retail.put(order, {"status": "open"})
    assert retail.on_hand(KITE, WAREHOUSE) == (100, 3, 97)
    line = retail.rows(f"{order}/lines")[0]
    retail.put(f"{order}/lines/{line['id']}", {"qty": 5})
    assert retail.on_hand(KITE, WAREHOUSE) == (100, 5, 95)
    retail.put(f"{order}/lines/{line['id']}", {"ship_from_location_id": SHOP})
    assert (retail.on_hand(KITE, WAREHOUSE), retail.on_hand(KITE, SHOP)) == ((100, 0, 100), (10, 6, 4))
    assert retail.error("PUT", order, {"status": "cancelled"})[1] == "validation_error"
    retail.put(order, {"status": "void"})
    assert retail.on_hand(KITE, SHOP) == (10, 1, 9)


def test_an_invoice_line_fulfils_the_order_line_that_it_names(retail: Retail) -> None:
    order = new_order(retail, 3)
    number = retail.get(order)["id"]
    second = retail.post(f"{order}/lines", {"item_id": KITE, "qty": 1, "unit_price": 5}).rpartition("/")[2]
    retail.put(order, {"status": "open"})
    invoice = retail.post("sales/invoices", {"order_id": number})
    retail.post(f"{invoice}/lines", {"type": "ItemLine", "item_id": KITE, "qty": 1, "order_line_id": int(second)})
    retail.put(invoice, {"status": "complete"})
    assert [line["qty_invoiced"] for line in retail.rows(f"{order}/lines")] == [0, 1]


def test_an_order_is_closed_by_its_invoices_which_add_up_to_it(retail: Retail) -> None:
    order = new_order(retail, 3, shipping_charge=Decimal("7.50"))
    number = retail.get(order)["id"]
    assert retail.error("POST", "sales/invoices", {"order_id": number})[2].keys() == {"order_id"}
    retail.put(order, {"status": "open"})
    invoices = []
    for qty in (1, 2):
        invoice = retail.post("sales/invoices", {"order_id": number})
        retail.post(f"{invoice}/lines", {"type": "ItemLine", "item_id": KITE, "qty": qty})
        retail.put(invoice, {"status": "complete"})
        invoices.append(retail.get(invoice))
    assert sum(invoice["total"] for invoice in invoices) == retail.get(order)["total"] == Decimal("22.50")
    last = retail.post(f"sales/invoices/{invoices[1]['id']}/payments", {"amount": 4, "payment_type_id": CARD})
    paid = retail.get(f"sales/invoices/{invoices[1]['id']}")
    assert (paid["total"], paid["total_paid"], paid["balance"]) == (invoices[1]["total"], 4, invoices[1]["total"] - 4)
    retail.put(last, {"status": "voided"})
    assert retail.get(f"sales/invoices/{invoices[1]['id']}")["balance"] == invoices[1]["total"]
    assert (retail.get(order)["status"], retail.on_hand(KITE, WAREHOUSE)) == ("closed", (97, 0, 97))
    assert retail.ids(f"sales/invoices?~[order_id]={number}") == [invoice["id"] for invoice in invoices]
    assert ledger(retail, "Invoice") == [(KITE, WAREHOUSE, -1, -1, None), (KITE, WAREHOUSE, -2, -2, None)]


def test_no_more_is_invoiced_than_was_ordered(retail: Retail) -> None:
    order = new_order(retail, 1, status="open")
    invoice = retail.post("sales/invoices", {"order_id": retail.get(order)["id"]})
    assert list(retail.error("POST", f"{invoice}/lines", {"item_id": KITE, "qty": 2})[2]) == ["qty"]


def test_a_voided_invoice_gives_stock_and_commitment_back(retail: Retail) -> None:
    order = new_order(retail, 2, status="open")
    body = {"order_id": retail.get(order)["id"], "item_lines": [{"item_id": KITE, "qty": 2}], "status": "complete"}
    invoice = retail.post("sales/invoices", body)
    assert retail.on_hand(KITE, WAREHOUSE) == (98, 0, 98)
    retail.put(invoice, {"voided": True})
    assert (retail.get(order)["status"], retail.on_hand(KITE, WAREHOUSE)) == ("open", (100, 2, 98))


def test_order_taxes_are_reset_by_a_negative_row_because_none_can_be_deleted(retail: Retail) -> None:
    retail.post("tax_rules", {"name": "State", "rate": Decimal("0.06")})
    order = new_order(retail, 2)
    tax = retail.rows(f"{order}/taxes")
    assert [str(row["value"]) for row in tax] == ["0.60"]
    assert retail.call("DELETE", f"{order}/taxes/{tax[0]['id']}").status_code == 405
    retail.post(f"{order}/taxes", {"description": "Tax reset", "value": -tax[0]["value"]})
    retail.post(f"{order}/taxes", {"description": "Web tax", "value": Decimal("0.71")})
    retail.post(f"{order}/discounts", {"description": "Coupon", "amount": 1})
    retail.post(f"{order}/payments", {"type": "CustomPayment", "deposit": True, "amount": 5, "payment_type_id": CARD})
    row = retail.get(order)
    assert [str(row[name]) for name in ("subtotal", "tax_total", "total", "balance")] == [
        "10.00",
        "0.71",
        "9.71",
        "4.71",
    ]
    assert retail.rows(f"{order}/payments")[0]["deposit"] is True


def test_tickets_orders_and_invoices_share_one_sequence_so_that_a_payment_names_one(retail: Retail) -> None:
    order = new_order(retail, status="open")
    invoice = retail.post("sales/invoices", {"order_id": retail.get(order)["id"]})
    ticket = retail.post("sales/tickets", {"station_id": STATION})
    assert [path.rsplit("/", 1)[1] for path in (order, invoice, ticket)] == ["100006", "100007", "100008"]


# stock documents


def test_an_adjustment_set_changes_stock_exactly_once(retail: Retail) -> None:
    made = retail.post("inventory/adjustment_sets", {"location_id": SHOP, "adjustment_reason_id": REASON})
    retail.post(f"{made}/lines", {"item_id": KITE, "qty": -3, "unit_cost": 2})
    retail.post(f"{made}/lines", {"item_lookup": "mug", "qty": "2"})
    assert retail.on_hand(KITE, SHOP)[0] == 10
    retail.put(made, {"status": "complete"})
    retail.put(made, {"status": "complete"})
    assert (retail.on_hand(KITE, SHOP), retail.on_hand(MUG, SHOP)[0]) == ((7, 1, 6), 2)
    assert ledger(retail, "AdjustmentSet") == [(KITE, SHOP, -3, None, None), (MUG, SHOP, 2, None, None)]
    assert retail.error("POST", f"{made}/lines", {"item_id": KITE, "qty": 1})[1] == "validation_error"
    retail.turn(switches.COMPLETE_TWICE, "refused")
    assert retail.error("PUT", made, {"status": "complete"})[1] == "validation_error"


def test_the_older_single_shot_adjustment_is_a_complete_set(retail: Retail) -> None:
    body = {"location_id": SHOP, "reason_id": REASON, "item_id": MUG, "qty": 4}
    made = retail.post("inventory/adjustments", body)
    assert (retail.get(made)["status"], retail.on_hand(MUG, SHOP)[0]) == ("complete", 4)


def test_a_transfer_is_in_transit_between_shipping_and_completion(retail: Retail) -> None:
    made = retail.post("inventory/transfers", {"from_location_id": WAREHOUSE, "to_location_id": SHOP})
    retail.post(f"{made}/lines", {"item_id": KITE, "qty": 10})
    retail.put(made, {"status": "shipped"})
    assert (retail.on_hand(KITE, WAREHOUSE)[0], retail.on_hand(KITE, SHOP)[0]) == (90, 10)
    retail.put(made, {"status": "complete"})
    assert (retail.on_hand(KITE, WAREHOUSE)[0], retail.on_hand(KITE, SHOP)[0]) == (90, 20)
    assert ledger(retail, "Transfer") == [
        (KITE, WAREHOUSE, -10, None, None),
        (KITE, SHOP, None, None, 10),
        (KITE, SHOP, 10, None, -10),
    ]
    assert [event["type"] for event in retail.rows(f"{made}/events")] == ["shipped", "complete"]


def test_an_accepted_full_count_sets_stock_to_what_was_counted(retail: Retail) -> None:
    body = {"location_id": SHOP, "adjustment_reason_id": REASON, "scope": "full"}
    made = retail.post("inventory/physical_counts", body)
    batch = retail.post(f"{made}/batches", {})
    retail.post(f"{batch}/lines", {"item_lookup": "kite", "qty": 7})
    assert retail.error("PUT", made, {"status": "accepted"})[1] == "validation_error"
    for status in ("counting", "finalizing", "accepted"):
        retail.put(made, {"status": status})
    assert [retail.on_hand(item, SHOP)[0] for item in (WHEEL, KITE, MUG)] == [0, 7, 0]


def test_a_purchase_is_on_order_until_its_receipt_is_accepted(retail: Retail) -> None:
    vendor = retail.get(retail.post("purchasing/vendors", {"name": "Kites Ltd"}))["id"]
    order = retail.post("purchasing/orders", {"vendor_id": vendor, "receive_at_location_id": WAREHOUSE})
    retail.post(f"{order}/lines", {"item_id": KITE, "qty": 20, "unit_cost": Decimal("1.75")})
    retail.put(order, {"status": "open"})
    values = f"inventory/values?group[]=item_id&group[]=location_id&item_id={KITE}&location_id={WAREHOUSE}"
    assert retail.rows(values)[0]["qty_on_po"] == 20
    receipt = retail.post("purchasing/receipts", {"order_id": retail.get(order)["id"]})
    retail.post(f"{receipt}/lines", {"item_id": KITE, "qty": 15, "unit_cost": Decimal("1.75")})
    retail.put(receipt, {"status": "complete"})
    row = retail.rows(values)[0]
    assert (retail.get(receipt)["status"], row["qty"], row["qty_on_po"]) == ("accepted", 115, 5)
    assert (retail.get(order)["total_open_qty"], str(retail.get(order)["total_cost"])) == (5, "35.00")


# gift cards


def test_a_card_is_found_by_its_number_and_changed_by_adjustments_only(retail: Retail) -> None:
    made = retail.post("gift_cards", {"number": "gc 77a", "balance": 20, "reason_id": CARD_REASON})
    card = retail.get("gift_cards/gc77A")
    assert (made, card["number"], card["balance"]) == ("gift_cards/GC77A", "GC77A", 20)
    assert list(retail.error("PUT", made, {"balance": 50})[2]) == ["balance"]
    change = {"gift_card_id": card["id"], "reason_id": CARD_REASON, "delta_balance": Decimal("-12.50")}
    retail.post("gift_card/adjustments", change)
    assert str(retail.get(made)["balance"]) == "7.50"
    assert list(retail.error("POST", "gift_card_adjustments", change)[2]) == ["delta_balance"]
    assert retail.ids('gift_cards?_filter={"number":{"$in":["GC77A"]}}') == [card["id"]]
