"""The request sequences of clients that others wrote, as they send them: paths, casing, headers, bodies, paging."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from he_sync.sandbox.epicor import switches
from he_sync.sandbox.server import Sandbox
from tests.sandbox.epicor_http import ORDERS, Caller, line, switch

WEB_SERVICE = "00000003-9439-4B30-A6F4-6D2FD4B9FD0F"
COMMIT = {"lCheckForOrderChangedMsg": True, "lcheckForResponse": True, "lweLicensed": False}
V1 = {"CallSettings": '{"Company":"EPIC06"}'}


@pytest.fixture
def kinetic(sandbox: Sandbox) -> Caller:
    """A caller whose company has three customers and one part."""
    caller = Caller(sandbox)
    for name in ("H1", "H2", "H3"):
        caller.customer(name, TermsCode="N30", ShipViaCode="UPSG")
    caller.part(SalesUM="EA", TaxCatID="GOODS")
    return caller


def v1(kinetic: Caller, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
    """As epicor-erp-api calls: Basic, no API key, the company in CallSettings."""
    url = f"{kinetic.sandbox.epicor}/api/v1/{path}"
    return httpx.request(method, url, json=body, params=query or None, headers=V1, auth=("he-sync", "sandbox"))


def rpc(kinetic: Caller, path: str, **body: Any) -> dict[str, Any]:
    answer = v1(kinetic, "POST", path, body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_epycor_logs_in_with_a_license_header_works_in_the_session_and_logs_out(kinetic: Caller) -> None:
    order = kinetic.order(1, line())["OrderNum"]
    claim = {"License": json.dumps({"ClaimedLicense": WEB_SERVICE})}
    login = Caller(kinetic.sandbox, headers=claim).call("Ice.LIB.SessionModSvc/Login")
    held = {"License": json.dumps({"ClaimedLicense": WEB_SERVICE, "SessionID": login["returnObj"]})}
    epycor = Caller(kinetic.sandbox, headers=held)
    switch(kinetic.sandbox, switches.LICENSES, "1")
    assert epycor.get(f"{ORDERS}/GetByID", _orderNum=order).json()["returnObj"]["OrderHed"][0]["PONum"] == "HR-T1"
    assert epycor.call(f"{ORDERS}/GetNewOrderHed", ds={})["parameters"]["ds"]["OrderHed"][0]["RowMod"] == "A"
    assert epycor.rows("BaqSvc/HeSync_OrdersByPO/Data", _PONum="HR-T1")[0]["OrderHed_OrderNum"] == order
    function = f"{kinetic.sandbox.epicor}/api/v2/efx/EPIC06/HeSync/CreateOrderOnce"
    again = {"key": "k", "order": {"CustNum": 1, "FOB": "ORIG", "OrderDtls": [line()]}}
    assert epycor.call(function, **again)["created"]
    assert epycor.post("Ice.LIB.SessionModSvc/Logout", {}).status_code == 200
    assert epycor.get(f"{ORDERS}/GetByID", _orderNum=order).status_code == 410


def test_epicor_erp_api_creates_a_customer_over_v1_with_the_territory_first(kinetic: Caller) -> None:
    service = "Erp.Bo.CustomerSvc"
    first = rpc(kinetic, f"{service}/GetCustomerTerritory", custNum=0, ds={"Customer": [{}]})
    payload = {**first["parameters"]["ds"]["Customer"][0], "CustID": "NPM", "Name": "Ada", "TermsCode": "DEF"}
    fresh = rpc(kinetic, f"{service}/GetNewCustomer", ds={"Customer": []})["parameters"]["ds"]["Customer"][0]
    made = rpc(kinetic, f"{service}/Update", ds={"Customer": [{**fresh, **payload, "RowMod": "A"}]})
    number = made["parameters"]["ds"]["Customer"][0]["CustNum"]
    whole = rpc(kinetic, f"{service}/GetByID", custNum=number)["returnObj"]["Customer"][0]
    changed = rpc(kinetic, f"{service}/Update", ds={"Customer": [{**whole, "Name": "Ada H", "RowMod": "U"}]})
    assert changed["parameters"]["ds"]["Customer"][0]["Name"] == "Ada H"
    assert v1(kinetic, "PATCH", f"{service}/Customers('EPIC06',{number})", {"City": "Troy"}).status_code == 204
    query = {"$filter": "CustID eq 'NPM'", "$select": "CustNum,City", "$top": 5, "$orderby": "CustNum"}
    assert v1(kinetic, "GET", f"{service}/Customers", **query).json()["value"] == [{"CustNum": number, "City": "Troy"}]
    assert rpc(kinetic, f"{service}/DeleteByID", custNum=number) == {}
    assert v1(kinetic, "POST", f"{service}/GetByID", {"custNum": number}).status_code == 404


@pytest.mark.parametrize(("first", "pages"), [("0", [0, 1, 2]), ("1", [1, 2, 3]), ("both", [1, 2, 3])])
def test_get_rows_walks_every_customer_once_whichever_number_the_first_page_has(
    kinetic: Caller, first: str, pages: list[int]
) -> None:
    switch(kinetic.sandbox, switches.FIRST_PAGE, first)
    switch(kinetic.sandbox, switches.MORE_PAGE, "yes")
    found, more = [], []
    for page in pages:
        asked = {"whereClauseCustomer": "CustNum > 0 BY SysRevID", "whereClauseShipTo": "", "pageSize": 1}
        body = rpc(kinetic, "Erp.Bo.CustomerSvc/GetRows", **asked, absolutePage=page)
        found += [row["CustID"] for row in body["returnObj"]["Customer"]]
        more.append(body["parameters"]["morePage"])
    assert (found, more) == (["H1", "H2", "H3"], [True, True, False])


def test_epicor_erp_api_creates_an_order_line_by_line_and_says_what_is_made(kinetic: Caller) -> None:
    service = "Erp.Bo.SalesOrderSvc"
    fresh = rpc(kinetic, f"{service}/GetNewOrderHed", ds={"OrderHed": []})["parameters"]["ds"]["OrderHed"][0]
    head = {**fresh, "CustNum": 1, "PONum": "NPM", "FOB": "ORIG", "RowMod": "A"}
    made = rpc(kinetic, f"{service}/Update", ds={"OrderHed": [head]})["parameters"]["ds"]["OrderHed"][0]
    number = made["OrderNum"]
    ds = rpc(kinetic, f"{service}/GetNewOrderDtl", ds={}, orderNum=number)["parameters"]["ds"]
    entered = {**ds["OrderDtl"][0], "PartNum": "BOOT", "SalesUM": "EA", "SellingQuantity": 2}
    saved = rpc(kinetic, f"{service}/Update", ds={"OrderDtl": [entered]})["parameters"]["ds"]
    assert (saved["OrderDtl"][0]["OrderLine"], saved["OrderRel"][0]["OrderRelNum"]) == (1, 1)
    ds = rpc(kinetic, f"{service}/GetByID", orderNum=number)["returnObj"]
    ds["OrderRel"][0]["RowMod"] = "U"
    ds = rpc(kinetic, f"{service}/ChangeMake", ipMake=True, ds=ds)["parameters"]["ds"]
    assert rpc(kinetic, f"{service}/Update", ds=ds)["parameters"]["ds"]["OrderRel"][0]["Make"] is True


def test_epicor_erp_api_takes_the_next_job_number_and_releases_the_job(kinetic: Caller) -> None:
    service = "Erp.Bo.JobEntrySvc"
    number = rpc(kinetic, f"{service}/GetNextJobNum")["parameters"]["opNextJobNum"]
    fresh = rpc(kinetic, f"{service}/GetNewJobHead", ds={"JobHead": []})["parameters"]["ds"]["JobHead"][0]
    job = {**fresh, "JobNum": number, "PartNum": "BOOT", "ProdQty": 3, "RowMod": "A"}
    rpc(kinetic, f"{service}/Update", ds={"JobHead": [job]})
    for flag in ("JobEngineered", "JobReleased"):
        row = rpc(kinetic, f"{service}/GetByID", jobNum=number)["returnObj"]["JobHead"][0]
        asked = {"ds": {"JobHead": [{**row, flag: True, "RowMod": "U"}]}}
        ds = rpc(kinetic, f"{service}/ChangeJobHead{flag}", **asked)["parameters"]["ds"]
        assert rpc(kinetic, f"{service}/Update", ds=ds)["parameters"]["ds"]["JobHead"][0][flag] is True
    listed = v1(kinetic, "GET", f"{service}/JobEntries", **{"$select": "JobNum", "$top": 2}).json()["value"]
    assert listed == [{"JobNum": number}]


def test_epicor_erp_api_reads_a_baq_without_data_and_the_companies_of_ice(kinetic: Caller) -> None:
    kinetic.order(1, line())
    found = v1(kinetic, "GET", "BaqSvc/HeSync_OrdersByPO", **{"PONum": "HR-T1", "$top": 2}).json()
    assert (set(found), found["value"][0]["OrderHed_PONum"]) == ({"odata.metadata", "value"}, "HR-T1")
    assert v1(kinetic, "GET", "ICE.Bo.CompanySvc/Companies").json()["value"] == []


def test_the_plp_client_pages_by_top_and_skip_with_form_encoded_blanks_until_a_short_page(kinetic: Caller) -> None:
    for number in range(5):
        kinetic.order(1, line(), PONum=f"P{number}")
    seen: list[str] = []
    while True:
        query = f"%24filter=CustNum+eq+1+and+PONum+ne+%27%27&%24expand=OrderDtls&%24top=2&%24skip={len(seen)}"
        page = kinetic.get(f"{kinetic.sandbox.epicor}/api/v2/odata/EPIC06/{ORDERS}/SalesOrders?{query}").json()
        seen += [row["PONum"] for row in page["value"]]
        assert "@odata.nextLink" not in page
        if len(page["value"]) < 2:
            break
    assert seen == ["P0", "P1", "P2", "P3", "P4"]
    found = kinetic.rows("Erp.BO.OrderDtlSearchSvc/OrderDtlSearches", filter="PartNum eq 'BOOT' and OrderLine eq 1")
    assert len(found) == 5


def test_keri_enters_an_order_as_the_screen_does_and_gets_its_defaults_line_by_line(kinetic: Caller) -> None:
    ds = kinetic.call(f"{ORDERS}/GetNewOrderHed", ds={})["parameters"]["ds"]
    ds["OrderHed"][0]["CustomerCustID"] = "H2"
    for change in ("ChangeSoldToID", "ChangeCustomer"):
        ds = kinetic.call(f"{ORDERS}/{change}", ds=ds)["parameters"]["ds"]
    ds["OrderHed"][0].update(PONum="KERI", FOB="ORIG", OrderDate="2026-11-20T00:00:00")
    head = {**COMMIT, "cTableName": "OrderHed", "iCustNum": ds["OrderHed"][0]["CustNum"], "iOrderNum": 0}
    ds = kinetic.call(f"{ORDERS}/MasterUpdate", **head, ds=ds)["parameters"]["ds"]
    made = ds["OrderHed"][0]
    assert (made["TermsCode"], made["ShipViaCode"], made["CurrencyCode"], made["FOB"]) == ("N30", "UPSG", "USD", "ORIG")
    for _ in range(2):
        ds = kinetic.call(f"{ORDERS}/GetNewOrderDtl", orderNum=made["OrderNum"], ds=ds)["parameters"]["ds"]
        part = {"partNum": "BOOT", "uomCode": "", "rowType": "", "lSubstitutePartExist": False, "lIsPhantom": False}
        ds = kinetic.call(f"{ORDERS}/ChangePartNumMaster", **part, ds=ds)["parameters"]["ds"]
        ds = kinetic.call(f"{ORDERS}/ChangeSellingQtyMaster", ipSellingQuantity=2, ds=ds)["parameters"]["ds"]
        own = {**head, "cTableName": "OrderDtl", "iOrderNum": made["OrderNum"]}
        ds = kinetic.call(f"{ORDERS}/MasterUpdate", **own, ds=ds)["parameters"]["ds"]
    assert [(row["OrderLine"], row["SalesUM"], row["TaxCatID"]) for row in ds["OrderDtl"]] == [
        (1, "EA", "GOODS"),
        (2, "EA", "GOODS"),
    ]
    assert float(ds["OrderHed"][0]["OrderAmt"]) == 200.0


def test_an_order_that_skips_the_screen_gets_no_terms_no_unit_and_no_tax_category(kinetic: Caller) -> None:
    made = kinetic.order(1, line())
    assert (made["TermsCode"], made["ShipViaCode"]) == ("", "")
    [row] = kinetic.rows(f"{ORDERS}/SalesOrders('EPIC06',{made['OrderNum']})/OrderDtls")
    assert row["TaxCatID"] == ""
    body = {"CustNum": 1, "FOB": "ORIG", "OrderDtls": [{"PartNum": "BOOT", "SellingQuantity": 1}]}
    assert "Quantity UOM is required." in kinetic.post(f"{ORDERS}/SalesOrders", body).text
