"""Sales orders that are half there, changed, cancelled or returned: completed or refused, never written twice."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from he_sync.connect.epicor_query import equals
from he_sync.flows.push import push
from he_sync.flows.writers.bench import refuse_conflict
from he_sync.model.errors import BrokenPromise
from he_sync.sandbox.epicor import switches
from he_sync.store import effects
from he_sync.store.effects import QUARANTINE
from tests.flows.desk import ONCE, PLACES, planned

ORDERS = ("Erp.BO.SalesOrderSvc", "SalesOrders")


def state(store, effect):
    return effects.find(store, effect.key).state


def reason(store, effect):
    return effects.find(store, effect.key).reason


@pytest.fixture
def no_rollback(desk):
    """A Kinetic that keeps the header of an order whose line it refused."""
    switches.COMPOSITE_ROLLBACK.set(desk.sandbox.state, "no")
    yield
    switches.COMPOSITE_ROLLBACK.set(desk.sandbox.state, "yes")


def with_lines(effect, *lines):
    """The effect with these lines in front of its own, over the same amount and 19.99 more a piece."""
    header = effect.body["header"]
    amount = effect.body["amount_minor"] + sum(1999 * line["SellingQuantity"] for line in lines)
    body = {**effect.body, "header": {**header, "OrderDtls": [*lines, *header["OrderDtls"]]}, "amount_minor": amount}
    return replace(effect, body=body)


# half there (F63)


@pytest.mark.usefixtures("no_rollback")
def test_a_header_whose_line_was_refused_is_reported_and_completed_after_the_part_was_mended(desk, clock, tmp_path):
    effect = with_lines(desk.effect("create_sales_order"), desk.make.line(1))
    part = effect.body["header"]["OrderDtls"][1]["PartNum"]
    desk.systems.epicor.patch("Erp.BO.PartSvc", "Parts", {"PartNum": part}, {"InActive": True})
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
        assert state(store, effect) == "rejected"
        assert "Part is inactive" in reason(store, effect)
        assert desk.landed(effect)["order"] == 1
        desk.systems.epicor.patch("Erp.BO.PartSvc", "Parts", {"PartNum": part}, {"InActive": False})
        assert effects.release(store, effect.key, "dana", "part is active again")
        desk.push(store, clock)
        assert state(store, effect) == "confirmed"
    assert desk.landed(effect) == Counter(order=1, line=2, charge=2, whole=1)


@pytest.mark.usefixtures("no_rollback")
def test_a_half_written_order_that_completing_would_not_make_right_is_left_to_a_person(desk, clock, tmp_path):
    effect = with_lines(desk.effect("create_sales_order"), desk.make.line(1))
    header = {**effect.body["header"], "OrderDtls": [], "OHOrderMscs": []}
    [customer] = desk.systems.epicor.read(
        "Erp.BO.CustomerSvc", "Customers", filter=equals("CustID", effect.body["customer"]), select=("CustNum",)
    )
    desk.systems.epicor.insert(*ORDERS, {**header, "CustNum": customer["CustNum"]})
    other = replace(effect, body={**effect.body, "amount_minor": effect.body["amount_minor"] + 1})
    with planned(tmp_path, other) as store:
        desk.push(store, clock)
        assert state(store, other) == "parked"
        assert "a person must look at it" in reason(store, other)
    assert desk.landed(effect) == Counter(order=1, line=0, charge=0, whole=0)


def test_an_order_that_came_to_another_amount_than_planned_is_never_confirmed(desk, clock, tmp_path):
    """The total is read back: a Kinetic that reprices a line has not written what was planned."""
    effect = desk.effect("create_sales_order")
    other = replace(effect, body={**effect.body, "amount_minor": effect.body["amount_minor"] + 1})
    with planned(tmp_path, other) as store:
        desk.push(store, clock)
        assert state(store, other) == "parked"
        assert "comes to" in reason(store, other)


def test_two_orders_of_one_sale_are_parked_with_both_numbers_among_many_that_go(desk, clock, tmp_path):
    some = [desk.effect("create_sales_order") for _ in range(6)]
    twice = some[3]
    with planned(tmp_path / "first", twice) as store:
        desk.push(store, clock)
        first = effects.find(store, twice.key).reference
    [head] = desk.systems.epicor.read(*ORDERS, filter=equals("OrderNum", int(first)))
    copy = {name: head[name] for name in ("Company", "CustNum", "PONum", "FOB", "CurrencyCode")}
    second = desk.systems.epicor.insert(*ORDERS, copy)["OrderNum"]
    with planned(tmp_path / "again", *some) as store:
        done = desk.push(store, clock)
        assert done.states == Counter(confirmed=5, parked=1)
        assert f"sales orders {first}, {second} carry the same" in reason(store, twice)


def test_an_order_is_found_by_the_key_in_a_column_of_its_own_after_a_person_changed_its_po_number(
    desk, clock, tmp_path
):
    effect, bench = desk.effect("create_sales_order"), desk.bench(key_column="UserChar1")
    with planned(tmp_path / "first", effect) as store:
        push(store, bench, "desk", now=clock)
        number = effects.find(store, effect.key).reference
    desk.systems.epicor.patch(*ORDERS, {"OrderNum": int(number)}, {"PONum": "typed by hand"})
    with planned(tmp_path / "restored", effect) as store:
        push(store, bench, "desk", now=clock)
        assert effects.find(store, effect.key).reference == number


# changed


def order_of(desk, effect):
    number = int(effect.body["owner"].split(" ")[1])
    [head] = desk.systems.epicor.read(*ORDERS, filter=equals("OrderNum", number), expand="OrderDtls")
    return number, head


def ship(desk, number, line, quantity):
    """Stock of a line's first release leaves."""
    key = f"EPIC06~{number}~{line}~1"
    row = desk.sandbox.state.get("epicor/OrderRel", key)
    desk.sandbox.state.put("epicor/OrderRel", key, {**row, "OurStockShippedQty": Decimal(quantity)})


