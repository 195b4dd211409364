"""Invoices of suppliers and customers, and returns, in the Epicor stand-in."""

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


def new_group(kinetic: Kinetic, service: str, table: str, name: str) -> None:
    row = kinetic.call(service, f"GetNew{table}", ds={})["ds"][table][0]
    kinetic.call(service, "Update", ds={table: [{**row, "GroupID": name}]})


def new_invoice(kinetic: Kinetic, lines: list[tuple[Any, Any]], tax: Any = 0) -> Row:
    """An invoice of type MIS with lines (quantity, price) and one tax."""
    ds = kinetic.call("ARInvoiceSvc", "GetNewInvcHeadType", GroupID="INV1", InvoiceType="mis", ds={})["ds"]
    ds["InvcHead"][0]["CustNum"] = 2
    number = kinetic.call("ARInvoiceSvc", "UpdateMaster", ds=ds, cGroupID="INV1", cTableName="InvcHead")["ds"][
        "InvcHead"
    ][0]["InvoiceNum"]
    for quantity, price in lines:
        ds = kinetic.call("ARInvoiceSvc", "GetNewInvcDtl", ds={}, invoiceNum=number)["ds"]
        ds["InvcDtl"][0].update(PartNum="BOOT-11", SellingShipQty=quantity, DocUnitPrice=price, WarehouseCode="S001")
        kinetic.call("ARInvoiceSvc", "UpdateMaster", ds=ds, cGroupID="INV1", cTableName="InvcDtl")
    if tax:
        ds = kinetic.call(
            "ARInvoiceSvc", "GetNewInvcTax", ds={}, invoiceNum=number, invoiceLine=1, taxCode="NY", rateCode="S"
        )["ds"]
        ds["InvcTax"][0].update(TaxCode="NY", RateCode="S", InvoiceLine=1, DocTaxAmt=tax)
        kinetic.call("ARInvoiceSvc", "UpdateMaster", ds=ds, cGroupID="INV1", cTableName="InvcTax")
    return kinetic.stored("InvcHead", InvoiceNum=number)


def test_an_invoice_adds_up_its_lines_and_its_tax(kinetic: Kinetic) -> None:
    new_group(kinetic, "InvcGrpSvc", "InvcGrp", "INV1")
    invoice = new_invoice(kinetic, [(2, Decimal("49.50")), (1, Decimal("0.99"))], Decimal("8.88"))
    assert (invoice["InvoiceAmt"], invoice["DocInvoiceBal"]) == (Decimal("108.87"), Decimal("108.87"))
    assert (invoice["InvoiceType"], invoice["Posted"], invoice["OpenInvoice"]) == ("MIS", False, True)


def test_posting_a_group_of_invoices_debits_receivables_and_credits_revenue_and_tax(kinetic: Kinetic) -> None:
    new_group(kinetic, "InvcGrpSvc", "InvcGrp", "INV1")
    invoice = new_invoice(kinetic, [(2, Decimal("49.50"))], Decimal("8.88"))
    ds = kinetic.call("InvcGrpSvc", "GetByID", groupID="INV1")["returned"]
    assert kinetic.call("InvcGrpSvc", "PrePostInvoices", ipTCOnline=False, ds=ds)["needsUserInput"] is False
    done = kinetic.call("InvcGrpSvc", "PostInvoices", groupID="INV1")
    assert (done["invoicesGenerated"], done["errorMessage"]) == (str(invoice["InvoiceNum"]), "")
    lines = kinetic.rows("GLJrnDtlSvc/GLJrnDtls", filter=f"ARInvoiceNum eq {invoice['InvoiceNum']}")
    found = {line["GLAccount"]: line["DebitAmount"] - line["CreditAmount"] for line in lines}
    assert found == {"1300|S001": Decimal("107.88"), "4000|S001": -99, "2200|S001": Decimal("-8.88")}
    assert kinetic.stored("InvcHead", InvoiceNum=invoice["InvoiceNum"])["GLPosted"] is True


