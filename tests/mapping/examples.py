"""Sales to map, in a shop's words: a profile, one ticket and order, and any sale that a till could ring up."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from he_sync.model.address import Address, Person
from he_sync.model.retailer import Retailer
from he_sync.model.sale import Part, Sale, SaleLine, kind_of

PROFILE = {
    "name": "Test",
    "timezone": "America/New_York",
    "heartland_adjustment_reason_id": 100001,
    "stores": [
        {
            "code": code,
            "name": code,
            "location_id": location,
            "timezone": "America/Chicago",
            "warehouse": f"W{code}",
            "stock_owner": "heartland",
            **more,
        }
        for code, location, more in (("S001", 100005, {}), ("S002", 100006, {"walk_in_customer": "WALK2"}))
    ],
    "tenders": [
        {"payment_type": "Credit Card", "kind": "card", "account": "1150"},
        {"payment_type": "Cash", "kind": "cash", "account": "1155"},
    ],
    "terms": {"fees": {}, "funding_bank_days": {"VMDD": 1, "AMEX": 2}},
    "units": {"holds": {"EA": 1, "CS": 6, "DZ": 12}},
    "epicor": {"company": "EPIC06", "walk_in_customer": "WALKIN", "country_numbers": {"US": 1, "CA": 2}},
}
RETAILER = Retailer.model_validate(PROFILE)
TENDERS = {1: "Credit Card", 2: "Cash"}
CENT = Decimal("0.01")
ON_A_BUSY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""One example may wait for a core longer than Hypothesis allows; a hang is the suite's own timeout to find."""
HOME = Address(Person("Ana", "Ruiz"), "12 Maple Ave", "Apt 4", "", "Chicago", "IL", "60601", "US", "312-555-0142")


def profile(**codes: Any) -> Retailer:
    """The profile with other Epicor codes."""
    return RETAILER.model_copy(update={"epicor": RETAILER.epicor.model_copy(update=codes)})


def line(sku: str, milli: int, listed: str, price: str | None = None, **more: Any) -> SaleLine:
    """An item line at its list price, or below it."""
    asked, charged = Decimal(listed), Decimal(price or listed)
    amount = int((charged * milli / 10).quantize(Decimal(1), ROUND_HALF_EVEN))
    return SaleLine(1, sku, more.pop("description", f"{sku} thing"), milli, asked, charged, amount, **more)


def sale(*lines: SaleLine, **parts: Any) -> Sale:
    """A ticket of these lines whose total is the sum of its parts, plus `odd` cents of rounding."""
    odd, counter = parts.pop("odd", 0), parts.pop("counter_sale", True)
    owner = parts.pop("owner", "ticket 1" if counter else "order 1")
    head = Sale(
        owner=owner,
        public_id="1",
        kind=kind_of(tuple(one.quantity_milli for one in lines)),
        status="complete" if counter else "open",
        business_date="2026-11-20",
        customer_id=0,
        counter_sale=counter,
        currency="USD",
        lines=lines,
        total_minor=0,
        store="S001",
    )
    made = replace(head, **parts)
    return replace(made, total_minor=odd - made.rest_minor)


# what a sales order comes to, computed as Epicor does and not as the mapping does


def money(value: Decimal) -> Decimal:
    """Rounded to the cent, half up."""
    return value.quantize(CENT, ROUND_HALF_UP)


def comes_to(body: dict[str, Any]) -> int:
    """Cents of a sales order: extended lines less their discounts, plus charges."""
    header = body["header"]
    goods = sum((money(row["SellingQuantity"] * row["DocUnitPrice"]) for row in header["OrderDtls"]), Decimal(0))
    off = sum((row["DocDiscount"] for row in header["OrderDtls"]), Decimal(0))
    charges = sum((row["DocMiscAmt"] for row in header["OHOrderMscs"]), Decimal(0))
    cents = (goods - off + charges) * 100
    assert cents == int(cents)
    return int(cents)


# any sale

SKUS = st.sampled_from(["BOOT-11", "TENT", "CLOTH", "MUG"])


@st.composite
def any_line(draw: st.DrawFn, sign: int = 1) -> SaleLine:
    """Whole pieces or yards, at a price in cents or finer, discounted or not; the till may round a cent either way."""
    milli = draw(st.one_of(st.integers(1, 9).map(lambda n: n * 1000), st.integers(1, 40).map(lambda n: n * 250)))
    listed = draw(st.one_of(st.integers(0, 100_000).map(lambda n: Decimal(n) / 100), st.just(Decimal("3.125"))))
    share = draw(st.sampled_from([0, 0, 10, 33, 50, 100]))
    price = listed if not share else (listed * (100 - share) / 100).quantize(CENT)
    exact = price * milli / 10
    amount = int(exact.quantize(Decimal(1), draw(st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN, "ROUND_FLOOR"]))))
    return SaleLine(1, draw(SKUS), "Thing", sign * milli, listed, price, sign * amount)


@st.composite
def any_sale(draw: st.DrawFn, coupon: int = 900) -> Sale:
    """A sale or an exchange with taxes, coupons, tips, gift cards, freight and a cent of rounding."""
    out = draw(st.lists(any_line(), min_size=1, max_size=8))
    back = draw(st.lists(any_line(sign=-1), max_size=2))
    lines = tuple(draw(st.permutations([*out, *back])))
    cents = st.integers(0, 5000)
    rounded = any(one.price * abs(one.quantity_milli) % 10 for one in lines)
    return sale(
        *lines,
        counter_sale=draw(st.booleans()),
        taxes=tuple(Part(name, draw(st.integers(-500, 5000))) for name in draw(st.sets(st.sampled_from("ABC")))),
        order_discounts=tuple(Part("Coupon", amount) for amount in draw(st.lists(st.integers(1, coupon), max_size=2))),
        tip_minor=draw(cents),
        gift_card_minor=draw(cents),
        shipping_minor=draw(cents),
        odd=0 if rounded else draw(st.integers(-1, 1)),
    )
