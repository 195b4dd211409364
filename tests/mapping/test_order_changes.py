"""A changed sale changes its order line by line; what has left or is invoiced is never touched, a person is asked."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from he_sync.mapping.order_changes import cancellation, changes
from he_sync.mapping.order_state import read_state
from he_sync.mapping.rules import MapRules
from he_sync.mapping.to_epicor import sales_order
from he_sync.model.sale import Part
from tests.mapping.examples import HOME, ON_A_BUSY_MACHINE, RETAILER, any_sale, comes_to, line, sale

BOOT, TENT, MUG = line("BOOT", 2000, "50.00"), line("TENT", 1000, "100.00"), line("MUG", 1000, "8.00")


def ordered(*lines, **parts):
    return sales_order(sale(*lines, counter_sale=False, **parts), "H7", RETAILER)


def epicor(body, shipped=None, **head):
    """The order as Epicor has it after the composite create: lines by place, charges by place."""
    left = shipped or {}
    rows = [
        {
            **row,
            "OrderLine": place,
            "OrderQty": row["SellingQuantity"],
            "OpenLine": True,
            "OrderRels": [{"OurStockShippedQty": left.get(place, 0), "OurJobShippedQty": 0}],
        }
        for place, row in enumerate(body["header"]["OrderDtls"], 1)
    ]
    charges = [{**row, "SeqNum": place} for place, row in enumerate(body["header"]["OHOrderMscs"], 1)]
    return {"OrderNum": 5001, "OpenOrder": True, "VoidOrder": False, "OrderDtls": rows, "OHOrderMscs": charges, **head}


def carried_out(document, change):
    """The order after the change's steps, done one by one as a writer does them."""
    rows = {row["OrderLine"]: dict(row) for row in document["OrderDtls"]}
    charges = {row["SeqNum"]: dict(row) for row in document["OHOrderMscs"]}
    for step in change["lines"]:
        columns = {name: value for name, value in step.items() if name not in {"op", "line", "was"}}
        if step["op"] == "add":
            rows[max(rows, default=0) + 1] = columns
        elif step["op"] == "close":
            del rows[step["line"]]
        else:
            rows[step["line"]] |= columns
    for step in change["charges"]:
        seq = step["seq"] or max(charges, default=0) + 1
        charges[seq] = {"MiscCode": step["code"], "DocMiscAmt": step["amount"]}
    return {"header": {"OrderDtls": list(rows.values()), "OHOrderMscs": list(charges.values())}}


def goods(body):
    found = Counter()
    for row in body["header"]["OrderDtls"]:
        found[row["PartNum"], row["SalesUM"]] += row["SellingQuantity"]
    return found


# any edit


@st.composite
def edit(draw):
    """A sale as it was sent and as it is now: some lines kept, some dropped, some new, other charges."""
    rules = MapRules(aggregate_lines=draw(st.sampled_from(["same_part_and_price", "never"])))
    before, other = draw(any_sale()), draw(any_sale())
    kept = [one for one in before.lines if draw(st.booleans())]
    lines = (*kept, *other.lines)
    now = replace(other, lines=lines, total_minor=0, owner=before.owner, counter_sale=before.counter_sale)
    now = replace(now, total_minor=-now.rest_minor)
    return [sales_order(one, "H7", RETAILER, rules) for one in (before, now)]


@ON_A_BUSY_MACHINE
@given(edit())
def test_any_edit_of_an_order_of_which_nothing_has_left_makes_it_the_sale_as_it_is_now(bodies):
    before, after = bodies
    document = epicor(before)
    change = changes(before, after, read_state(document))
    if change is None:
        assert comes_to(before) == comes_to(after)
        assert goods(before) == goods(after)
        return
    now = carried_out(document, change)
    assert change["decide"] == []
    assert comes_to(now) == change["amount_minor"] == after["amount_minor"]
    assert goods(now) == goods(after)
    assert change["from_minor"] == before["amount_minor"]


@ON_A_BUSY_MACHINE
@given(edit(), st.data())
def test_no_edit_ever_touches_a_line_of_which_something_has_left(bodies, data):
    before, after = bodies
    places = range(1, len(before["header"]["OrderDtls"]) + 1)
    left = {place: Decimal("0.25") for place in places if data.draw(st.booleans())}
    document = epicor(before, left)
    change = changes(before, after, read_state(document))
    if change is None:
        return
    assert not {step["line"] for step in change["lines"]} & set(left)
    assert comes_to(carried_out(document, change)) == change["amount_minor"]
    assert change["decide"] or change["amount_minor"] == after["amount_minor"]