def test_a_posted_invoice_stays_as_it_is_and_its_group_is_posted_once(kinetic: Kinetic) -> None:
    new_group(kinetic, "InvcGrpSvc", "InvcGrp", "INV1")
    number = new_invoice(kinetic, [(1, 5)])["InvoiceNum"]
    kinetic.call("InvcGrpSvc", "PostInvoices", groupID="INV1")
    with pytest.raises(Refused, match="posted and cannot be changed"):
        kinetic.send("PATCH", f"ARInvoiceSvc/ARInvoices('EPIC06',{number})", {"PONum": "X"})
    with pytest.raises(Refused, match="posted and cannot be changed"):
        kinetic.send("PATCH", f"ARInvoiceSvc/InvcDtls('EPIC06',{number},1)", {"DocUnitPrice": 1})
    with pytest.raises(Refused, match="posted and cannot be deleted"):
        kinetic.call("ARInvoiceSvc", "DeleteByID", invoiceNum=number)
    with pytest.raises(Refused, match="has no invoices to post"):
        kinetic.call("InvcGrpSvc", "PostInvoices", groupID="INV1")


def test_a_closed_period_posts_no_invoice_of_the_group(kinetic: Kinetic) -> None:
    new_group(kinetic, "InvcGrpSvc", "InvcGrp", "INV1")
    number = new_invoice(kinetic, [(1, 5)])["InvoiceNum"]
    kinetic.switch(closed_through="2026-11")
    with pytest.raises(Refused, match="Fiscal period 11 of 2026 is closed"):
        kinetic.call("InvcGrpSvc", "PostInvoices", groupID="INV1")
    assert kinetic.stored("InvcHead", InvoiceNum=number)["Posted"] is False


def test_an_invoice_needs_a_group_a_type_and_a_customer(kinetic: Kinetic) -> None:
    new_group(kinetic, "InvcGrpSvc", "InvcGrp", "INV1")
    with pytest.raises(Refused, match="Group references invalid value"):
        kinetic.call("ARInvoiceSvc", "GetNewInvcHeadType", GroupID="NOPE", InvoiceType="MIS", ds={})
    with pytest.raises(Refused, match="Invoice Type references invalid value"):
        kinetic.call("ARInvoiceSvc", "GetNewInvcHeadType", GroupID="INV1", InvoiceType="XXX", ds={})
    with pytest.raises(Refused, match="Customer is required"):
        kinetic.send("POST", "ARInvoiceSvc/ARInvoices", {"GroupID": "INV1"})


def new_return(kinetic: Kinetic, **columns: Any) -> Row:
    """A return of two of the four boots of order 5001."""
    ds = kinetic.call("RMAProcSvc", "GetNewRMAHead", ds={})["ds"]
    ds = kinetic.call("RMAProcSvc", "ChangeCustomer", ds=ds, cCustID="H100001")["ds"]
    number = kinetic.call("RMAProcSvc", "Update", ds=ds)["ds"]["RMAHead"][0]["RMANum"]
    ds = kinetic.call("RMAProcSvc", "GetNewRMADtl", ds={}, rmANum=number)["ds"]
    ds = kinetic.call("RMAProcSvc", "ChangeOrderNumber", ds=ds, iOrderNum=5001)["ds"]
    ds = kinetic.call("RMAProcSvc", "ChangeOrderLine", ds=ds, iOrderLine=1)["ds"]
    ds["RMADtl"][0].update({"ReturnQty": 2, "ReturnReasonCode": "POS", **columns})
    return dict(kinetic.call("RMAProcSvc", "Update", ds=ds)["ds"]["RMADtl"][0])


def take_back(kinetic: Kinetic, line: Row, quantity: Any) -> Row:
    ds = kinetic.call("RMAProcSvc", "GetNewRMARcpt", ds={}, rmANum=line["RMANum"], rmALine=line["RMALine"])["ds"]
    ds["RMARcpt"][0].update(WareHouseCode="S001", BinNum="01", ReceivedQty=quantity)
    return dict(kinetic.call("RMAProcSvc", "Update", ds=ds)["ds"]["RMARcpt"][-1])


def test_a_return_takes_part_and_unit_from_the_order_line(kinetic: Kinetic) -> None:
    line = new_return(kinetic)
    assert (line["RMANum"], line["RMALine"], line["PartNum"], line["ReturnQtyUOM"]) == (4001, 1, "BOOT-11", "EA")
    assert (line["OpenRMA"], line["OpenDtl"], line["CustNum"]) == (True, True, 2)


