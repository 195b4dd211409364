"""A customer's address belongs to the shop: an edit of it reaches Epicor, an edit in Epicor is put back, no echo."""

import pytest

from he_sync.flows import conflicts
from tests.flows.plant import CUSTOMER, open_town
from tests.flows.test_echo_customers import decided

CREATED, UPDATED = "heartland/customer_created", "heartland/customer_updated"
COLUMNS = ("Address1", "Address2", "City", "State", "Zip")


@pytest.fixture
def town(desk, tmp_path, clock):
    with open_town(desk, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def ada(town):
    """A customer with an address whom both sides know; (Heartland id, CustNum)."""
    number = town.customer()
    town.address(number, line_2="Apt 4")
    town.hear(CREATED, f"customer {number}")
    cust_num = town.plant.customer(f"H{number}")
    town.news(CUSTOMER, cust_num)
    return number, cust_num


def moves(town, ada, **fields):
    """The shop corrects the address."""
    town.tick()
    [row] = town.pos.list_all(f"customers/{ada[0]}/addresses")
    town.pos.update(f"customers/{ada[0]}/addresses/{row['id']}", fields)
    town.hear(UPDATED, f"customer {ada[0]}")


def place(town, ada):
    row = town.plant.kinetic.stored("Customer", CustNum=ada[1])
    return tuple(row.get(column, "") for column in COLUMNS)


def test_an_edit_of_the_address_in_the_shop_reaches_epicor_whole(town, ada):
    assert place(town, ada) == ("12 Canal St", "Apt 4", "Portland", "ME", "04101")
    moves(town, ada, line_1="9 Hill Rd", line_2="", city="Bangor", postal_code="04401")
    assert place(town, ada) == ("9 Hill Rd", "", "Bangor", "ME", "04401")


def test_an_address_that_comes_back_on_the_same_day_travels_each_time(town, ada):
    for line in ("9 Hill Rd", "12 Canal St", "9 Hill Rd"):
        moves(town, ada, line_1=line)
        assert place(town, ada)[0] == line


def test_our_own_write_of_an_address_coming_back_is_no_news(town, ada):
    moves(town, ada, line_1="9 Hill Rd")
    before = town.writes()
    for _ in range(3):
        town.news(CUSTOMER, ada[1])
        town.hear(UPDATED, f"customer {ada[0]}")
    assert town.writes() == before


def test_an_edit_of_the_address_in_epicor_is_put_back(town, ada):
    town.plant.customer(f"H{ada[0]}", Address1="1 Elsewhere", City="Salem")
    town.news(CUSTOMER, ada[1])
    assert place(town, ada) == ("12 Canal St", "Apt 4", "Portland", "ME", "04101")


def test_an_address_that_could_not_be_delivered_to_stays_in_the_shop(town, ada):
    before = place(town, ada)
    moves(town, ada, postal_code="")
    assert place(town, ada) == before


def test_a_change_of_the_name_writes_no_address(town, ada):
    """So that it has the night's key: the night compares no addresses."""
    town.tick()
    town.pos.update(f"customers/{ada[0]}", {"last_name": "Married"})
    town.hear(UPDATED, f"customer {ada[0]}")
    assert town.plant.kinetic.stored("Customer", CustNum=ada[1])["Name"] == "Ada Married"
    [update] = [one for one in town.told(f"customer {ada[0]}") if one.effect.kind == "update_customer"]
    assert "Address1" not in update.effect.body


def test_an_address_that_somebody_edits_in_epicor_before_our_write_is_a_persons_to_decide(town, ada):
    town.tick()
    [row] = town.pos.list_all(f"customers/{ada[0]}/addresses")
    town.pos.update(f"customers/{ada[0]}/addresses/{row['id']}", {"city": "Bangor"})
    decided(town, UPDATED, f"customer {ada[0]}")
    town.plant.customer(f"H{ada[0]}", City="Salem")
    town.drain()
    [one] = conflicts.queue(town.store)
    assert "City is 'Salem', was 'Portland' when it was read, and would become 'Bangor'" in one.what
    assert place(town, ada)[2] == "Salem"
