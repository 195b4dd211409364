"""Each comparison names what is wrong, by how many cents, and invents nothing where both sides agree."""

import books
import pytest

from he_sync.model.errors import BrokenPromise
from he_sync.model.journal import Journal, JournalLine
from he_sync.model.retailer import BrandFee, Epicor, Terms
from he_sync.reconcile import customers, deposits, inventory, ledger, orders, settlements

DAY = books.DAY
CODES = Epicor(company="EPIC06", walk_in_customer="WALKIN")


def classes(found):
    return [(one.klass, one.subject, one.delta_minor) for one in found]


# orders


def test_a_sale_and_its_sales_order_that_agree_are_no_difference_and_tips_and_gift_cards_are_no_sale():
    tickets = books.tickets(
        {"ticket_id": 1, "subtotal_minor": 10000, "tax_minor": 800, "tip_minor": 500, "gift_card_minor": 2500}
    )
    assert (
        orders.compare(
            DAY,
            tickets,
            books.orders({"order_id": 2, "subtotal_minor": 700}),
            books.erp_orders((50, "ticket 1", 10800), (51, "order 2", 700)),
            CODES,
        )
        == []
    )


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([], [("order_missing_in_erp", "ticket 1", -9000)]),
        ([(50, "ticket 1", 9000), (51, "ticket 1", 9000)], [("order_duplicate_push", "ticket 1", 9000)]),
        ([(50, "ticket 1", 9001)], [("order_tax_rounding", "ticket 1", 1)]),
        ([(50, "ticket 1", 10000)], [("order_discount_dropped", "ticket 1", 1000)]),
        ([(50, "ticket 1", 9123)], [("order_unexplained", "ticket 1", 123)]),
        ([(50, "ticket 1", 9000), (51, "ticket 9", 5)], [("order_not_in_pos", "ticket 9", 5)]),
    ],
)
def test_what_is_wrong_with_a_sales_order_is_named(documents, expected):
    tickets = books.tickets({"ticket_id": 1, "subtotal_minor": 9000, "discount_minor": 1000})
    assert classes(orders.compare(DAY, tickets, books.orders(), books.erp_orders(*documents), CODES)) == expected


@pytest.mark.parametrize(
    ("codes", "due"),
    [({}, 10800), ({"tip_charge": "TIP"}, 11300), ({"gift_card_charge": "GIFT"}, 13300)],
    ids=["left out", "tips charged", "gift cards charged"],
)
def test_the_sales_order_must_come_to_what_the_profile_charges_and_to_nothing_else(codes, due):
    tickets = books.tickets(
        {"ticket_id": 1, "subtotal_minor": 10000, "tax_minor": 800, "tip_minor": 500, "gift_card_minor": 2500}
    )
    profile = CODES.model_copy(update=codes)
    assert orders.compare(DAY, tickets, books.orders(), books.erp_orders((50, "ticket 1", due)), profile) == []


def test_of_two_sales_orders_the_one_that_fits_is_kept_whichever_came_first():
    tickets = books.tickets({"ticket_id": 1, "subtotal_minor": 9000})
    documents = books.erp_orders((50, "ticket 1", 12), (51, "ticket 1", 9000))
    found = orders.compare(DAY, tickets, books.orders(), documents, CODES)
    assert classes(found) == [("order_duplicate_push", "ticket 1", 12)]


def test_a_voided_ticket_and_a_return_are_not_expected_as_sales_orders():
    tickets = books.tickets(
        {"ticket_id": 1, "subtotal_minor": 9000, "voided": True},
        {"ticket_id": 2, "subtotal_minor": -500, "kind": "Return"},
    )
    assert orders.compare(DAY, tickets, books.orders(), books.erp_orders(), CODES) == []


# customers

ANA = (100231, "H100231", "Ana Ruiz", "ana@example.test", "+1 (212) 555-0142")


def test_a_customer_written_in_another_case_or_phone_form_is_the_same():
    erp = books.customers("epicor", (7, "H100231", "ANA  RUIZ", "Ana@Example.test", "2125550142"))
    assert customers.compare(DAY, books.customers("heartland", ANA), erp) == []


