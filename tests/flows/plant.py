"""The people of the ERP: they make jobs, complete them, ship packs, hold and void orders, all over HTTP."""

from __future__ import annotations

from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from he_sync.flows.fulfilment import stock
from he_sync.sandbox.faults import Fault
from he_sync.store import story
from he_sync.store.effects import QUARANTINE
from tests.flows.desk import SECOND, Clock, Desk
from tests.flows.shop import Shop, open_shop
from tests.sandbox.epicor_company import Kinetic

Row = dict[str, Any]
JOB, PACK, ORDER, PART = "epicor/JobHead", "epicor/ShipHead", "epicor/OrderHed", "epicor/PartWhse"
CUSTOMER = "epicor/Customer"
FLAGS = dict.fromkeys(
    (
        "doValidateCreditHold",
        "doCheckShipDtl",
        "doLotValidation",
        "doCheckOrderComplete",
        "doPostUpdate",
        "doCheckCompliance",
    ),
    False,
)


class Plant:
    """Production, warehouse and order desk of one company."""

    def __init__(self, kinetic: Kinetic) -> None:
        self.kinetic = kinetic

    # production

    def job(self, part: str, quantity: int, order: int = 0, warehouse: str = "", stock: int = 0) -> str:
        """A job for an order's first line of the part, or to stock in a warehouse; its number.

        `stock`: so many more into the warehouse beside what the order takes.
        """
        call = self.kinetic.call
        number = call("JobEntrySvc", "GetNextJobNum")["opNextJobNum"]
        row = call("JobEntrySvc", "GetNewJobHead", ds={})["ds"]["JobHead"][0]
        row.update(JobNum=number, PartNum=part, ProdQty=quantity + stock)
        call("JobEntrySvc", "Update", ds={"JobHead": [row]})
        demand = {"Company": "EPIC06", "JobNum": number, "ProdQty": quantity, "RowMod": "A"}
        link = {"OrderNum": order, "OrderLine": self._line(order, part), "OrderRelNum": 1} if order else {}
        rows = [{**demand, "WarehouseCode": warehouse, **link}]
        rows += [{**demand, "WarehouseCode": warehouse, "ProdQty": stock}] if stock else []
        call("JobEntrySvc", "Update", ds={"JobProd": rows})
        return str(number)

    def _line(self, order: int, part: str) -> int:
        lines = self.kinetic.rows("SalesOrderSvc/SalesOrders", filter=f"OrderNum eq {order}", expand="OrderDtls")
        return next(int(row["OrderLine"]) for row in lines[0]["OrderDtls"] if row["PartNum"] == part)

    def complete(self, job: str, *, complete: bool = True) -> None:
        call = self.kinetic.call
        ds = call("JobClosingSvc", "GetNewJobClosing", ds={})["ds"]
        ds = call("JobClosingSvc", "OnChangeJobNum", pcJobNum=job, ds=ds)["ds"]
        ds["JobClosing"][0].update(JobComplete=complete)
        ds = call("JobClosingSvc", "OnChangeJobCompletion", ds=ds)["ds"]
        ds = call("JobClosingSvc", "PreCloseJob", ds=ds)["ds"]
        call("JobClosingSvc", "CloseJob", ds=ds)

    # shipping

    def pack(self, order: int, *lines: tuple[int, int], from_job: bool = False) -> int:
        """A pack with (order line, quantity) rows that has not left; its number. From stock, or from the job."""
        call = self.kinetic.call
        ds = call("CustShipSvc", "GetNewShipHead", ds={})["ds"]
        ds = call("CustShipSvc", "GetHeadOrderInfo", orderNum=order, ds=ds)["ds"]
        number = self._master(ds, 0)["ds"]["ShipHead"][0]["PackNum"]
        for line, quantity in lines:
            ds = call("CustShipSvc", "GetNewOrdrShipDtl", ds={}, packNum=number, orderNum=order)["ds"]
            ds = call("CustShipSvc", "GetOrderInfo", orderNum=order, ds=ds)["ds"]
            ds = call("CustShipSvc", "GetOrderLineInfo", ds=ds, packLine=0, orderLine=line, subsPart="")["ds"]
            stock, job = (0, quantity) if from_job else (quantity, 0)
            ds = call("CustShipSvc", "GetQtyInfo", ds=ds, packLine=0, displayInvQty=stock, ourJobShipQty=job)["ds"]
            self._master(ds, number)
        return int(number)

    def ship(self, pack: int, *, ready: bool = True) -> int:
        """The pack leaves, or comes back."""
        ds = self.kinetic.call("CustShipSvc", "GetByID", packNum=pack)["returned"]
        ds["ShipHead"][0].update(ReadyToInvoice=ready, RowMod="U")
        self._master(ds, pack, shipped=True)
        return pack

    def invoice(self, pack: int, group: str) -> int:
        """The invoice of a pack that has left, posted in a group of its own; its number."""
        call = self.kinetic.call
        row = call("InvcGrpSvc", "GetNewInvcGrp", ds={})["ds"]["InvcGrp"][0]
        call("InvcGrpSvc", "Update", ds={"InvcGrp": [{**row, "GroupID": group}]})
        asked = {"CustList": "", "Plant": "MfgSys", "BillToFlag": False, "overBillDay": False}
        made = call("ARInvoiceSvc", "GetShipments", GroupID=group, PackSlips=str(pack), **asked)["Invoices"]
        call("InvcGrpSvc", "PostInvoices", groupID=group)
        return int(made)

    def _master(self, ds: Row, pack: int, *, shipped: bool = False) -> Row:
        more = {"ipShippedFlagChanged": shipped, "ipPackNum": pack, "ipBTCustNum": 0}
        return self.kinetic.call("CustShipSvc", "UpdateMaster", ds=ds, **FLAGS, **more)

    # the order desk

    def change(self, order: int, **columns: Any) -> None:
        self.kinetic.send("PATCH", f"SalesOrderSvc/SalesOrders('EPIC06',{order})", columns)

    def own_order(self, part: str) -> int:
        """An order that the ERP took itself; its number."""
        line = {"PartNum": part, "SellingQuantity": 1, "DocUnitPrice": Decimal("9.00"), "SalesUM": "EA"}
        head = {"CustNum": self.customer("WALKIN"), "PONum": "4711", "FOB": "ORIG", "OrderDtls": [line]}
        return int(self.kinetic.send("POST", "SalesOrderSvc/SalesOrders", head)["OrderNum"])

    def close(self, order: int) -> None:
        self.kinetic.call("SalesOrderSvc", "CloseOrder", iOrderNum=order)

    def delete(self, order: int) -> None:
        self.kinetic.send("DELETE", f"SalesOrderSvc/SalesOrders('EPIC06',{order})")

    def customer(self, cust_id: str, **columns: Any) -> int:
        """A change of a customer; its number."""
        [row] = self.kinetic.rows("CustomerSvc/Customers", filter=f"CustID eq '{cust_id}'")
        if columns:
            self.kinetic.send("PATCH", f"CustomerSvc/Customers('EPIC06',{row['CustNum']})", columns)
        return int(row["CustNum"])

    def on_hand(self, part: str, warehouse: str) -> Decimal:
        stored = self.kinetic.stored("PartWhse", PartNum=part, Plant="MfgSys", WarehouseCode=warehouse)
        return Decimal(stored["OnHandQty"])


