"""What a company chooses in its flow file and profile, over HTTP: the stronger way to write, tips and gift cards."""

import shutil
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import yaml

from he_sync.flows import close, night, registry
from he_sync.flows.spec import Map, Push
from he_sync.model.errors import FixInput
from he_sync.sandbox.faults import Fault
from he_sync.store.lake import Lake
from tests.flows.desk import DAY
from tests.flows.plant import CUSTOMER, open_town
from tests.flows.shop import PLACED, SALE, number_of, open_shop, prices

FUNCTION = "HeSync/CreateOrderOnce"
ORDERS = "order_to_fulfilment"


@pytest.fixture
def shop(desk, tmp_path, clock):
    with open_shop(desk, tmp_path, clock) as opened:
        yield opened


def choose(shop, name, **options):
    """A flow with other options, as a changed flow file has them; the other flows stay."""
    flows = [flow.model_copy(update=options) if flow.name == name else flow for flow in shop.works.flows]
    shop.works = replace(shop.works, flows=tuple(flows))


# the stronger way


@pytest.fixture
def by_function(shop):
    choose(shop, ORDERS, push=Push(target="epicor", way="function"))
    return shop


def keys_kept(shop):
    return len(shop.state.select("epicor/UD01"))


def test_with_the_function_an_order_is_made_by_one_call_and_by_no_composite(by_function):
    shop, calls = by_function, by_function.desk.calls
    before, kept = calls("epicor", "POST", "SalesOrders"), keys_kept(by_function)
    order = shop.order([(shop.skus[0], 2, "20.00"), (shop.skus[1], 1, "5.50")])
    shop.hear(PLACED, order)
    assert calls("epicor", "POST", "SalesOrders") == before
    assert keys_kept(shop) == kept + 1
    assert shop.erp_lines(order) == prices((shop.skus[0], 2, "20.00"), (shop.skus[1], 1, "5.50"))
    assert shop.erp_total(order) == shop.pos_total(order)
    assert shop.document(order)["custom"]["epicor_order"] == str(shop.orders(order)[0]["OrderNum"])


@pytest.mark.parametrize("name", ["lost_response", "error_after", "lost_request"])
def test_with_the_function_a_lost_answer_is_asked_again_at_once_and_is_one_order(by_function, name):
    """No quarantine: the clock stands still, and the drain that lost the answer has the number."""
    shop, before = by_function, by_function.desk.calls("epicor", "POST", FUNCTION)
    order = shop.order()
    shop.desk.sandbox.faults.set([Fault(name, "epicor", "POST", FUNCTION, remaining=1)])
    shop.hear(PLACED, order)
    assert shop.desk.calls("epicor", "POST", FUNCTION) - before == 2
    assert Counter(shop.states(order)) == Counter([("create_sales_order", "confirmed"), ("confirm_order", "confirmed")])
    assert len(shop.orders(order)) == 1


# whose a customer's field is


@pytest.fixture
def town(desk, tmp_path, clock):
    """A company whose ERP knows the phone numbers; the shop keeps names and e-mail addresses."""
    with open_town(desk, tmp_path, clock) as opened:
        for flow in ("customers", "customer_accounts"):
            there = opened.works.flow(flow).map
            choose(opened, flow, map=there.model_copy(update={"owners": {"phone": "epicor"}}))
        yield opened


def phones(town, customer, number):
    erp = town.plant.kinetic.stored("Customer", CustNum=number)
    return town.document(f"customer {customer}")["phone_number"], erp["PhoneNum"]


def test_a_field_that_the_flow_file_gives_to_epicor_is_shown_in_the_shop_and_an_edit_there_is_undone(town):
    customer = town.customer(phone_number="555-0100")
    town.hear("heartland/customer_created", f"customer {customer}")
    number = town.plant.customer(f"H{customer}", PhoneNum="555-0200")
    town.news(CUSTOMER, number)
    assert phones(town, customer, number) == ("555-0200", "555-0200")
    town.tick()
    town.pos.update(f"customers/{customer}", {"phone_number": "555-0300", "last_name": "Married"})
    town.hear("heartland/customer_updated", f"customer {customer}")
    assert phones(town, customer, number) == ("555-0200", "555-0200")
    town.news(CUSTOMER, number)
    assert phones(town, customer, number) == ("555-0200", "555-0200")
    assert town.plant.kinetic.stored("Customer", CustNum=number)["Name"] == "Ada Married"
    before = town.writes()
    town.hear("heartland/customer_updated", f"customer {customer}")
    town.news(CUSTOMER, number)
    assert town.writes() == before


