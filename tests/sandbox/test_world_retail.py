"""The world's shop as a client of the Retail API sees it: whole rows, exact sums, a day told as it happens."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from he_sync.sandbox import world
from he_sync.sandbox.heartland.resources import CATALOGUE, Resource
from he_sync.sandbox.heartland.webhooks import EVENTS
from he_sync.sandbox.server import Sandbox, running
from tests.sandbox.heartland_http import Receiver, Retail, receiving, sure_webhooks
from tests.sandbox.processor_http import Caller

DAYS = (date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20))
MONEY = ("subtotal", "tax_total", "total_tax", "total", "total_paid", "balance", "total_discounts", "original_subtotal")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retail]:
    """A small world after three days; the tests that write to it leave its sums as they were."""
    with running(tmp_path_factory.mktemp("shop")) as sandbox:
        world.create(sandbox.state, size="small", seed=7)
        for day in DAYS:
            world.happen(sandbox.state, day)
        yield Retail(sandbox)


@pytest.fixture
def fresh(sandbox: Sandbox) -> Retail:
    world.create(sandbox.state, size="small", seed=7)
    found = Retail(sandbox)
    sure_webhooks(found)
    return found


def happen(retail: Retail, day: str) -> Any:
    answer = httpx.post(f"{retail.sandbox.urls['admin']}/world/day", json={"date": day}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def drained(receiver: Receiver, count: int) -> list[Any]:
    """So many bodies, and not one more within half a second."""
    bodies = [receiver.next()["body"] for _ in range(count)]
    with pytest.raises(queue.Empty):
        receiver.bodies.get(timeout=0.5)
    return bodies


def first_row(shop: Retail, resource: Resource) -> Any:
    """One row of a resource, under the owner that has one."""
    head, *rest = resource.path.split(".")
    if not rest:
        return next(iter(shop.rows(f"{head}?per_page=1")), None)
    rows = shop.sandbox.state._connection().execute(f'SELECT parent FROM "{resource.store}" LIMIT 1').fetchall()  # noqa: S608
    if not rows or len(rest) > 1:
        return None
    answer = shop.call("GET", f"{head}/{rows[0][0]}/{rest[0]}?per_page=1")
    return answer.json()["results"][0] if answer.status_code == 200 else None


@pytest.mark.parametrize("resource", CATALOGUE, ids=lambda one: one.path)
def test_a_row_of_the_world_has_every_field_of_its_resource(shop: Retail, resource: Resource) -> None:
    row = first_row(shop, resource)
    assert row is None or row.keys() == {*resource.fields}


def test_a_ledger_row_holds_null_where_nothing_of_that_kind_moved(shop: Retail) -> None:
    committed = shop.rows('inventory/transactions?_filter={"delta_qty_committed":{"$neq":null}}&per_page=all')
    assert {row["source_type"] for row in committed} == {"SalesOrder"}
    assert all(row["delta_qty"] is None and row["delta_qty_in_transit"] is None for row in committed)


def test_an_order_names_an_address_by_its_address_id_and_not_by_the_row_that_joins_it(shop: Retail) -> None:
    order = shop.rows("sales/orders?per_page=1")[0]
    (address,) = shop.rows(f"customers/{order['customer_id']}/addresses")
    assert (order["billing_address_id"], order["shipping_address_id"]) == (address["address_id"],) * 2
    assert address["address_id"] != address["id"]


def test_a_payment_row_says_nothing_of_its_place(shop: Retail) -> None:
    assert "location_id" not in shop.rows("payments?per_page=1")[0]
    assert shop.error("GET", "payments?~[location_id]=100001")[:2] == (400, "invalid_request")


def test_the_token_belongs_to_a_user(shop: Retail) -> None:
    assert shop.get("system/whoami") in shop.rows("users?per_page=all")


@pytest.mark.parametrize("path", ["sales/tickets", "sales/orders", "sales/invoices"])
def test_the_servers_own_sums_agree_with_the_worlds(shop: Retail, path: str) -> None:
    """A write of a harmless field makes the server add up lines, taxes and payments again: not a cent moves."""
    known = shop.rows(f"{path}?per_page=all&sort[]=id,desc")
    rows = [*known[:60], *(row for row in known[60:] if row["voided?"])]
    kinds = {row["type"] for row in rows if not row["voided?"]} | {"voided" for row in rows if row["voided?"]}
    assert kinds == ({"Ticket", "Return", "voided"} if path == "sales/tickets" else {rows[0]["type"]})
    for before in rows:
        shop.put(f"{path}/{before['id']}", {"sales_rep": "Derek"})
        after = shop.get(f"{path}/{before['id']}")
        assert {name: after[name] for name in MONEY} == {name: before[name] for name in MONEY}, before["id"]


def test_sending_a_line_from_elsewhere_leaves_the_orders_tax_alone_and_a_price_moves_it_once(shop: Retail) -> None:
    order = shop.rows("sales/orders?~[status]=open&per_page=1")[0]
    line = shop.rows(f"sales/orders/{order['id']}/lines")[0]
    where = f"sales/orders/{order['id']}"
    shop.put(f"{where}/lines/{line['id']}", {"ship_from_location_id": order["source_location_id"]})
    assert shop.get(where)["total"] == order["total"]
    shop.put(f"{where}/lines/{line['id']}", {"adjusted_unit_price": 0})
    free = shop.get(where)
    shop.put(f"{where}/lines/{line['id']}", {"adjusted_unit_price": line["adjusted_unit_price"]})
    again = shop.get(where)
    assert free["tax_total"] < order["tax_total"]
    assert abs(again["tax_total"] - order["tax_total"]) <= Decimal("0.01")


@pytest.mark.parametrize("name", ["group[]", "groups[]"])
def test_the_analyzer_finds_what_the_tickets_say(shop: Retail, name: str) -> None:
    """Net sales by place and day are the item lines of complete, not voided tickets of that local date."""
    day = DAYS[0].isoformat()
    asked = f"metrics[]=source_sales.net_sales&{name}=location.public_id&start_date={day}&end_date={day}&per_page=50"
    reported = {
        row["location.public_id"]: row["source_sales.net_sales"] for row in shop.rows(f"reporting/analyzer?{asked}")
    }
    places = {row["id"]: row["public_id"] for row in shop.rows("locations?per_page=all")}
    span = f'{{"local_completed_at":{{"$gte":"{day}T00:00:00","$lt":"{DAYS[1].isoformat()}T00:00:00"}}}}'
    summed: dict[str, Decimal] = dict.fromkeys(reported, Decimal(0))
    for row in shop.rows(f"sales/tickets?_filter={span}&per_page=all"):
        if not row["voided?"]:
            summed[places[row["source_location_id"]]] += row["subtotal"]
    assert len(reported) == 3
    assert reported == summed


def test_a_day_keeps_what_is_on_order_and_on_its_way(fresh: Retail) -> None:
    """The world's own stock moves once knew nothing of a client's purchase order and wiped it from the value."""
    value = next(row for row in fresh.rows("inventory/values?group[]=item_id&group[]=location_id&per_page=all"))
    order = fresh.post("purchasing/orders", {"vendor_id": 100001, "receive_at_location_id": value["location_id"]})
    items = fresh.rows(
        f"inventory/values?group[]=item_id&group[]=location_id&~[location_id]={value['location_id']}&per_page=all"
    )
    for row in items:
        fresh.post(f"{order}/lines", {"item_id": row["item_id"], "qty": 7})
    fresh.put(order, {"status": "open"})
    happen(fresh, "2026-11-20")
    after = fresh.rows(
        f"inventory/values?group[]=item_id&group[]=location_id&~[location_id]={value['location_id']}&per_page=all"
    )
    known = {row["item_id"] for row in items}
    assert {row["qty_on_po"] for row in after if row["item_id"] in known} == {7}
    assert any(row["qty"] != one["qty"] for row, one in zip(after, items, strict=False))


def test_a_day_is_told_to_whoever_registered(fresh: Retail) -> None:
    """Every complete ticket and every customer that came or changed, once each; the body is the row that GET has."""
    with receiving() as sales, receiving() as people:
        fresh.post("webhooks", {"url": sales.url, "events": ["sales_transaction_completed"]})
        fresh.post("webhooks", {"url": people.url, "events": ["customer_created", "customer_updated", "item_created"]})
        happen(fresh, "2026-11-20")
        tickets = fresh.call("GET", "sales/tickets?per_page=all").json()["results"]
        told = drained(sales, len(tickets))
        assert sorted(told, key=lambda row: row["id"]) == tickets
        touched = [row for row in fresh.rows("customers?per_page=all") if row["updated_at"] >= "2026-11-20"]
        met = drained(people, len(touched))
        assert sorted(row["id"] for row in met) == sorted(row["id"] for row in touched)


def test_a_day_that_happened_is_not_told_again(fresh: Retail) -> None:
    happen(fresh, "2026-11-20")
    with receiving() as receiver:
        fresh.post("webhooks", {"url": receiver.url, "events": [*EVENTS]})
        assert happen(fresh, "2026-11-20") == {"already": True}
        assert drained(receiver, 0) == []


def test_newcomers_are_created_and_known_customers_updated(fresh: Retail) -> None:
    with receiving() as created, receiving() as updated:
        fresh.post("webhooks", {"url": created.url, "events": ["customer_created"]})
        fresh.post("webhooks", {"url": updated.url, "events": ["customer_updated"]})
        known = {row["id"] for row in fresh.rows("customers?per_page=all&_only[]=id")}
        happen(fresh, "2026-11-20")
        touched = {row["id"] for row in fresh.rows("customers?per_page=all") if row["updated_at"] >= "2026-11-20"}
        assert {row["id"] for row in drained(created, len(touched - known))} == touched - known
        assert {row["id"] for row in drained(updated, len(touched & known))} == touched & known


def test_a_dispute_of_the_world_has_every_field_that_a_client_reads(sandbox: Sandbox) -> None:
    """Seed 5 sees its first chargeback in the week of 16 November; both addresses show their own half of it."""
    world.create(sandbox.state, size="small", seed=5)
    for day in range(16, 21):
        world.happen(sandbox.state, date(2026, 11, day))
    (case,) = Caller(sandbox).get("disputes").json()["disputes"]
    assert case.keys() >= {
        *("id", "time_created", "merchant_id", "account_id", "status", "status_time_created", "stage", "result"),
        *("stage_time_created", "amount", "currency", "payer_amount", "merchant_amount", "reason_code", "documents"),
        *("reason_description", "time_to_respond_by", "system", "transaction", "payment_method_provider"),
        *("last_adjustment_amount", "last_adjustment_currency", "last_adjustment_funding", "net_financial_amount"),
    }
    (funded,) = Caller(sandbox).get("settlement/disputes").json()["disputes"]
    assert (funded["status"], funded["funding_type"], funded["amount"]) == ("FUNDED", "DEBIT", case["amount"])
    assert "merchant_time_created" in funded["transaction"]