def test_a_line_of_which_something_has_shipped_is_not_overwritten_and_nothing_else_of_the_change_is_done(
    desk, clock, tmp_path
):
    effect = desk.effect("change_sales_order")
    number, _ = order_of(desk, effect)
    ship(desk, number, 1, 1)
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
        assert state(store, effect) == "rejected"
        assert f"line 1 of sales order {number}" in reason(store, effect)
        assert "has shipped 1 and is not overwritten" in reason(store, effect)
    after = order_of(desk, effect)[1]
    assert [line["SellingQuantity"] for line in after["OrderDtls"]] == [2, 2]
    assert after["OrderComment"] != effect.body["header"]["OrderComment"]


def test_a_quantity_that_somebody_changed_since_it_was_read_is_left_with_both_values_for_a_person(
    desk, clock, tmp_path
):
    effect = desk.effect("change_sales_order")
    number, _ = order_of(desk, effect)
    place = {"OrderNum": number, "OrderLine": 1}
    desk.systems.epicor.patch("Erp.BO.SalesOrderSvc", "OrderDtls", place, {"SellingQuantity": 5})
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
        assert state(store, effect) == "parked"
        assert "SellingQuantity is 5, was 2 when it was read, and would become 3" in reason(store, effect)
    assert order_of(desk, effect)[1]["OrderDtls"][0]["SellingQuantity"] == 5


@pytest.mark.parametrize(
    ("kind", "field", "now"),
    [("update_customer", "PhoneNum", "555-0100"), ("update_pos_customer", "phone_number", "555-0100")],
)
def test_a_customer_field_that_somebody_changed_since_it_was_read_is_left_with_both_values_for_a_person(  # noqa: PLR0913, PLR0917 - fixtures and a case
    desk, clock, tmp_path, kind, field, now
):
    effect = desk.effect(kind)
    held = replace(effect, body={**effect.body, "was": {field: "as it was read"}})
    systems = desk.systems
    if kind == "update_customer":
        place = {"CustNum": effect.body["CustNum"]}
        systems.epicor.patch("Erp.BO.CustomerSvc", "Customers", place, {field: now})
    else:
        systems.heartland.update(f"customers/{effect.body['customer_id']}", {field: now})
    with planned(tmp_path, held) as store:
        desk.push(store, clock)
        assert state(store, held) == "parked"
        assert all(value in reason(store, held) for value in (now, "as it was read", "decide which one stands"))
    assert +desk.landed(held) == Counter()


def test_a_change_of_a_void_order_is_refused_and_says_that_a_person_must_enter_it(desk, clock, tmp_path):
    effect = desk.effect("change_sales_order")
    number, _ = order_of(desk, effect)
    desk.systems.epicor.patch(*ORDERS, {"OrderNum": number}, {"VoidOrder": True})
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
        assert (state(store, effect), f"sales order {number} is void" in reason(store, effect)) == ("rejected", True)


# cancelled


def test_an_order_of_which_something_has_shipped_is_not_cancelled(desk, clock, tmp_path):
    effect = desk.effect("cancel_sales_order")
    number, _ = order_of(desk, effect)
    ship(desk, number, 2, 2)
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
        assert state(store, effect) == "rejected"
        assert f"sales order {number} has shipped 2 of" in reason(store, effect)
    assert desk.landed(effect)["void"] == 0