@pytest.mark.parametrize(
    ("owners", "says"),
    [
        ({"phone": "nobody"}, "attributes.map.owners.phone: Input should be 'heartland', 'epicor' or 'ask'"),
        ({"shoe_size": "epicor"}, "Input should be 'name', 'email' or 'phone'"),
        ({"phone": "epicor"}, "the flows customer_accounts and customers name different map.owners; make them agree"),
    ],
)
def test_owners_that_no_flow_could_keep_are_refused_with_their_place(tmp_path, owners, says):
    shutil.copytree(registry.FOLDER, tmp_path / "flows", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    path = tmp_path / "flows" / "customers" / "defs.yaml"
    document = yaml.safe_load(path.read_text())
    document["attributes"]["map"]["owners"] = owners
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    with pytest.raises(FixInput) as refusal:
        registry.load_all(tmp_path / "flows")
    assert says in str(refusal.value)


# tips and gift cards


@pytest.fixture
def charged(shop):
    """A company that wants tips and gift cards on its orders, under codes of its own."""
    for code in ("TIP", "GIFT"):
        shop.state.put("epicor/MiscChrg", f"EPIC06~{code}", {"Company": "EPIC06", "MiscCode": code})
    codes = shop.desk.retailer.epicor.model_copy(update={"tip_charge": "TIP", "gift_card_charge": "GIFT"})
    shop.works = replace(shop.works, retailer=shop.desk.retailer.model_copy(update={"epicor": codes}))
    choose(shop, ORDERS, map=Map(to="sales_order", tips="charge", gift_cards="charge"))
    return shop


def with_extras(shop):
    """A ticket of the day that is closed: 20.00 of goods, a tip of 3.00, a gift card of 25.00."""
    price = {"unit_price": Decimal("20.00"), "original_unit_price": Decimal("20.00")}
    goods = {"type": "ItemLine", "item_id": shop.items[shop.skus[0]], "qty": 1, **price}
    extras = [{"type": "TipLine", "value": Decimal("3.00")}, {"type": "GiftCardLine", "value": Decimal("25.00")}]
    ticket = shop.ticket(item_lines=[goods, *extras])
    when = {"completed_at": f"{DAY}T18:00:00+00:00", "local_completed_at": f"{DAY}T12:00:00"}
    shop.state.put("heartland/sales/tickets", number_of(ticket), {**shop.document(ticket), **when})
    return ticket


def differences(shop, tmp_path, entity):
    """What the nightly orders leg says of one sale."""
    office = night.Office(shop.desk.systems, shop.store, Lake(tmp_path / "lake"), shop.works.retailer)
    night.compare_day(office, date.fromisoformat(DAY))
    return [(one.leg, one.klass) for one in close.differences(office.lake, DAY) if one.subject == entity]


def charges(shop, entity):
    [erp] = shop.desk.systems.epicor.read(
        "Erp.BO.SalesOrderSvc", "SalesOrders", filter=f"PONum eq 'HR-T{number_of(entity)}'", expand="OHOrderMscs"
    )
    return {row["MiscCode"]: row["DocMiscAmt"] for row in erp["OHOrderMscs"]}


def test_tips_and_gift_cards_are_charges_where_the_profile_names_codes_and_the_night_finds_no_difference(
    charged, tmp_path
):
    ticket = with_extras(charged)
    charged.hear(SALE, ticket)
    assert charges(charged, ticket) == {"TIP": Decimal("3.00"), "GIFT": Decimal("25.00")}
    assert charged.erp_total(ticket) == Decimal("48.00") == charged.pos_total(ticket)
    assert differences(charged, tmp_path, ticket) == []


def test_tips_and_gift_cards_stay_off_the_order_where_the_profile_names_no_code_and_the_night_agrees(shop, tmp_path):
    ticket = with_extras(shop)
    shop.hear(SALE, ticket)
    assert charges(shop, ticket) == {}
    assert shop.erp_total(ticket) == Decimal("20.00")
    assert differences(shop, tmp_path, ticket) == []


def test_a_flow_that_charges_what_the_profile_has_no_code_for_parks_the_sale_and_says_what_to_set(shop):
    choose(shop, ORDERS, map=Map(to="sales_order", tips="charge"))
    ticket = with_extras(shop)
    shop.hear(SALE, ticket)
    [letter] = shop.letters(ticket)
    assert "map.tips is charge, but the profile names no tip_charge for it" in letter
