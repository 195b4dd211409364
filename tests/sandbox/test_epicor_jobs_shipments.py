"""Jobs and shipments in the Epicor stand-in: what completing a job and shipping a pack do to stock and orders."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.epicor_company import TODAY, Kinetic, Refused, company

Row = dict[str, Any]


@pytest.fixture
def kinetic(tmp_path: Path) -> Iterator[Kinetic]:
    with company(tmp_path) as found:
        yield found


def on_hand(kinetic: Kinetic, warehouse: str = "S001") -> Any:
    return kinetic.stored("PartWhse", PartNum="BOOT-11", Plant="MfgSys", WarehouseCode=warehouse)["OnHandQty"]


def new_job(kinetic: Kinetic, **columns: Any) -> Row:
    number = kinetic.call("JobEntrySvc", "GetNextJobNum")["opNextJobNum"]
    row = kinetic.call("JobEntrySvc", "GetNewJobHead", ds={})["ds"]["JobHead"][0]
    row.update(JobNum=number, PartNum="BOOT-11", ProdQty=20, **columns)
    return dict(kinetic.call("JobEntrySvc", "Update", ds={"JobHead": [row]})["ds"]["JobHead"][0])


def closing(kinetic: Kinetic, number: str, **flags: bool) -> str:
    """The closing screen's calls for a job, with JobComplete and JobClosed as asked."""
    ds = kinetic.call("JobClosingSvc", "GetNewJobClosing", ds={})["ds"]
    ds = kinetic.call("JobClosingSvc", "OnChangeJobNum", pcJobNum=number, ds=ds)["ds"]
    ds["JobClosing"][0].update(flags)
    ds = kinetic.call("JobClosingSvc", "OnChangeJobCompletion", ds=ds)["ds"]
    ds = kinetic.call("JobClosingSvc", "OnChangeJobClosed", ds=ds)["ds"]
    pre = kinetic.call("JobClosingSvc", "PreCloseJob", ds=ds)
    assert pre["RequiresUserInput"] is False
    return str(kinetic.call("JobClosingSvc", "CloseJob", ds=pre["ds"])["pcMessage"])


def test_job_numbers_are_handed_out_once(kinetic: Kinetic) -> None:
    numbers = [kinetic.call("JobEntrySvc", "GetNextJobNum")["opNextJobNum"] for _ in range(3)]
    assert numbers == ["002001", "002002", "002003"]


def test_a_job_takes_text_and_unit_from_its_part(kinetic: Kinetic) -> None:
    job = new_job(kinetic)
    assert (job["PartDescription"], job["IUM"], job["JobType"], job["Plant"]) == ("Boot, 11", "EA", "MFG", "MfgSys")
    assert (job["JobComplete"], job["JobCompletionDate"], job["LastChangedBy"]) == (False, None, "he-sync")


def test_completing_a_job_puts_what_it_made_into_the_primary_warehouse_once(kinetic: Kinetic) -> None:
    job = new_job(kinetic)
    assert closing(kinetic, job["JobNum"], JobComplete=True) == ""
    assert on_hand(kinetic) == 30
    (tran,) = kinetic.rows("PartTranSvc/PartTrans", filter="TranType eq 'MFG-STK'")
    assert (tran["JobNum"], tran["TranQty"], tran["WareHouseCode"]) == (job["JobNum"], 20, "S001")
    stored = kinetic.stored("JobHead", JobNum=job["JobNum"])
    assert (stored["JobComplete"], stored["JobCompletionDate"], stored["JobClosed"]) == (True, TODAY, False)
    closing(kinetic, job["JobNum"], JobComplete=True, JobClosed=True)
    assert on_hand(kinetic) == 30
    assert kinetic.stored("JobHead", JobNum=job["JobNum"])["ClosedDate"] == TODAY


def test_a_reported_quantity_counts_before_the_planned_one(kinetic: Kinetic) -> None:
    job = new_job(kinetic, QtyCompleted=18)
    closing(kinetic, job["JobNum"], JobComplete=True)
    assert on_hand(kinetic) == 28


def test_make_to_stock_rows_say_into_which_warehouse(kinetic: Kinetic) -> None:
    job = new_job(kinetic)
    keys = {
        "partNum": "BOOT-11",
        "orderNum": 0,
        "orderLine": 0,
        "orderRelNum": 0,
        "targetJobNum": "",
        "targetAssemblySeq": 0,
    }
    ds = kinetic.call("JobEntrySvc", "GetNewJobProd", ds={}, jobNum=job["JobNum"], warehouseCode="D001", **keys)["ds"]
    ds["JobProd"][0].update(WarehouseCode="D001", ProdQty=15)
    kinetic.call("JobEntrySvc", "Update", ds=ds)
    closing(kinetic, job["JobNum"], JobComplete=True)
    assert (on_hand(kinetic), on_hand(kinetic, "D001")) == (10, 15)