def test_what_comes_back_waits_for_inspection_and_does_not_change_the_stock(kinetic: Kinetic) -> None:
    receipt = take_back(kinetic, new_return(kinetic), 2)
    assert (receipt["RMAReceipt"], receipt["RcvDate"], receipt["OpenReceipt"]) == (1, TODAY, True)
    assert kinetic.stored("PartWhse", PartNum="BOOT-11", Plant="MfgSys", WarehouseCode="S001")["OnHandQty"] == 10


def test_no_more_comes_back_than_was_returned_and_no_more_is_returned_than_was_ordered(kinetic: Kinetic) -> None:
    line = new_return(kinetic)
    take_back(kinetic, line, 1)
    with pytest.raises(Refused, match="Received Quantity exceeds the return"):
        take_back(kinetic, line, 2)
    with pytest.raises(Refused, match="Return Quantity exceeds the order line"):
        new_return(kinetic, ReturnQty=5)


def test_a_credit_memo_owes_less_than_nothing_and_is_made_once_a_line(kinetic: Kinetic) -> None:
    line = new_return(kinetic)
    key = {"iRMANum": line["RMANum"], "iRMALine": line["RMALine"], "iCorrection": False}
    done = kinetic.call("RMAProcSvc", "RMACreditAdd", ds={}, **key)
    memo = kinetic.stored("InvcHead", InvoiceNum=done["iInvoiceNum"])
    assert (memo["CreditMemo"], memo["RMANum"], memo["InvoiceAmt"]) == (True, 4001, -99)
    assert kinetic.call("RMAProcSvc", "CreditMemoExistsForRMA", rmaNum=4001)["rmaExists"] is True
    with pytest.raises(Refused, match="A credit memo exists"):
        kinetic.call("RMAProcSvc", "RMACreditAdd", ds={}, **key)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"ReturnReasonCode": ""}, "Return Reason is required."),
        ({"ReturnReasonCode": "NIX"}, "Return Reason references invalid value."),
        ({"ReturnQty": 0}, "Return Quantity is required."),
        ({"PartNum": ""}, "Part is required."),
    ],
)
def test_a_return_needs_a_part_a_quantity_and_a_reason(kinetic: Kinetic, columns: Row, message: str) -> None:
    with pytest.raises(Refused) as refusal:
        new_return(kinetic, **columns)
    assert refusal.value.message == message


def new_ap_invoice(
    kinetic: Kinetic, number: str = "M-77", method: str = "GetNewAPInvHedInvoice", **columns: Any
) -> Row:
    ds = kinetic.call("APInvoiceSvc", method, ds={}, cGroupID="AP1")["ds"]
    ds = kinetic.call("APInvoiceSvc", "ChangeVendorID", ProposedVendorID="MILL", confirmCheck=False, ds=ds)["ds"]
    ds["APInvHed"][0].update({"InvoiceNum": number, "Description": "Leather", **columns})
    ds = kinetic.call("APInvoiceSvc", "ChangeInvoiceVendorAmt", ProposedInvoiceVendorAmt=Decimal("250.00"), ds=ds)["ds"]
    flags = {"runChkCPay": False, "runChkBankRef": False, "runChkRevChrg": False, "suppressUserPrompts": True}
    done = kinetic.call("APInvoiceSvc", "UpdateMaster", ds=ds, cGroupID="AP1", cTableName="APInvHed", **flags)
    assert done["requiresUserInput"] is False
    return dict(done["ds"]["APInvHed"][0])


def add_cost(kinetic: Kinetic, cost: Any, number: str = "M-77") -> Row:
    ds = kinetic.call("APInvoiceSvc", "GetNewAPInvDtlMiscellaneous", ds={}, iVendorNum=7, cInvoiceNum=number)["ds"]
    ds["APInvDtl"][0].update(DocExtCost=cost, Description="Hides")
    return kinetic.call("APInvoiceSvc", "UpdateMaster", ds=ds, cGroupID="AP1", cTableName="APInvDtl")


