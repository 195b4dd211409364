"""Money in the world adds up to the cent, whichever of the three systems tells it."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from he_sync.sandbox import world
from he_sync.sandbox.state import State
from tests.sandbox import world_audit as audit

if TYPE_CHECKING:
    from he_sync.sandbox.state import Document

THURSDAY = date(2026, 11, 19)
DAYS = 6
cents = audit.cents


@pytest.fixture(scope="module", params=[7, 21, 99])
def week(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> State:
    state = State(tmp_path_factory.mktemp(f"money{request.param}"))
    world.create(state, size="small", seed=request.param)
    for turn in range(DAYS):
        world.happen(state, THURSDAY + timedelta(days=turn))
    return state


def children(state: State, table: str) -> dict[Any, list[Document]]:
    found: dict[Any, list[Document]] = {}
    connection_rows = state.select(table)
    owner = "transaction_id" if table.endswith("payments") else "OrderNum"
    for row in connection_rows:
        found.setdefault(row[owner], []).append(row)
    return found


def test_a_ticket_is_worth_its_lines_tax_tip_and_gift_cards(week: State) -> None:
    tickets = week.select("heartland/sales/tickets")
    lines = week.children("heartland/sales/tickets.lines", [row["id"] for row in tickets])
    for row in tickets:
        own = lines[row["id"]]
        items = [line for line in own if line["type"] == "ItemLine"]
        value = sum(cents(line["value"]) for line in items)
        assert cents(row["total"]) == sum(cents(line["value"]) for line in own)
        assert cents(row["subtotal"]) == value == cents(row["original_subtotal"]) - cents(row["total_discounts"])
        assert cents(row["tax_total"]) == sum(cents(line["value"]) for line in own if line["type"] == "TaxLine")


def test_a_line_is_worth_its_quantity_at_the_price_that_was_charged(week: State) -> None:
    for table in ("heartland/sales/tickets.lines", "heartland/sales/orders.lines"):
        for line in week.select(table, "json_extract(doc, '$.type') = 'ItemLine'"):
            price = line["unit_price"] if line["adjusted_unit_price"] is None else line["adjusted_unit_price"]
            assert line["value"] == line["qty"] * price


def test_payments_sum_to_the_total_of_their_ticket_and_those_of_a_void_count_nothing(week: State) -> None:
    payments = children(week, "heartland/payments")
    for row in week.select("heartland/sales/tickets"):
        own = payments[row["id"]]
        assert sum(cents(payment["amount"]) for payment in own) == cents(row["total"])
        assert {payment["status"] for payment in own} == ({"voided"} if row["voided?"] else {"complete"})


def test_an_order_is_worth_its_lines_tax_and_freight_and_owes_what_was_not_paid_down(week: State) -> None:
    payments = children(week, "heartland/payments")
    rows = week.select("heartland/sales/orders")
    lines = week.children("heartland/sales/orders.lines", [row["id"] for row in rows])
    taxes = week.children("heartland/sales/orders.taxes", [row["id"] for row in rows])
    for row in rows:
        parts = sum(cents(one["value"]) for one in (*lines[row["id"]], *taxes[row["id"]]))
        assert cents(row["total"]) == parts + cents(row["shipping_charge"])
        paid = sum(cents(payment["amount"]) for payment in payments[row["id"]])
        assert cents(row["balance"]) == cents(row["total"]) - paid >= 0


def test_a_sales_order_in_epicor_adds_up_by_itself(week: State) -> None:
    lines, charges = children(week, "epicor/OrderDtl"), children(week, "epicor/OHOrderMsc")
    for row in week.select("epicor/OrderHed"):
        own = lines[row["OrderNum"]]
        part = {
            name: cents(row.get(name, 0))
            for name in ("TotalCharges", "TotalMisc", "TotalDiscount", "TotalTax", "OrderAmt")
        }
        assert part["OrderAmt"] == part["TotalCharges"] + part["TotalMisc"] - part["TotalDiscount"] + part["TotalTax"]
        assert part["TotalCharges"] == sum(cents(line["SellingQuantity"] * line["DocUnitPrice"]) for line in own)
        assert part["TotalDiscount"] == sum(cents(line.get("DocDiscount", 0)) for line in own)
        assert part["TotalMisc"] == sum(cents(one["DocMiscAmt"]) for one in charges.get(row["OrderNum"], []))


def test_every_journal_balances_and_only_planted_errors_touch_suspense(week: State) -> None:
    net: Counter[int] = Counter()
    suspense: set[tuple[str, str]] = set()
    for row in week.select("epicor/GLJrnDtl"):
        net[row["JournalNum"]] += cents(row.get("DebitAmount", 0)) - cents(row.get("CreditAmount", 0))
        if row["SegValue1"] == "1199":
            suspense.add((row["Description"].split()[-1], row["SegValue2"]))
    assert not [number for number, off in net.items() if off]
    errors = {(row["date"], row["store"]) for row in audit.truth(week) if row["class"] in POSTED_WRONG}
    assert {key for key in suspense if not key[0].endswith("-01")} <= errors


POSTED_WRONG = {
    *("missing_gl", "duplicate_posting", "wrong_amount_transposed", "wrong_amount_sign", "currency_rounding"),
    "timing_next_period",
}


def test_a_deposit_is_the_sum_of_its_lines_less_fees_and_chargebacks(week: State) -> None:
    transactions = week.select("processor/transactions")
    for row in week.select("processor/deposits"):
        own = [one for one in transactions if one["deposit_id"] == row["id"]]
        taken = int(row["disputes"]["chargebacks"]["amount"] or 0) + int(row["fees"]["amount"] or 0)
        assert int(row["amount"]) == sum(audit.signed(one) for one in own) + taken
        assert int(row["sales"]["amount"] or 0) == sum(int(one["amount"]) for one in own if one["type"] == "SALE")
        assert {one["status"] for one in own} == {"FUNDED"}


def test_a_batch_is_the_sum_of_its_transactions(week: State) -> None:
    sums: Counter[str] = Counter()
    for row in week.select("processor/transactions"):
        sums[row["batch_id"]] += audit.signed(row)
    assert {row["id"]: int(row["amount"]) for row in week.select("processor/batches")} == sums


def test_the_batches_of_a_weekend_are_one_deposit_and_amex_comes_a_bank_day_later(week: State) -> None:
    monday, tuesday = "2026-11-23", "2026-11-24"
    deposits = {row["id"]: row for row in week.select("processor/deposits")}
    funded = {
        (row["brand_group"], row["business_date"]): deposits[row["deposit_id"]]["time_created"] for row in batches(week)
    }
    assert {funded["VMDD", day] for day in ("2026-11-20", "2026-11-21", "2026-11-22")} == {monday}
    assert {funded["AMEX", day] for day in ("2026-11-20", "2026-11-21", "2026-11-22")} == {tuesday}
    assert funded["AMEX", "2026-11-19"] == monday
    merged = Counter(row["deposit_id"] for row in batches(week) if row["brand_group"] == "VMDD")
    assert sorted(merged.values()) == [1] * 6 + [3] * 3


def batches(state: State) -> list[Document]:
    return [row for row in state.select("processor/batches") if row["deposit_id"]]


def test_only_net_funded_stores_pay_fees_out_of_their_deposits(week: State) -> None:
    net = {store.mid for store in world.profile(week).stores if store.funding == "net"}
    rows = week.select("processor/deposits")
    assert {row["system"]["mid"] for row in rows if row["fees"]["amount"]} == net
    assert all(row["fees"]["amount"].startswith("-") for row in rows if row["fees"]["amount"])


def test_gift_cards_hold_what_was_loaded_less_what_was_redeemed(week: State) -> None:
    moved: Counter[int] = Counter()
    for row in week.select("heartland/gift_card_adjustments"):
        moved[row["gift_card_id"]] += cents(row["delta_balance"])
    for card in week.select("heartland/gift_cards"):
        opening = 15000 if card["created_at"].startswith("2025") else 0
        assert cents(card["balance"]) == opening + moved[card["id"]] >= 0