def test_demand_for_an_order_is_not_received_into_stock(kinetic: Kinetic) -> None:
    job = new_job(kinetic)
    demand = {
        "Company": "EPIC06",
        "JobNum": job["JobNum"],
        "OrderNum": 5001,
        "OrderLine": 1,
        "OrderRelNum": 1,
        "ProdQty": 4,
        "RowMod": "A",
    }
    kinetic.call("JobEntrySvc", "Update", ds={"JobProd": [demand]})
    closing(kinetic, job["JobNum"], JobComplete=True)
    assert on_hand(kinetic) == 10


def test_a_completed_job_is_found_by_the_change_number_and_carries_no_job_completed(kinetic: Kinetic) -> None:
    job = new_job(kinetic)
    closing(kinetic, job["JobNum"], JobComplete=True)
    (found,) = kinetic.rows("JobEntrySvc/JobEntries", filter=f"SysRevID gt {job['SysRevID']}", orderby="SysRevID")
    assert (found["JobNum"], found["JobComplete"]) == (job["JobNum"], True)
    assert "JobCompleted" not in found


def test_a_closed_job_cannot_be_edited_and_an_open_one_not_closed_before_it_is_complete(kinetic: Kinetic) -> None:
    job = new_job(kinetic)
    with pytest.raises(Refused, match="must be complete before it can be closed"):
        closing(kinetic, job["JobNum"], JobClosed=True)
    closing(kinetic, job["JobNum"], JobComplete=True, JobClosed=True)
    with pytest.raises(Refused, match="Job is closed"):
        kinetic.send("PATCH", f"JobEntrySvc/JobEntries('EPIC06','{job['JobNum']}')", {"ProdQty": 21})
    with pytest.raises(Refused, match="Job is closed"):
        closing(kinetic, job["JobNum"], JobComplete=False)
    with pytest.raises(Refused, match="cannot be deleted"):
        kinetic.call("JobEntrySvc", "DeleteByID", jobNum=job["JobNum"])


@pytest.mark.parametrize(
    ("columns", "message"),
    [({"PartNum": "GHOST"}, "Part references invalid value."), ({"PartNum": ""}, "Part is required.")],
)
def test_a_job_needs_a_known_part(kinetic: Kinetic, columns: Row, message: str) -> None:
    row = kinetic.call("JobEntrySvc", "GetNewJobHead", ds={})["ds"]["JobHead"][0]
    with pytest.raises(Refused) as refusal:
        kinetic.call("JobEntrySvc", "Update", ds={"JobHead": [{**row, "ProdQty": 5, **columns}]})
    assert refusal.value.message == message


def test_an_unknown_job_cannot_be_chosen_for_closing(kinetic: Kinetic) -> None:
    with pytest.raises(Refused, match="Job Number references invalid value"):
        closing(kinetic, "999999", JobComplete=True)


def new_pack(kinetic: Kinetic, order: int = 5001) -> Row:
    ds = kinetic.call("CustShipSvc", "GetNewShipHead", ds={})["ds"]
    ds = kinetic.call("CustShipSvc", "GetHeadOrderInfo", orderNum=order, ds=ds)["ds"]
    return dict(master(kinetic, ds, 0)["ds"]["ShipHead"][0])


def master(kinetic: Kinetic, ds: Row, pack: int, *, shipped: bool = False) -> Row:
    flags = dict.fromkeys(
        [
            "doValidateCreditHold",
            "doCheckShipDtl",
            "doLotValidation",
            "doCheckOrderComplete",
            "doPostUpdate",
            "doCheckCompliance",
        ],
        False,
    )
    return kinetic.call(
        "CustShipSvc", "UpdateMaster", ds=ds, **flags, ipShippedFlagChanged=shipped, ipPackNum=pack, ipBTCustNum=2
    )


def add_line(kinetic: Kinetic, pack: Row, quantity: Any, **columns: Any) -> Row:
    ds = kinetic.call("CustShipSvc", "GetNewOrdrShipDtl", ds={}, packNum=pack["PackNum"], orderNum=5001)["ds"]
    ds = kinetic.call("CustShipSvc", "GetOrderInfo", orderNum=5001, ds=ds)["ds"]
    ds = kinetic.call("CustShipSvc", "GetOrderLineInfo", ds=ds, packLine=0, orderLine=1, subsPart="")["ds"]
    ds = kinetic.call("CustShipSvc", "GetQtyInfo", ds=ds, packLine=0, displayInvQty=quantity, ourJobShipQty=0)["ds"]
    ds["ShipDtl"][0].update(columns)
    return dict(master(kinetic, ds, pack["PackNum"])["ds"]["ShipDtl"][-1])