def test_a_suppliers_invoice_is_keyed_by_supplier_and_the_suppliers_own_text(kinetic: Kinetic) -> None:
    new_group(kinetic, "APInvGrpSvc", "APInvGrp", "AP1")
    new_ap_invoice(kinetic)
    done = add_cost(kinetic, Decimal("200.00"))
    assert done["grpTotalInvAmt"] == 200
    found = kinetic.send("GET", "APInvoiceSvc/APInvoices('EPIC06',7,'M-77')")
    assert (found["InvoiceAmt"], found["DocInvoiceVendorAmt"], found["OpenPayable"]) == (200, 250, True)
    assert found["TermsCode"] == "N30"
    message = kinetic.call("APInvGrpSvc", "PrePostGroupInvoices", PostGroupID="AP1")["VarianceMessage"]
    assert "M-77: 250.00 against 200" in message


def test_the_same_suppliers_invoice_is_entered_once(kinetic: Kinetic) -> None:
    new_group(kinetic, "APInvGrpSvc", "APInvGrp", "AP1")
    new_ap_invoice(kinetic)
    with pytest.raises(Refused) as refusal:
        new_ap_invoice(kinetic)
    assert refusal.value.status == 409


def test_a_debit_memo_owes_less_than_nothing(kinetic: Kinetic) -> None:
    new_group(kinetic, "APInvGrpSvc", "APInvGrp", "AP1")
    new_ap_invoice(kinetic, "D-1", "GetNewAPInvHedDebitMemo")
    add_cost(kinetic, Decimal("30.00"), "D-1")
    assert kinetic.stored("APInvHed", VendorNum=7, InvoiceNum="D-1")["InvoiceBal"] == -30


def test_an_expense_needs_a_valid_account(kinetic: Kinetic) -> None:
    new_group(kinetic, "APInvGrpSvc", "APInvGrp", "AP1")
    new_ap_invoice(kinetic)
    add_cost(kinetic, 10)
    key = {"vendorNum": 7, "invoiceNum": "M-77", "invoiceLine": 1}
    for account, message in (("", "GL Account is required."), ("6495|S999", "GL Account references invalid value.")):
        ds = kinetic.call("APInvoiceSvc", "GetNewAPInvExp", ds={}, **key)["ds"]
        ds["APInvExp"][0].update(GLAccount=account, DocExpAmt=10)
        with pytest.raises(Refused, match=message):
            kinetic.call("APInvoiceSvc", "UpdateMaster", ds=ds, cGroupID="AP1", cTableName="APInvExp")
    ds["APInvExp"][0].update(GLAccount="6495|S001")
    done = kinetic.call("APInvoiceSvc", "UpdateMaster", ds=ds, cGroupID="AP1", cTableName="APInvExp")
    assert [(row["InvExpSeq"], row["ExpAmt"]) for row in done["ds"]["APInvExp"]] == [(1, 10)]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"InvoiceNum": ""}, "Invoice is required."),
        ({"VendorNum": 0}, "Supplier is required."),
        ({"VendorNum": 99}, "Supplier references invalid value."),
        ({"InvoiceDate": None}, "Invoice Date is required."),
    ],
)
def test_a_suppliers_invoice_needs_supplier_number_and_date(kinetic: Kinetic, columns: Row, message: str) -> None:
    new_group(kinetic, "APInvGrpSvc", "APInvGrp", "AP1")
    with pytest.raises(Refused) as refusal:
        new_ap_invoice(kinetic, **columns)
    assert refusal.value.message == message


def test_an_unknown_supplier_and_an_unknown_group_are_refused(kinetic: Kinetic) -> None:
    with pytest.raises(Refused, match="Group references invalid value"):
        kinetic.call("APInvoiceSvc", "GetNewAPInvHedInvoice", ds={}, cGroupID="NOPE")
    new_group(kinetic, "APInvGrpSvc", "APInvGrp", "AP1")
    ds = kinetic.call("APInvoiceSvc", "GetNewAPInvHedInvoice", ds={}, cGroupID="AP1")["ds"]
    with pytest.raises(Refused, match="Supplier references invalid value"):
        kinetic.call("APInvoiceSvc", "ChangeVendorID", ProposedVendorID="NOBODY", confirmCheck=False, ds=ds)