@ON_A_BUSY_MACHINE
@given(any_sale())
def test_a_sale_that_did_not_change_changes_nothing(sold):
    body = sales_order(sold, "H7", RETAILER)
    assert changes(body, sales_order(sold, "H7", RETAILER), read_state(epicor(body))) is None


# what a person reads


def test_the_diff_says_what_was_and_what_is():
    before = ordered(BOOT, MUG, order_discounts=(Part("Coupon", 500),))
    after = ordered(line("BOOT", 3000, "50.00", "45.00"), TENT)
    change = changes(before, after, read_state(epicor(before)))
    assert change["owner"] == "order 1"
    assert [tuple(row.values()) for row in change["diff"]] == [
        ("line of BOOT, quantity", "2", "3"),
        ("line of BOOT, discount", "0.00", "15.00"),
        ("line of MUG", "1 EA at 8.00", ""),
        ("line of TENT", "", "1 EA at 100.00"),
        ("charge DISC", "-5.00", "0.00"),
    ]
    assert [(step["op"], step["line"]) for step in change["lines"]] == [("set", 1), ("close", 2), ("add", None)]
    assert change["lines"][0]["was"] == {"SellingQuantity": Decimal(2), "DocDiscount": Decimal(0)}
    assert (change["from_minor"], change["amount_minor"]) == (10300, 23500)


def decided(before, after, document, **more):
    change = changes(before, after, read_state(document, **more))
    return change, " | ".join(change["decide"])


def test_a_hold_that_somebody_released_in_the_erp_already_is_no_change_and_another_edit_beside_it_still_is():
    before = ordered(BOOT, status="pending")
    after = ordered(BOOT, status="open")
    assert before["header"]["OrderHeld"] is True
    held, released = (read_state(epicor(before, {1: 2}, OpenOrder=not left, OrderHeld=not left)) for left in (0, 1))
    assert changes(before, after, held)["header"]["OrderHeld"] is False
    assert changes(before, after, released) is None
    moved = changes(before, ordered(BOOT, TENT, status="open"), replace(released, is_open=True))
    assert "OrderHeld" not in moved["header"]
    assert [step["op"] for step in moved["lines"]] == ["add"]


def test_fewer_than_have_left_is_a_persons_decision_and_the_other_lines_change():
    before, after = ordered(BOOT, TENT), ordered(line("BOOT", 1000, "50.00"), MUG)
    change, said = decided(before, after, epicor(before, {1: 2}))
    assert "line 1, BOOT: 2 of 2 EA have left and the sale now has 1" in said
    assert [(step["op"], step["line"]) for step in change["lines"]] == [("close", 2), ("add", None)]
    assert change["amount_minor"] == 10800


def test_of_two_lines_of_one_part_the_one_that_the_sale_dropped_is_closed():
    dear, cheap = line("BOOT", 1000, "50.00"), line("BOOT", 1000, "50.00", "40.00")
    before, after = ordered(cheap, dear), ordered(cheap)
    change, said = decided(before, after, epicor(before))
    assert (said, change["lines"]) == ("", [{"op": "close", "line": 2}])


def test_more_of_what_has_left_is_a_line_of_its_own():
    before, after = ordered(BOOT), ordered(line("BOOT", 5000, "50.00"))
    change, said = decided(before, after, epicor(before, {1: 1}))
    assert said == ""
    assert [(step["op"], step["SellingQuantity"]) for step in change["lines"]] == [("add", 3)]
    assert change["amount_minor"] == 25000


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (ordered(line("BOOT", 2000, "50.00", "40.00")), "its price changed after 1 EA were shipped: credit"),
        (ordered(TENT), "line 1, BOOT: 1 of 2 EA have left, and the sale no longer has it: take it back by a return"),
        (ordered(BOOT, ship_to=HOME), "ship-to address changed after part of the order had left"),
    ],
)
def test_price_line_and_address_of_what_has_left_stay_as_they_are(after, said):
    before = ordered(BOOT)
    change, why = decided(before, after, epicor(before, {1: 1}))
    assert said in why
    assert change["header"] == {}


def test_a_charge_of_an_invoiced_order_is_credited_by_a_person_and_not_changed():
    before, after = ordered(BOOT), ordered(BOOT, shipping_minor=750)
    change, said = decided(before, after, epicor(before), invoiced=True)
    assert "charge FRT changed after the order was invoiced" in said
    assert change["charges"] == []


def test_a_line_of_an_invoiced_order_is_asked_about_though_nothing_of_it_has_left():
    before, after = ordered(BOOT), ordered(BOOT, TENT)
    change, said = decided(before, after, epicor(before), invoiced=True)
    assert "is invoiced: approve what may still change" in said
    assert [op["op"] for op in change["lines"]] == ["add"]


