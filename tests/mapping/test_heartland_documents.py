"""Heartland's documents become canonical rows exactly, and what cannot be read is refused with its reason."""

from decimal import Decimal
from pathlib import Path

import pytest

from he_sync.mapping import epicor, heartland, processor
from he_sync.model.errors import BadRecord
from he_sync.model.retailer import Retailer, dump_retailer, load_retailer

RETAILER = Retailer.model_validate(
    {
        "name": "Test",
        "timezone": "America/New_York",
        "heartland_adjustment_reason_id": 100001,
        "stores": [
            {
                "code": "S001",
                "name": "Main",
                "location_id": 100005,
                "timezone": "America/Chicago",
                "warehouse": "S001",
                "mid": "M1",
                "bank_account": "CHK1",
                "stock_owner": "heartland",
            },
        ],
        "tenders": [
            {"payment_type": "Credit Card", "kind": "card", "account": "1150"},
            {"payment_type": "Cash", "kind": "cash", "account": "1155"},
        ],
        "terms": {"fees": {}, "funding_bank_days": {"VMDD": 1, "AMEX": 2}},
        "units": {"holds": {"EA": 1, "DZ": 12}},
        "epicor": {"company": "EPIC06", "walk_in_customer": "WALKIN"},
    }
)
NAMES = {1: "Credit Card", 2: "Cash", 3: "Barter"}


def ticket(**changes):
    document = {
        "id": 117060,
        "public_id": "117060",
        "type": "Ticket",
        "status": "complete",
        "source_location_id": 100005,
        "customer_id": 100231,
        "subtotal": Decimal("190.00"),
        "total_discounts": Decimal("10.00"),
        "total_tax": Decimal("11.40"),
        "total": Decimal("221.40"),
        "parent_transaction_id": None,
        "completed?": True,
        "voided?": False,
        "completed_at": "2026-01-16T06:30:00+00:00",
        "lines": [
            {
                "id": 1,
                "type": "ItemLine",
                "item_public_id": "31119-1",
                "item_description": "Wheel",
                "qty": 2,
                "unit_price": 100,
                "adjusted_unit_price": 95,
                "value": 190,
            },
            {"id": 2, "type": "TaxLine", "value": Decimal("11.40")},
            {"id": 3, "type": "TipLine", "value": 20},
        ],
        "payments": [
            {
                "id": 9,
                "status": "complete",
                "amount": Decimal("100.00"),
                "payment_type_id": 2,
                "completed_at": "2026-01-16T06:30:00+00:00",
            },
            {
                "id": 10,
                "status": "complete",
                "amount": Decimal("121.40"),
                "payment_type_id": 1,
                "completed_at": "2026-01-16T06:30:00+00:00",
            },
        ],
    }
    return {**document, **changes}


def rows_of(document, reader=heartland.ticket):
    found = {}
    for name, row in reader(document, RETAILER, NAMES):
        found.setdefault(name, []).append(row)
    return found


def test_a_late_evening_ticket_belongs_to_its_store_day_and_the_tip_to_the_card():
    found = rows_of(ticket())
    row = found["tickets"][0]
    assert (row["business_date"], row["store"], row["total_minor"], row["tip_minor"]) == (
        "2026-01-15",
        "S001",
        22140,
        2000,
    )
    assert [(one["payment_id"], one["kind"], one["amount_minor"], one["tip_minor"]) for one in found["payments"]] == [
        (9, "cash", 10000, 0),
        (10, "card", 12140, 2000),
    ]
    assert found["sale_lines"] == [
        {
            "owner": "ticket 117060",
            "line_id": 1,
            "sku": "31119-1",
            "description": "Wheel",
            "quantity_milli": 2000,
            "unit_price_minor": 9500,
            "amount_minor": 19000,
        }
    ]


def test_a_ticket_still_open_at_the_till_is_nothing_yet():
    assert rows_of(ticket(**{"completed?": False, "status": "incomplete"})) == {}


