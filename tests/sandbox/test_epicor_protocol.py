"""Query options, keys, envelopes and errors of the Epicor stand-in, each measured trap over real HTTP."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from he_sync.sandbox.epicor import metadata, switches
from he_sync.sandbox.epicor.bo import REGISTRY
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.server import Sandbox, running
from tests.sandbox.epicor_http import CUSTOMERS, ORDERS, PARTS, Caller, exact, line, message, switch


@pytest.fixture
def kinetic(sandbox: Sandbox) -> Caller:
    """A caller whose company has one customer and one part."""
    caller = Caller(sandbox)
    caller.customer()
    caller.part()
    return caller


def load_parts(sandbox: Sandbox, count: int) -> None:
    rows = ({"Company": "EPIC06", "PartNum": f"P{n:04d}", "SysRevID": n, "SysRowID": ""} for n in range(1, count + 1))
    sandbox.state.load("epicor/Part", ((f"EPIC06~{row['PartNum']}", None, row) for row in rows))


def test_a_page_holds_a_hundred_rows_and_no_next_link_unless_top_asks_for_more(sandbox: Sandbox) -> None:
    load_parts(sandbox, 250)
    caller = Caller(sandbox)
    body = caller.get(f"{PARTS}/Parts", count="true").json()
    assert (len(body["value"]), body["@odata.count"]) == (100, 250)
    assert set(body) == {"@odata.context", "@odata.count", "value"}
    assert len(caller.rows(f"{PARTS}/Parts", top=240)) == 240


def test_the_sys_rev_id_cursor_walks_every_row_once(sandbox: Sandbox) -> None:
    load_parts(sandbox, 250)
    caller, last, seen = Caller(sandbox), 0, []
    while page := caller.rows(f"{PARTS}/Parts", filter=f"SysRevID gt {last}", orderby="SysRevID", top=100):
        seen += [row["PartNum"] for row in page]
        last = page[-1]["SysRevID"]
    assert seen == [f"P{n:04d}" for n in range(1, 251)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PartNum eq 'BOOT'", True),
        ("PartNum ne 'BOOT'", False),
        ("startswith(PartNum,'BO') and contains(PartDescription,'oo')", True),
        ("not (PartNum eq 'BOOT')", False),
        ("not (ClassID eq 'X')", True),
        ("ClassID eq ''", True),
        ("ClassID ne ''", False),
        ("InActive eq false", True),
        ("InActive", False),
        ("UnitPrice gt 49.99 and UnitPrice le 50", True),
        ("NetWeight lt 1", True),
        ("NetWeight gt 0", False),
        ("CreatedOn ge 2020-01-01T00:00:00", True),
        ("OnHoldDate eq null", True),
        ("OnHoldDate ge 2020-01-01", False),
        ("PartNum in ('SHOE','BOOT')", True),
        ("tolower(PartNum) eq 'boot'", True),
        ("(PartNum eq 'it''s') or (PartNum eq 'BOOT')", True),
        ("AllocPriorityCode eq ''", None),
    ],
)
def test_a_filter_sees_columns_that_a_row_leaves_at_their_default(
    kinetic: Caller, text: str, found: bool | None
) -> None:
    if found is None:
        assert len(kinetic.rows(f"{CUSTOMERS}/Customers", filter=text)) == 1
        return
    assert bool(kinetic.rows(f"{PARTS}/Parts", filter=text)) is found


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"filter": "ChangeDate ge 2026-01-01"}, "Could not find a property named 'ChangeDate' on type 'Erp.Part'"),
        ({"select": "Nope"}, "Could not find a property named 'Nope' on type 'Erp.Part'"),
        ({"select": "Company,PartNum,"}, "An identifier was expected at position 16."),
        ({"filter": "PartNum eq 5"}, "incompatible types"),
        ({"filter": "UnitPrice eq 'x'"}, "incompatible types"),
        ({"filter": "PartPlants/any(p:p/Plant eq 'X')"}, "'any' is not supported"),
        ({"filter": "PartNum eq"}, "Syntax error"),
        ({"filter": "partnum eq 'BOOT'"}, "Could not find a property named 'partnum'"),
        ({"expand": "Nope"}, "Could not find a property named 'Nope'"),
        ({"top": "-1"}, "$top"),
        ({"orderby": "Nope"}, "Could not find a property named 'Nope'"),
        ({"apply": "x"}, "'$apply' is not supported"),
    ],
)
def test_what_the_server_does_not_understand_is_a_400_that_names_it(
    kinetic: Caller, options: dict[str, str], says: str
) -> None:
    refused = kinetic.get(f"{PARTS}/Parts", **options)
    assert refused.status_code == 400
    assert says in message(refused)
    assert refused.json()["ErrorType"].endswith("ODataException")


def test_a_filter_of_a_hundred_alternatives_works_and_a_line_over_8_kb_is_a_414(kinetic: Caller) -> None:
    def chain(count: int) -> str:
        return " or ".join(f"PartNum eq 'HEARTLAND-ITEM-{n:06d}'" for n in range(count))

    assert kinetic.get(f"{PARTS}/Parts", filter=chain(100)).status_code == 200
    refused = kinetic.get(f"{PARTS}/Parts", filter=chain(250))
    assert (refused.status_code, refused.headers["content-type"]) == (414, "text/html")


def test_keys_are_positional_or_named_and_lead_to_children(kinetic: Caller) -> None:
    order = kinetic.order(1, line(), line(quantity=2))["OrderNum"]
    for key in (f"'EPIC06',{order}", f"OrderNum={order},Company='EPIC06'"):
        assert kinetic.get(f"{ORDERS}/SalesOrders({key})", select="PONum").json()["PONum"] == "HR-T1"
        assert [row["OrderLine"] for row in kinetic.rows(f"{ORDERS}/SalesOrders({key})/OrderDtls")] == [1, 2]
    assert kinetic.get(f"{ORDERS}/OrderDtls('EPIC06',{order},2)").json()["OrderQty"] == 2
    assert kinetic.get(f"{ORDERS}/SalesOrders('EPIC06')").status_code == 400
    assert kinetic.get(f"{ORDERS}/SalesOrders('EPIC06','x')").status_code == 400
    assert kinetic.get(f"{ORDERS}/SalesOrders('EPIC06',9)").status_code == 404


def test_a_key_may_hold_quotes_slashes_and_brackets(kinetic: Caller) -> None:
    kinetic.part("A/B (5\" 'x')")
    found = kinetic.get(f"{PARTS}/Parts('EPIC06','A%2FB%20(5%22%20''x'')')")
    assert found.json()["PartNum"] == "A/B (5\" 'x')"


def test_expand_goes_two_levels_down_and_ignores_a_filter_inside(kinetic: Caller) -> None:
    kinetic.order(1, line(), line(quantity=2))
    inner = "OrderDtls($filter=OrderLine eq 2;$select=OrderLine;$expand=OrderRels($select=OrderRelNum))"
    [head] = kinetic.rows(f"{ORDERS}/SalesOrders", expand=inner, select="OrderNum")
    assert head["OrderDtls"] == [{"OrderLine": n, "OrderRels": [{"OrderRelNum": 1}]} for n in (1, 2)]
    assert kinetic.get(f"{ORDERS}/SalesOrders", expand="OrderDtls($expand=OrderRels($expand=X))").status_code == 400


def test_a_child_sets_filter_sees_only_children_of_the_first_parents(kinetic: Caller) -> None:
    first, second, third = (kinetic.order(1, line(), PONum=f"HR-T{n}")["OrderNum"] for n in (1, 2, 3))
    assert kinetic.rows(f"{ORDERS}/OrderDtls", filter=f"OrderNum eq {third}", top=2) == []
    assert len(kinetic.rows(f"{ORDERS}/OrderDtls", filter=f"OrderNum eq {second}", top=2)) == 1
    assert len(kinetic.rows(f"{ORDERS}/OrderRels", filter=f"OrderNum eq {third}", top=2, skip=2)) == 1
    [head] = kinetic.rows(f"{ORDERS}/SalesOrders", filter=f"OrderNum eq {third}", expand="OrderDtls", top=1)
    assert (len(head["OrderDtls"]), first < second < third) == (1, True)


def test_an_order_on_a_child_set_is_a_500_but_for_the_one_that_was_seen_to_work(kinetic: Caller) -> None:
    assert kinetic.get(f"{ORDERS}/OrderDtls", orderby="OrderLine").status_code == 500
    assert kinetic.get("Erp.BO.ARInvoiceSvc/InvcDtls", orderby="InvoiceLine").status_code == 500
    assert kinetic.get("Erp.BO.ARInvoiceSvc/InvcDtls", orderby="SysRowID").status_code == 200


def test_calculated_columns_read_zero_in_sets_and_right_by_get_by_id(kinetic: Caller) -> None:
    order = kinetic.order(1, line(quantity=2))["OrderNum"]
    [row] = kinetic.rows(f"{ORDERS}/OrderDtls")
    [right] = kinetic.call(f"{ORDERS}/GetByID", orderNum=order)["returnObj"]["OrderDtl"]
    assert (row["DocTotalPrice"], right["DocTotalPrice"]) == (0, Decimal("99.00"))


def test_version_one_speaks_odata_3_without_an_api_key_and_takes_services_in_any_case(kinetic: Caller) -> None:
    v1 = Caller(kinetic.sandbox, key="")
    base = f"{kinetic.sandbox.epicor}/api/v1"
    body = v1.get(f"{base}/Erp.Bo.CustomerSvc/Customers", inlinecount="allpages", select="CustID").json()
    assert body["odata.metadata"].endswith("$metadata#Customers")
    assert (body["odata.count"], body["value"]) == ("1", [{"CustID": "H1"}])
    dated = "CreatedOn ge datetime'2020-01-01T00:00:00' and substringof('OO',PartNum)"
    assert len(v1.rows(f"{base}/{PARTS}/Parts", filter=dated)) == 1
    assert v1.get(f"{base}/erp.bo.customersvc/getbyid", _custNum=1).json()["returnObj"]["Customer"][0]["CustID"] == "H1"
    assert len(v1.rows(f"{base}/BaqSvc/HeSync_Stock")) == 0
    settings = Caller(kinetic.sandbox, key="", headers={"CallSettings": '{"Company":"NOPE","Plant":"X"}'})
    assert settings.get(f"{base}/{CUSTOMERS}/Customers").status_code == 400


def test_metadata_comes_as_xml_or_json_and_only_keys_are_required(kinetic: Caller) -> None:
    xml = kinetic.get(f"{PARTS}/$metadata").text
    assert '<Property Name="PartNum" Type="Edm.String" Nullable="false"/>' in xml
    assert '<Property Name="SysRevID" Type="Edm.Int64"/>' in xml
    asked = Caller(kinetic.sandbox, headers={"accept": "application/json"})
    part = asked.get(f"{PARTS}/$metadata").json()["Erp"]["Part"]
    assert part["$Key"] == ["Company", "PartNum"]
    assert (part["PartNum"], part["SearchWord"]) == ({}, {"$Nullable": True})
    assert part["UnitPrice"] == {"$Type": "Edm.Decimal", "$Nullable": True}
    sets = asked.get(PARTS).json()["value"]
    assert {"name": "Parts", "kind": "EntitySet", "url": "Parts"} in sets


@pytest.mark.parametrize("service", sorted(name for name, bo in REGISTRY.items() if bo.sets))
def test_every_services_metadata_names_each_property_once_and_resolves_each_type(service: str) -> None:
    root = ET.fromstring(metadata.xml(service))  # noqa: S314 - our own document
    spaces = {"e": "http://docs.oasis-open.org/odata/ns/edm"}
    types = {one.get("Name"): [child.get("Name") for child in one] for one in root.iterfind(".//e:EntityType", spaces)}
    for name, children in types.items():
        properties = [child for child in children if child]
        assert len(properties) == len(set(properties)), name
        assert name not in properties, "a property may not have its type's name"
    known = {f"{service[:3].capitalize()}.{name}" for name in types}
    assert {one.get("EntityType") for one in root.iterfind(".//e:EntitySet", spaces)} == known
    described = metadata.json(service)[service[:3].capitalize()]
    assert {name: len(one) - 2 for name, one in described.items()} == {
        name: len(all_) - 1 for name, all_ in types.items()
    }


def test_the_list_projection_shows_the_lite_columns(kinetic: Caller) -> None:
    kinetic.customer("H2")
    [row] = kinetic.rows(f"{CUSTOMERS}/List", filter="CustID eq 'H2'", count="true")
    assert row["CustID"] == "H2"
    assert "CreditLimit" not in row


def test_an_unknown_or_mistyped_field_is_no_entity(kinetic: Caller) -> None:
    wrong: list[Any] = [{"Description": "x"}, {"SellingQuantity": "2"}, {"OrderLine": "2"}, {"LineDesc": 5}]
    for body in [*({**line(), **one} for one in wrong), [], "x"]:
        refused = kinetic.post(f"{ORDERS}/SalesOrders", {"CustNum": 1, "FOB": "O", "OrderDtls": [body]})
        assert refused.status_code == 400
        assert message(refused) == "Unable to deserialize entity. Input data is not in correct format."
    assert kinetic.send("POST", f"{ORDERS}/SalesOrders").status_code == 400
    assert kinetic.rows(f"{ORDERS}/SalesOrders") == []


def test_patch_is_204_without_a_check_absent_is_400_and_delete_takes_everything_below(kinetic: Caller) -> None:
    before = kinetic.rows(f"{CUSTOMERS}/Customers")[0]["SysRevID"]
    assert kinetic.patch(f"{CUSTOMERS}/Customers('EPIC06',1)", {"Name": "B"}).status_code == 204
    assert kinetic.rows(f"{CUSTOMERS}/Customers", filter="Name eq 'B'")[0]["SysRevID"] > before
    absent = kinetic.patch(f"{CUSTOMERS}/Customers('EPIC06',99)", {"Name": "B"})
    assert (absent.status_code, message(absent)) == (400, "Customer not available")
    assert absent.json()["ErrorDetails"][0]["Method"] == "ThrowUpdateExtException"
    order = kinetic.order(1, line())["OrderNum"]
    assert kinetic.send("DELETE", f"{ORDERS}/SalesOrders('EPIC06',{order})").status_code == 204
    assert kinetic.sandbox.state.count("epicor/OrderRel") == 0


def test_a_stale_update_is_refused_with_the_phrase_and_the_status_of_the_switch(kinetic: Caller) -> None:
    ds = kinetic.call(f"{CUSTOMERS}/GetByID", custNum=1)["returnObj"]
    kinetic.patch(f"{CUSTOMERS}/Customers('EPIC06',1)", {"Name": "B"})
    ds["Customer"][0].update(Name="C", RowMod="U")
    for status in ("400", "409"):
        switch(kinetic.sandbox, switches.CONFLICT_STATUS, status)
        refused = kinetic.post(f"{CUSTOMERS}/Update", {"ds": ds})
        assert refused.status_code == int(status)
        assert message(refused) == "Row has been modified by another user and couldn't be updated."
    assert kinetic.rows(f"{CUSTOMERS}/Customers")[0]["Name"] == "B"


def test_update_wants_the_whole_row_and_update_ext_does_not(kinetic: Caller) -> None:
    partial = {"Customer": [{"Company": "EPIC06", "CustNum": 1, "Name": "C", "RowMod": "U"}]}
    assert kinetic.post(f"{CUSTOMERS}/Update", {"ds": partial}).status_code == 400
    body = kinetic.call(f"{CUSTOMERS}/UpdateExt", ds=partial, continueProcessingOnError=True)
    assert (body["returnObj"]["BOUpdError"], body["parameters"]["errorsOccurred"]) == ([], False)
    assert kinetic.rows(f"{CUSTOMERS}/Customers")[0]["Name"] == "C"


def test_update_ext_answers_200_with_the_rows_that_failed(kinetic: Caller) -> None:
    contacts = [{"CustNum": 1, "Name": name, "RowMod": "A"} for name in ("Ada", "", "Bo")]
    kept: list[list[str]] = []
    for go_on in (False, True):
        ds = {"CustCnt": contacts}
        body = kinetic.call("Erp.BO.CustCntSvc/UpdateExt", ds=ds, continueProcessingOnError=go_on)
        assert body["parameters"]["errorsOccurred"] is True
        [failed] = body["returnObj"]["BOUpdError"]
        assert (failed["TableName"], failed["ErrorText"]) == ("CustCnt", "Name is required.")
        kept.append([row["Name"] for row in body["parameters"]["ds"]["CustCnt"]])
    assert kept == [["Ada"], ["Ada", "Bo"]]


def test_errors_come_as_xml_when_asked_and_in_the_other_shape_by_switch(kinetic: Caller) -> None:
    asked = Caller(kinetic.sandbox, headers={"accept": "application/xml"}).get(f"{PARTS}/Parts", select="Nope")
    assert asked.headers["content-type"].startswith("application/xml")
    assert "<HttpStatus>400</HttpStatus>" in asked.text
    switch(kinetic.sandbox, switches.ERROR_SHAPE, "odata")
    assert "Nope" in kinetic.get(f"{PARTS}/Parts", select="Nope").json()["error"]["message"]


def test_missing_rows_services_and_methods_are_told_apart(kinetic: Caller) -> None:
    kinds = {
        f"{CUSTOMERS}/GetByID?custNum=99": "Ice.Common.RecordNotFoundException",
        f"{CUSTOMERS}/customers": "Epicor.RESTApi.ErrorHandling.ApiException",
        "Erp.BO.NopeSvc/Nopes": "Epicor.RESTApi.ErrorHandling.ApiException",
        "BaqSvc/Nope/Data": "Epicor.RESTApi.ErrorHandling.ApiException",
    }
    for url, kind in kinds.items():
        missing = kinetic.get(url)
        assert (missing.status_code, missing.json()["ErrorType"]) == (404, kind), url
    assert kinetic.get(f"{CUSTOMERS}/Update").status_code == 405


def test_get_rows_pages_by_a_where_clause(kinetic: Caller) -> None:
    for n in range(2, 6):
        kinetic.customer(f"H{n}")
    where = "CustNum > 1 AND CustID BEGINS 'H' BY SysRevID DESC"
    first = kinetic.call(f"{CUSTOMERS}/GetRows", whereClauseCustomer=where, pageSize=3, absolutePage=1)
    assert [row["CustID"] for row in first["returnObj"]["Customer"]] == ["H5", "H4", "H3"]
    assert first["parameters"] == {"morePages": True}
    switch(kinetic.sandbox, switches.MORE_PAGE, "yes")
    last = kinetic.get(f"{CUSTOMERS}/GetList", _whereClause="CustID = 'H5'", _pageSize="3").json()
    assert last["returnObj"]["CustomerList"][0]["CustID"] == "H5"
    assert last["parameters"] == {"morePages": False, "morePage": False}
    assert kinetic.post(f"{CUSTOMERS}/GetRows", {"whereClauseCustomer": "Nope = 1"}).status_code == 400


def test_a_baq_filters_by_parameter_and_after(kinetic: Caller) -> None:
    for n in (1, 2, 2):
        kinetic.order(1, line(price=f"{n}0.00"), PONum=f"HR-T{n}")
    by_po = kinetic.rows("BaqSvc/HeSync_OrdersByPO/Data", _PONum="HR-T2", select="OrderHed_OrderNum")
    assert [row["OrderHed_OrderNum"] for row in by_po] == [5002, 5003]
    filtered = kinetic.rows("BaqSvc/HeSync_OrdersByPO/Data", filter="OrderHed_OrderAmt lt 15", top=5)
    assert [row["OrderHed_PONum"] for row in filtered] == ["HR-T1"]
    twice = kinetic.rows("BaqSvc/HeSync_DuplicatePO/Data", orderby="OrderHed_OrderNum desc")
    assert [(row["OrderHed_OrderNum"], row["Calculated_Orders"]) for row in twice] == [(5003, 2), (5002, 2)]


def test_a_stale_read_shows_the_past_and_only_while_the_fault_lasts(kinetic: Caller) -> None:
    kinetic.order(1, line())
    kinetic.sandbox.faults.set([Fault("stale_read", system="epicor", seconds=3600, remaining=2)])
    assert kinetic.rows(f"{ORDERS}/SalesOrders", filter="PONum eq 'HR-T1'") == []
    assert kinetic.get(f"{CUSTOMERS}/Customers('EPIC06',1)").status_code == 404
    assert len(kinetic.rows(f"{ORDERS}/SalesOrders", filter="PONum eq 'HR-T1'")) == 1


def test_a_stale_read_right_after_a_restart_still_shows_the_past(tmp_path: Path) -> None:
    with running(tmp_path) as before:
        Caller(before).customer()
    with running(tmp_path) as after:
        after.faults.set([Fault("stale_read", system="epicor", seconds=3600, remaining=1)])
        assert [len(Caller(after).rows(f"{CUSTOMERS}/Customers")) for _ in range(2)] == [0, 1]


def test_dates_carry_the_suffix_of_the_switch_and_writes_never_shift_a_day(kinetic: Caller) -> None:
    order = kinetic.order(1, line(), OrderDate="2026-11-20T23:30:00-06:00")
    assert order["OrderDate"] == "2026-11-20T23:30:00"
    switch(kinetic.sandbox, switches.DATE_SUFFIX, "Z")
    assert kinetic.rows(f"{ORDERS}/SalesOrders", select="OrderDate") == [{"OrderDate": "2026-11-20T23:30:00Z"}]


def test_numbers_stay_exact_on_the_wire(kinetic: Caller) -> None:
    kinetic.part("FINE", UnitPrice=Decimal("0.10000"))
    assert exact(kinetic.get(f"{PARTS}/Parts('EPIC06','FINE')"))["UnitPrice"] == Decimal("0.10000")