@pytest.mark.parametrize(
    ("erp", "klass"),
    [
        ([], "customer_missing_in_erp"),
        ([(7, "H100231", "Ana Ruiz", "old@example.test", "2125550142")], "customer_field_differs"),
        ([(7, "H100007", "Ana Ruiz", "ANA@example.test", "")], "customer_duplicate_in_pos"),
        ([(7, "H100007", "Bea Ruiz", "ana@example.test", "")], "customer_missing_in_erp"),
    ],
)
def test_a_changed_customer_is_missing_stale_or_a_duplicate(erp, klass):
    found = customers.compare(DAY, books.customers("heartland", ANA), books.customers("epicor", *erp))
    assert classes(found) == [(klass, "customer 100231", 0)]


# inventory

OWNERS = {"S001": "heartland"}


@pytest.mark.parametrize(
    ("pos", "erp", "klass", "pieces"),
    [
        ([("A", 9, 0, 1)], [("A", 12, 0, 1)], "inv_quantity_drift", -3),
        ([("A", 5, 0, 1)], [("A", 60, 0, 12)], "inv_uom_error", -55),
        ([("A", 12, 0, 1)], [("A", 12, 4, 1)], "inv_reserved_ignored", 4),
        ([], [("A", 12, 0, 1)], "inv_missing_in_pos", -12),
        ([("A", 12, 0, 1)], [], "inv_missing_in_erp", 12),
        ([("A", -7, 0, 1)], [("A", 7, 0, 1)], "inv_sign_flip", -14),
    ],
)
def test_why_stock_differs_is_named(pos, erp, klass, pieces):
    found = inventory.compare(DAY, books.stock("heartland", *pos), books.stock("epicor", *erp), OWNERS)
    assert [(one.klass, one.delta_milli) for one in found] == [(klass, pieces * 1000)]


def test_stock_that_agrees_after_reservation_is_no_difference_and_nothing_at_all_is_nothing():
    pos, erp = (
        books.stock("heartland", ("A", 10, 2, 1), ("B", 0, 0, 1)),
        books.stock("epicor", ("A", 8, 0, 1), ("C", 0, 0, 12)),
    )
    assert inventory.compare(DAY, pos, erp, OWNERS) == []


def test_the_owner_of_the_place_is_right_and_the_other_side_is_adjusted():
    pos, erp = books.stock("heartland", ("A", 9, 0, 1)), books.stock("epicor", ("A", 12, 0, 1))
    assert inventory.compare(DAY, pos, erp, {"S001": "heartland"})[0].action == "adjust_erp_stock"
    assert inventory.compare(DAY, pos, erp, {"S001": "epicor"})[0].action == "adjust_pos_stock"


# settlements


def settled(payments, lines):
    return settlements.compare(DAY, payments, lines)


def test_two_equal_halves_of_a_split_tender_are_two_pairs():
    halves = books.payments(
        {"payment_id": 1, "reference": "T1", "amount_minor": 500},
        {"payment_id": 2, "reference": "T1", "amount_minor": 500},
    )
    result = settled(
        halves,
        books.lines(
            {"line_id": "a", "reference": "T1", "amount_minor": 500},
            {"line_id": "b", "reference": "T1", "amount_minor": 500},
        ),
    )
    assert result.differences == []
    assert list(result.links[["payment_id", "line_id"]].itertuples(index=False, name=None)) == [(1, "a"), (2, "b")]


def test_a_line_without_a_reference_is_matched_by_amount_but_never_takes_a_line_that_names_another_ticket():
    payments = books.payments(
        {"payment_id": 1, "reference": "T1", "amount_minor": 500},
        {"payment_id": 2, "reference": "T2", "amount_minor": 500},
    )
    result = settled(
        payments,
        books.lines({"line_id": "a", "reference": "T2", "amount_minor": 500}, {"line_id": "b", "amount_minor": 500}),
    )
    assert result.differences == []
    assert dict(zip(result.links["payment_id"], result.links["line_id"], strict=True)) == {2: "a", 1: "b"}


@pytest.mark.parametrize(
    ("payment", "line", "expected"),
    [
        ([{"payment_id": 1, "reference": "T1", "amount_minor": 500}], [], ("unsettled_payment", "payment 1", -500)),
        ([], [{"line_id": "r", "kind": "REFUND", "amount_minor": -300}], ("orphan_refund", "transaction r", -300)),
        ([], [{"line_id": "s", "amount_minor": 300}], ("orphan_settlement", "transaction s", 300)),
        (
            [{"payment_id": 1, "reference": "T1", "amount_minor": 2300, "tip_minor": 300}],
            [{"line_id": "a", "reference": "T1", "amount_minor": 2000}],
            ("tip_adjust_lost", "payment 1", -300),
        ),
    ],
)
def test_what_the_processor_did_not_settle_or_nobody_sold_is_named(payment, line, expected):
    assert classes(settled(books.payments(*payment), books.lines(*line)).differences) == [expected]


