"""Goods that come back: worth what was refunded, to the store that took them; an exchange is two documents."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from he_sync.mapping.returns import return_authorisation
from he_sync.mapping.rules import MapRules
from he_sync.mapping.to_epicor import sales_order
from he_sync.model.errors import BadRecord
from he_sync.model.sale import Part
from tests.mapping.examples import ON_A_BUSY_MACHINE, RETAILER, any_line, any_sale, comes_to, line, profile, sale


def rma(sold, **more):
    return return_authorisation(sold, "WALKIN", RETAILER, **more)


def worth(body):
    """Cents that an authorisation gives back: its lines and what stands beside them."""
    return sum(row["amount_minor"] for row in body["lines"]) + sum(int(row["amount"] * 100) for row in body["charges"])


@ON_A_BUSY_MACHINE
@given(
    st.lists(any_line(sign=-1), min_size=1, max_size=6),
    st.lists(st.integers(-3000, 0).map(lambda cents: Part("Tax", cents)), max_size=2),
    st.lists(st.integers(-900, -2).map(lambda cents: Part("Restocking", cents)), max_size=1),
)
def test_a_return_gives_back_exactly_what_the_customer_got(lines, taxes, kept):
    refunded = sale(*lines, taxes=tuple(taxes), order_discounts=tuple(kept))
    body = rma(refunded)
    assert worth(body) == body["amount_minor"] == -refunded.total_minor
    assert all(row["qty"] > 0 for row in body["lines"])
    assert body["credit"] is True


@ON_A_BUSY_MACHINE
@given(any_sale())
def test_an_exchange_is_an_order_and_a_return_that_together_come_to_the_net_tender_and_no_credit(swapped):
    order = sales_order(swapped, "WALKIN", RETAILER)
    if swapped.kind == "sale":
        with pytest.raises(BadRecord, match="brings nothing back"):
            rma(swapped)
        return
    back = rma(swapped)
    assert comes_to(order) == swapped.total_minor - swapped.tip_minor - swapped.gift_card_minor
    assert (back["credit"], back["charges"]) == (False, [])
    assert back["amount_minor"] == -sum(one.amount_minor for one in swapped.returned)
    exchanged = [row["DocMiscAmt"] for row in order["header"]["OHOrderMscs"] if row["MiscCode"] == "EXCH"]
    assert sum(exchanged) * 100 == -back["amount_minor"]


def test_an_even_exchange_still_moves_the_goods_both_ways():
    swapped = sale(line("BOOT", -1000, "40.00"), line("TENT", 1000, "40.00"))
    assert sales_order(swapped, "WALKIN", RETAILER)["amount_minor"] == 0
    assert [(row["part"], row["qty"]) for row in rma(swapped)["lines"]] == [("BOOT", 1)]


def test_a_return_says_what_came_back_where_and_for_how_much():
    refunded = sale(line("BOOT", -2000, "40.00"), taxes=(Part("IL State", -500),), store="S002", owner="ticket 7")
    assert rma(refunded, original="ticket 5") == {
        "owner": "ticket 7",
        "order_owner": "ticket 5",
        "customer": "WALKIN",
        "date": "2026-11-20",
        "warehouse": "WS002",
        "bin": "01",
        "lines": [
            {
                "part": "BOOT",
                "qty": Decimal(2),
                "unit": "EA",
                "unit_price_minor": 4000,
                "amount_minor": 8000,
                "reason": "POS",
                "description": "BOOT thing",
            }
        ],
        "charges": [{"code": "TAX", "text": "Sales tax", "amount": Decimal("5.00")}],
        "credit": True,
        "amount_minor": 8500,
        "reference": "HR-T7",
    }


def test_a_return_without_receipt_is_worth_the_refund_and_names_no_order():
    body = rma(sale(line("BOOT", -1000, "12.34"), parent=0))
    assert (body["order_owner"], body["amount_minor"], body["warehouse"]) == (None, 1234, "WS001")


def test_tax_given_back_goes_to_the_jurisdictions_own_code():
    refunded = sale(line("BOOT", -1000, "40.00"), taxes=(Part("IL State", -250), Part("Chicago", -50)))
    body = return_authorisation(refunded, "WALKIN", profile(tax_charges={"IL State": "TXIL"}))
    assert [(row["code"], str(row["amount"])) for row in body["charges"]] == [("TXIL", "2.50"), ("TAX", "0.50")]


def test_what_comes_back_in_cases_is_told_in_cases():
    rules = MapRules(units={"MUG": {"unit": "CS"}})
    [row] = rma(sale(line("MUG", -12000, "8.00")), rules=rules)["lines"]
    assert (row["qty"], row["unit"], row["unit_price_minor"]) == (2, "CS", 4800)
    with pytest.raises(BadRecord, match="MUG: 7 EA are no whole CS"):
        rma(sale(line("MUG", -7000, "8.00")), rules=rules)


@pytest.mark.parametrize(
    ("sold", "said"),
    [
        (sale(line("BOOT", 1000, "40.00")), "brings nothing back"),
        (sale(line("BOOT", -1000, "40.00"), store="S099"), "store S099 is not in the profile"),
        (sale(line("BOOT", -1000, "40.00"), odd=5), r"miss the refund 39\.95 by -0\.05"),
    ],
)
def test_what_is_no_return_or_has_nowhere_to_go_is_refused(sold, said):
    with pytest.raises(BadRecord, match=said):
        rma(sold)
