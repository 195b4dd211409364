"""Bad rows are set aside with column, rule and value; good rows travel on; half a document never does."""

import json

import pandas as pd
import pytest

from he_sync.model.contract import dtypes, frame
from he_sync.model.deposit import BankLines, Deposits
from he_sync.model.errors import BadRecord
from he_sync.model.order import ErpOrders
from he_sync.model.payment import Payments
from he_sync.model.stock_level import StockLevels
from he_sync.model.ticket import Tickets
from he_sync.quality.contracts import check, read_records

ORDER = {
    "order_num": 5001,
    "source": "ticket 100001",
    "customer_num": 7,
    "business_date": "2026-11-20",
    "voided": False,
    "charges_minor": 10000,
    "discount_minor": 500,
    "misc_minor": 0,
    "tax_minor": 760,
    "total_minor": 10260,
    "revision": 88,
}


def test_rows_that_hold_pass_unchanged():
    checked = check("erp_orders", ErpOrders, frame(ErpOrders, [ORDER, {**ORDER, "order_num": 5002}]), "order_num")
    assert checked.failures == ()
    assert list(checked.good["order_num"]) == [5001, 5002]


def test_an_order_that_does_not_add_up_is_set_aside_and_named_and_the_others_go_on():
    rows = [
        ORDER,
        {**ORDER, "order_num": 5002, "total_minor": 1},
        {**ORDER, "order_num": 5003, "business_date": "20.11.2026"},
    ]
    checked = check("erp_orders", ErpOrders, frame(ErpOrders, rows), "order_num")
    assert list(checked.good["order_num"]) == [5001]
    named = {(failure.record, failure.row) for failure in checked.failures}
    assert named == {("5002", 1), ("5003", 2)}
    whole = next(failure for failure in checked.failures if failure.record == "5002")
    assert (whole.column, whole.rule) == ("row", "total is charges + misc - discount + tax")
    assert json.loads(whole.payload)["total_minor"] == 1
    assert any(failure.column == "business_date" and failure.value == "20.11.2026" for failure in checked.failures)


def test_two_orders_with_one_number_are_both_set_aside():
    checked = check("erp_orders", ErpOrders, frame(ErpOrders, [ORDER, ORDER]), "order_num")
    assert checked.good.empty
    assert {failure.row for failure in checked.failures} == {0, 1}


def test_a_missing_column_sets_every_row_aside():
    rows = frame(ErpOrders, [ORDER]).drop(columns="total_minor")
    checked = check("erp_orders", ErpOrders, rows, "order_num")
    assert checked.good.empty
    assert "total_minor" in " ".join(failure.value for failure in checked.failures)


def test_an_empty_frame_has_its_types_and_holds():
    empty = frame(ErpOrders, [])
    assert {name: str(kind) for name, kind in empty.dtypes.items()} == dtypes(ErpOrders)
    assert check("erp_orders", ErpOrders, empty, "order_num").failures == ()


def test_no_column_of_any_contract_is_a_float():
    contracts = (BankLines, ErpOrders, Payments, Deposits, StockLevels, Tickets)
    assert not [kind for one in contracts for kind in dtypes(one).values() if "float" in kind or "object" in kind]


def _read(document):
    yield "heads", {"id": document["id"]}
    if document["amount"] < 0:
        raise BadRecord(f"amount {document['amount']} is negative")
    yield "lines", {"amount": document["amount"]}


@pytest.mark.parametrize(
    ("payload", "column"),
    [
        ({"id": 2, "amount": -1}, "document"),
        ({"id": 3}, "amount"),
        ({"id": 4, "amount": None}, "document"),
        ("no object", "document"),
    ],
)
def test_nothing_of_a_document_that_fails_half_way_is_kept(payload, column):
    documents = [("1", {"id": 1, "amount": 5}), ("2", payload)]
    rows, failures = read_records("heartland/tickets", documents, lambda value: value, _read)
    assert rows == {"heads": [{"id": 1}], "lines": [{"amount": 5}]}
    assert [(failure.record, failure.row, failure.column) for failure in failures] == [("2", 1, column)]


def test_money_beyond_53_bits_stays_exact():
    big = {
        "line_id": "A-1",
        "bank_account": "A",
        "value_date": "2026-11-20",
        "amount_minor": 2**53 + 1,
        "reference": "",
    }
    checked = check("bank_lines", BankLines, frame(BankLines, [big]), "line_id")
    assert int(checked.good["amount_minor"].iloc[0]) == 2**53 + 1
    assert isinstance(checked.good, pd.DataFrame)