@pytest.mark.parametrize(("head", "said"), [({"VoidOrder": True}, "is void"), ({"OpenOrder": False}, "is closed")])
def test_a_void_or_closed_order_is_left_alone(head, said):
    before, after = ordered(BOOT), ordered(TENT)
    change, why = decided(before, after, epicor(before, **head))
    assert said in why
    assert (change["lines"], change["charges"], change["header"]) == ([], [], {})
    assert change["amount_minor"] == change["from_minor"]


def test_what_an_erp_user_did_to_the_order_is_said_and_not_undone():
    before, after = ordered(BOOT, MUG), ordered(BOOT, line("MUG", 2000, "8.00"))
    document = epicor(before)
    document["OrderDtls"][0]["DocUnitPrice"] = Decimal("60.00")
    change, said = decided(before, after, document)
    assert "would come to 136.00 and the sale to 116.00: somebody changed it in Epicor" in said
    assert [step["line"] for step in change["lines"]] == [2]
    del document["OrderDtls"][1]
    assert "line of MUG is no longer on sales order 5001" in decided(before, after, document)[1]


def test_the_header_changes_with_hold_date_and_address_and_what_is_no_longer_given_is_emptied():
    before = ordered(BOOT, ship_to=HOME, status="pending")
    after = ordered(BOOT, ship_to=replace(HOME, line_1="7 Canal St", line_2=""))
    change = changes(before, after, read_state(epicor(before)))
    wanted = {"OTSAddress1": "7 Canal St", "OTSAddress2": "", "OrderHeld": False}
    assert change["header"] == {
        **wanted,
        "was": {"OTSAddress1": "12 Maple Ave", "OTSAddress2": "Apt 4", "OrderHeld": True},
    }
    assert [row["what"] for row in change["diff"]] == ["ship-to Address1", "ship-to Address2", "OrderHeld"]


def test_another_customer_is_a_persons_decision():
    before, after = ordered(BOOT), {**ordered(BOOT), "customer": "H8"}
    assert "the customer became H8: void sales order 5001" in decided(before, after, epicor(before))[1]


def test_an_effect_of_an_older_store_is_compared_by_the_charges_beside_its_header():
    body = ordered(BOOT, shipping_minor=750, order_discounts=(Part("Coupon", 500),))
    beside = [
        {"code": row["MiscCode"], "amount": row["DocMiscAmt"], "text": row["Description"]}
        for row in body["header"]["OHOrderMscs"]
    ]
    header = {name: value for name, value in body["header"].items() if name != "OHOrderMscs"}
    rows = [{name: value for name, value in row.items() if name != "DocDiscount"} for row in header["OrderDtls"]]
    old = {**body, "header": {**header, "OrderDtls": rows}, "charges": beside}
    assert changes(old, body, read_state(epicor(body))) is None


# the order's state


def test_what_has_left_is_told_in_the_unit_in_which_it_was_sold():
    document = epicor(ordered(BOOT))
    document["OrderDtls"][0] |= {"SellingQuantity": Decimal(2), "OrderQty": Decimal(12), "SalesUM": "CS"}
    document["OrderDtls"][0]["OrderRels"] = [{"OurStockShippedQty": Decimal(6)}, {"OurJobShippedQty": Decimal(3)}]
    assert read_state(document).lines[0].shipped == Decimal("1.5")


def test_an_order_stands_for_its_living_lines_its_charges_and_an_older_integrations_tax():
    document = epicor(ordered(BOOT, MUG, shipping_minor=750), TotalTax=Decimal("8.00"))
    assert read_state(document).amount_minor == 10000 + 800 + 750 + 800
    document["OrderDtls"][1]["OpenLine"] = False
    assert read_state(document).amount_minor == 10000 + 750 + 800


# cancellation


def test_an_order_of_which_nothing_has_left_is_cancelled_without_asking():
    found = cancellation("order 1", read_state(epicor(ordered(BOOT))), "customer changed her mind")
    assert found == {
        "owner": "order 1",
        "order_num": 5001,
        "reason": "customer changed her mind",
        "already": False,
        "decide": [],
    }


def test_what_has_left_is_invoiced_or_is_being_made_is_asked_about_before_a_cancellation():
    document = epicor(ordered(BOOT, TENT), {1: 1})
    document["OrderDtls"][1]["OrderRels"][0]["Make"] = True
    said = cancellation("order 1", read_state(document, invoiced=True))["decide"]
    assert [one.split(":")[0] for one in said] == ["line 1, BOOT", "sales order 5001 is invoiced", "line 2, TENT"]
    assert "1 of 2 EA have left" in said[0]
