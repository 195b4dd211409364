"""Cash receipts in the Epicor stand-in: entered in a group, unknown to the ledger until the agent posts it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.epicor_company import TODAY, Kinetic, Refused, company, load

Row = dict[str, Any]
OWED = Decimal("80.00")


@pytest.fixture
def kinetic(tmp_path: Path) -> Iterator[Kinetic]:
    with company(tmp_path) as found:
        figures = dict.fromkeys(("InvoiceAmt", "DocInvoiceAmt", "InvoiceBal", "DocInvoiceBal"), OWED)
        load(
            found.sandbox,
            [("InvcHead", {"InvoiceNum": 10001, "CustNum": 2, "Posted": True, "OpenInvoice": True, **figures})],
        )
        yield found


def new_group(kinetic: Kinetic, name: str = "CR1", **columns: Any) -> Row:
    row = kinetic.call("CashGrpSvc", "GetNewCashGrp", ds={})["ds"]["CashGrp"][0]
    row.update(GroupID=name, BankAcctID="BNK001", **columns)
    return dict(kinetic.call("CashGrpSvc", "Update", ds={"CashGrp": [row]})["ds"]["CashGrp"][0])


def master(kinetic: Kinetic, table: str, ds: Row, group: str = "CR1") -> Row:
    flags = {"ipGroupID": group, "ipTableName": table, "updGroupTotals": True, "ipIgnoreValidation": 0}
    return kinetic.call("CashRecSvc", "UpdateMaster", ds=ds, **flags)


def receive(kinetic: Kinetic, amount: Any, kind: str = "PayInv", customer: str = "H100001") -> Row:
    ds = kinetic.call("CashRecSvc", "GetNewCashHeadType", ds={}, groupID="CR1", tranType=kind)["ds"]
    if customer:
        ds = kinetic.call("CashRecSvc", "GetCustomerInfo", custID=customer, ds=ds)["ds"]
    ds = kinetic.call("CashRecSvc", "ChangeTranAmtCashHead", ipTranAmtType="D", proposedTranAmt=amount, ds=ds)["ds"]
    ds["CashHead"][0].update(CheckRef="CHK 17", Reference="HR PAY 9")
    return dict(master(kinetic, "CashHead", ds)["ds"]["CashHead"][0])


def apply(kinetic: Kinetic, head: Row, invoice: int = 10001, **columns: Any) -> Row:
    key = {"groupID": "CR1", "headNum": head["HeadNum"]}
    ds = kinetic.call("CashRecSvc", "GetNewCashDtl", ds={}, **key, invoiceNum=0)["ds"]
    ds = kinetic.call("CashRecSvc", "GetDtlInvoiceInfo", invoiceNum=invoice, ds=ds)["ds"]
    ds["CashDtl"][0].update(columns)
    return master(kinetic, "CashDtl", ds)


def submit(kinetic: Kinetic, group: str = "CR1", method: str = "SubmitToAgent") -> None:
    ds = kinetic.call("Erp.PROC.CashRecPostSvc", "GetNewParameters")["returned"]
    ds["CashRecPostParam"][0]["GroupID"] = group
    kinetic.call(
        "Erp.PROC.CashRecPostSvc",
        method,
        ds=ds,
        agentID="SystemTaskAgent",
        agentSchedNum=0,
        agentTaskNum=0,
        maintProgram="",
    )


def ledger(kinetic: Kinetic) -> dict[str, Decimal]:
    """Account to balance over everything posted, debits positive."""
    found: dict[str, Decimal] = {}
    for row in kinetic.rows("GLJrnDtlSvc/GLJrnDtls"):
        found[row["GLAccount"]] = found.get(row["GLAccount"], Decimal(0)) + row["DebitAmount"] - row["CreditAmount"]
    return found


def test_a_receipt_belongs_to_its_group_customer_and_bank(kinetic: Kinetic) -> None:
    new_group(kinetic)
    head = receive(kinetic, Decimal("100.00"))
    assert (head["HeadNum"], head["CustNum"], head["BankAcctID"], head["TranDate"]) == (1001, 2, "BNK001", TODAY)
    assert (head["TranAmt"], head["DocTranAmt"], head["UnAppliedAmt"]) == (100, 100, 100)


def test_a_line_pays_what_the_invoice_owes_and_the_rest_stays_unapplied(kinetic: Kinetic) -> None:
    new_group(kinetic)
    done = apply(kinetic, receive(kinetic, Decimal("100.00")))
    assert done["ds"]["CashDtl"][0]["TranAmt"] == OWED
    assert (done["ds"]["CashHead"][0]["AppliedAmt"], done["ds"]["CashHead"][0]["UnAppliedAmt"]) == (80, 20)
    assert (done["opTotalCashReceived"], done["opTotalApplied"], done["opUnappliedBalance"]) == (100, 80, 20)


def test_the_ledger_and_the_bank_see_nothing_of_a_receipt_before_it_is_posted(kinetic: Kinetic) -> None:
    new_group(kinetic)
    apply(kinetic, receive(kinetic, Decimal("100.00")))
    assert ledger(kinetic) == {}
    assert kinetic.rows("CashRecSvc/BankTrans") == []
    assert kinetic.stored("InvcHead", InvoiceNum=10001)["InvoiceBal"] == OWED


def test_posting_debits_the_bank_and_credits_receivables_and_unapplied_cash(kinetic: Kinetic) -> None:
    new_group(kinetic)
    head = receive(kinetic, Decimal("100.00"))
    apply(kinetic, head)
    submit(kinetic)
    assert ledger(kinetic) == {"1010|S001": 100, "1300|S001": -80, "2310|S001": -20}
    lines = kinetic.rows("GLJrnDtlSvc/GLJrnDtls", filter=f"CRHeadNum eq {head['HeadNum']}")
    assert {(line["SourceModule"], line["GroupID"], line["Description"]) for line in lines} == {
        ("AR", "CR1", "HR PAY 9")
    }
    (tran,) = kinetic.rows("CashRecSvc/BankTrans")
    assert (tran["TranAmt"], tran["TranRef"], tran["HeadNum"]) == (100, "CHK 17", head["HeadNum"])
    assert {line["BankTranNum"] for line in lines} == {tran["TranNum"]}
    invoice = kinetic.stored("InvcHead", InvoiceNum=10001)
    assert (invoice["InvoiceBal"], invoice["OpenInvoice"], invoice["ClosedDate"]) == (0, False, TODAY)


def test_the_link_from_a_receipt_to_its_ledger_lines_can_be_asked_for(kinetic: Kinetic) -> None:
    new_group(kinetic)
    head = receive(kinetic, 50, "UApp")
    submit(kinetic)
    keys = {"ipKey1": "CR1", "ipKey2": str(head["HeadNum"]), "ipKey3": "", "ipKey4": "", "ipKey5": "", "ipKey6": ""}
    found = kinetic.call("TranGLCDetailSvc", "GetTransactionDetail", ipBookID="MAIN", ipDocumentType="CashHead", **keys)
    assert {row["GLAccount"] for row in found["returned"]["TranGLC"]} == {"1010|S001", "2310|S001"}
    assert found["opNoData"] is False


def test_the_agent_waits_by_the_clock_and_a_group_is_posted_once(kinetic: Kinetic) -> None:
    kinetic.switch(posting_delay_seconds="30")
    new_group(kinetic)
    receive(kinetic, 50)
    submit(kinetic)
    assert ledger(kinetic) == {}
    kinetic.clock("2026-11-23T15:00:30+00:00")
    assert ledger(kinetic)["1010|S001"] == 50
    submit(kinetic)
    kinetic.clock("2026-11-23T15:05:00+00:00")
    assert ledger(kinetic)["1010|S001"] == 50
    assert [task["TaskStatus"] for task in kinetic.rows("Ice.BO.SysTaskSvc/SysTasks")] == ["COMPLETE", "ERROR"]


def test_a_group_that_is_submitted_twice_before_its_time_posts_once(kinetic: Kinetic) -> None:
    kinetic.switch(posting_delay_seconds="30")
    new_group(kinetic)
    receive(kinetic, 50)
    submit(kinetic)
    submit(kinetic)
    kinetic.clock("2026-11-23T15:01:00+00:00")
    assert ledger(kinetic)["1010|S001"] == 50


def test_running_directly_refuses_a_posted_and_an_empty_group(kinetic: Kinetic) -> None:
    new_group(kinetic)
    with pytest.raises(Refused, match="has no receipts to post"):
        submit(kinetic, method="RunDirect")
    receive(kinetic, 50)
    submit(kinetic, method="RunDirect")
    with pytest.raises(Refused, match="has already been posted"):
        submit(kinetic, method="RunDirect")


def test_a_closed_period_posts_nothing_of_the_group(kinetic: Kinetic) -> None:
    new_group(kinetic, TranDate="2026-10-30T00:00:00")
    apply(kinetic, receive(kinetic, 50))
    kinetic.switch(closed_through="2026-10")
    with pytest.raises(Refused, match="Fiscal period 10 of 2026 is closed"):
        submit(kinetic, method="RunDirect")
    assert (ledger(kinetic), kinetic.rows("CashRecSvc/BankTrans")) == ({}, [])
    assert kinetic.all_stored("CashHead")[0]["Posted"] is False


def test_a_posted_receipt_cannot_be_changed_or_deleted(kinetic: Kinetic) -> None:
    new_group(kinetic)
    head = receive(kinetic, 50)
    submit(kinetic, method="RunDirect")
    with pytest.raises(Refused, match="posted and cannot be deleted"):
        kinetic.call("CashRecSvc", "DeleteByID", groupID="CR1", headNum=head["HeadNum"])
    with pytest.raises(Refused, match="has already been posted"):
        kinetic.call("CashRecSvc", "GetNewCashHeadType", ds={}, groupID="CR1", tranType="PayInv")
    with pytest.raises(Refused, match="posted and cannot be changed"):
        kinetic.send("PATCH", f"CashRecSvc/CashRecs('EPIC06','CR1',{head['HeadNum']})", {"Reference": "other"})


def test_a_reversal_takes_everything_back_once(kinetic: Kinetic) -> None:
    new_group(kinetic)
    head = receive(kinetic, Decimal("100.00"))
    apply(kinetic, head)
    with pytest.raises(Refused, match="is not posted"):
        kinetic.call("CashRecSvc", "ReverseCashReceipt", headNum=head["HeadNum"], reverseDate=TODAY)
    submit(kinetic, method="RunDirect")
    done = kinetic.call("CashRecSvc", "ReverseCashReceipt", headNum=head["HeadNum"], reverseDate="2026-11-24T00:00:00")
    assert done["postErrorLog"] == ""
    assert set(ledger(kinetic).values()) == {0}
    assert sum(tran["TranAmt"] for tran in kinetic.rows("CashRecSvc/BankTrans")) == 0
    assert kinetic.stored("InvcHead", InvoiceNum=10001)["InvoiceBal"] == OWED
    with pytest.raises(Refused, match="has already been reversed"):
        kinetic.call("CashRecSvc", "ReverseCashReceipt", headNum=head["HeadNum"], reverseDate=TODAY)


def test_a_miscellaneous_receipt_needs_no_customer_and_credits_the_misc_account(kinetic: Kinetic) -> None:
    new_group(kinetic)
    receive(kinetic, Decimal("7.00"), "Misc", customer="")
    submit(kinetic, method="RunDirect")
    assert ledger(kinetic) == {"1010|S001": 7, "6490|S001": -7}


def test_a_prepayment_knows_its_order(kinetic: Kinetic) -> None:
    new_group(kinetic)
    ds = kinetic.call("CashRecSvc", "GetNewCashHeadType", ds={}, groupID="CR1", tranType="PrePay")["ds"]
    ds = kinetic.call("CashRecSvc", "GetOrderInfo", orderNum=5001, ds=ds)["ds"]
    ds = kinetic.call("CashRecSvc", "ChangeTranAmtCashHead", ipTranAmtType="D", proposedTranAmt=25, ds=ds)["ds"]
    head = master(kinetic, "CashHead", ds)["ds"]["CashHead"][0]
    assert (head["OrderNum"], head["CustNum"], head["OnAccount"]) == (5001, 2, True)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"DocTranAmt": Decimal("80.01"), "TranAmt": Decimal("80.01")}, "Amount exceeds the balance of the invoice."),
        ({"InvoiceNum": 99999}, "Invoice references invalid value."),
        ({"InvoiceNum": 0}, "Invoice is required."),
    ],
)
def test_a_line_pays_no_more_than_an_open_invoice_owes(kinetic: Kinetic, columns: Row, message: str) -> None:
    new_group(kinetic)
    head = receive(kinetic, 100)
    with pytest.raises(Refused) as refusal:
        apply(kinetic, head, **columns)
    assert refusal.value.message == message
    assert kinetic.all_stored("CashDtl") == []


def test_a_line_uses_no_more_than_the_receipt_has(kinetic: Kinetic) -> None:
    new_group(kinetic)
    head = receive(kinetic, 30)
    with pytest.raises(Refused, match="Applied amount exceeds the receipt"):
        apply(kinetic, head, DocTranAmt=31, TranAmt=31)


def test_a_second_receipt_sees_what_the_first_will_take_of_the_invoice(kinetic: Kinetic) -> None:
    new_group(kinetic)
    apply(kinetic, receive(kinetic, 50))
    second = apply(kinetic, receive(kinetic, 50))
    assert [row["TranAmt"] for row in second["ds"]["CashDtl"]] == [30]


def test_another_customers_invoice_is_refused(kinetic: Kinetic) -> None:
    new_group(kinetic)
    head = receive(kinetic, 50, customer="H100002")
    with pytest.raises(Refused, match="Invoice references invalid value"):
        apply(kinetic, head)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"groupID": "NOPE", "tranType": "PayInv"}, "Group references invalid value."),
        ({"groupID": "CR1", "tranType": "Gift"}, "Transaction Type references invalid value."),
    ],
)
def test_a_receipt_needs_a_group_and_a_known_type(kinetic: Kinetic, arguments: Row, message: str) -> None:
    new_group(kinetic)
    with pytest.raises(Refused) as refusal:
        kinetic.call("CashRecSvc", "GetNewCashHeadType", ds={}, **arguments)
    assert refusal.value.message == message


def test_an_unknown_customer_and_an_empty_amount_are_refused(kinetic: Kinetic) -> None:
    new_group(kinetic)
    with pytest.raises(Refused, match="Customer references invalid value"):
        receive(kinetic, 5, customer="H9")
    with pytest.raises(Refused, match="Receipt Amount is required"):
        receive(kinetic, 0)
    with pytest.raises(Refused, match="Customer is required"):
        receive(kinetic, 5, customer="")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"GroupID": ""}, "Group is required."),
        ({"GroupID": "CR20261120"}, "Group is longer than 9 characters."),
        ({"BankAcctID": ""}, "Bank Account is required."),
        ({"BankAcctID": "BNK999"}, "Bank Account references invalid value."),
    ],
)
def test_a_group_needs_a_name_and_a_known_bank_account(kinetic: Kinetic, columns: Row, message: str) -> None:
    row = kinetic.call("CashGrpSvc", "GetNewCashGrp", ds={})["ds"]["CashGrp"][0]
    row.update({"GroupID": "CR1", "BankAcctID": "BNK001", **columns})
    with pytest.raises(Refused) as refusal:
        kinetic.call("CashGrpSvc", "Update", ds={"CashGrp": [row]})
    assert refusal.value.message == message


def test_a_group_name_is_taken_once_and_shows_its_totals(kinetic: Kinetic) -> None:
    new_group(kinetic)
    with pytest.raises(Refused) as refusal:
        new_group(kinetic)
    assert refusal.value.status == 409
    apply(kinetic, receive(kinetic, 100))
    group = kinetic.call("CashGrpSvc", "GetByID", groupID="CR1")["returned"]["CashGrp"][0]
    assert (group["TotalCashReceived"], group["TotalApplied"], group["UnappliedBalance"]) == (100, 80, 20)
    assert kinetic.call("CashGrpSvc", "ReceiptGroupExists", ipGroupID="CR1")["returned"] is True
