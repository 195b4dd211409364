from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from he_sync.sandbox.server import Sandbox
from tests.sandbox.processor_documents import MID, OTHER_MID, load, sale
from tests.sandbox.processor_http import soap

POS = "{http://Hps.Exchange.PosGateway}"


@pytest.fixture
def gateway(sandbox: Sandbox) -> Sandbox:
    load(sandbox.state)
    return sandbox


def asked(sandbox: Sandbox, inner: str, header: str = "<SecretAPIKey>skapi_sandbox</SecretAPIKey>") -> ET.Element:
    answer = soap(sandbox, inner, header)
    assert answer.status_code == 200
    return ET.fromstring(answer.content)  # noqa: S314 - our own stand-in's answer


def span(start: str, end: str) -> str:
    edges = f"<RptStartUtcDT>{start}</RptStartUtcDT><RptEndUtcDT>{end}</RptEndUtcDT>"
    return f"<ReportActivity>{edges}</ReportActivity>"


def find(criteria: str) -> str:
    return f"<FindTransactions><Criteria>{criteria}</Criteria></FindTransactions>"


def texts(tree: ET.Element, name: str) -> list[str]:
    return [found.text or "" for found in tree.iter(f"{POS}{name}")]


def test_a_close_names_the_batch_its_count_and_its_total_in_dollars(gateway: Sandbox) -> None:
    tree = asked(gateway, "<BatchClose />")
    assert [texts(tree, name) for name in ("GatewayRspCode", "BatchId", "TxnCnt", "TotalAmt", "BatchSeqNbr")] == [
        ["0"],
        ["BAT_open"],
        ["1"],
        ["7.00"],
        ["1"],
    ]


def test_a_key_of_one_merchant_closes_no_batch_of_another(gateway: Sandbox) -> None:
    tree = asked(gateway, "<BatchClose />", f"<SecretAPIKey>skapi_sandbox_{OTHER_MID}</SecretAPIKey>")
    assert texts(tree, "GatewayRspCode") == ["5"]


def test_the_five_part_credentials_reach_the_merchant_of_their_device(gateway: Sandbox) -> None:
    header = (
        "<SiteId>1</SiteId><LicenseId>1</LicenseId>"
        f"<DeviceId>{MID}</DeviceId><UserName>he-sync</UserName><Password>sandbox</Password>"
    )
    assert texts(asked(gateway, "<BatchClose />", header), "BatchId") == ["BAT_open"]


@pytest.mark.parametrize(
    ("inner", "numbers"),
    [
        ("<ReportActivity><RptStartUtcDT>2026-01-01T00:00:00.000000</RptStartUtcDT></ReportActivity>", "12345"),
        (
            f"<ReportActivity><RptStartUtcDT>2026-01-01</RptStartUtcDT><DeviceId>{OTHER_MID}</DeviceId></ReportActivity>",
            "4",
        ),
        (
            span("2026-01-15T18:02:00", "2026-01-15T18:04:05"),
            "23",
        ),
        ("<ReportActivity />", ""),
        (find("<RefNbr>TQ2</RefNbr>"), "2"),
        (find("<InvoiceNbr>117001</InvoiceNbr>"), "1"),
        (
            find("<StartUtcDT>2026-01-01</StartUtcDT><SettlementAmt>99.00</SettlementAmt>"),
            "4",
        ),
        (find("<StartUtcDT>2026-01-01</StartUtcDT><BatchSeqNbr>1</BatchSeqNbr>"), "5"),
        (find("<StartUtcDT>2026-01-01</StartUtcDT><BatchSeqNbr>2</BatchSeqNbr>"), ""),
        ("<ReportBatchDetail><BatchId>BAT_open</BatchId></ReportBatchDetail>", "5"),
        ("<ReportTxnDetail><TxnId>TRN_0003</TxnId></ReportTxnDetail>", "3"),
        ("<ReportOpenAuths />", "6"),
    ],
)
def test_every_report_finds_its_rows(gateway: Sandbox, inner: str, numbers: str) -> None:
    gateway.state.load(
        "processor/transactions",
        [("TRN_0006", None, sale(6, 100, status="PREAUTHORIZED", time_created="2025-12-01T00:00:00.000Z"))],
    )
    found = texts(asked(gateway, inner), "GatewayTxnId")[1:]
    assert found == [f"TRN_000{number}" for number in numbers]


def test_a_row_has_every_field_that_a_client_reads(gateway: Sandbox) -> None:
    tree = asked(gateway, "<ReportBatchDetail><BatchId>BAT_open</BatchId></ReportBatchDetail>")
    (row,) = tree.iter(f"{POS}Details")
    assert {field.tag.removeprefix(POS) for field in row} >= {
        *(
            "GatewayTxnId",
            "OriginalGatewayTxnId",
            "ServiceName",
            "DeviceId",
            "TxnUtcDT",
            "RspDT",
            "Status",
            "TxnStatus",
        ),
        *("Amt", "AuthAmt", "SettlementAmt", "AuthCode", "RefNbr", "ClientTxnId", "MaskedCardNbr", "CardType"),
        *("CardSwiped", "InvoiceNbr", "CustomerID", "Description", "BatchSeqNbr", "BatchCloseDT", "GatewayRspCode"),
        *(
            "GatewayRspMsg",
            "IssuerRspCode",
            "IssuerRspText",
            "GratuityAmtInfo",
            "ConvenienceAmtInfo",
            "ShippingAmtInfo",
        ),
        *("SurchargeAmtInfo", "TaxType", "UserName", "ClerkID", "UniqueDeviceId"),
    }


def test_times_are_the_merchants_own_when_asked_for(gateway: Sandbox) -> None:
    inner = "<ReportBatchDetail><BatchId>BAT_open</BatchId><TzConversion>Merchant</TzConversion></ReportBatchDetail>"
    assert texts(asked(gateway, inner), "RspDT")[1] == "2026-01-15T12:05:05.000Z"


@pytest.mark.parametrize("inner", ["<ReportTxnDetail><TxnId>TRN_9</TxnId></ReportTxnDetail>", "<CreditSale />"])
def test_what_the_gateway_cannot_do_is_a_response_code_and_no_transaction(gateway: Sandbox, inner: str) -> None:
    tree = asked(gateway, inner)
    assert texts(tree, "GatewayRspCode")[0] != "0"
    assert list(tree.iter(f"{POS}Transaction")) == []


@pytest.mark.parametrize(
    "before",
    ['<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>', '<!DOCTYPE x SYSTEM "http://127.0.0.1/x">', "<"],
)
def test_a_document_type_or_broken_xml_is_refused(gateway: Sandbox, before: str) -> None:
    answer = soap(gateway, "<BatchClose />", before=before)
    assert answer.status_code == 400
    assert gateway.state.oracle() == []