def test_cash_and_voided_cards_are_not_expected_at_the_processor():
    payments = books.payments(
        {"payment_id": 1, "amount_minor": 5, "kind": "cash"}, {"payment_id": 2, "amount_minor": 5, "voided": True}
    )
    assert settled(payments, books.lines()).differences == []


# deposits

TERMS = Terms(fees={"VISA": BrandFee(basis_points=180, per_item_minor=10)}, funding_bank_days={"VMDD": 1, "AMEX": 2})


def test_the_contract_fee_is_rounded_half_up_per_sale_and_a_refund_costs_nothing():
    lines = books.lines(
        {"line_id": "a", "amount_minor": 2500},
        {"line_id": "b", "amount_minor": 2528},
        {"line_id": "c", "amount_minor": -900, "kind": "REFUND"},
    )
    assert deposits.expected_fee(lines, TERMS) == (45 + 10) + (46 + 10)


@pytest.mark.parametrize(
    ("fees", "banked", "expected"),
    [
        (-28, [("1", 972, "DEP_1")], []),
        (-28, [("1", 972, "")], []),
        (-28, [], [("missing_deposit", "deposit DEP_1", -972)]),
        (-28, [("1", 900, "")], [("short_deposit", "deposit DEP_1", -72)]),
        (-40, [("1", 960, "DEP_1")], [("fee_overcharge", "deposit DEP_1", -12)]),
        (0, [("1", 1000, "DEP_1")], []),
    ],
)
def test_a_deposit_is_what_its_lines_and_the_contract_make_and_what_the_bank_received(fees, banked, expected):
    lines = books.lines({"line_id": "a", "amount_minor": 1000, "deposit_id": "DEP_1"})
    rows = books.deposits({"deposit_id": "DEP_1", "sales_minor": 1000, "fees_minor": fees})
    assert classes(deposits.compare(DAY, rows, lines, books.bank(*banked), TERMS)) == expected


# ledger


def elsewhere_of(*rows, payments=()):
    return ledger.Elsewhere(books.ledger(*rows, day="2026-12-01"), frozenset(payments))


CARD = {1: frozenset({"1150"})}


@pytest.mark.parametrize(
    ("posted", "elsewhere", "expected"),
    [
        ([(1, "1150", 5290)], [], []),
        ([], [], [("missing_gl", -5290)]),
        ([], [(1, "1150", 5290)], [("timing_next_period", -5290)]),
        ([(1, "1150", 5290), (1, "1150", 5290)], [], [("duplicate_posting", 5290)]),
        ([(1, "1155", 5290)], [], [("wrong_account", -5290)]),
        ([(1, "1150", -5290)], [], [("wrong_amount_sign", -10580)]),
        ([(1, "1150", 5291)], [], [("currency_rounding", 1)]),
        ([(1, "1150", 5920)], [], [("wrong_amount_transposed", 630)]),
        ([(1, "1150", 4000)], [], [("ledger_unexplained", -1290)]),
        ([(1, "1155", 5290), (1, "1155", -5290), (1, "1150", 5290)], [], []),
    ],
)
def test_what_is_wrong_with_a_posting_is_named_and_a_correction_settles_it(posted, elsewhere, expected):
    payments = books.payments({"payment_id": 1, "amount_minor": 5290})
    found = ledger.compare(DAY, payments, books.ledger(*posted), elsewhere_of(*elsewhere), CARD)
    assert [(one.klass, one.delta_minor) for one in found] == expected


def test_a_posting_of_a_payment_that_nobody_made_is_an_orphan():
    found = ledger.compare(DAY, books.payments(), books.ledger((9, "1150", 100)), elsewhere_of(), {})
    assert classes(found) == [("orphan_posting", "payment 9", 100)]


def test_a_payment_of_another_date_that_was_posted_on_this_one_is_no_orphan_here():
    assert ledger.compare(DAY, books.payments(), books.ledger((9, "1150", 100)), elsewhere_of(payments={9}), {}) == []


def test_a_journal_that_does_not_balance_cannot_be_proposed():
    with pytest.raises(BrokenPromise, match="out of balance by 1"):
        Journal("S001", DAY, "", (JournalLine("1150", "S001", 100, ""), JournalLine("1199", "S001", -99, "")))
