"""What is planned from which difference, and that no two of them share a key."""

import pandas as pd
import pytest

from he_sync.flows.ownership import owners
from he_sync.flows.plan import Facts, key, make
from he_sync.model.difference import Difference
from he_sync.sandbox.world.whole import whole

DAY = "2026-11-20"
RETAILER = whole(5, "small").retailer
STANDING = ["account", "amount_minor", "payment_id"]


def missing(payment, amount=5000):
    return Difference(DAY, "missing_gl", f"payment {payment}", "S001", -amount, 0, "never posted", "post_journal")


def drift(sku, store="S001", milli=3000):
    return Difference(
        DAY, "inv_quantity_drift", f"item {sku} @ {store}", store, 0, milli, "POS 5, ERP 2", "adjust_erp_stock"
    )


def books(*payments, lines=(), products=()):
    frames = {
        "payments": pd.DataFrame(
            [{"payment_id": number, "store": "S001", "amount_minor": 5000} for number in payments]
        ),
        "ledger_lines": pd.DataFrame(lines, columns=STANDING),
        "products": pd.DataFrame(products, columns=["side", "sku", "unit", "factor"]),
    }
    return Facts(DAY, RETAILER, frames, {number: frozenset({"1150"}) for number in payments})


def test_two_payments_of_the_same_amount_that_were_never_posted_get_a_journal_each():
    planned = make([missing(1), missing(2)], books(1, 2)).effects
    assert [one.entity for one in planned] == ["payment 1", "payment 2"]
    assert len({one.key for one in planned}) == 2


def test_the_same_drift_of_two_items_and_of_one_item_in_two_stores_is_three_adjustments():
    parts = [("epicor", sku, "EA", 1) for sku in ("A", "B")]
    planned = make([drift("A"), drift("B"), drift("A", "S002")], books(products=parts)).effects
    assert len({one.key for one in planned}) == 3


def test_the_same_differences_planned_again_are_the_same_effects():
    found, facts = [missing(1), drift("A")], books(1, products=[("epicor", "A", "EA", 1)])
    assert make(found, facts) == make(reversed(found), facts)


def test_a_journal_balances_and_leaves_the_payment_where_it_belongs():
    standing = [("1155", 5000, 1)]
    wrong = Difference(DAY, "wrong_account", "payment 1", "S001", -5000, 0, "on 1155", "post_journal")
    [planned] = make([wrong], books(1, lines=standing)).effects
    lines = {line["account"]: line["amount_minor"] for line in planned.body["lines"]}
    assert lines == {"1150|S001": 5000, "1155|S001": -5000}


def test_what_no_effect_can_settle_is_refused_by_name_and_the_others_are_planned():
    planned = make([drift("GONE"), missing(1), missing(9)], books(1))
    assert [one.entity for one in planned.effects] == ["payment 1"]
    assert sorted(one.subject for one, _ in planned.refused) == ["item GONE @ S001", "payment 9"]
    assert all(why for _, why in planned.refused)


TICKET = {
    "ticket_id": 1,
    "public_id": "1",
    "store": "S001",
    "business_date": DAY,
    "total_minor": 5000,
    "tip_minor": 0,
    "gift_card_minor": 0,
    "tax_minor": 0,
}
BOOT = {
    "owner": "ticket 1",
    "sku": "A",
    "description": "Boot",
    "quantity_milli": 1000,
    "unit_price_minor": 5000,
    "amount_minor": 5000,
}
ANA = {"name": "Ana Ruiz", "email": "ana@example.test", "phone": ""}
UNSOLD = Difference(DAY, "order_missing_in_erp", "ticket 1", "S001", -5000, 0, "no order", "create_sales_order")


def sale_of(customer_id, *customers, under_way=()):
    columns = ["side", "customer_id", "link", "name", "email", "phone"]
    frames = {
        "tickets": pd.DataFrame([{**TICKET, "customer_id": customer_id}]),
        "sale_lines": pd.DataFrame([BOOT]),
        "customers": pd.DataFrame(customers, columns=columns),
    }
    return Facts(DAY, RETAILER, frames, under_way=frozenset(under_way))


NEW = {"side": "heartland", "customer_id": 7, "link": "H7", **ANA}
COMING = key(RETAILER, "create_customer", "customer 7")


@pytest.mark.parametrize(
    ("facts", "buyer", "kinds", "waits_for"),
    [
        (sale_of(0), "WALKIN", ["create_sales_order"], None),
        (sale_of(7, {**NEW, "side": "epicor"}), "H7", ["create_sales_order"], None),
        (sale_of(7, NEW), "H7", ["create_customer", "create_sales_order"], COMING),
        (sale_of(7, NEW, {**NEW, "side": "epicor", "link": "H3"}), "H3", ["create_sales_order"], None),
        (sale_of(7, under_way=[COMING]), "H7", ["create_sales_order"], COMING),
    ],
    ids=["walk-in", "known", "new today", "twin of a known one", "new on an earlier date"],
)
def test_an_order_goes_to_its_own_customer_and_waits_for_one_who_is_still_being_created(facts, buyer, kinds, waits_for):
    planned = make([UNSOLD], facts).effects
    assert [one.kind for one in planned] == kinds
    assert planned[-1].body["customer"] == buyer
    assert planned[-1].depends_on == waits_for


def test_an_order_of_a_customer_whom_the_erp_does_not_know_is_never_booked_on_the_walk_in():
    planned = make([UNSOLD], sale_of(7))
    assert planned.effects == ()
    assert "customer 7 is not in the ERP" in planned.refused[0][1]


# a customer's fields


def people(ours, theirs):
    columns = ("name", "email", "phone")
    rows = [
        {"side": side, "customer_id": number, "link": "H7", **dict(zip(columns, said, strict=True))}
        for side, number, said in (("heartland", 7, ours), ("epicor", 2, theirs))
    ]
    return {"customers": pd.DataFrame(rows)}


def changed(ours, theirs, **more):
    found = Difference(DAY, "customer_field_differs", "customer 7", "", 0, 0, "changed", "update_customer")
    return [one.body for one in make([found], Facts(DAY, RETAILER, people(ours, theirs), **more)).effects]


def test_the_night_writes_a_customers_fields_with_what_they_were_when_it_read_them():
    [body] = changed(("Ada Hill", "a@x.org", "2"), ("Ada Hill", "a@x.org", "1"))
    assert (body["PhoneNum"], body["was"]["PhoneNum"]) == ("2", "1")


def test_the_night_writes_no_field_that_the_flow_files_give_to_epicor():
    owned = {"owners": owners({"phone": "epicor"})}
    assert changed(("Ada Hill", "a@x.org", "2"), ("Ada Hill", "a@x.org", "1"), **owned) == []
    [body] = changed(("Ada Hall", "a@x.org", "2"), ("Ada Hill", "a@x.org", "1"), **owned)
    assert body.keys() == {"CustNum", "Name", "EMailAddress", "was"}
