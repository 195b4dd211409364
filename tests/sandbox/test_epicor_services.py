"""Services of the Epicor stand-in around orders and stock: searches, tax sums, API keys, returns, dates."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from he_sync.sandbox import server
from he_sync.sandbox.epicor import switches
from he_sync.sandbox.server import Sandbox
from tests.sandbox.epicor_company import Kinetic, company
from tests.sandbox.epicor_http import ORDERS, Caller, line, message, switch

KEYS = "Ice.BO.APIKeySvc"
SEARCHES = "Erp.BO.PartWhseSearchSvc"


@pytest.fixture
def kinetic(sandbox: Sandbox) -> Caller:
    caller = Caller(sandbox)
    caller.customer()
    caller.part()
    return caller


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Kinetic]:
    with company(tmp_path) as open_company:
        yield open_company


def legacy(sandbox: Sandbox, number: int, tax: str) -> None:
    """An order as the world loads it: totals, and nothing that says of what the tax is."""
    amounts = {"TotalCharges": Decimal(100), "TotalTax": Decimal(tax), "DocTotalTax": Decimal(tax)}
    head = {"Company": "EPIC06", "OrderNum": number, "CustNum": 1, "SysRevID": 1, "SysRowID": "", **amounts}
    sandbox.state.load("epicor/OrderHed", [(f"EPIC06~{number}", None, head)])


# tax sums


def test_the_tax_sums_of_a_legacy_order_add_up_to_its_tax_wherever_they_are_read(kinetic: Caller) -> None:
    legacy(kinetic.sandbox, 4001, "8.25")
    head = f"{ORDERS}/SalesOrders('EPIC06',4001)"
    by_id = kinetic.get(f"{ORDERS}/GetByID", _orderNum=4001).json()["returnObj"]["HedTaxSum"]
    ways = [
        by_id,
        kinetic.get(head, expand="HedTaxSums").json()["HedTaxSums"],
        kinetic.rows(f"{head}/HedTaxSums"),
        kinetic.rows(f"{ORDERS}/HedTaxSums", filter="HedNum eq 4001 and TaxAmt gt 8"),
        [kinetic.get(f"{ORDERS}/HedTaxSums('EPIC06',4001,'SALES','')").json()],
    ]
    assert [sum(Decimal(str(row["TaxAmt"])) for row in rows) for rows in ways] == [Decimal("8.25")] * 5
    assert kinetic.rows(f"{head}/HedTaxSums", filter="TaxAmt lt 8") == []


def test_an_order_without_tax_has_no_tax_sum_and_one_whose_releases_are_taxed_has_theirs_first(kinetic: Caller) -> None:
    order = kinetic.order(1, line(), DocTotalTax=Decimal("5.00"))["OrderNum"]
    tax = {"OrderNum": order, "OrderLine": 1, "OrderRelNum": 1, "TaxCode": "STATE", "DocTaxAmt": 3, "TaxAmt": 3}
    kinetic.created(f"{ORDERS}/OrderRelTaxes", tax)
    found = kinetic.rows(f"{ORDERS}/SalesOrders('EPIC06',{order})/HedTaxSums")
    assert {row["TaxCode"]: row["DocTaxAmt"] for row in found} == {"STATE": 3, "SALES": 2}
    legacy(kinetic.sandbox, 4002, "0")
    assert kinetic.rows(f"{ORDERS}/SalesOrders('EPIC06',4002)/HedTaxSums") == []


def test_a_tax_sum_is_nobodys_to_write_and_goes_with_its_order(kinetic: Caller) -> None:
    legacy(kinetic.sandbox, 4001, "8.25")
    row = {"HedNum": 4001, "TaxCode": "X", "RateCode": ""}
    assert message(kinetic.post(f"{ORDERS}/HedTaxSums", row)) == "The tax summary cannot be changed."
    assert kinetic.send("DELETE", f"{ORDERS}/SalesOrders('EPIC06',4001)").status_code == 204
    assert kinetic.rows(f"{ORDERS}/HedTaxSums") == []


# searches


def test_a_warehouse_search_shows_the_stock_under_its_own_column_names(kinetic: Caller) -> None:
    where = {"Company": "EPIC06", "PartNum": "BOOT", "Plant": "MfgSys", "WarehouseCode": "S001", "SysRevID": 1}
    stock = {**where, "SysRowID": "", "OnHandQty": 9, "AllocatedQty": 4, "SalesReservedQty": 2}
    kinetic.sandbox.state.load("epicor/PartWhse", [("EPIC06~BOOT~MfgSys~S001", "EPIC06~BOOT", stock)])
    wanted = {"filter": "PartNum eq 'BOOT' and AllocQty gt 3", "orderby": "AllocQty desc"}
    [row] = kinetic.rows(f"{SEARCHES}/PartWhseSearches", **wanted, select="OnHandQty,AllocQty,SalesReservedQty")
    assert row == {"OnHandQty": 9, "AllocQty": 4, "SalesReservedQty": 2}
    assert kinetic.get(f"{SEARCHES}/PartWhseSearches('EPIC06','BOOT','S001')").json()["AllocQty"] == 4
    by_id = kinetic.get(f"{SEARCHES}/GetByID", _partNum="BOOT", _warehouseCode="S001").json()["returnObj"]
    assert by_id["PartWhseSearch"][0]["AllocQty"] == 4
    found = kinetic.call(f"{SEARCHES}/GetRows", whereClausePartWhseSearch="AllocQty = 4")["returnObj"]
    assert [one["AllocQty"] for one in found["PartWhseSearch"]] == [4]


def test_a_search_is_read_only(kinetic: Caller) -> None:
    kinetic.order(1, line())
    body = {"PartNum": "BOOT", "WarehouseCode": "S001"}
    assert message(kinetic.post(f"{SEARCHES}/PartWhseSearches", body)) == "A search cannot be changed."
    gone = kinetic.send("DELETE", "Erp.BO.OrderDtlSearchSvc/OrderDtlSearches('EPIC06',1,1)")
    assert (gone.status_code, len(kinetic.rows("Erp.BO.OrderDtlSearchSvc/OrderDtlSearches"))) == (400, 1)


# child sets


def test_by_switch_a_child_sets_filter_knows_the_parents_columns_only(kinetic: Caller) -> None:
    kinetic.order(1, line())
    asked = f"{ORDERS}/OrderDtls"
    assert len(kinetic.rows(asked, filter="PartNum eq 'BOOT'")) == 1
    switch(kinetic.sandbox, switches.CHILD_FILTER, "parent")
    refused = kinetic.get(asked, filter="PartNum eq 'BOOT'")
    told = "Could not find a property named 'PartNum' on type 'Erp.OrderHed'."
    assert (refused.status_code, message(refused)) == (400, told)
    assert len(kinetic.rows(asked, filter="OrderNum gt 0")) == 1


def test_invoice_lines_cannot_be_filtered_by_the_invoices_date(kinetic: Caller) -> None:
    asked = kinetic.get("Erp.BO.ARInvoiceSvc/InvcDtls", filter="InvoiceDate gt 2026-11-01T00:00:00")
    assert asked.status_code == 500


# API keys


def made_key(kinetic: Caller, **columns: Any) -> str:
    ds = kinetic.call(f"{KEYS}/GetNewAPIKey", ds={})["parameters"]["ds"]
    ds["APIKey"][0].update(KeyID="till", Name="The till", **columns)
    kinetic.call(f"{KEYS}/Update", ds=ds)
    return str(kinetic.call(f"{KEYS}/CreateNewHashKey", company="EPIC06", keyID="till")["returnObj"])


def test_a_new_key_is_shown_once_and_works_until_it_is_ended(kinetic: Caller) -> None:
    plain = made_key(kinetic)
    till = Caller(kinetic.sandbox, key=plain)
    assert till.get("Erp.BO.PartSvc/Parts").status_code == 200
    row = kinetic.get(f"{KEYS}/GetByID", _keyID="till").json()["returnObj"]["APIKey"][0]
    assert (row["PrefixKey"], plain in str(row), row["AllCompanies"]) == (plain[:8], False, False)
    assert kinetic.call(f"{KEYS}/ValidateAPIPlainTextKey", plainTextkey=plain)["returnObj"] is True
    kinetic.call(f"{KEYS}/UpdateExt", ds={"APIKey": [{"KeyID": "till", "Enabled": False, "RowMod": "U"}]})
    assert till.get("Erp.BO.PartSvc/Parts").status_code == 401
    assert kinetic.call(f"{KEYS}/ValidateAPIPlainTextKey", plainTextkey=plain)["returnObj"] is False


def test_a_key_ends_on_its_day_and_at_its_scope(kinetic: Caller) -> None:
    plain = made_key(kinetic, AccessScopeID="orders only", ExpiresOn="2026-11-23T00:00:00")
    till = Caller(kinetic.sandbox, key=plain)
    kinetic.sandbox.state.set_setting("clock.frozen", "2026-11-23T20:00:00+00:00")
    assert [till.get(f"{name}/{name}").status_code for name in ("Erp.BO.PartSvc", ORDERS)] == [403, 404]
    kinetic.sandbox.state.set_setting("clock.frozen", "2026-11-24T01:00:00+00:00")
    assert till.get(f"{ORDERS}/SalesOrders").status_code == 401


def test_a_callers_hash_and_an_unknown_scope_are_not_taken(kinetic: Caller) -> None:
    made = kinetic.created(f"{KEYS}/APIKeys", {"KeyID": "mine", "HashKey": "abc", "PrefixKey": "abc"})
    assert (made["HashKey"], made["PrefixKey"]) == ("", "")
    refused = kinetic.post(f"{KEYS}/APIKeys", {"KeyID": "other", "AccessScopeID": "all of it"})
    assert message(refused) == "Access Scope references invalid value."


def test_the_well_known_keys_are_there_once_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        with server.running(tmp_path) as sandbox:
            assert [row["KeyID"] for row in Caller(sandbox).rows(f"{KEYS}/APIKeys")] == ["he-sync", "orders only"]


# returned goods


@pytest.mark.parametrize(("setting", "on_hand"), [("inspection", 10), ("stock", 12)])
def test_what_comes_back_waits_or_goes_into_stock_by_switch(store: Kinetic, setting: str, on_hand: int) -> None:
    store.switch(rma_receipt=setting)
    head = store.send("POST", "RMAProcSvc/RMAProcs", {"CustNum": 2})["RMANum"]
    sold = {"RMANum": head, "OrderNum": 5001, "OrderLine": 1, "PartNum": "BOOT-11", "ReturnReasonCode": "POS"}
    store.send("POST", "RMAProcSvc/RMADtls", {**sold, "ReturnQty": 2, "ReturnQtyUOM": "EA"})
    receipt = {"RMANum": head, "RMALine": 1, "WareHouseCode": "S001", "BinNum": "01", "ReceivedQty": 2}
    store.send("POST", "RMAProcSvc/RMARcpts", receipt)
    held = store.stored("PartWhse", PartNum="BOOT-11", Plant="MfgSys", WarehouseCode="S001")["OnHandQty"]
    line = store.call("RMAProcSvc", "GetByID", rmaNum=head)["returned"]["RMADtl"][0]
    assert (held, line["RMARcptExists"]) == (on_hand, True)


# kinds


def test_a_user_defined_date_is_a_date(kinetic: Caller) -> None:
    made = kinetic.created("Ice.BO.UD01Svc/UD01s", {"Key1": "a", "Date01": "2026-11-20T05:00:00Z"})
    assert (made["Date01"], made["Date02"]) == ("2026-11-20T05:00:00", None)
    assert kinetic.rows("Ice.BO.UD01Svc/UD01s", filter="Date01 ge 2026-11-20")[0]["Key1"] == "a"
    assert kinetic.post("Ice.BO.UD01Svc/UD01s", {"Key1": "b", "Date01": "soon"}).status_code == 400


def test_a_service_document_speaks_the_version_of_its_address(kinetic: Caller) -> None:
    root = kinetic.sandbox.epicor
    for address, name in ((f"{root}/api/v2/odata/EPIC06", "@odata.context"), (f"{root}/api/v1", "odata.metadata")):
        assert kinetic.get(f"{address}/{ORDERS}/").json()[name] == f"{address}/{ORDERS}/$metadata"


def test_a_baq_that_is_not_updatable_says_so(kinetic: Caller) -> None:
    for asked in (kinetic.patch("BaqSvc/HeSync_Stock/Data", {}), kinetic.get("BaqSvc/HeSync_Stock/GetNew")):
        assert (asked.status_code, message(asked)) == (405, "BAQ HeSync_Stock is not updatable.")


def test_sample_data_is_made_for_known_tables_only(kinetic: Caller) -> None:
    service = "Ice.LIB.CdcSubscriberSvc"
    mine = kinetic.call(f"{service}/Register", description="", mode="PULL")["parameters"]
    assert kinetic.call(f"{service}/GenerateSampleData", **mine, schemaName="Erp", tableName="OrderHed") == {}
    refused = kinetic.post(f"{service}/GenerateSampleData", {**mine, "schemaName": "Erp", "tableName": "Nope"})
    assert message(refused) == "Table Name references invalid value."
