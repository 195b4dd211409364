from __future__ import annotations

import sqlite3

import pytest

from he_sync.sandbox.faults import Fault
from he_sync.sandbox.processor import filters, switches
from he_sync.sandbox.server import Sandbox
from tests.sandbox.processor_documents import DAY, DISPUTE, FUNDED, MID, OTHER_MID, load, sale
from tests.sandbox.processor_http import Caller


@pytest.fixture
def gp(sandbox: Sandbox) -> Caller:
    load(sandbox.state)
    return Caller(sandbox)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("id=TRN_0001", "1"),
        ("type=REFUND", "3"),
        ("channel=CP&currency=USD&country=US", "12345"),
        ("amount=20140", "2"),
        ("amount=", "12345"),
        ("number_first6=411111&number_last4=1111", "12345"),
        ("brand=AMEX", "4"),
        ("brand_reference=TQ2", "2"),
        ("authcode=00003A", "3"),
        ("reference=117001", "1"),
        ("status=CAPTURED", "5"),
        ("from_time_created=2026-01-15&to_time_created=2026-01-15", "12345"),
        ("to_time_created=2026-01-14", ""),
        ("batch_id=BAT_open", "5"),
        ("entry_mode=CHIP&payment_method=CARD", "12345"),
        ("payment_method=APM", ""),
        ("account_name=transaction_processing", "12345"),
    ],
)
def test_transactions_are_narrowed_by_every_parameter(gp: Caller, query: str, numbers: str) -> None:
    assert gp.ids(f"transactions?order_by=ID&order=ASC&{query}") == [f"TRN_000{number}" for number in numbers]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", "1234"),
        ("deposit_status=FUNDED", "1234"),
        ("arn=74500010037624410820002", "2"),
        (f"deposit_id=DEP_{OTHER_MID}", "4"),
        (f"from_deposit_time_created={FUNDED}&to_deposit_time_created={FUNDED}", "1234"),
        (f"from_batch_time_created={DAY}&to_batch_time_created={DAY}", "1234"),
        ("from_batch_time_created=2026-01-17", ""),
        (f"system.mid={MID}&system.hierarchy=055-70-024-011-019", "123"),
        ("account_id=DAA_sandbox&status=FUNDED&brand=AMEX", "4"),
    ],
)
def test_settlement_lists_batched_transactions_only_and_narrows_them(gp: Caller, query: str, numbers: str) -> None:
    found = gp.ids(f"settlement/transactions?order_by=ID&order=ASC&{query}")
    assert found == [f"TRN_000{number}" for number in numbers]


@pytest.mark.parametrize(
    ("query", "mids"),
    [
        ("amount=21140", [MID]),
        (f"from_time_created={FUNDED}&to_time_created={FUNDED}&status=FUNDED", [MID, OTHER_MID]),
        ("from_time_created=2026-01-21", []),
        ("masked_account_number_last4=4321", [MID, OTHER_MID]),
        (f"system.mid={OTHER_MID}&id=DEP_{OTHER_MID}", [OTHER_MID]),
    ],
)
def test_deposits_are_narrowed_by_every_parameter(gp: Caller, query: str, mids: list[str]) -> None:
    found = gp.ids(f"settlement/deposits?order_by=DEPOSIT_ID&order=ASC&{query}", "deposits")
    assert found == [f"DEP_{mid}" for mid in mids]


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("stage=CHARGEBACK&status=WITH_MERCHANT&brand=VISA&arn=74500010037624410820001&reason=10.4", True),
        ("from=2026-01-22&to=2026-01-22", True),
        ("from_stage_time_created=2026-01-23", False),
        (f"system.mid={OTHER_MID}", False),
    ],
)
def test_disputes_are_narrowed_by_the_parameters_of_both_sdks(gp: Caller, query: str, there: bool) -> None:
    assert bool(gp.ids(f"disputes?{query}", "disputes")) is there


def test_funded_disputes_carry_their_deposit_and_times_without_a_zone(gp: Caller) -> None:
    query = "deposit_id=DEP_101023947262&status=FUNDED&from_deposit_time_created=2026-01-23"
    [funded] = gp.get(f"settlement/disputes?{query}").json()["disputes"]
    assert (funded["status"], funded["funding_type"], funded["deposit_time_created"]) == (
        "FUNDED",
        "DEBIT",
        "2026-01-23",
    )
    assert funded["stage_time_created"] == "2026-01-22T09:00:00.000"
    assert funded["transaction"]["merchant_time_created"] == "2026-01-15T18:01:05.000"
    assert gp.get("settlement/disputes/DIS_1").json() == funded
    assert "deposit_id" not in gp.get("disputes/DIS_1").json()


def test_a_page_carries_its_envelope_and_the_pages_cover_every_row_once(gp: Caller) -> None:
    pages = [gp.get(f"transactions?page={number}&page_size=2&order=ASC&order_by=ID").json() for number in (1, 2, 3, 4)]
    assert pages[0]["paging"] == {"page_size": 2, "page": 1, "order": "ASC", "order_by": "ID"}
    assert {page["total_record_count"] for page in pages} == {5}
    assert [len(page["transactions"]) for page in pages] == [2, 2, 1, 0]