def test_a_sale_without_a_sales_order_has_nothing_to_cancel(desk, clock, tmp_path):
    effect = desk.effect("cancel_sales_order")
    bench = replace(desk.bench(), reference_of=lambda _: None)
    with planned(tmp_path, effect) as store:
        push(store, bench, "desk", now=clock)
        assert state(store, effect) == "rejected"
        assert "has no sales order in Epicor" in reason(store, effect)


# goods that come back


def test_a_return_without_its_order_and_without_credit_moves_no_money(desk, clock, tmp_path):
    effect = desk.effect("create_rma")
    bare = replace(effect, body={**effect.body, "order_owner": None, "credit": False, "charges": []})
    with planned(tmp_path, bare) as store:
        desk.push(store, clock)
        assert state(store, bare) == "confirmed"
    assert +desk.landed(bare) == Counter({"return": 1, "line": 2})


def test_a_credit_says_what_was_refunded_although_the_order_line_cost_more(desk, clock, tmp_path):
    effect = desk.effect("create_rma")
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
    [head] = desk.written("epicor/RMAHead", XRefRMANumber=effect.body["reference"])
    [memo] = desk.written("epicor/InvcHead", RMANum=head["RMANum"])
    [row] = desk.systems.epicor.read(
        "Erp.BO.ARInvoiceSvc",
        "ARInvoices",
        filter=equals("InvoiceNum", memo["InvoiceNum"]),
        expand="InvcDtls,InvcMiscs",
    )
    assert row["InvoiceAmt"] == Decimal("-41.02")
    assert [line["DocExtPrice"] for line in row["InvcDtls"]] == [Decimal("-18.99")] * 2
    assert not row["Posted"]


# the stronger way


@pytest.mark.parametrize("name", ["lost_response", "error_after", "lost_request", "late_landing", "truncated_body"])
def test_with_the_function_a_failed_create_is_sent_again_at_once_and_is_there_once(desk, clock, tmp_path, name):
    effect, bench = desk.effect("create_sales_order"), desk.bench(way="function")
    with planned(tmp_path, effect) as store:
        desk.sandbox.faults.set([replace(PLACES["the order"].fault(name, seconds=0.2), route="CreateOrderOnce")])
        push(store, bench, "desk", now=clock)
        assert state(store, effect) == "confirmed"
        desk.settle()
    assert desk.landed(effect) == ONCE["create_sales_order"]


def test_with_the_function_a_create_that_fails_for_long_is_not_in_doubt(desk, clock, tmp_path):
    effect, bench = desk.effect("create_sales_order"), desk.bench(way="function")
    with planned(tmp_path, effect) as store:
        fault = PLACES["the order"].fault("lost_response", remaining=None)
        desk.sandbox.faults.set([replace(fault, route="CreateOrderOnce")])
        push(store, bench, "desk", now=clock)
        assert state(store, effect) == "planned"
        desk.sandbox.faults.set([])
        clock.forward(QUARANTINE / 10)
        push(store, bench, "desk", now=clock)
        assert state(store, effect) == "confirmed"
    assert desk.landed(effect) == ONCE["create_sales_order"]


def test_a_key_that_stands_for_another_order_is_parked_with_both_hashes(desk, clock, tmp_path):
    effect, bench = desk.effect("create_sales_order"), desk.bench(way="function")
    other = {"key": effect.key, "order": {**effect.body["header"], "PONum": "somebody else", "CustNum": 1}}
    desk.systems.epicor.function("HeSync", "CreateOrderOnce", other)
    with planned(tmp_path, effect) as store:
        push(store, bench, "desk", now=clock)
        assert state(store, effect) == "parked"
        assert "stored" in reason(store, effect)
        assert "sent" in reason(store, effect)
    assert desk.landed(effect)["order"] == 0


def test_blanks_around_what_was_read_are_no_edit_of_somebody_else():
    refuse_conflict("customer 7", {"Name": "Ada Hill ", "PhoneNum": None}, {"Name": "Ada"}, {"Name": "Ada Hill"})
    refuse_conflict("customer 7", {"PhoneNum": None}, {"PhoneNum": "555 0100"}, {"PhoneNum": ""})
    with pytest.raises(BrokenPromise, match="decide which one stands"):
        refuse_conflict("customer 7", {"Name": "Bea Hill"}, {"Name": "Ada"}, {"Name": "Ada Hill"})
