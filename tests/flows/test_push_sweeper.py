"""The sweeper names what the ERP holds twice, and changes nothing."""

from datetime import UTC, datetime

import pytest

from he_sync.flows.sweeper import look, sweep
from he_sync.store import dead_letters
from he_sync.store.database import open_store
from he_sync.store.dead_letters import DeadLetter

ORDERS = ("Erp.BO.SalesOrderSvc", "SalesOrders")
CUSTOMERS = ("Erp.BO.CustomerSvc", "Customers")


def order(desk, reference):
    _, body = desk.make._create_sales_order(next(desk.numbers))
    [customer] = desk.systems.epicor.read(*CUSTOMERS, filter=f"CustID eq '{body['customer']}'", select=("CustNum",))
    row = {**body["header"], "PONum": reference, "CustNum": customer["CustNum"]}
    return int(desk.systems.epicor.insert(*ORDERS, row)["OrderNum"])


def texts(swept):
    return [one.text for one in swept.twins]


@pytest.fixture
def seen(desk):
    """Up to where everything has been looked at."""
    return sweep(desk.systems.epicor).revision


def test_orders_of_one_sale_are_named_whatever_their_age(desk, seen):
    first, second = order(desk, "HR-T7000001"), order(desk, "HR-T7000001")
    order(desk, "HR-T7000002")
    order(desk, "somebody else's")
    order(desk, "somebody else's")
    expected = f"sales orders {first} and {second} in Epicor share HR-T7000001; keep one and void the others"
    swept = sweep(desk.systems.epicor, seen)
    assert texts(swept) == [expected]
    third = order(desk, "HR-T7000001")
    [one] = sweep(desk.systems.epicor, swept.revision).twins
    assert one.numbers == (first, second, third)
    assert one in sweep(desk.systems.epicor).twins


def test_a_reference_in_another_case_is_the_same_reference(desk):
    """To SQL Server it is; the stand-in compares exactly, so that only the whole sweep sees it here."""
    numbers = order(desk, "HR-T7000005"), order(desk, "HR-t7000005")
    assert numbers in [one.numbers for one in sweep(desk.systems.epicor).twins]


def test_a_void_order_is_nobody_s_twin(desk, seen):
    first, _ = order(desk, "HR-T7000010"), order(desk, "HR-T7000010")
    desk.systems.epicor.patch(*ORDERS, {"OrderNum": first}, {"VoidOrder": True})
    assert texts(sweep(desk.systems.epicor, seen)) == []


def test_a_customer_of_ours_who_shares_an_e_mail_address_with_another_is_named(desk, seen):
    epicor = desk.systems.epicor
    mail = "twin7@example.com"
    theirs = epicor.insert(*CUSTOMERS, {"CustID": "OLD7000001", "Name": "Ada Hill", "EMailAddress": mail})["CustNum"]
    assert texts(sweep(epicor, seen)) == []
    ours = epicor.insert(*CUSTOMERS, {"CustID": "H7000001", "Name": "Ada Hill", "EMailAddress": mail})["CustNum"]
    [one] = sweep(epicor, seen).twins
    assert one.numbers == (theirs, ours)
    assert one in sweep(epicor).twins


def test_two_returns_of_one_sale_are_named(desk, seen):
    _, body = desk.make._create_rma(next(desk.numbers))
    [customer] = desk.systems.epicor.read(*CUSTOMERS, filter=f"CustID eq '{body['customer']}'", select=("CustNum",))
    row = {"CustNum": customer["CustNum"], "XRefRMANumber": body["reference"]}
    numbers = [desk.systems.epicor.insert("Erp.BO.RMAProcSvc", "RMAProcs", row)["RMANum"] for _ in range(2)]
    [one] = sweep(desk.systems.epicor, seen).twins
    assert (one.watch.kind, one.numbers) == ("return", tuple(numbers))


def test_a_sweep_writes_nothing_and_its_alarm_is_a_letter_that_names_both(desk, seen):
    first, second = order(desk, "HR-T7000020"), order(desk, "HR-T7000020")
    before = len(desk.sandbox.state.oracle())
    [one] = sweep(desk.systems.epicor, seen).twins
    assert len(desk.sandbox.state.oracle()) == before
    letter = one.letter("2026-11-20")
    assert isinstance(letter, DeadLetter)
    assert (letter.record, letter.payload) == ("HR-T7000020", f"[{first}, {second}]")
    assert f"{first} and {second}" in letter.plain


def test_a_look_goes_on_where_the_last_one_ended_and_keeps_its_letters(desk, tmp_path):
    store = open_store(tmp_path / "he_sync.db")
    look(store, desk.systems, desk.retailer, datetime.now(UTC))
    first, second = order(desk, "HR-T7000030"), order(desk, "HR-T7000030")
    figures = look(store, desk.systems, desk.retailer, datetime.now(UTC)).figures
    assert figures["twins"] == 1
    assert look(store, desk.systems, desk.retailer, datetime.now(UTC)).figures["twins"] == 0
    named = [one.letter.reason for one in dead_letters.listing(store) if one.letter.record == "HR-T7000030"]
    assert len(named) == 1
    assert f"{first} and {second}" in named[0]
