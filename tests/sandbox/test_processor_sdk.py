"""The processor's own Python SDK, unmodified from its registry, driven over HTTP against the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from globalpayments.api import GpApiConfig, PorticoConfig, ServicesContainer
from globalpayments.api.builders import TransactionReportBuilder
from globalpayments.api.entities.enums import CardChannel, ReportType, SearchCriteria
from globalpayments.api.entities.exceptions import GatewayException
from globalpayments.api.payment_methods import CreditCardData
from globalpayments.api.services import BatchService, ReportingService

from he_sync.sandbox.processor import switches
from he_sync.sandbox.server import Sandbox
from tests.sandbox.processor_documents import MID, load

# globalpayments-api 2.0.8 calls jsonpickle without the argument whose default jsonpickle 5 will change.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True:DeprecationWarning:globalpayments")
NEW_YEAR = datetime(2026, 1, 1)  # noqa: DTZ001 - the SDK formats naive UTC times


@pytest.fixture
def gp(sandbox: Sandbox) -> Iterator[Sandbox]:
    """A loaded sandbox with the SDK pointed at it; its configuration is a process-wide singleton that keeps tokens."""
    load(sandbox.state)
    config = GpApiConfig(app_id="sandbox-app", app_key="sandbox-app-key", service_url=sandbox.gp, country="US")
    config.channel = CardChannel.CARD_NOT_PRESENT
    ServicesContainer.configure(config)
    ServicesContainer.configure(
        PorticoConfig(secret_api_key="skapi_sandbox", service_url=sandbox.urls["processor"]), "portico"
    )
    yield sandbox
    ServicesContainer.remove_configuration()
    ServicesContainer.remove_configuration("portico")


def paged(report: ReportType) -> TransactionReportBuilder:
    return TransactionReportBuilder(report).with_paging(1, 10)


def card() -> CreditCardData:
    one = CreditCardData()
    one.number, one.exp_month, one.exp_year, one.cvn = "4263970000005262", "12", "2030", "123"
    return one


@pytest.mark.parametrize("spelling", switches.COUNT_KEY.values)
def test_the_transaction_report_counts_and_maps_under_both_spellings_of_the_count(gp: Sandbox, spelling: str) -> None:
    switches.COUNT_KEY.set(gp.state, spelling)
    report = ReportingService.find_transactions_paged(1, 10).execute()
    assert report.total_record_count == 5
    assert [one.amount for one in report.result] == ["7.0", "99.0", "15.0", "201.4", "25.0"]


@pytest.mark.usefixtures("gp")
def test_one_transaction_maps_with_its_merchant_and_card() -> None:
    found = ReportingService.transaction_detail("TRN_0001").execute()
    assert (found.transaction_id, found.merchant_id, found.card_type) == ("TRN_0001", MID, "VISA")
    assert found.auth_code == "00001A"


@pytest.mark.usefixtures("gp")
def test_deposits_are_paged_from_a_date_on_with_fees_and_dispute_sums_in_place() -> None:
    report = paged(ReportType.FindDepositsPaged).where(SearchCriteria.StartDate, NEW_YEAR).execute()
    assert [(one.amount, one.fees_total_amount) for one in report.result] == [("96.03", "-2.97"), ("211.4", "0")]
    assert {one.chargeback_total_amount for one in report.result} == {"0"}


@pytest.mark.usefixtures("gp")
def test_one_deposit_maps_with_its_refunds_carrying_their_own_minus() -> None:
    found = TransactionReportBuilder(ReportType.DepositDetail).where(SearchCriteria.DepositId, f"DEP_{MID}").execute()
    assert (found.amount, found.refunds_total_amount) == ("211.4", "-15.0")


@pytest.mark.usefixtures("gp")
def test_a_missing_deposit_is_the_error_that_the_official_tests_quote() -> None:
    report = TransactionReportBuilder(ReportType.DepositDetail).where(SearchCriteria.DepositId, "DEP_0000000001")
    with pytest.raises(GatewayException) as refused:
        report.execute()
    message = "Deposits DEP_0000000001 not found at this /ucp/settlement/deposits/DEP_0000000001"
    assert (refused.value.response_code, refused.value.response_message) == ("40118", message)


@pytest.mark.usefixtures("gp")
def test_settlement_transactions_of_one_deposit_are_found() -> None:
    report = paged(ReportType.FindSettlementTransactionsPaged).where(SearchCriteria.DepositId, f"DEP_{MID}").execute()
    assert [one.transaction_id for one in report.result] == ["TRN_0003", "TRN_0002", "TRN_0001"]
    assert {one.deposit_reference for one in report.result} == {f"DEP_{MID}"}


@pytest.mark.usefixtures("gp")
def test_disputes_come_in_their_two_shapes() -> None:
    [case] = paged(ReportType.FindDisputesPaged).execute().result
    [funded] = paged(ReportType.FindSettlementDisputesPaged).execute().result
    assert (case.case_status, funded.case_status) == ("WITH_MERCHANT", "FUNDED")
    assert case.case_id == funded.case_id == "DIS_1"


def test_a_wrong_app_key_is_refused_with_40004(gp: Sandbox) -> None:
    ServicesContainer.configure(GpApiConfig(app_id="sandbox-app", app_key="wrong", service_url=gp.gp))
    with pytest.raises(GatewayException) as refused:
        ReportingService.find_transactions_paged(1, 10).execute()
    assert refused.value.response_code == "40004"


@pytest.mark.usefixtures("gp")
def test_a_charge_is_captured_refunded_and_seen_in_the_report() -> None:
    charge = card().charge("20.00").with_currency("USD").execute()
    refund = charge.refund("5.00").with_currency("USD").execute()
    assert (charge.response_code, charge.response_message, charge.balance_amount) == ("SUCCESS", "CAPTURED", "20.0")
    assert ReportingService.transaction_detail(refund.transaction_id).execute().original_transaction_id == (
        charge.transaction_id
    )


def test_the_sdk_itself_loses_a_cent_of_19_99_before_it_sends(gp: Sandbox) -> None:
    """It multiplies a float by 100 and cuts; the stand-in books the 1998 minor units that it was sent."""
    charge = card().charge("19.99").with_currency("USD").execute()
    stored = gp.state.get("processor/transactions", charge.transaction_id)
    assert stored is not None
    assert stored["amount"] == "1998"


@pytest.mark.usefixtures("gp")
def test_an_authorization_is_captured_and_reversed() -> None:
    authorized = card().authorize("7.00").with_currency("USD").execute()
    captured = authorized.capture("7.00").execute()
    reversed_ = captured.reverse("7.00").execute()
    assert [one.response_message for one in (authorized, captured, reversed_)] == [
        "PREAUTHORIZED",
        "CAPTURED",
        "REVERSED",
    ]


def test_an_idempotency_key_seen_before_is_refused_and_charges_nothing(gp: Sandbox) -> None:
    card().charge("20.00").with_currency("USD").with_idempotency_key("sale-1").execute()
    with pytest.raises(GatewayException, match="Idempotency Key seen before") as refused:
        card().charge("20.00").with_currency("USD").with_idempotency_key("sale-1").execute()
    assert refused.value.response_code == "40039"
    assert gp.state.count("processor/transactions") == 6


@pytest.mark.usefixtures("gp")
def test_portico_reports_activity_in_decimal_dollars() -> None:
    rows = ReportingService.activity().with_start_date(NEW_YEAR).execute("portico")
    assert [row.amount for row in rows] == ["25.00", "201.40", "15.00", "99.00", "7.00"]
    assert [row.service_name for row in rows][2] == "CreditReturn"


def test_portico_closes_the_open_batch_once_and_then_says_that_none_is_open(gp: Sandbox) -> None:
    BatchService.close_batch("portico")
    batch = gp.state.get("processor/batches", "BAT_open")
    assert batch is not None
    assert (batch["status"], batch["transaction_count"], batch["amount"]) == ("CLOSED", 1, "700")
    with pytest.raises(GatewayException, match="requires a batch to be open") as refused:
        BatchService.close_batch("portico")
    assert refused.value.response_code == "5"


def test_portico_refuses_an_unknown_key(gp: Sandbox) -> None:
    ServicesContainer.configure(PorticoConfig(secret_api_key="other", service_url=gp.urls["processor"]), "portico")
    with pytest.raises(GatewayException, match="Authentication error"):
        BatchService.close_batch("portico")
