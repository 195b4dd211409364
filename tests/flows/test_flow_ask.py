"""A field that neither side owns: an edit of it waits for a person, who sees both values, and nothing else waits."""

import pytest

from he_sync.store import effects
from tests.flows.plant import CUSTOMER, open_town
from tests.flows.test_flow_choices import choose

CREATED, UPDATED = "heartland/customer_created", "heartland/customer_updated"


@pytest.fixture
def town(desk, tmp_path, clock):
    """A company that asks a person about every changed phone number."""
    with open_town(desk, tmp_path, clock) as opened:
        for flow in ("customers", "customer_accounts"):
            there = opened.works.flow(flow).map
            choose(opened, flow, map=there.model_copy(update={"owners": {"phone": "ask"}}))
        yield opened


@pytest.fixture
def ada(town):
    """A customer whom both sides know; (Heartland id, CustNum)."""
    number = town.customer(phone_number="555-0100")
    town.hear(CREATED, f"customer {number}")
    cust_num = town.plant.customer(f"H{number}")
    town.news(CUSTOMER, cust_num)
    return number, cust_num


def phones(town, ada):
    there = town.plant.kinetic.stored("Customer", CustNum=ada[1])["PhoneNum"]
    return town.document(f"customer {ada[0]}")["phone_number"], there


def edit(town, ada, **fields):
    town.tick()
    town.pos.update(f"customers/{ada[0]}", fields)
    town.hear(UPDATED, f"customer {ada[0]}")


def waiting(town, ada):
    return [one for one in town.told(f"customer {ada[0]}") if one.state == "waiting_approval"]


def test_a_new_customer_is_created_with_its_phone_number_unasked(town, ada):
    assert phones(town, ada) == ("555-0100", "555-0100")
    assert waiting(town, ada) == []


def test_an_edit_in_the_shop_waits_with_both_values_and_goes_when_it_is_approved(town, ada):
    edit(town, ada, phone_number="555-0200", last_name="Married")
    [one] = waiting(town, ada)
    assert one.effect.waits_because == "nobody owns it: phone is '555-0200' in the shop and '555-0100' in Epicor"
    assert phones(town, ada) == ("555-0200", "555-0100")
    assert town.plant.kinetic.stored("Customer", CustNum=ada[1])["Name"] == "Ada Married"
    effects.approve(town.store, one.effect.key, "dana")
    town.drain()
    assert phones(town, ada) == ("555-0200", "555-0200")
    town.news(CUSTOMER, ada[1])
    town.hear(UPDATED, f"customer {ada[0]}")
    assert waiting(town, ada) == []


def test_an_edit_in_epicor_waits_with_both_values_and_is_shown_when_it_is_approved(town, ada):
    town.plant.customer(f"H{ada[0]}", PhoneNum="555-0300")
    town.news(CUSTOMER, ada[1])
    [one] = waiting(town, ada)
    assert one.effect.waits_because == "nobody owns it: phone is '555-0300' in Epicor and '555-0100' in the shop"
    assert phones(town, ada) == ("555-0100", "555-0300")
    effects.approve(town.store, one.effect.key, "dana")
    town.drain()
    assert phones(town, ada) == ("555-0300", "555-0300")
    town.hear(UPDATED, f"customer {ada[0]}")
    town.news(CUSTOMER, ada[1])
    assert waiting(town, ada) == []


def test_an_edit_that_a_person_declined_is_asked_about_only_when_it_is_made_anew(town, ada):
    edit(town, ada, phone_number="555-0200")
    [one] = waiting(town, ada)
    effects.withdraw(town.store, one.effect.key, "dana", "a prank")
    town.hear(UPDATED, f"customer {ada[0]}")
    town.news(CUSTOMER, ada[1])
    assert waiting(town, ada) == []
    assert phones(town, ada) == ("555-0200", "555-0100")
    edit(town, ada, phone_number="555-0400")
    assert len(waiting(town, ada)) == 1


def test_a_newer_edit_takes_the_place_of_the_one_that_waits(town, ada):
    edit(town, ada, phone_number="555-0200")
    edit(town, ada, phone_number="555-0500")
    [one] = waiting(town, ada)
    assert "'555-0500' in the shop" in one.effect.waits_because


def test_an_edit_of_another_field_asks_nothing_about_the_one_that_somebody_edited_in_epicor(town, ada):
    town.plant.customer(f"H{ada[0]}", PhoneNum="555-0300")
    town.news(CUSTOMER, ada[1])
    edit(town, ada, last_name="Married")
    assert [one.effect.kind for one in waiting(town, ada)] == ["update_pos_customer"]
