"""Journals in the Epicor stand-in: entered in a group, posted once, balanced, in an open period; and the chart."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.epicor_company import TODAY, Kinetic, Refused, company

Row = dict[str, Any]
PAIR = [("1150|S001", Decimal("12.34"), 0), ("6495|S001", 0, Decimal("12.34"))]


@pytest.fixture
def kinetic(tmp_path: Path) -> Iterator[Kinetic]:
    with company(tmp_path) as found:
        yield found


def new_group(kinetic: Kinetic, name: str = "HR1120A", **columns: Any) -> Row:
    row = kinetic.call("GLJrnGrpSvc", "GetNewGLJrnGrp", ds={})["ds"]["GLJrnGrp"][0]
    saved = kinetic.call("GLJrnGrpSvc", "Update", ds={"GLJrnGrp": [{**row, "GroupID": name, **columns}]})
    return dict(saved["ds"]["GLJrnGrp"][0])


def enter(kinetic: Kinetic, group: str, lines: list[tuple[str, Any, Any]], **columns: Any) -> Row:
    """A journal with its lines in one Update, as a client enters it."""
    ds = kinetic.call("GLJournalEntrySvc", "GetNewGlJrnHedTran", ds={}, GroupID=group)["ds"]
    ds["GLJrnHed"][0].update(Description="HR DAY S001 2026-11-20", **columns)
    for account, debit, credit in lines:
        head = ds["GLJrnHed"][0]
        ds = kinetic.call(
            "GLJournalEntrySvc",
            "GetNewGLJrnDtlMnl",
            ds=ds,
            bookID=head["BookID"],
            fiscalYear=head["FiscalYear"],
            fiscalYearSuffix="",
            journalLine=0,
            journalCode=head["JournalCode"],
            journalNum=head["JournalNum"],
        )["ds"]
        ds["GLJrnDtlMnl"][-1].update(GLAccount=account, DebitAmount=debit, CreditAmount=credit, Description="HR PAY 7")
    pre = kinetic.call("GLJournalEntrySvc", "PreUpdate", ds=ds)
    assert pre["RequiresUserInput"] is False
    return dict(kinetic.call("GLJournalEntrySvc", "Update", ds=pre["ds"])["ds"])


def post(kinetic: Kinetic, group: str) -> str:
    return str(kinetic.call("GLJrnGrpSvc", "PostGroupJournals", postGroupID=group)["NotAllPostedMessage"])


def posted(kinetic: Kinetic, group: str) -> list[Row]:
    return kinetic.rows("GLJrnDtlSvc/GLJrnDtls", filter=f"GroupID eq '{group}'")


def test_a_new_group_takes_todays_date_the_main_book_and_its_period(kinetic: Kinetic) -> None:
    group = new_group(kinetic)
    assert (group["JEDate"], group["BookID"], group["JournalCode"]) == (TODAY, "MAIN", "GJ")
    assert (group["FiscalYear"], group["FiscalPeriod"], group["CreatedBy"]) == (2026, 11, "he-sync")


def test_an_entered_journal_is_invisible_to_the_ledger_until_its_group_is_posted(kinetic: Kinetic) -> None:
    new_group(kinetic)
    entered = enter(kinetic, "HR1120A", PAIR)
    assert entered["GLJrnHed"][0]["JournalNum"] == 1
    assert [line["JournalLine"] for line in entered["GLJrnDtlMnl"]] == [1, 2]
    assert posted(kinetic, "HR1120A") == []


def test_posting_moves_the_lines_to_the_ledger_and_keeps_group_and_description(kinetic: Kinetic) -> None:
    new_group(kinetic, JEDate="2026-11-20T00:00:00")
    enter(kinetic, "HR1120A", PAIR)
    assert post(kinetic, "HR1120A") == ""
    debit, credit = posted(kinetic, "HR1120A")
    assert (debit["GLAccount"], debit["DebitAmount"], debit["CreditAmount"]) == ("1150|S001", Decimal("12.34"), 0)
    assert (credit["GLAccount"], credit["DebitAmount"], credit["CreditAmount"]) == ("6495|S001", 0, Decimal("12.34"))
    for line in (debit, credit):
        assert (line["Posted"], line["PostedBy"], line["PostedDate"]) == (True, "he-sync", TODAY)
        assert (line["Description"], line["JEDate"], line["SourceModule"]) == ("HR PAY 7", "2026-11-20T00:00:00", "GL")
        assert (line["SegValue2"], line["BookDebitAmount"]) == ("S001", line["DebitAmount"])
    assert kinetic.all_stored("GLJrnDtlMnl") == []
    (head,) = kinetic.rows("GLJournalEntrySvc/GLJournalEntries", filter="GroupID eq 'HR1120A'")
    assert (head["Posted"], head["TotDebit"], head["TotCredit"]) == (True, Decimal("12.34"), Decimal("12.34"))


def test_lines_may_be_added_to_a_journal_that_is_already_saved(kinetic: Kinetic) -> None:
    new_group(kinetic)
    head = enter(kinetic, "HR1120A", PAIR)["GLJrnHed"][0]
    key = {
        "bookID": "MAIN",
        "fiscalYear": 2026,
        "fiscalYearSuffix": "",
        "journalCode": "GJ",
        "journalNum": head["JournalNum"],
    }
    ds = kinetic.call("GLJournalEntrySvc", "GetNewGLJrnDtlMnl", ds={}, **key, journalLine=0)["ds"]
    ds["GLJrnDtlMnl"][0].update(GLAccount="1150|S001", TransAmt=-5)
    saved = kinetic.call("GLJournalEntrySvc", "Update", ds=ds)["ds"]
    assert [line["JournalLine"] for line in saved["GLJrnDtlMnl"]] == [1, 2, 3]
    assert saved["GLJrnDtlMnl"][2]["CreditAmount"] == 5
    assert saved["GLJrnHed"][0]["Balance"] == -5


def test_two_journals_of_a_group_are_posted_together_under_their_own_numbers(kinetic: Kinetic) -> None:
    new_group(kinetic)
    enter(kinetic, "HR1120A", PAIR)
    enter(kinetic, "HR1120A", PAIR)
    found = kinetic.call("GLJournalEntrySvc", "GetByGroupID", GroupID="HR1120A")["returned"]
    assert [head["JournalNum"] for head in found["GLJrnHed"]] == [1, 2]
    post(kinetic, "HR1120A")
    assert sorted({line["JournalNum"] for line in posted(kinetic, "HR1120A")}) == [1, 2]


def test_a_posted_group_cannot_be_posted_again(kinetic: Kinetic) -> None:
    new_group(kinetic)
    enter(kinetic, "HR1120A", PAIR)
    post(kinetic, "HR1120A")
    with pytest.raises(Refused, match="has already been posted"):
        post(kinetic, "HR1120A")
    with pytest.raises(Refused, match="has already been posted"):
        enter(kinetic, "HR1120A", PAIR)
    assert len(posted(kinetic, "HR1120A")) == 2


def test_a_group_name_is_taken_once(kinetic: Kinetic) -> None:
    new_group(kinetic)
    with pytest.raises(Refused) as refusal:
        new_group(kinetic)
    assert (refusal.value.status, refusal.value.body["ErrorType"]) == (409, "Ice.Common.DuplicateRecordException")


def test_a_group_that_does_not_outlive_its_posting_frees_its_name(kinetic: Kinetic) -> None:
    kinetic.switch(posted_group="deleted")
    new_group(kinetic)
    enter(kinetic, "HR1120A", PAIR)
    post(kinetic, "HR1120A")
    with pytest.raises(Refused, match="Group references invalid value"):
        post(kinetic, "HR1120A")
    assert len(posted(kinetic, "HR1120A")) == 2


@pytest.mark.parametrize(("name", "message"), [("HR20261120", "longer than 9 characters"), ("", "Group is required")])
def test_a_group_name_has_one_to_nine_characters(kinetic: Kinetic, name: str, message: str) -> None:
    with pytest.raises(Refused, match=message):
        new_group(kinetic, name)


def test_a_journal_that_does_not_balance_is_refused_at_posting_and_stays_entered(kinetic: Kinetic) -> None:
    new_group(kinetic)
    enter(kinetic, "HR1120A", [("1150|S001", Decimal("12.34"), 0), ("6495|S001", 0, Decimal("12.33"))])
    for method, arguments in (
        ("CheckBeforePost", {"groupID": "HR1120A"}),
        ("PostGroupJournals", {"postGroupID": "HR1120A"}),
    ):
        with pytest.raises(Refused, match=r"does not balance: debits less credits are 0\.01"):
            kinetic.call("GLJrnGrpSvc", method, **arguments)
    assert posted(kinetic, "HR1120A") == []
    assert len(kinetic.all_stored("GLJrnDtlMnl")) == 2


def test_one_bad_journal_undoes_the_posting_of_the_whole_group(kinetic: Kinetic) -> None:
    new_group(kinetic)
    enter(kinetic, "HR1120A", PAIR)
    enter(kinetic, "HR1120A", PAIR[:1])
    with pytest.raises(Refused, match="Journal 2 does not balance"):
        post(kinetic, "HR1120A")
    assert posted(kinetic, "HR1120A") == []


def test_where_the_service_only_says_so_the_good_journal_is_posted_and_the_text_names_the_bad_one(
    kinetic: Kinetic,
) -> None:
    kinetic.switch(unbalanced_journal="message")
    new_group(kinetic)
    enter(kinetic, "HR1120A", PAIR)
    enter(kinetic, "HR1120A", PAIR[:1])
    assert "Journal 2 was not posted" in post(kinetic, "HR1120A")
    assert {line["JournalNum"] for line in posted(kinetic, "HR1120A")} == {1}


def test_an_empty_group_has_nothing_to_post(kinetic: Kinetic) -> None:
    new_group(kinetic)
    with pytest.raises(Refused, match="has no journals to post"):
        post(kinetic, "HR1120A")
    with pytest.raises(Refused, match="Group references invalid value"):
        post(kinetic, "NOBODY")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([("1150|S999", 1, 0)], "GL Account references invalid value."),
        ([("", 1, 0)], "GL Account is required."),
        ([("9999|S001", 1, 0)], "GL Account is inactive."),
        ([("1150|S001", 1, 1)], "A line is a debit or a credit, not both."),
    ],
)
def test_a_wrong_line_undoes_the_entry_of_the_whole_journal(kinetic: Kinetic, lines: list[Any], message: str) -> None:
    new_group(kinetic)
    with pytest.raises(Refused) as refusal:
        enter(kinetic, "HR1120A", lines)
    assert (refusal.value.status, refusal.value.message) == (400, message)
    assert kinetic.all_stored("GLJrnHed") == []


def test_a_closed_period_takes_no_journal_neither_at_entry_nor_at_posting(kinetic: Kinetic) -> None:
    new_group(kinetic, JEDate="2026-10-31T00:00:00")
    enter(kinetic, "HR1120A", PAIR)
    kinetic.switch(closed_through="2026-10")
    with pytest.raises(Refused, match="Fiscal period 10 of 2026 is closed"):
        post(kinetic, "HR1120A")
    with pytest.raises(Refused, match="Fiscal period 10 of 2026 is closed"):
        enter(kinetic, "HR1120A", PAIR)


def test_a_date_before_the_earliest_apply_date_is_refused(kinetic: Kinetic) -> None:
    kinetic.switch(earliest_apply_date="2026-11-20")
    new_group(kinetic, "EARLY", JEDate="2026-11-19T00:00:00")
    with pytest.raises(Refused, match="before the Earliest Apply Date 2026-11-20"):
        enter(kinetic, "EARLY", PAIR)
    new_group(kinetic, "RIGHT", JEDate="2026-11-20T00:00:00")
    enter(kinetic, "RIGHT", PAIR)


def test_a_posted_journal_and_its_lines_cannot_be_changed_or_deleted(kinetic: Kinetic) -> None:
    new_group(kinetic)
    enter(kinetic, "HR1120A", PAIR)
    post(kinetic, "HR1120A")
    key = {"bookID": "MAIN", "fiscalYear": 2026, "fiscalYearSuffix": "", "journalCode": "GJ", "journalNum": 1}
    with pytest.raises(Refused, match="posted and cannot be deleted"):
        kinetic.call("GLJournalEntrySvc", "DeleteByID", **key, fiscalCalendarID="MAIN")
    with pytest.raises(Refused, match="Posted journal lines cannot be changed"):
        kinetic.call("GLJrnDtlSvc", "DeleteByID", **key, journalLine=1)
    with pytest.raises(Refused, match="Posted journal lines cannot be changed"):
        kinetic.send("PATCH", "GLJrnDtlSvc/GLJrnDtls('EPIC06','MAIN',2026,'','GJ',1,1)", {"DebitAmount": 99})
    assert posted(kinetic, "HR1120A")[0]["DebitAmount"] == Decimal("12.34")


def test_the_agent_posts_a_group_when_its_time_has_come_and_not_before(kinetic: Kinetic) -> None:
    kinetic.switch(posting_delay_seconds="60")
    new_group(kinetic)
    enter(kinetic, "HR1120A", PAIR)
    ds = kinetic.call("Erp.PROC.GLJrnAsynchSvc", "GetNewParameters")["returned"]
    ds["GLJrnAsynchParam"][0]["GroupID"] = "HR1120A"
    kinetic.call(
        "Erp.PROC.GLJrnAsynchSvc",
        "SubmitToAgent",
        ds=ds,
        agentID="SystemTaskAgent",
        agentSchedNum=0,
        agentTaskNum=0,
        maintProgram="",
    )
    (task,) = kinetic.rows("Ice.BO.SysTaskSvc/SysTasks")
    assert (task["TaskStatus"], posted(kinetic, "HR1120A")) == ("PENDING", [])
    kinetic.clock("2026-11-23T15:01:00+00:00")
    (task,) = kinetic.rows("Ice.BO.SysTaskSvc/SysTasks")
    assert (task["TaskStatus"], len(posted(kinetic, "HR1120A"))) == ("COMPLETE", 2)


def test_a_posting_that_fails_in_the_agent_ends_as_an_error_with_its_reason_and_posts_nothing(kinetic: Kinetic) -> None:
    new_group(kinetic)
    enter(kinetic, "HR1120A", PAIR)
    enter(kinetic, "HR1120A", PAIR[:1])
    ds = {"GLJrnAsynchParam": [{"GroupID": "HR1120A"}]}
    kinetic.call("Erp.PROC.GLJrnAsynchSvc", "SubmitToAgent", ds=ds)
    (task,) = kinetic.rows("Ice.BO.SysTaskSvc/SysTasks")
    assert task["TaskStatus"] == "ERROR"
    assert "does not balance" in task["ActivityMsg"]
    assert posted(kinetic, "HR1120A") == []


def test_running_the_process_directly_posts_at_once_or_refuses(kinetic: Kinetic) -> None:
    new_group(kinetic)
    enter(kinetic, "HR1120A", PAIR)
    kinetic.call("Erp.PROC.GLJrnAsynchSvc", "RunDirect", ds={"GLJrnAsynchParam": [{"GroupID": "HR1120A"}]})
    assert len(posted(kinetic, "HR1120A")) == 2
    with pytest.raises(Refused, match="Group is required"):
        kinetic.call("Erp.PROC.GLJrnAsynchSvc", "RunDirect", ds={"GLJrnAsynchParam": [{"GroupID": ""}]})


def test_a_reader_may_not_enter_or_post(kinetic: Kinetic) -> None:
    new_group(kinetic)
    enter(kinetic, "HR1120A", PAIR)
    viewer = Kinetic(kinetic.sandbox, "viewer")
    with pytest.raises(Refused) as refusal:
        post(viewer, "HR1120A")
    viewer.close()
    assert refusal.value.status == 403


def test_an_account_is_found_by_its_stored_form_under_its_odata_name(kinetic: Kinetic) -> None:
    (account,) = kinetic.rows("GLAccountSvc/GLAccounts", filter="GLAccount1 eq '1150|S001'")
    assert (account["GLAccount1"], account["SegValue1"]) == ("1150|S001", "1150")
    known = kinetic.call("GLAccountSvc", "GlAccountExists", ipCOACode="MAIN", ipGLAccount="1150|S001")
    unknown = kinetic.call("GLAccountSvc", "GlAccountExists", ipCOACode="MAIN", ipGLAccount="1150|S999")
    assert (known["returned"], unknown["returned"]) == (True, False)
    with pytest.raises(Refused, match="inactive"):
        kinetic.call("GLAccountSvc", "ValidateGLAccount", COACode="MAIN", GLAccount="9999|S001")


def test_a_claim_in_a_user_defined_table_is_taken_once(kinetic: Kinetic) -> None:
    claim = {"Key1": "he-sync", "Key2": "order", "Key3": "HR-T100001", "Key4": "", "Key5": "", "Character01": "run 7"}
    kinetic.send("POST", "Ice.BO.UD01Svc/UD01s", claim)
    with pytest.raises(Refused) as refusal:
        kinetic.send("POST", "Ice.BO.UD01Svc/UD01s", claim)
    assert refusal.value.status == 409
    found = kinetic.send("GET", "Ice.BO.UD01Svc/UD01s('EPIC06','he-sync','order','HR-T100001','','')")
    assert found["Character01"] == "run 7"


def test_a_bank_adjustment_gets_the_next_number_of_its_account(kinetic: Kinetic) -> None:
    group = kinetic.call("BankAdjEntrySvc", "GetNewBankGrp", ds={})["ds"]["BankGrp"][0]
    group.update(GroupID="BK1", BankAcctID="BNK001")
    kinetic.call("BankAdjEntrySvc", "Update", ds={"BankGrp": [group]})
    for amount in (Decimal("100.50"), Decimal("-3.20")):
        ds = kinetic.call("BankAdjEntrySvc", "GetNewBankTran1", ds={}, vGroupID="BK1")["ds"]
        ds = kinetic.call("BankAdjEntrySvc", "ChangeTranAmt", ipTranAmtType="D", ProposedTranAmt=amount, ds=ds)["ds"]
        kinetic.call("BankAdjEntrySvc", "Update", ds=ds)
    found = kinetic.rows("BankAdjEntrySvc/BankTrans", filter="BankAcctID eq 'BNK001'")
    assert [(row["TranNum"], row["TranAmt"]) for row in found] == [(1, Decimal("100.50")), (2, Decimal("-3.20"))]
    assert len(kinetic.call("BankAdjEntrySvc", "GetByID", groupID="BK1")["returned"]["BankTran"]) == 2


def test_the_set_up_that_a_doctor_checks_can_be_read(kinetic: Kinetic) -> None:
    assert [row["ReasonCode"] for row in kinetic.rows("ReasonSvc/Reasons")] == ["POS"]
    assert {row["WarehouseCode"] for row in kinetic.rows("WarehseSvc/Warehses")} == {"S001", "D001"}
    assert [row["Plant1"] for row in kinetic.rows("PlantSvc/Plants")] == ["MfgSys"]
    assert kinetic.call("ReasonSvc", "GetByID", reasonType="M", reasonCode="POS")["returned"]["Reason"][0][
        "Description"
    ]