class Town(Shop):
    """A shop and the plant that serves it."""

    plant: Plant

    def placed(self, *lines: tuple[str, int, str], **more: Any) -> tuple[str, int]:
        """An order that reached Epicor; its entity and its number there."""
        order = self.order(lines, **more)
        self.hear("shop/order.created", order)
        [head] = self.orders(order)
        return order, int(head["OrderNum"])

    @contextmanager
    def writes_fail(self):
        """The shop answers every write with 503 before it does anything."""
        self.desk.sandbox.faults.set([Fault("error_before", "heartland", "PUT|POST")])
        yield
        self.desk.sandbox.faults.set([])

    def later(self) -> None:
        """Until every pause and quarantine is over, and everything was tried again."""
        self.clock.forward(QUARANTINE + SECOND)
        self.drain()

    def watch_stock(self) -> None:
        """From now on movements of the ERP count, as after a first poll."""
        stock.floor(self.store, self.desk.systems, self.clock())

    def story(self, entity: str) -> list[str]:
        return [step.summary for step in story.of(self.store, entity)]

    def news(self, topic: str, *numbers: int | str) -> None:
        """What the ERP announces of orders, jobs, packs or parts, drained together."""
        kind = {ORDER: "erp_order", JOB: "erp_job", PACK: "erp_shipment", PART: "erp_part", CUSTOMER: "erp_customer"}[
            topic
        ]
        self.hear(topic, *(f"{kind} {number}" for number in numbers))

    def says(self, order: str) -> dict[str, Any]:
        """Custom fields of the shop's order, by name without epicor_."""
        custom = self.document(order).get("custom") or {}
        return {name.removeprefix("epicor_"): value for name, value in custom.items()}

    def invoices(self, order: str) -> list[tuple[str, list[tuple[str, Decimal]]]]:
        """Living invoices of an order: status, and (SKU, pieces) by line."""
        number = int(order.partition(" ")[2])
        found = [row for row in self.state.select("heartland/sales/invoices") if row["order_id"] == number]
        return [
            (
                row["status"],
                sorted(
                    (line["item_public_id"], Decimal(str(line["qty"])))
                    for line in self.pos.list_all(f"sales/invoices/{row['id']}/lines")
                ),
            )
            for row in sorted(found, key=lambda row: row["id"])
            if not row.get("voided?")
        ]

    def pos_stock(self, sku: str, location: int) -> Decimal:
        params = [
            ("group[]", "item_id"),
            ("group[]", "location_id"),
            ("~[item_id]", str(self.items[sku])),
            ("~[location_id]", str(location)),
        ]
        rows = self.pos.list_all("inventory/values", params, key=lambda row: (row["item_id"], row["location_id"]))
        return sum((Decimal(str(row["qty_on_hand"])) for row in rows), Decimal(0))


@contextmanager
def open_town(desk: Desk, folder: Path, clock: Clock):
    """A town with an empty memory."""
    kinetic = Kinetic(desk.sandbox)
    with open_shop(desk, folder, clock) as shop:
        town = Town(desk, shop.store, clock)
        town.plant = Plant(kinetic)
        yield town
    kinetic.close()