def ship(kinetic: Kinetic, pack: Row, *, ready: bool = True) -> Row:
    ds = kinetic.call("CustShipSvc", "GetByID", packNum=pack["PackNum"])["returned"]
    ds["ShipHead"][0].update(ReadyToInvoice=ready, RowMod="U")
    done = master(kinetic, ds, pack["PackNum"], shipped=True)
    assert done["updateComplete"] is True
    return dict(done["ds"]["ShipHead"][0])


def release(kinetic: Kinetic) -> Row:
    return kinetic.stored("OrderRel", OrderNum=5001, OrderLine=1, OrderRelNum=1)


def test_a_pack_takes_customer_from_its_order_and_its_line_the_open_release(kinetic: Kinetic) -> None:
    pack = new_pack(kinetic)
    assert (pack["PackNum"], pack["CustNum"], pack["ShipStatus"], pack["ShipDate"]) == (3001, 2, "OPEN", TODAY)
    line = add_line(kinetic, pack, 4)
    assert (line["PackLine"], line["PartNum"], line["OrderRelNum"], line["WarehouseCode"]) == (1, "BOOT-11", 1, "S001")
    assert on_hand(kinetic) == 10


def test_shipping_lowers_the_stock_and_closes_release_line_and_order(kinetic: Kinetic) -> None:
    pack = new_pack(kinetic)
    add_line(kinetic, pack, 4)
    assert ship(kinetic, pack)["ShipStatus"] == "SHIPPED"
    assert on_hand(kinetic) == 6
    (tran,) = kinetic.rows("PartTranSvc/PartTrans", filter="TranType eq 'STK-CUS'")
    assert (tran["PackNum"], tran["OrderNum"], tran["TranQty"], tran["AfterQty"]) == (3001, 5001, 4, 6)
    assert (release(kinetic)["OurStockShippedQty"], release(kinetic)["OpenRelease"]) == (4, False)
    assert kinetic.stored("OrderDtl", OrderNum=5001, OrderLine=1)["OpenLine"] is False
    assert kinetic.stored("OrderHed", OrderNum=5001)["OpenOrder"] is False


def test_a_part_shipment_leaves_the_order_open_until_the_rest_has_left(kinetic: Kinetic) -> None:
    first = new_pack(kinetic)
    add_line(kinetic, first, 3)
    ship(kinetic, first)
    assert (release(kinetic)["OurStockShippedQty"], release(kinetic)["OpenRelease"]) == (3, True)
    second = new_pack(kinetic)
    add_line(kinetic, second, 1)
    ship(kinetic, second)
    assert (release(kinetic)["OurStockShippedQty"], release(kinetic)["OpenRelease"]) == (4, False)
    assert kinetic.stored("OrderHed", OrderNum=5001)["OpenOrder"] is False


def test_a_short_shipment_marked_complete_closes_the_release(kinetic: Kinetic) -> None:
    pack = new_pack(kinetic)
    add_line(kinetic, pack, 3, ShipCmpl=True)
    ship(kinetic, pack)
    assert release(kinetic)["OpenRelease"] is False


def test_taking_a_shipment_back_brings_stock_and_order_back(kinetic: Kinetic) -> None:
    pack = new_pack(kinetic)
    add_line(kinetic, pack, 4)
    ship(kinetic, pack)
    assert ship(kinetic, pack, ready=False)["ShipStatus"] == "OPEN"
    assert on_hand(kinetic) == 10
    assert (release(kinetic)["OurStockShippedQty"], release(kinetic)["OpenRelease"]) == (0, True)
    assert kinetic.stored("OrderHed", OrderNum=5001)["OpenOrder"] is True


def test_the_packs_order_shows_by_id_and_not_in_the_collection(kinetic: Kinetic) -> None:
    pack = new_pack(kinetic)
    add_line(kinetic, pack, 1)
    assert kinetic.call("CustShipSvc", "GetByID", packNum=3001)["returned"]["ShipHead"][0]["OrderNum"] == 5001
    assert kinetic.rows("CustShipSvc/CustShips")[0]["OrderNum"] == 0


def test_a_shipped_pack_cannot_be_changed_or_deleted(kinetic: Kinetic) -> None:
    pack = new_pack(kinetic)
    add_line(kinetic, pack, 3)
    ship(kinetic, pack)
    with pytest.raises(Refused, match="shipped and cannot be changed"):
        add_line(kinetic, pack, 1)
    with pytest.raises(Refused, match="shipped and cannot be deleted"):
        kinetic.call("CustShipSvc", "DeleteByID", packNum=pack["PackNum"])


