"""Customers: who buys in the ERP, each created once, twins and strangers kept apart, changes following."""

from collections import Counter

import pytest

from he_sync.store import crosswalk
from tests.flows.shop import EDITED, PLACED, number_of, open_shop

CREATED, CHANGED = "heartland/customer_created", "heartland/customer_updated"


@pytest.fixture
def shop(desk, tmp_path, clock):
    with open_shop(desk, tmp_path, clock) as opened:
        yield opened


def erp_customer(shop, cust_id):
    rows = shop.state.select("epicor/Customer", "json_extract(doc, '$.CustID') = ?", [cust_id])
    return rows[0] if rows else None


def buyer(shop, order):
    """The CustID that a sale's order stands on."""
    [erp] = shop.orders(order)
    rows = shop.state.select("epicor/Customer", "json_extract(doc, '$.CustNum') = ?", [erp["CustNum"]])
    return rows[0]["CustID"]


def in_epicor(shop, cust_id, name, email, phone=""):
    body = {"CustID": cust_id, "Name": name, "EMailAddress": email, "PhoneNum": phone, "CustomerType": "CUS"}
    shop.desk.systems.epicor.insert("Erp.BO.CustomerSvc", "Customers", body)


def test_two_orders_of_a_new_customer_that_arrive_together_create_the_customer_once_and_wait_for_it(shop):
    customer = shop.customer()
    orders = [shop.order(customer=customer), shop.order(customer=customer)]
    for order in orders:
        shop.tell(PLACED, order)
    shop.tell(CREATED, f"customer {customer}")
    shop.drain()
    assert shop.created("epicor/Customer", CustID=f"H{customer}") == 1
    assert {buyer(shop, order) for order in orders} == {f"H{customer}"}
    [created] = [one for one in shop.told(f"customer {customer}") if one.effect.kind == "create_customer"]
    assert {shop.told(order)[0].effect.depends_on for order in orders} == {created.effect.key}


def test_a_large_order_of_a_new_customer_is_asked_about_and_a_small_one_is_not(shop):
    large, small = (shop.order([(shop.skus[0], pieces, "20.00")], shop.customer()) for pieces in (60, 2))
    shop.hear(PLACED, large, small)
    assert shop.told(large)[0].effect.waits_because.startswith("new customer")
    assert len(shop.orders(small)) == 1


def test_a_customer_with_the_same_e_mail_and_name_is_the_one_that_the_erp_has(shop):
    customer = shop.customer("Grace", "Twin")
    document = shop.document(f"customer {customer}")
    in_epicor(shop, "OLD-77", "GRACE TWIN", document["email"].upper())
    order = shop.order(customer=customer)
    shop.hear(PLACED, order)
    assert buyer(shop, order) == "OLD-77"
    assert erp_customer(shop, f"H{customer}") is None


def test_a_link_that_a_person_made_is_stronger_than_any_likeness(shop, clock):
    customer = shop.customer("Iris", "Linked")
    in_epicor(shop, "CHOSEN-1", "Somebody Else", "else@example.org")
    crosswalk.link(shop.store, "customer", str(customer), "CHOSEN-1", clock.now)
    order = shop.order(customer=customer)
    shop.hear(PLACED, order)
    assert buyer(shop, order) == "CHOSEN-1"


def test_a_cust_id_that_holds_a_stranger_takes_no_order_and_says_who_is_who(shop):
    customer = shop.customer("Maya", "Right")
    in_epicor(shop, f"H{customer}", "Viktor Wrong", "viktor@example.org")
    order = shop.order(customer=customer)
    shop.hear(PLACED, order)
    assert shop.orders(order) == []
    [letter] = shop.letters(order)
    assert "Viktor Wrong" in letter
    assert "Maya Right" in letter


def test_a_duplicate_cust_id_is_resolved_by_who_it_is(shop):
    """Somebody keyed H<id> into Epicor before us; the same person is taken, and no second one made."""
    customer = shop.customer("Noor", "Same")
    in_epicor(shop, f"H{customer}", "Noor Same", "other@example.org")
    order = shop.order(customer=customer)
    shop.hear(PLACED, order)
    assert buyer(shop, order) == f"H{customer}"
    assert shop.created("epicor/Customer", CustID=f"H{customer}") == 1


def test_a_new_customer_brings_the_address_and_a_change_of_the_phone_follows(shop):
    customer = shop.customer("Tess", "New")
    shop.address(customer)
    shop.hear(CREATED, f"customer {customer}")
    row = erp_customer(shop, f"H{customer}")
    assert (row["Name"], row["City"], row["State"]) == ("Tess New", "Portland", "ME")
    shop.tick()
    shop.pos.update(f"customers/{customer}", {"phone_number": "207-555-0199"})
    shop.hear(CHANGED, f"customer {customer}")
    assert erp_customer(shop, f"H{customer}")["PhoneNum"] == "207-555-0199"
    before = shop.writes()
    shop.hear(CHANGED, f"customer {customer}")
    assert shop.writes() == before


def test_a_field_that_the_erp_owns_is_not_written_again(shop):
    customer = shop.customer("Hugo", "Terms")
    shop.hear(CREATED, f"customer {customer}")
    number = erp_customer(shop, f"H{customer}")["CustNum"]
    shop.desk.systems.epicor.patch("Erp.BO.CustomerSvc", "Customers", {"CustNum": number}, {"CreditLimit": 900})
    shop.tick()
    shop.pos.update(f"customers/{customer}", {"last_name": "Married"})
    shop.hear(CHANGED, f"customer {customer}")
    row = erp_customer(shop, f"H{customer}")
    assert (row["Name"], int(row["CreditLimit"])) == ("Hugo Married", 900)


def test_an_order_moved_to_another_customer_is_a_persons_decision(shop):
    order = shop.order()
    shop.hear(PLACED, order)
    shop.tick()
    shop.pos.update(f"sales/orders/{number_of(order)}", {"customer_id": shop.known[3]})
    shop.hear(EDITED, order)
    change = shop.told(order)[-1]
    assert (change.effect.kind, change.state) == ("change_sales_order", "waiting_approval")
    assert f"H{shop.known[3]}" in change.effect.waits_because
    assert Counter(state for _, state in shop.states(order))["confirmed"] == 2
