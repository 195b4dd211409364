"""A sale becomes a sales order that comes to it exactly, after Epicor's own arithmetic and not ours."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from he_sync.mapping.rules import MapRules
from he_sync.mapping.to_epicor import due, sales_order
from he_sync.model.errors import BadRecord, FixSettings
from he_sync.model.money import to_major
from he_sync.model.sale import Part
from tests.mapping.examples import HOME, ON_A_BUSY_MACHINE, RETAILER, any_sale, comes_to, line, money, profile, sale

TIPS_AND_CARDS = profile(tip_charge="TIP", gift_card_charge="GIFT")
SPREAD = MapRules(order_discount="spread")


def charges(body):
    return [(row["MiscCode"], str(row["DocMiscAmt"])) for row in body["header"]["OHOrderMscs"]]


def details(body):
    names = ("PartNum", "SellingQuantity", "DocUnitPrice", "DocDiscount")
    return [tuple(str(row[name]) for name in names) for row in body["header"]["OrderDtls"]]


# to the cent


@ON_A_BUSY_MACHINE
@given(any_sale(), st.sampled_from([RETAILER, TIPS_AND_CARDS]), st.sampled_from(["same_part_and_price", "never"]))
def test_lines_less_discounts_plus_charges_are_what_the_customer_owes_for_any_sale(sold, retailer, aggregated):
    body = sales_order(sold, "WALKIN", retailer, MapRules(aggregate_lines=aggregated))
    assert comes_to(body) == body["amount_minor"] == due(sold, retailer.epicor)


@ON_A_BUSY_MACHINE
@given(any_sale(coupon=50))
def test_a_coupon_spread_over_the_lines_takes_off_itself_to_the_cent_and_makes_no_line_negative(sold):
    assume(sum(one.amount_minor for one in sold.sold) >= sold.order_discount_minor + len(sold.lines))
    body, kept = sales_order(sold, "WALKIN", RETAILER, SPREAD), sales_order(sold, "WALKIN", RETAILER)
    assert comes_to(body) == body["amount_minor"] == kept["amount_minor"]
    off = [sum(row["DocDiscount"] for row in one["header"]["OrderDtls"]) for one in (body, kept)]
    assert off[0] - off[1] == to_major(sold.order_discount_minor)
    rows = body["header"]["OrderDtls"]
    assert all(row["DocDiscount"] <= money(row["SellingQuantity"] * row["DocUnitPrice"]) for row in rows)


@ON_A_BUSY_MACHINE
@given(any_sale())
def test_what_rounding_leaves_is_seen_as_a_charge_and_is_never_more_than_a_cent_a_line(sold):
    rounding = [amount for code, amount in charges(sales_order(sold, "WALKIN", RETAILER)) if code == "RND"]
    assert sum(abs(Decimal(amount)) for amount in rounding) * 100 <= len(sold.lines)


@ON_A_BUSY_MACHINE
@given(any_sale())
def test_every_piece_that_was_sold_is_on_the_order_and_nothing_that_came_back(sold):
    ordered = {}
    for row in sales_order(sold, "WALKIN", RETAILER)["header"]["OrderDtls"]:
        assert row["SellingQuantity"] > 0
        ordered[row["PartNum"]] = ordered.get(row["PartNum"], 0) + row["SellingQuantity"] * 1000
    bought = {}
    for one in sold.sold:
        bought[one.sku] = bought.get(one.sku, 0) + one.quantity_milli
    assert ordered == bought


def test_tips_and_gift_cards_are_no_sale_unless_the_profile_gives_them_a_charge():
    sold = sale(line("BOOT", 1000, "50.00"), tip_minor=500, gift_card_minor=2500)
    assert (sales_order(sold, "WALKIN", RETAILER)["amount_minor"], charges(sales_order(sold, "W", RETAILER))) == (
        5000,
        [],
    )
    body = sales_order(sold, "WALKIN", TIPS_AND_CARDS)
    assert (body["amount_minor"], charges(body)) == (8000, [("TIP", "5.00"), ("GIFT", "25.00")])


@pytest.mark.parametrize(
    ("retailer", "rules"),
    [(RETAILER, MapRules(tips="charge")), (TIPS_AND_CARDS, MapRules(gift_cards="leave_out"))],
)
def test_a_flow_and_a_profile_that_disagree_about_tips_or_gift_cards_are_refused(retailer, rules):
    with pytest.raises(FixSettings, match="the profile"):
        sales_order(sale(line("BOOT", 1000, "50.00")), "WALKIN", retailer, rules)


def test_tax_travels_by_jurisdiction_where_the_profile_names_a_code_and_in_one_charge_where_it_does_not():
    sold = sale(
        line("BOOT", 1000, "50.00"), taxes=(Part("IL State", 313), Part("Cook County", 63), Part("Chicago", 125))
    )
    assert charges(sales_order(sold, "WALKIN", RETAILER)) == [("TAX", "5.01")]
    named = sales_order(sold, "WALKIN", profile(tax_charges={"IL State": "TXIL"}))
    assert charges(named) == [("TXIL", "3.13"), ("TAX", "1.88")]
    assert named["header"]["OHOrderMscs"][0]["Description"] == "IL State"


# lines


def test_a_discounted_line_keeps_its_list_price_and_says_what_was_taken_off():
    body = sales_order(sale(line("BOOT", 2000, "50.00", "42.50")), "WALKIN", RETAILER)
    assert details(body) == [("BOOT", "2", "50.00", "15.00")]
    assert body["header"]["OrderDtls"][0]["DiscountPercent"] == 0


def test_the_same_part_at_the_same_price_is_one_order_line_and_at_another_price_two():
    sold = sale(
        line("MUG", 1000, "8.00"), line("BOOT", 1000, "50.00"), line("MUG", 2000, "8.00"), line("MUG", 1000, "8", "6")
    )
    assert details(sales_order(sold, "WALKIN", RETAILER)) == [
        ("MUG", "3", "8.00", "0.00"),
        ("BOOT", "1", "50.00", "0.00"),
        ("MUG", "1", "8.00", "2.00"),
    ]
    assert len(details(sales_order(sold, "WALKIN", RETAILER, MapRules(aggregate_lines="never")))) == 4


def test_a_price_finer_than_a_cent_is_kept_and_its_line_rounded_to_the_cent():
    body = sales_order(sale(line("CLOTH", 1250, "3.125")), "WALKIN", RETAILER)
    assert (details(body), charges(body)) == ([("CLOTH", "1.25", "3.125", "0.00")], [])
    assert body["amount_minor"] == 391


def test_five_thousand_lines_of_one_part_are_one_order_line():
    body = sales_order(sale(*[line("MUG", 1000, "8.00", "7.99")] * 5000), "WALKIN", RETAILER)
    assert details(body) == [("MUG", "5000", "8.00", "50.00")]
    assert comes_to(body) == 5000 * 799


# units


def cases(**rule):
    return MapRules(units={"MUG": {"unit": "CS", **rule}})


def test_a_part_ordered_by_the_case_is_told_in_cases_at_the_price_of_a_case():
    body = sales_order(sale(line("MUG", 12000, "8.00", "7.00")), "WALKIN", RETAILER, cases())
    assert details(body) == [("MUG", "2", "48.00", "12.00")]
    assert body["header"]["OrderDtls"][0]["SalesUM"] == "CS"


@pytest.mark.parametrize(("rules", "fractional"), [(cases(fractions=True), None), (cases(), True)])
def test_part_of_a_case_is_ordered_where_the_rule_or_the_item_allows_it(rules, fractional):
    body = sales_order(sale(line("MUG", 2000, "8.00", fractional=fractional)), "WALKIN", RETAILER, rules)
    assert details(body)[0][1] == "0.33333333"
    assert comes_to(body) == 1600


@pytest.mark.parametrize(
    ("sold", "rules", "said"),
    [
        (line("MUG", 7000, "8.00"), cases(), "MUG: 7 EA are no whole CS of 6"),
        (line("MUG", 6000, "8.00"), MapRules(units={"MUG": {"unit": "PAL"}}), "MUG is ordered in PAL"),
        (
            line("TENT", 1500, "8.00", fractional=False),
            MapRules(),
            "TENT: 1.5 EA sold, but the item allows no fractions",
        ),
    ],
)
def test_a_fraction_nobody_allows_and_a_unit_without_conversion_are_refused_by_sku(sold, rules, said):
    with pytest.raises(BadRecord, match=said):
        sales_order(sale(sold), "WALKIN", RETAILER, rules)


# what is no order


@pytest.mark.parametrize(
    ("sold", "said"),
    [
        (sale(), "has no item line"),
        (sale(line("BOOT", -1000, "50.00")), "is a return"),
        (sale(line("BOOT", 1000, "50.00"), odd=2), "0.02 less than the sale; rounding explains 0.01"),
        (sale(line("BOOT", 1000, "50.00"), odd=-2), "0.02 more than the sale"),
        (sale(line("B" * 51, 1000, "50.00")), "51 characters and Epicor holds 50"),
        (sale(line("BOOT", 1000, "50.00"), status="frobbed"), "status 'frobbed' is unknown"),
    ],
)
def test_what_cannot_be_an_order_is_refused_in_one_line_that_says_why(sold, said):
    with pytest.raises(BadRecord, match=said) as refused:
        sales_order(sold, "WALKIN", RETAILER)
    assert "\n" not in str(refused.value)
    assert "ticket 1" in str(refused.value)


def test_a_coupon_over_more_than_the_goods_cannot_be_spread_and_is_a_charge_otherwise():
    sold = sale(line("MUG", 1000, "8.00"), shipping_minor=500, order_discounts=(Part("Coupon", 1000),))
    assert comes_to(sales_order(sold, "WALKIN", RETAILER)) == 300
    with pytest.raises(BadRecord, match=r"10\.00 off the sale is more than its goods, 8\.00"):
        sales_order(sold, "WALKIN", RETAILER, SPREAD)


# head


def test_an_order_to_ship_carries_its_address_once_and_the_customers_own_stays_as_it_is():
    sold = sale(line("BOOT", 1000, "50.00"), counter_sale=False, ship_to=HOME, shipping_method=7)
    header = sales_order(sold, "H7", profile(ship_via={7: "UPSG"}), MapRules(need_by_days=3))["header"]
    assert {name: value for name, value in header.items() if "OTS" in name} == {
        "UseOTS": True,
        "OTSName": "Ana Ruiz",
        "OTSAddress1": "12 Maple Ave",
        "OTSAddress2": "Apt 4",
        "OTSCity": "Chicago",
        "OTSState": "IL",
        "OTSZIP": "60601",
        "OTSPhoneNum": "312-555-0142",
        "OTSCountryNum": 1,
    }
    assert (header["ShipViaCode"], header["NeedByDate"]) == ("UPSG", "2026-11-23T00:00:00")


def test_a_sale_at_the_counter_ships_nowhere():
    body = sales_order(sale(line("BOOT", 1000, "50.00"), ship_to=HOME), "H7", RETAILER)
    assert "UseOTS" not in body["header"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (replace(HOME, postal_code="ABC"), "postal code 'ABC' does not read like 12345"),
        (replace(HOME, country="CA", state="ON", postal_code="M5V 3L9"), ""),
        (replace(HOME, country="MX", state="Oaxaca"), "country MX has no CountryNum in the profile"),
    ],
)
def test_an_address_nobody_can_deliver_to_stops_its_order_with_what_to_correct(address, said):
    sold = sale(line("BOOT", 1000, "50.00"), counter_sale=False, ship_to=address)
    if not said:
        assert sales_order(sold, "H7", RETAILER)["header"]["OTSCountryNum"] == 2
        return
    with pytest.raises(BadRecord, match=said):
        sales_order(sold, "H7", RETAILER)


def test_a_pending_order_is_held_and_an_open_one_is_not():
    sold = sale(line("BOOT", 1000, "50.00"), counter_sale=False)
    assert "OrderHeld" not in sales_order(sold, "H7", RETAILER)["header"]
    assert sales_order(replace(sold, status="Pending"), "H7", RETAILER)["header"]["OrderHeld"] is True


def test_an_exchange_orders_what_was_taken_and_charges_back_what_came_so_that_it_is_the_net_tender():
    sold = sale(line("BOOT", -1000, "40.00"), line("TENT", 1000, "100.00"), taxes=(Part("Tax", 480),))
    body = sales_order(sold, "WALKIN", RETAILER)
    assert (details(body), charges(body)) == ([("TENT", "1", "100.00", "0.00")], [("TAX", "4.80"), ("EXCH", "-40.00")])
    assert body["amount_minor"] == 6480


def test_an_even_exchange_is_still_an_order_over_nothing():
    body = sales_order(sale(line("BOOT", -1000, "40.00"), line("TENT", 1000, "40.00")), "WALKIN", RETAILER)
    assert (body["amount_minor"], len(body["header"]["OrderDtls"])) == (0, 1)