def test_the_payments_of_a_voided_ticket_are_void():
    assert all(row["voided"] for row in rows_of(ticket(**{"voided?": True}))["payments"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source_location_id": 9}, "location 9 is in no store"),
        ({"total": Decimal("1.005")}, "minor units"),
        ({"completed_at": "2026-01-16T06:30:00"}, "no offset"),
        (
            {
                "payments": [
                    {
                        "id": 1,
                        "status": "complete",
                        "amount": 1,
                        "payment_type_id": 3,
                        "completed_at": "2026-01-16T06:30:00Z",
                    }
                ]
            },
            "Barter",
        ),
        (
            {
                "payments": [
                    {
                        "id": 1,
                        "status": "complete",
                        "amount": 1,
                        "payment_type_id": 77,
                        "completed_at": "2026-01-16T06:30:00Z",
                    }
                ]
            },
            "id 77",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(change, said):
    with pytest.raises(BadRecord, match=said):
        rows_of(ticket(**change))


def test_settlement_amounts_are_minor_units_and_a_refund_is_negative():
    document = {
        "id": "TRN_1",
        "time_created": "2026-01-16T06:30:00.000Z",
        "type": "REFUND",
        "amount": "1500",
        "currency": "USD",
        "reference": "117060",
        "batch_id": "BAT_1",
        "deposit_id": "",
        "system": {"mid": "M1"},
        "payment_method": {"card": {"brand": "AMEX", "authcode": "1A"}},
    }
    [(_, row)] = processor.settlement_line(document, RETAILER)
    assert (row["amount_minor"], row["brand_group"], row["business_date"]) == (-1500, "AMEX", "2026-01-15")


@pytest.mark.parametrize("fees", ["-150", "150"])
def test_fees_are_money_kept_back_whatever_sign_the_processor_writes(fees):
    document = {
        "id": "DEP_1",
        "time_created": "2026-01-16",
        "currency": "USD",
        "amount": "9850",
        "system": {"mid": "M1"},
        "sales": {"amount": "10000"},
        "refunds": {"amount": ""},
        "disputes": {"chargebacks": {"amount": ""}, "reversals": {"amount": ""}},
        "fees": {"amount": fees},
    }
    [(_, row)] = processor.deposit(document, RETAILER)
    assert (row["fees_minor"], row["refunds_minor"], row["funding_date"]) == (-150, 0, "2026-01-16")


def part(**changes):
    whs = [
        {"WarehouseCode": "S001", "OnHandQty": Decimal(5), "ReservedQty": 1},
        {"WarehouseCode": "ELSEWHERE", "OnHandQty": 9},
    ]
    return {
        "PartNum": "A",
        "IUM": "CS",
        "UnitPrice": Decimal("9.99"),
        "PartWhses": whs,
        "PartUOMs": [{"UOMCode": "CS", "ConvFactor": 12}],
        **changes,
    }


def test_a_part_stocked_in_cases_counts_in_pieces_at_known_warehouses_only():
    rows = list(epicor.part(part(), RETAILER))
    assert [name for name, _ in rows] == ["products", "stock_levels"]
    assert {name: rows[1][1][name] for name in ("on_hand_milli", "reserved_milli", "available_milli", "factor")} == {
        "on_hand_milli": 60000,
        "reserved_milli": 12000,
        "available_milli": 48000,
        "factor": 12,
    }


@pytest.mark.parametrize(("change", "factor"), [({"IUM": "EA"}, 1), ({"IUM": "DZ", "PartUOMs": []}, 12)])
def test_a_unit_is_converted_by_the_part_or_else_by_the_profile(change, factor):
    assert next(iter(epicor.part(part(**change), RETAILER)))[1]["factor"] == factor


@pytest.mark.parametrize(
    "change",
    [
        {"IUM": "PALLET"},
        {"PartUOMs": [{"UOMCode": "CS", "ConvFactor": Decimal("2.5")}]},
        {"PartUOMs": [{"UOMCode": "CS", "ConvFactor": 0}]},
    ],
)
def test_a_unit_without_a_whole_conversion_is_refused_and_not_guessed(change):
    with pytest.raises(BadRecord):
        list(epicor.part(part(**change), RETAILER))


@pytest.mark.parametrize(
    ("text", "payment"),
    [("HR PAY 117", 117), ("HR PAY 117 COR", 117), ("HR PAY 1178x", 0), ("Rent HR PAY 5", 0), ("", 0)],
)
def test_the_payment_of_a_ledger_line_is_read_from_its_own_text_only(text, payment):
    document = {
        "FiscalYear": 2026,
        "JournalCode": "SJ",
        "JournalNum": 1,
        "JournalLine": 1,
        "GLAccount": "1150|S001",
        "DebitAmount": 5,
        "CreditAmount": 0,
        "JEDate": "2026-11-20T00:00:00",
        "Description": text,
    }
    [(_, row)] = epicor.ledger_line(document, RETAILER)
    assert (row["payment_id"], row["account"], row["store"], row["amount_minor"]) == (payment, "1150", "S001", 500)


@pytest.mark.parametrize("owner", ["ticket 117060", "order 100001"])
def test_the_po_number_carries_our_key_there_and_back(owner):
    assert epicor.owner_of(epicor.po_number(owner)) == owner
    assert epicor.owner_of("4500012345") == ""


def taken(**changes):
    made = "2026-01-16T06:30:00+00:00"
    figures = {"subtotal": 200, "total_discounts": 0, "total_tax": Decimal("16.00"), "shipping_charge": 5}
    document = {**ticket(), **figures, "type": "Order", "status": "Open", "created_at": made, "payments": []}
    return {**document, "total": Decimal("221.00"), **changes}


def test_what_was_taken_off_an_order_as_a_whole_is_taken_off_its_goods():
    [plain] = rows_of(taken(), heartland.order)["orders"]
    [less] = rows_of(taken(total_discounts=20, total=201), heartland.order)["orders"]
    assert (plain["subtotal_minor"], less["subtotal_minor"], less["total_minor"]) == (20000, 18000, 20100)


def test_an_orders_total_that_no_discount_explains_is_left_for_its_contract_to_refuse():
    [row] = rows_of(taken(total_discounts=5, total=201), heartland.order)["orders"]
    assert row["subtotal_minor"] == 20000


def test_the_profile_of_this_test_is_read_back_from_yaml_unchanged(tmp_path: Path):
    path = tmp_path / "profile.yaml"
    path.write_text(dump_retailer(RETAILER))
    assert load_retailer(path) == RETAILER