def test_what_cannot_be_shipped_is_refused(kinetic: Kinetic) -> None:
    with pytest.raises(Refused, match="Order Number references invalid value"):
        new_pack(kinetic, 9999)
    pack = new_pack(kinetic)
    with pytest.raises(Refused, match="Pack has no lines"):
        ship(kinetic, pack)
    with pytest.raises(Refused, match="Ship Quantity is required"):
        add_line(kinetic, pack, 0)
    with pytest.raises(Refused, match="Order Release references invalid value"):
        add_line(kinetic, pack, 1, OrderRelNum=9)


def test_a_closed_order_takes_no_pack(kinetic: Kinetic) -> None:
    pack = new_pack(kinetic)
    add_line(kinetic, pack, 4)
    ship(kinetic, pack)
    with pytest.raises(Refused, match="Order is closed"):
        new_pack(kinetic)


def test_shipping_more_than_there_is_stops_where_the_setting_says_so(kinetic: Kinetic) -> None:
    kinetic.switch(negative_stock="Stop")
    pack = new_pack(kinetic)
    add_line(kinetic, pack, 11)
    with pytest.raises(Refused, match="would become negative"):
        ship(kinetic, pack)
    assert (on_hand(kinetic), release(kinetic)["OurStockShippedQty"]) == (10, 0)


def test_an_invoice_for_a_shipped_pack_bills_it_once_at_the_orders_price(kinetic: Kinetic) -> None:
    pack = new_pack(kinetic)
    add_line(kinetic, pack, 4)
    ship(kinetic, pack)
    group = kinetic.call("InvcGrpSvc", "GetNewInvcGrp", ds={})["ds"]["InvcGrp"][0]
    kinetic.call("InvcGrpSvc", "Update", ds={"InvcGrp": [{**group, "GroupID": "INV1"}]})
    asked = {
        "GroupID": "INV1",
        "CustList": "",
        "PackSlips": "3001",
        "Plant": "MfgSys",
        "BillToFlag": False,
        "overBillDay": False,
    }
    made = kinetic.call("ARInvoiceSvc", "GetShipments", **asked)
    assert (made["Invoices"], made["grpTotalInvAmt"]) == ("10001", Decimal("198.00"))
    invoice = kinetic.stored("InvcHead", InvoiceNum=10001)
    assert (invoice["PONum"], invoice["OrderNum"], invoice["InvoiceAmt"]) == ("HR-O100009", 5001, Decimal("198.00"))
    assert kinetic.call("ARInvoiceSvc", "GetShipments", **asked)["Invoices"] == ""
    with pytest.raises(Refused, match="invoiced and cannot be changed"):
        ship(kinetic, pack, ready=False)


def test_a_reader_may_not_invoice_shipments(kinetic: Kinetic) -> None:
    viewer = Kinetic(kinetic.sandbox, "viewer")
    with pytest.raises(Refused) as refusal:
        viewer.call("ARInvoiceSvc", "GetShipments", GroupID="INV1", CustList="", PackSlips="")
    viewer.close()
    assert refusal.value.status == 403


def test_queries_tell_which_jobs_and_packs_belong_to_an_order(kinetic: Kinetic) -> None:
    job = new_job(kinetic)
    demand = {"Company": "EPIC06", "JobNum": job["JobNum"], "OrderNum": 5001, "OrderLine": 1, "OrderRelNum": 1}
    kinetic.call("JobEntrySvc", "Update", ds={"JobProd": [{**demand, "ProdQty": 4, "RowMod": "A"}]})
    pack = new_pack(kinetic)
    add_line(kinetic, pack, 4)
    [linked] = query(kinetic, "HeSync_OrderJobs", FromOrder=5001, ToOrder=5001)
    assert (linked["JobProd_OrderNum"], linked["JobProd_JobNum"]) == (5001, job["JobNum"])
    [shipped] = query(kinetic, "HeSync_OrderPacks", FromOrder=5001, ToOrder=5001)
    assert (shipped["ShipDtl_OrderNum"], shipped["ShipDtl_PackNum"]) == (5001, pack["PackNum"])
    assert query(kinetic, "HeSync_OrderJobs", FromOrder=5002) == []


def query(kinetic: Kinetic, name: str, **parameters: int) -> list[Row]:
    found: list[Row] = kinetic._http.get(f"BaqSvc/{name}/Data", params=parameters).json()["value"]
    return found
