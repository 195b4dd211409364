"""Customers both ways over HTTP: the ERP's account fields are shown, edits of the shop's fields put back, no echo."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from he_sync.flows import conflicts
from he_sync.flows.commit import answers, commit
from he_sync.flows.echo import RATE_MOST
from he_sync.flows.run import run_all
from he_sync.model.errors import FixInput
from he_sync.store import inbox
from tests.flows.plant import CUSTOMER, open_town

UPDATED = "heartland/customer_updated"


@pytest.fixture
def town(desk, tmp_path, clock):
    with open_town(desk, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def ada(town):
    """A customer whom both sides know, told to us once; (entity, CustID, CustNum)."""
    number = town.customer(phone_number="555-0100")
    town.hear("heartland/customer_created", f"customer {number}")
    cust_num = town.plant.customer(f"H{number}")
    town.news(CUSTOMER, cust_num)
    return f"customer {number}", f"H{number}", cust_num


def in_shop(town, ada):
    return town.document(ada[0])


def in_erp(town, ada):
    return town.plant.kinetic.stored("Customer", CustNum=ada[2])


def kinds(town, ada):
    return Counter(kind for kind, _ in town.states(ada[0]))


def test_terms_and_credit_hold_of_the_erp_are_shown_in_the_shop(town, ada):
    town.plant.customer(ada[1], TermsCode="N30", CreditHold=True, CreditLimit=500)
    town.news(CUSTOMER, ada[2])
    custom = in_shop(town, ada)["custom"]
    shown = {name: custom[f"epicor_{name}"] for name in ("customer", "terms", "credit_hold", "credit_limit")}
    assert shown == {"customer": ada[1], "terms": "N30", "credit_hold": "yes", "credit_limit": "500"}
    town.plant.customer(ada[1], CreditHold=False)
    town.news(CUSTOMER, ada[2])
    assert in_shop(town, ada)["custom"]["epicor_credit_hold"] == ""


def test_a_phone_number_that_was_changed_in_the_erp_is_put_back(town, ada):
    town.plant.customer(ada[1], PhoneNum="555-9999")
    town.news(CUSTOMER, ada[2])
    assert in_erp(town, ada)["PhoneNum"] == "555-0100"
    assert in_shop(town, ada)["phone_number"] == "555-0100"


def test_our_own_writes_coming_back_are_no_news(town, ada):
    town.plant.customer(ada[1], TermsCode="N30", PhoneNum="555-9999")
    town.news(CUSTOMER, ada[2])
    before, writes = kinds(town, ada), town.writes()
    for _ in range(3):
        town.news(CUSTOMER, ada[2])
        town.hear(UPDATED, ada[0])
    assert (kinds(town, ada), town.writes()) == (before, writes)


def test_an_edit_on_each_side_ends_with_two_messages_and_both_sides_equal(town, ada):
    before = sum(kinds(town, ada).values())
    town.tick()
    town.pos.update(f"customers/{ada[1][1:]}", {"phone_number": "555-0200"})
    town.plant.customer(ada[1], TermsCode="N45")
    town.hear(UPDATED, ada[0])
    town.news(CUSTOMER, ada[2])
    town.hear(UPDATED, ada[0])
    town.news(CUSTOMER, ada[2])
    assert sum(kinds(town, ada).values()) - before <= 2
    assert in_erp(town, ada)["PhoneNum"] == "555-0200"
    assert in_shop(town, ada)["custom"]["epicor_terms"] == "N45"


def test_a_program_that_keeps_changing_a_number_is_told_to_a_person_and_not_fought(town, ada):
    for _ in range(RATE_MOST + 3):
        town.plant.customer(ada[1], PhoneNum="555-9999")
        town.news(CUSTOMER, ada[2])
        town.clock.forward(timedelta(minutes=3))
    [letter] = town.letters(f"erp_customer {ada[2]}")
    assert "put back several times" in letter
    assert kinds(town, ada)["update_customer"] <= 3


def test_random_edits_of_both_sides_end_with_each_owners_value_and_two_messages_an_edit_at_most(town, ada):
    """The fuzz of test_ownership_fuzz.py in small, through real stores, flows, writers and both systems."""
    chance = Random(12)  # noqa: S311 - reproducible, not secret
    before, said = sum(kinds(town, ada).values()), {"phone": "555-0100", "terms": ""}
    for edit in range(24):
        value = f"555-{1000 + edit}"
        match chance.choice(("shop phone", "shop phone", "erp phone", "erp terms")):
            case "shop phone":
                town.tick()
                town.pos.update(f"customers/{ada[1][1:]}", {"phone_number": value})
                said["phone"] = value
            case "erp phone":
                town.plant.customer(ada[1], PhoneNum=value)
            case _:
                said["terms"] = f"N{edit}"
                town.plant.customer(ada[1], TermsCode=said["terms"])
        town.clock.forward(timedelta(minutes=4))
        for topic, entity in chance.choice(([], [(UPDATED, ada[0])], [(CUSTOMER, f"erp_customer {ada[2]}")] * 2)):
            town.tell(topic, entity)
        town.drain()
    for _ in range(3):
        town.hear(UPDATED, ada[0])
        town.news(CUSTOMER, ada[2])
    assert in_shop(town, ada)["phone_number"] == in_erp(town, ada)["PhoneNum"] == said["phone"]
    assert in_shop(town, ada)["custom"].get("epicor_terms", "") == in_erp(town, ada)["TermsCode"] == said["terms"]
    assert sum(kinds(town, ada).values()) - before <= 2 * 24


def test_a_customer_that_the_shop_does_not_know_is_left_alone(town):
    before = town.writes()
    walk_in = town.plant.customer("WALKIN")
    town.news(CUSTOMER, walk_in)
    assert town.inbox(f"erp_customer {walk_in}") == {"quiet": 1}
    assert town.writes() == before


# a person who edits between our read and our write


def decided(town, topic, entity):
    """The flows decide, and nothing is sent yet."""
    town.tell(topic, entity)
    taken = inbox.take(town.store, "test", None, 10, 60, town.clock())
    commit(town.store, taken, answers(taken, run_all(town.works, taken.events, town.clock())), town.clock())


def parked(town, ada):
    [one] = [status for status in town.told(ada[0]) if status.state == "parked"]
    return one.reason


def test_a_field_of_the_shop_that_a_person_changes_in_epicor_before_our_write_is_theirs_to_decide(town, ada):
    town.tick()
    town.pos.update(f"customers/{ada[1][1:]}", {"phone_number": "555-0200"})
    decided(town, UPDATED, ada[0])
    town.plant.customer(ada[1], PhoneNum="555-7777")
    town.drain()
    assert parked(town, ada).endswith(
        "PhoneNum is '555-7777', was '555-0100' when it was read, and would become '555-0200'; decide which one stands"
    )
    assert in_erp(town, ada)["PhoneNum"] == "555-7777"


def an_edit_on_both_sides(town, ada):
    town.tick()
    town.pos.update(f"customers/{ada[1][1:]}", {"phone_number": "555-0200"})
    decided(town, UPDATED, ada[0])
    town.plant.customer(ada[1], PhoneNum="555-7777")
    town.drain()
    [one] = [each.name for each in conflicts.queue(town.store) if each.entity == ada[0]]
    return one


def test_a_person_who_says_that_ours_stands_has_it_written_over_the_edit(town, ada):
    name = an_edit_on_both_sides(town, ada)
    conflicts.settle(town.store, name, "dana", "Ada called", "ours")
    town.drain()
    assert in_erp(town, ada)["PhoneNum"] == "555-0200"
    assert conflicts.queue(town.store) == []


def test_a_person_who_says_that_theirs_stands_has_nothing_written(town, ada):
    name = an_edit_on_both_sides(town, ada)
    conflicts.settle(town.store, name, "dana", "Ada called", "theirs")
    town.drain()
    assert in_erp(town, ada)["PhoneNum"] == "555-7777"
    assert conflicts.queue(town.store) == []


def test_ours_is_not_written_over_a_later_change_that_waits_behind_it(town, ada):
    name = an_edit_on_both_sides(town, ada)
    town.tick()
    town.pos.update(f"customers/{ada[1][1:]}", {"phone_number": "555-0300"})
    decided(town, UPDATED, ada[0])
    with pytest.raises(FixInput, match="a later change of customer"):
        conflicts.settle(town.store, name, "dana", "Ada called", "ours")
    conflicts.settle(town.store, name, "dana", "Ada called", "theirs")


def test_a_value_that_is_put_back_goes_over_no_edit_that_came_after_it_was_read(town, ada):
    town.plant.customer(ada[1], PhoneNum="555-9999")
    decided(town, CUSTOMER, f"erp_customer {ada[2]}")
    town.plant.customer(ada[1], PhoneNum="555-7777")
    town.drain()
    assert "PhoneNum is '555-7777', was '555-9999' when it was read" in parked(town, ada)
    assert in_erp(town, ada)["PhoneNum"] == "555-7777"


def test_two_changes_of_the_shop_that_wait_together_are_both_written_and_are_no_conflict(town, ada):
    for phone in ("555-0200", "555-0300"):
        town.tick()
        town.pos.update(f"customers/{ada[1][1:]}", {"phone_number": phone})
        decided(town, UPDATED, ada[0])
    town.drain()
    assert in_erp(town, ada)["PhoneNum"] == "555-0300"
    assert {state for _, state in town.states(ada[0])} == {"confirmed"}
