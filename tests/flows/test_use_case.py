"""The use case that must work whole, over HTTP, with our real receiver and the flows of the installation."""

import json
import time
from contextlib import contextmanager
from decimal import Decimal

import pytest

from he_sync.sandbox.epicor.switches import BPM_DELIVERY, BPM_DIRECTIVES
from he_sync.store import inbox
from tests.flows.plant import open_town
from tests.receiver.running import EPICOR, HEARTLAND, order_body, receiving, signed
from tests.sandbox import heartland_http
from tests.sandbox.heartland_http import Retail

WITHIN = 60.0
TABLES = ("OrderHed", "OrderRel", "JobHead", "ShipHead", "PartWhse")


@pytest.fixture
def town(desk, tmp_path, clock):
    with open_town(desk, tmp_path, clock) as opened:
        yield opened


@contextmanager
def connected(town, folder):
    """Our receiver with everybody who tells it something: the shop signs, Heartland and Epicor have our address."""
    with receiving(folder) as receiver:
        address = f"http://127.0.0.1:{receiver.port}/hooks"
        secret = {"header": "X-He-Sync-Secret", "secret": EPICOR}
        directives = [{"table": table, "url": f"{address}/epicor/{table}", **secret} for table in TABLES]
        BPM_DIRECTIVES.set(town.state, json.dumps(directives))
        sales = {"url": f"{address}/heartland/sales_transaction_completed?secret={HEARTLAND}"}
        Retail(town.desk.sandbox).post("webhooks", {**sales, "events": ["sales_transaction_completed"]})
        try:
            yield receiver
        finally:
            BPM_DIRECTIVES.set(town.state, "[]")
            BPM_DELIVERY.set(town.state, "once")


def reached(town, what):
    """The flows answer whatever our receiver hears until this is true."""
    until = time.monotonic() + WITHIN
    while not what():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.02)
        done = town.drain()
        assert (done.alarm, done.problems) == ("", [])


def delivered(shop, order):
    """What Heartland tells the shop of its order."""
    while True:
        told = shop.next()["body"]
        if told.get("order_id") == order:
            return told


@pytest.mark.parametrize("posts", ["once", "twice"])
def test_a_shop_order_is_made_in_the_plant_and_its_status_stock_and_invoice_are_everywhere(town, tmp_path, posts):
    BPM_DELIVERY.set(town.state, posts)
    town.watch_stock()
    retail, plant = Retail(town.desk.sandbox), town.plant
    held = {row["PartNum"] for row in town.state.select("epicor/PartWhse") if row["WarehouseCode"] == "D001"}
    sku = next(sku for sku in town.skus if sku in held)
    centre = next(store.location_id for store in town.desk.retailer.stores if store.code == "D001")
    in_shop, in_erp = town.pos_stock(sku, centre), plant.on_hand(sku, "D001")

    with heartland_http.receiving() as shop, connected(town, tmp_path) as receiver:
        retail.post("webhooks", {"url": shop.url, "events": ["sales_transaction_completed"]})

        # A shop order reaches Heartland, by the shop's own integration.
        line = {"item_id": town.items[sku], "qty": 4, "unit_price": 20, "original_unit_price": 20}
        head = {**town.place(), "source_location_id": centre, "customer_id": town.known[0], "lines": [line]}
        number = int(retail.post("sales/orders", {**head, "status": "pending"}).rpartition("/")[2])
        retail.put(f"sales/orders/{number}", {"status": "open"})
        order = f"order {number}"

        # Its webhook triggers us.
        body = order_body(number)
        assert receiver.order(f"msg-{number}", body).status == 202
        assert receiver.post("/hooks/shop/order.created", body, signed("msg-forged", body + b" ")).status == 401
        reached(town, lambda: town.orders(order))

        # Mapped to Epicor SalesOrder fields and created through the SalesOrders endpoint.
        [erp] = town.orders(order)
        assert erp["PONum"] == f"HR-O{number}"
        assert town.erp_lines(order) == {(sku, Decimal(4), Decimal("20.00")): 1}
        reached(town, lambda: town.says(order).get("status") == "Pending")
        assert town.says(order)["order"] == str(erp["OrderNum"])

        # Epicor raises a production order: four pieces for the customer, twenty for the shelf.
        job = plant.job(sku, 4, erp["OrderNum"], warehouse="D001", stock=20)
        reached(town, lambda: town.says(order)["status"] == "In production")

        # Its completion comes by BPM, and Part stock is updated on both sides.
        plant.complete(job)
        reached(town, lambda: town.says(order)["status"] == "Produced")
        reached(town, lambda: town.pos_stock(sku, centre) == in_shop + 20)
        assert plant.on_hand(sku, "D001") == in_erp + 20

        # The goods leave: order status and inventory in Heartland follow, with one invoice for the pack.
        pack = plant.ship(plant.pack(erp["OrderNum"], (1, 4), from_job=True))
        reached(town, lambda: (town.document(order)["status"], town.says(order)["status"]) == ("closed", "Complete"))
        assert town.invoices(order) == [("complete", [(sku, Decimal(4))])]
        assert town.says(order)["shipments"] == str(pack)
        reached(town, lambda: town.pos_stock(sku, centre) == in_shop + 20)

        # Heartland tells the shop.
        told = delivered(shop, number)
        assert (told["type"], told["status"]) == ("Invoice", "complete")
        reached(town, lambda: inbox.by_entity(town.store, f"invoice {told['id']}"))
        reached(town, lambda: not inbox.waiting(town.store))

    # Nothing twice, nothing undone.
    assert town.created("epicor/OrderHed", PONum=f"HR-O{number}") == 1
    assert {state for _, state in town.states(order)} == {"confirmed"}
    assert [kind for kind, _ in town.states(order)].count("invoice_order") == 1
