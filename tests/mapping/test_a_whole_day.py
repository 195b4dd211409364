"""Every sale of a synthetic day, read over HTTP, becomes what the ERP has of it, by the flow and by the night."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from he_sync.cli import house
from he_sync.connect.systems import Systems, connect
from he_sync.flows.plan import Facts, make
from he_sync.mapping import heartland
from he_sync.mapping.order_changes import changes
from he_sync.mapping.order_state import read_state
from he_sync.mapping.returns import return_authorisation
from he_sync.mapping.sales import read_sale
from he_sync.mapping.to_epicor import sales_order
from he_sync.model.difference import Difference
from he_sync.model.retailer import Retailer
from he_sync.model.sale import Sale
from he_sync.sandbox import world
from he_sync.sandbox.server import running
from tests.mapping.examples import comes_to

SERVICE = "Erp.BO.SalesOrderSvc"
PARTS = ("lines", "payments", "subtotal", "tax_total")
WHOLE = "OHOrderMscs,OrderDtls($expand=OrderRels)"


@dataclass(frozen=True)
class Day:
    retailer: Retailer
    systems: Systems
    sales: list[Sale]
    documents: list[dict]
    planted: set[str]

    @property
    def ordered(self):
        """The sales that the ERP has as sales orders."""
        return [sale for sale in self.sales if sale.sold and sale.status != "voided"]


def _planted(folder):
    """Sales whose sales order is missing or wrong by design."""
    wrong = {"order_missing_in_erp", "order_discount_dropped", "order_tax_rounding"}
    return {row["subject"] for row in json.loads((folder / "truth.json").read_text()) if row["class"] in wrong}


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    folder = tmp_path_factory.mktemp("day")
    with running(folder / "sandbox") as sandbox:
        world.create(sandbox.state, size="small", seed=11)
        world.happen(sandbox.state, date(2026, 11, 20))
        retailer = world.profile(sandbox.state)
        settings = house.settings_of(house.sandbox_environment(sandbox, folder / "home", retailer))
        with connect(settings) as systems:
            names = {int(row["id"]): row["name"] for row in systems.heartland.list_all("payment_types")}
            documents = list(_documents(systems))
            sales = [read_sale(one, retailer, names) for one in documents]
            yield Day(retailer, systems, sales, documents, _planted(sandbox.state.folder))


def _documents(systems):
    for path in ("sales/tickets", "sales/orders"):
        include = (*PARTS, "taxes", "discounts") if path == "sales/orders" else PARTS
        for page in systems.heartland.walk(path, {}, include):
            yield from page


def test_the_day_has_sales_of_every_kind(day):
    kinds = Counter((sale.kind, sale.counter_sale) for sale in day.sales)
    assert set(kinds) == {("sale", True), ("return", True), ("exchange", True), ("sale", False)}
    assert sum(kinds.values()) > 100


def test_a_ticket_that_is_not_void_is_paid_in_full(day):
    for sale in day.sales:
        if sale.counter_sale and sale.status != "voided":
            assert sum(payment.amount_minor for payment in sale.payments) == sale.total_minor


def test_every_sales_order_comes_to_what_the_erp_has_unless_that_was_planted_wrong(day):
    rows = day.systems.epicor.read(SERVICE, "SalesOrders", filter="", select=("PONum", "OrderAmt"))
    booked = {(row["PONum"], int(Decimal(row["OrderAmt"]) * 100)) for row in rows}
    differing = set()
    for sale in day.ordered:
        body = sales_order(sale, "WALKIN", day.retailer)
        assert comes_to(body) == body["amount_minor"]
        if (body["header"]["PONum"], body["amount_minor"]) not in booked:
            differing.add(sale.owner)
    assert differing == day.planted
    assert len(differing) < len(day.ordered) / 4


def test_the_night_makes_the_same_sales_order_as_the_flow_up_to_what_its_frames_do_not_say(day):
    frames = {name: [] for name in ("tickets", "orders", "sale_lines", "payments")}
    for document in day.documents:
        reader = heartland.order if document["type"] == "Order" else heartland.ticket
        for name, row in reader({**document, "payments": []}, day.retailer, {}):
            frames[name].append(row)
    facts = Facts("2026-11-20", day.retailer, {name: pd.DataFrame(rows) for name, rows in frames.items()})
    for sale in day.ordered:
        if sale.customer_id:
            continue
        asked = Difference("2026-11-20", "order_missing_in_erp", sale.owner, sale.store, 0, 0, "", "create_sales_order")
        [planned, *_] = make([asked], facts).effects
        assert planned.body["amount_minor"] == comes_to(planned.body)
        assert _common(planned.body) == _common(sales_order(sale, "WALKIN", day.retailer))


def _common(body):
    """What both know: the night's frames have prices after discount, one tax, no address."""
    goods = Counter()
    for row in body["header"]["OrderDtls"]:
        goods[row["PartNum"], row["SalesUM"]] += row["SellingQuantity"]
    head = {name: body["header"][name] for name in ("PONum", "OrderDate", "NeedByDate", "CounterSale", "OrderComment")}
    return body["customer"], body["amount_minor"], head, goods


def test_everything_that_came_back_is_on_a_return_of_the_store_that_took_it(day):
    back = [sale for sale in day.sales if sale.returned]
    assert back
    for sale in back:
        body = return_authorisation(sale, "WALKIN", day.retailer)
        assert body["warehouse"] == sale.store
        assert not body["credit"] or body["amount_minor"] == -sale.total_minor


def test_the_stand_in_extends_each_kind_of_sale_as_it_was_mapped_and_then_sees_no_change(day):
    epicor = day.systems.epicor
    [walk_in] = epicor.read("Erp.BO.CustomerSvc", "Customers", filter="CustID eq 'WALKIN'", select=("CustNum",))
    chosen = [*day.ordered[:12], *(sale for sale in day.sales if sale.kind == "exchange")]
    chosen += [sale for sale in day.ordered if not sale.counter_sale][:8]
    for sale in chosen:
        body = sales_order(sale, "WALKIN", day.retailer)
        made = epicor.insert(SERVICE, "SalesOrders", {**body["header"], "CustNum": walk_in["CustNum"]})
        [row] = epicor.read(SERVICE, "SalesOrders", filter=f"OrderNum eq {made['OrderNum']}", expand=WHOLE)
        assert int(Decimal(row["OrderAmt"]) * 100) == body["amount_minor"] == read_state(row).amount_minor
        assert changes(body, body, read_state(row)) is None