def test_the_till_sees_no_deposit_and_the_settlement_does(gp: Caller) -> None:
    till, settled = (
        gp.get(f"{path}?id=TRN_0001" if path == "transactions" else f"{path}?arn=74500010037624410820001")
        for path in ("transactions", "settlement/transactions")
    )
    assert "deposit_id" not in till.json()["transactions"][0]
    assert settled.json()["transactions"][0]["deposit_id"] == f"DEP_{MID}"


def test_a_deposit_has_every_sum_in_place_and_zero_is_the_empty_string(gp: Caller) -> None:
    body = gp.get(f"settlement/deposits/DEP_{MID}").json()
    nothing = {"count": 0, "amount": ""}
    assert body["disputes"] == {"chargebacks": nothing, "reversals": nothing}
    assert (body["discounts"], body["tax"], body["fees"]) == (nothing, nothing, {"amount": ""})
    assert body["refunds"] == {"count": 1, "amount": "-1500"}


def test_fees_can_be_shown_positive_and_outside_the_amount(gp: Caller) -> None:
    switches.FEES_SIGN.set(gp.sandbox.state, "positive")
    switches.FEES_IN_AMOUNT.set(gp.sandbox.state, "no")
    body = gp.get(f"settlement/deposits/DEP_{OTHER_MID}").json()
    assert (body["amount"], body["fees"]["amount"]) == ("9900", "297")
    assert gp.ids("settlement/deposits?amount=9900", "deposits") == [body["id"]]


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("transactions?page=0", "40213"),
        ("transactions?page_size=x", "40213"),
        ("transactions?order=UP", "40213"),
        ("transactions?order_by=COLOUR", "40213"),
        ("transactions?amount=1.5", "40213"),
        ("transactions?from_time_created=yesterday", "40213"),
        ("transactions?refrence=1", "40043"),
        ("transactions?amount=" + "9" * 30, "40213"),
        ("transactions?to_time_created=9999-12-31", "40213"),
        ("settlement/transactions?system.mid=0a1b-2c", "40090"),
        ("settlement/deposits?system.mid=main%20street", "40090"),
        ("disputes?arn=874091790340471", "40048"),
        ("disputes/DIS_9", "40073"),
        ("settlement/disputes/DIS_9", "40118"),
        ("transactions/TRN_9", "40118"),
        ("nowhere", "40118"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_code(gp: Caller, path: str, detail: str) -> None:
    assert gp.error(path)[2] == detail


def test_a_merchant_id_that_nobody_has_finds_nothing(gp: Caller) -> None:
    assert gp.ids("settlement/transactions?system.mid=999999999999") == []


def test_disputes_are_narrowed_by_their_deposit_on_both_addresses(gp: Caller) -> None:
    for path in ("disputes", "settlement/disputes"):
        assert gp.ids(f"{path}?deposit_id={DISPUTE['deposit_id']}", "disputes") == [DISPUTE["id"]]
        assert gp.ids(f"{path}?deposit_id=DEP_none", "disputes") == []


def test_a_page_size_above_the_maximum_is_clamped_or_refused_by_switch(gp: Caller) -> None:
    switches.PAGE_SIZE_MAX.set(gp.sandbox.state, "2")
    assert len(gp.ids("transactions?page_size=50")) == 2
    switches.PAGE_SIZE_OVER.set(gp.sandbox.state, "refuse")
    assert gp.error("transactions?page_size=50")[2] == "40213"


def test_a_stale_read_shows_the_list_and_the_detail_as_they_were(gp: Caller) -> None:
    state = gp.sandbox.state
    state.put("processor/transactions", "TRN_0006", sale(6, 100))
    state.put("processor/transactions", "TRN_0001", sale(1, 2500, status="REVERSED"))
    assert len(gp.ids("transactions")) == 6
    gp.sandbox.faults.set([Fault("stale_read", system="processor", seconds=60)])
    assert gp.ids("transactions?order_by=ID&order=ASC") == [f"TRN_000{number}" for number in range(1, 6)]
    assert gp.get("transactions").json()["total_record_count"] == 5
    assert gp.get("transactions/TRN_0001").json()["status"] == "FUNDED"
    assert gp.error("transactions/TRN_0006")[2] == "40118"


@pytest.mark.parametrize("name", ["from_batch_time_created", "from_deposit_time_created", "deposit_id"])
def test_the_rows_of_a_day_or_a_deposit_are_found_through_an_index(gp: Caller, name: str) -> None:
    connection = sqlite3.connect(gp.sandbox.state.folder / "sandbox.db")
    sql = f'EXPLAIN QUERY PLAN SELECT doc FROM "processor/transactions" WHERE {filters.SETTLED[name].sql}'  # noqa: S608
    [plan] = connection.execute(sql, ("x",)).fetchall()
    connection.close()
    assert plan[3].startswith("SEARCH")


def test_an_undisputed_document_is_not_changed_by_being_shown(gp: Caller) -> None:
    gp.get("settlement/disputes")
    assert gp.sandbox.state.get("processor/disputes", "DIS_1") == DISPUTE
