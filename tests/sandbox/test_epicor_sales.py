"""Customers and sales orders of the Epicor stand-in: each way to create one, totals, refusals and traps."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from he_sync.sandbox.epicor import switches
from he_sync.sandbox.server import Sandbox
from tests.sandbox.epicor_http import CUSTOMERS, ORDERS, PARTS, Caller, exact, line, message, switch


@pytest.fixture
def kinetic(sandbox: Sandbox) -> Caller:
    """A caller whose company has one customer and one part at 50.00."""
    caller = Caller(sandbox)
    caller.customer(TermsCode="N30", ShipViaCode="UPSG")
    caller.part()
    return caller


def head(caller: Caller, order: int) -> dict[str, Any]:
    [found] = caller.rows(f"{ORDERS}/SalesOrders", filter=f"OrderNum eq {order}")
    return found


def add_up(row: dict[str, Any]) -> bool:
    parts = row["TotalCharges"] + row["TotalMisc"] - row["TotalDiscount"] + row["TotalTax"]
    return bool(row["OrderAmt"] == row["DocOrderAmt"] == parts)


def test_a_composite_post_numbers_its_lines_by_position_and_echoes_the_header_alone(kinetic: Caller) -> None:
    made = kinetic.order(1, line(quantity=2), line("UNKNOWN-PART", price="10.00", LineDesc="Gift wrap", OrderLine=7))
    assert "OrderDtls" not in made
    [first, second] = kinetic.rows(f"{ORDERS}/SalesOrders('EPIC06',{made['OrderNum']})/OrderDtls")
    assert [(row["OrderLine"], row["PartNum"], row["LineDesc"]) for row in (first, second)] == [
        (1, "BOOT", "Boot"),
        (2, "UNKNOWN-PART", "Gift wrap"),
    ]
    assert (made["OrderAmt"], made["CustomerCustID"], made["OpenOrder"]) == (Decimal("109.00"), "H1", True)
    assert add_up(made)


def test_the_screens_own_sequence_creates_an_order_step_by_step(kinetic: Caller) -> None:
    ds = kinetic.call(f"{ORDERS}/GetNewOrderHed", ds={})["parameters"]["ds"]
    ds["OrderHed"][0]["CustomerCustID"] = "H1"
    ds = kinetic.call(f"{ORDERS}/ChangeSoldToID", ds=ds)["parameters"]["ds"]
    ds = kinetic.call(f"{ORDERS}/ChangeCustomer", ds=ds)["parameters"]["ds"]
    assert (ds["OrderHed"][0]["TermsCode"], ds["OrderHed"][0]["FOB"]) == ("N30", "")
    commit = {"lCheckForOrderChangedMsg": True, "lcheckForResponse": True, "iCustNum": 1, "lweLicensed": False}
    refused = kinetic.post(f"{ORDERS}/MasterUpdate", {**commit, "cTableName": "OrderHed", "iOrderNum": 0, "ds": ds})
    assert (refused.status_code, message(refused)) == (400, "FOB is required.")
    ds["OrderHed"][0].update(PONum="HR-T9", FOB="ORIG")
    body = kinetic.call(f"{ORDERS}/MasterUpdate", **commit, cTableName="OrderHed", iOrderNum=0, ds=ds)
    ds, order = body["parameters"]["ds"], body["parameters"]["ds"]["OrderHed"][0]["OrderNum"]
    assert (body["parameters"]["lContinue"], ds["OrderHed"][0]["RowMod"]) == (True, "")
    ds = kinetic.call(f"{ORDERS}/GetNewOrderDtl", orderNum=order, ds=ds)["parameters"]["ds"]
    ds = kinetic.call(f"{ORDERS}/ChangePartNumMaster", partNum="BOOT", uomCode="", rowType="", ds=ds)["parameters"][
        "ds"
    ]
    ds = kinetic.call(f"{ORDERS}/ChangeSellingQtyMaster", ipSellingQuantity=3, ds=ds)["parameters"]["ds"]
    body = kinetic.call(f"{ORDERS}/MasterUpdate", **commit, cTableName="OrderDtl", iOrderNum=order, ds=ds)
    [row] = body["parameters"]["ds"]["OrderDtl"]
    assert (row["OrderLine"], row["LineDesc"], row["DocExtPriceDtl"]) == (1, "Boot", Decimal("150.00"))
    assert len(body["parameters"]["ds"]["OrderRel"]) == 1
    assert head(kinetic, order)["OrderAmt"] == Decimal("150.00")


def test_update_and_submit_new_order_create_head_and_lines_in_one_call(kinetic: Caller) -> None:
    rows = {
        "OrderHed": [{"CustNum": 1, "PONum": "HR-T1", "FOB": "ORIG", "RowMod": "A"}],
        "OrderDtl": [{**line(quantity=n), "RowMod": "A"} for n in (1, 2)],
    }
    for method in ("Update", "SubmitNewOrder"):
        ds = kinetic.call(f"{ORDERS}/{method}", ds=rows)["parameters"]["ds"]
        assert [row["OrderLine"] for row in ds["OrderDtl"]] == [1, 2]
        assert ds["OrderHed"][0]["ReadyToFulfill"] is (method == "SubmitNewOrder")
    assert [row["OrderNum"] for row in kinetic.rows(f"{ORDERS}/SalesOrders", filter="PONum eq 'HR-T1'")] == [5001, 5002]


def test_the_same_po_twice_is_two_orders_unless_the_customer_guards_it(kinetic: Caller) -> None:
    assert kinetic.order(1, line())["OrderNum"] != kinetic.order(1, line())["OrderNum"]
    guarded = kinetic.customer("H2", CheckDuplicatePO=True)
    kinetic.order(guarded, line())
    body = {"CustNum": guarded, "PONum": "HR-T1", "FOB": "ORIG"}
    assert kinetic.post(f"{ORDERS}/SalesOrders", body).status_code == 400


def test_totals_follow_every_change_of_lines_discounts_and_charges(kinetic: Caller) -> None:
    order = kinetic.order(1, line(quantity=2, price="19.99"), DocTotalTax=Decimal("3.20"))["OrderNum"]
    kinetic.created(f"{ORDERS}/OrderDtls", {"OrderNum": order, **line(price="5.00")})
    discount = {"OrderNum": order, "MiscCode": "DISC", "DocMiscAmt": Decimal("-1.50")}
    kinetic.created(f"{ORDERS}/OHOrderMscs", discount)
    kinetic.created(f"{ORDERS}/OrderMscs", {"OrderNum": order, "OrderLine": 2, "MiscCode": "FRT", "DocMiscAmt": 4})
    assert kinetic.patch(f"{ORDERS}/OrderDtls('EPIC06',{order},1)", {"DocDiscount": Decimal("0.98")}).status_code == 204
    found = head(kinetic, order)
    assert (found["TotalCharges"], found["TotalMisc"]) == (Decimal("44.98"), Decimal("2.50"))
    assert (found["TotalDiscount"], found["TotalTax"]) == (Decimal("0.98"), Decimal("3.20"))
    assert add_up(found)
    kinetic.send("DELETE", f"{ORDERS}/OrderDtls('EPIC06',{order},2)")
    found = head(kinetic, order)
    assert (found["TotalCharges"], found["TotalMisc"], add_up(found)) == (Decimal("39.98"), Decimal("-1.50"), True)


def test_totals_cannot_be_written_by_hand(kinetic: Caller) -> None:
    order = kinetic.order(1, line(), OrderAmt=1, TotalCharges=1)["OrderNum"]
    kinetic.patch(f"{ORDERS}/SalesOrders('EPIC06',{order})", {"OrderAmt": 7, "DocTotalCharges": 7})
    assert head(kinetic, order)["OrderAmt"] == Decimal("49.50")


def test_a_percent_beside_a_flat_discount_drops_the_flat(kinetic: Caller) -> None:
    order = kinetic.order(1, line(price="100.00", DocDiscount=3, DiscountPercent=10))["OrderNum"]
    assert head(kinetic, order)["TotalDiscount"] == Decimal("10.00")


def test_a_quantity_in_cases_becomes_eaches_by_the_parts_unit(kinetic: Caller) -> None:
    kinetic.part("SODA")
    kinetic.created(f"{PARTS}/PartUOMs", {"PartNum": "SODA", "UOMCode": "BX", "ConvFactor": 24})
    order = kinetic.order(1, line("SODA", 5) | {"SalesUM": "BX"})["OrderNum"]
    [row] = kinetic.rows(f"{ORDERS}/SalesOrders('EPIC06',{order})/OrderDtls")
    assert (row["SellingQuantity"], row["OrderQty"], row["IUM"]) == (5, 120, "EA")
    [release] = kinetic.rows(f"{ORDERS}/OrderRels")
    assert (release["SellingReqQty"], release["OurReqQty"]) == (5, 120)


def test_releases_and_head_charges_may_be_nested_and_the_first_release_is_the_lines_own(kinetic: Caller) -> None:
    releases = [{"SellingReqQty": 1, "WarehouseCode": "S001"}, {"SellingReqQty": 2, "WarehouseCode": "S002"}]
    made = kinetic.order(1, line(quantity=3, OrderRels=releases), OHOrderMscs=[{"MiscCode": "TIP", "DocMiscAmt": 2}])
    found = kinetic.rows(f"{ORDERS}/OrderRels", select="OrderRelNum,WarehouseCode,OurReqQty")
    assert [tuple(row.values()) for row in found] == [(1, "S001", 1), (2, "S002", 2)]
    assert (made["TotalMisc"], made["OrderAmt"]) == (2, Decimal("150.50"))


@pytest.mark.parametrize(("where", "lands"), [("last", [2, 2]), ("first", [1, 1]), ("right", [1, 2])])
def test_a_charge_nested_in_a_line_lands_on_another_line_without_an_error(
    kinetic: Caller, where: str, lands: list[int]
) -> None:
    switch(kinetic.sandbox, switches.NESTED_CHARGE_LINE, where)
    lines = [line(OrderMscs=[{"MiscCode": f"C{n}", "DocMiscAmt": n}]) for n in (1, 2)]
    order = kinetic.order(1, *lines)["OrderNum"]
    found = kinetic.rows(f"{ORDERS}/OrderMscs")
    assert sorted((row["MiscCode"], row["OrderLine"]) for row in found) == [("C1", lands[0]), ("C2", lands[1])]
    assert head(kinetic, order)["TotalMisc"] == 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"FOB": ""}, "FOB is required."),
        ({"CustNum": 0}, "Customer is required."),
        ({"CustNum": 99}, "Customer not available"),
        ({"CurrencyCode": "XXX"}, "Currency Code references invalid value"),
        ({"OrderDtls": [line("")]}, "Part is required."),
        ({"OrderDtls": [line("NEW") | {"SalesUM": ""}]}, "Quantity UOM is required."),
        ({"OrderDtls": [line("OLD")]}, "Part is inactive."),
        ({"OrderDtls": [line(TaxCatID="NOPE")]}, "Category ID references invalid value."),
    ],
)
def test_a_refused_order_leaves_nothing_behind(kinetic: Caller, change: dict[str, Any], says: str) -> None:
    kinetic.part("OLD", InActive=True)
    switch(kinetic.sandbox, switches.TAX_CATEGORIES, "GOODS,FOOD")
    body = {"CustNum": 1, "PONum": "HR-T1", "FOB": "ORIG", "OrderDtls": [line()], **change}
    refused = kinetic.post(f"{ORDERS}/SalesOrders", body)
    assert (refused.status_code, message(refused)) == (400, says)
    assert kinetic.rows(f"{ORDERS}/SalesOrders") == []


def test_by_switch_a_refused_line_leaves_the_header_without_lines(kinetic: Caller) -> None:
    switch(kinetic.sandbox, switches.COMPOSITE_ROLLBACK, "no")
    body = {"CustNum": 1, "PONum": "HR-T1", "FOB": "ORIG", "OrderDtls": [line("")]}
    assert kinetic.post(f"{ORDERS}/SalesOrders", body).status_code == 400
    assert len(kinetic.rows(f"{ORDERS}/SalesOrders")) == 1
    assert kinetic.rows(f"{ORDERS}/OrderDtls") == []


def test_a_closed_order_takes_a_patch_and_stores_nothing_until_it_is_reopened(kinetic: Caller) -> None:
    order = kinetic.order(1, line())["OrderNum"]
    ds = kinetic.call(f"{ORDERS}/CloseOrder", iOrderNum=order)["returnObj"]
    assert (ds["OrderHed"][0]["OpenOrder"], ds["OrderDtl"][0]["OpenLine"]) == (False, False)
    assert ds["OrderRel"][0]["OpenRelease"] is False
    before = head(kinetic, order)
    address = f"{ORDERS}/SalesOrders('EPIC06',{order})"
    assert kinetic.patch(address, {"OrderComment": "late"}).status_code == 204
    assert head(kinetic, order) == before
    kinetic.call(f"{ORDERS}/ReopenOrder", iOrderNum=order)
    kinetic.patch(address, {"OrderComment": "late"})
    assert head(kinetic, order)["OrderComment"] == "late"


def test_an_order_of_older_days_without_fob_or_currency_stays_editable_and_sums_up(kinetic: Caller) -> None:
    old = {"Company": "EPIC06", "OrderNum": 4001, "SysRevID": 1, "SysRowID": "", "OpenOrder": True, "CustNum": 1}
    kinetic.sandbox.state.load("epicor/OrderHed", [("EPIC06~4001", None, {**old, "TotalTax": 1, "DocTotalTax": 1})])
    kinetic.created(f"{ORDERS}/OHOrderMscs", {"OrderNum": 4001, "MiscCode": "FIX", "DocMiscAmt": Decimal("0.02")})
    assert kinetic.patch(f"{ORDERS}/SalesOrders('EPIC06',4001)", {"OrderComment": "fixed"}).status_code == 204
    assert head(kinetic, 4001)["OrderAmt"] == Decimal("1.02")


def test_a_child_that_changes_no_total_leaves_the_heads_revision_alone(kinetic: Caller) -> None:
    order = kinetic.order(1, line())["OrderNum"]
    before = head(kinetic, order)["SysRevID"]
    kinetic.patch(f"{ORDERS}/OrderDtls('EPIC06',{order},1)", {"OrderComment": "gift"})
    assert head(kinetic, order)["SysRevID"] == before


def test_server_owned_columns_of_a_head_are_not_the_callers(kinetic: Caller) -> None:
    made = kinetic.order(1, line(), WebOrder=True, SalesRepList="X", SalesRepCode1="ANN", SalesRepCode2="BEN")
    assert (made["WebOrder"], made["SalesRepList"]) == (False, "ANN~BEN")


def test_a_customers_id_is_unique_and_required(kinetic: Caller) -> None:
    again = {"CustID": "H1", "Name": "Other"}
    measured = kinetic.post(f"{CUSTOMERS}/Customers", again)
    assert (measured.status_code, "H1" in measured.text) == (500, False)
    switch(kinetic.sandbox, switches.DUPLICATE_CUSTID_STATUS, "409")
    documented = kinetic.post(f"{CUSTOMERS}/Customers", again)
    assert documented.json()["ErrorType"] == "Ice.Common.DuplicateRecordException"
    assert kinetic.post(f"{CUSTOMERS}/Customers", {"Name": "x"}).status_code == 400
    assert kinetic.post(f"{PARTS}/Parts", {"PartNum": "BOOT"}).status_code == 409


def test_a_bill_to_country_is_a_number_and_its_text_is_refused(kinetic: Caller) -> None:
    for change in ({"BTCountry": "USA"}, {"BTCountryNum": 9999}):
        refused = kinetic.patch(f"{CUSTOMERS}/Customers('EPIC06',1)", change)
        assert (refused.status_code, message(refused)) == (400, "A valid Bill To Country is required")
    assert kinetic.patch(f"{CUSTOMERS}/Customers('EPIC06',1)", {"BTCountryNum": 1}).status_code == 204


def test_a_ship_to_without_a_number_is_stored_under_none_and_spells_zip_its_own_way(kinetic: Caller) -> None:
    made = kinetic.created(f"{CUSTOMERS}/ShipToes", {"CustNum": 1, "Name": "Dock", "ZIP": "80202"})
    assert made["ShipToNum"] == ""
    assert kinetic.post(f"{CUSTOMERS}/ShipToes", {"CustNum": 1, "Name": "Dock 2"}).status_code == 409
    assert kinetic.post(f"{CUSTOMERS}/ShipToes", {"CustNum": 1, "ShipToNum": "2", "Zip": "80202"}).status_code == 400
    kinetic.created("Erp.BO.ShipToSvc/ShipToes", {"CustNum": 1, "ShipToNum": "2", "ZIP": "80203"})
    found = kinetic.rows("Erp.BO.ShipToSvc/ShipToes", filter="CustNum eq 1", orderby="SysRevID desc")
    assert [row["ShipToNum"] for row in found] == ["2", ""]


def test_a_contact_needs_its_name_and_gets_its_number(kinetic: Caller) -> None:
    parts = {"CustNum": 1, "FirstName": "Ada", "LastName": "Hill"}
    refused = kinetic.post("Erp.BO.CustCntSvc/CustCnts", parts)
    assert (refused.status_code, message(refused)) == (400, "Name is required.")
    numbers = [kinetic.created("Erp.BO.CustCntSvc/CustCnts", {**parts, "Name": "Ada Hill"})["ConNum"] for _ in "ab"]
    assert numbers == [1, 2]


def test_a_customer_is_found_by_its_id_and_by_who_looks_like_it(kinetic: Caller) -> None:
    found = kinetic.call(f"{CUSTOMERS}/GetByCustID", custID="H1", withShipTo=True)["returnObj"]
    assert found["Customer"][0]["CustNum"] == 1
    assert kinetic.post(f"{CUSTOMERS}/GetByCustID", {"custID": "NOPE"}).status_code == 404
    same = kinetic.call(f"{CUSTOMERS}/CheckDupCustomer", vName="", custId="H1")["returnObj"]
    assert [row["CustID"] for row in same["CustomerList"]] == ["H1"]


def test_an_order_keeps_out_customers_that_may_not_order(kinetic: Caller) -> None:
    prospect, card = kinetic.customer("H2", CustomerType="PRO"), kinetic.customer("H3", CreditCardOrder=True)
    for customer in (prospect, card):
        assert kinetic.post(f"{ORDERS}/SalesOrders", {"CustNum": customer, "FOB": "O"}).status_code == 400
    assert kinetic.order(card, CreditCardOrder=True)["OrderNum"] == 5001


def test_the_function_creates_an_order_once_by_its_key_and_keeps_no_key_of_a_refused_one(kinetic: Caller) -> None:
    url = f"{kinetic.sandbox.epicor}/api/v2/efx/EPIC06/HeSync/CreateOrderOnce"
    order = {"CustNum": 1, "PONum": "HR-T1", "FOB": "ORIG", "OrderDtls": [line()]}
    assert kinetic.post(url, {"key": "ticket 1", "order": {**order, "FOB": ""}}).status_code == 400
    answers = [exact(kinetic.post(url, {"key": "ticket 1", "order": order})) for _ in range(3)]
    assert answers == [{"orderNum": 5001, "created": n == 0} for n in range(3)]
    [row] = kinetic.rows("Ice.BO.UD01Svc/UD01s", filter="Key2 eq 'ticket 1'")
    assert row["Number01"] == 5001
    assert head(kinetic, 5001)["OrderAmt"] == Decimal("49.50")
    assert kinetic.post(url.replace("CreateOrderOnce", "Nope"), {}).status_code == 404


def test_stock_shows_by_warehouse_bin_and_plant(kinetic: Caller) -> None:
    state = kinetic.sandbox.state
    where = {"Company": "EPIC06", "PartNum": "BOOT", "WarehouseCode": "S001", "SysRevID": 1, "SysRowID": ""}
    whse = {**where, "Plant": "MfgSys", "OnHandQty": 7, "AllocatedQty": 2, "PrimBinNum": "01"}
    state.load("epicor/PartWhse", [("EPIC06~BOOT~MfgSys~S001", "EPIC06~BOOT", whse)])
    state.load(
        "epicor/PartPlant",
        [("EPIC06~BOOT~MfgSys", "EPIC06~BOOT", {k: whse[k] for k in ("Company", "PartNum", "Plant")})],
    )
    found = {**where, "BinNum": "01", "LotNum": "", "OnhandQty": 7, "UM": "EA"}
    state.load("epicor/PartBin", [("EPIC06~BOOT~S001~01~", "EPIC06~BOOT", found)])
    [part] = kinetic.rows(
        f"{PARTS}/Parts", filter="PartNum eq 'BOOT'", expand="PartWhses($select=OnHandQty),PartPlants"
    )
    assert (part["PartWhses"], part["PartPlants"][0]["OnHandQty"]) == ([{"OnHandQty": 7}], 0)
    assert kinetic.call(f"{PARTS}/GetByID", partNum="BOOT")["returnObj"]["PartPlant"][0]["OnHandQty"] == 7
    search = kinetic.call("Erp.BO.PartBinSearchSvc/GetFullBinSearch", partNum="BOOT", whseCode="S001")["returnObj"]
    assert [(row["BinNum"], row["QtyOnHand"], row["IUM"]) for row in search["PartBinSearch"]] == [("01", 7, "EA")]
    clause = "PartNum = 'BOOT' AND WhseCode = 'S001' AND QtyOnHand > 5"
    paged = kinetic.call("Erp.BO.PartBinSearchSvc/GetPartBinSearch", whereClause=clause, pageSize=10, absolutePage=0)
    assert (len(paged["returnObj"]["PartBinSearch"]), paged["parameters"]["morePages"]) == (1, False)
    hand = kinetic.call("Erp.BO.PartOnHandWhseSvc/GetPartOnHandWhse", cPartNum="BOOT", cPlant="MfgSys")["returnObj"]
    assert [(row["QuantityOnHand"], row["AllocQty"]) for row in hand["PartOnHandWhse"]] == [(7, 2)]
    [stock] = kinetic.rows("BaqSvc/HeSync_Stock/Data", _PartNum="BOOT")
    assert stock["Calculated_Available"] == 5
