from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from he_sync.connect.portico import ClosedBatch, PorticoClient
from he_sync.connect.retry import Patience
from he_sync.connect.wire import HttpSend, Response, http_send
from he_sync.model.errors import BadRecord, BrokenPromise, FixSettings, LookUpFirst
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.server import Sandbox
from tests.sandbox.processor_documents import load

START, END = datetime(2026, 1, 15, 18, 2, 5, tzinfo=UTC), datetime(2026, 1, 15, 18, 4, 5, tzinfo=UTC)
UNREADABLE = [b"", b"<html>busy</html>", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>']


@pytest.fixture
def wire() -> Iterator[HttpSend]:
    with http_send(total_deadline=10) as send:
        yield send


@pytest.fixture
def gateway(sandbox: Sandbox, wire: HttpSend) -> PorticoClient:
    load(sandbox.state)
    return PorticoClient(sandbox.urls["processor"], "skapi_sandbox", wire, patience=Patience(sleep=lambda _: None))


def test_the_open_batch_closes_with_its_count_and_total_and_then_none_is_open(gateway: PorticoClient) -> None:
    assert gateway.close_batch() == ClosedBatch("BAT_open", "1", 1, Decimal("7.00"))
    assert gateway.close_batch() is None


def test_activity_comes_from_the_start_up_to_but_without_the_end(gateway: PorticoClient) -> None:
    rows = gateway.activity(START, END)
    assert [(row["GatewayTxnId"], row["Amt"]) for row in rows] == [("TRN_0002", "201.40"), ("TRN_0003", "15.00")]


def test_a_single_row_is_one_row(gateway: PorticoClient) -> None:
    """The official SDK iterates a single row by its fields."""
    [row] = gateway.activity(START, START.replace(minute=3))
    assert row["GatewayTxnId"] == "TRN_0002"


def test_a_day_without_activity_has_no_rows(gateway: PorticoClient) -> None:
    assert gateway.activity(START.replace(year=2025), END.replace(year=2025)) == []


def test_a_time_without_a_zone_is_not_guessed(gateway: PorticoClient) -> None:
    with pytest.raises(BadRecord):
        gateway.activity(START.replace(tzinfo=None), END)


def test_a_wrong_key_is_a_setting_to_fix(sandbox: Sandbox, wire: HttpSend) -> None:
    with pytest.raises(FixSettings, match="HE_PORTICO_KEY"):
        PorticoClient(sandbox.urls["processor"], "other", wire).close_batch()


@pytest.mark.parametrize("fault", ["lost_response", "lost_request", "error_after", "late_landing"])
def test_a_close_without_an_answer_is_looked_up_and_never_sent_again(
    gateway: PorticoClient, sandbox: Sandbox, fault: str
) -> None:
    sandbox.faults.set([Fault(fault, system="processor", seconds=0)])
    with pytest.raises(LookUpFirst):
        gateway.close_batch()
    assert len(sandbox.services["processor"].seen) == 1


@pytest.mark.parametrize("body", UNREADABLE)
def test_an_unreadable_answer_to_a_close_leaves_it_in_doubt(body: bytes) -> None:
    with pytest.raises(LookUpFirst):
        PorticoClient("http://gateway", "key", lambda _: Response(200, {}, body)).close_batch()


@pytest.mark.parametrize("body", UNREADABLE)
def test_an_unreadable_report_is_no_empty_report(body: bytes) -> None:
    with pytest.raises(BrokenPromise):
        PorticoClient("http://gateway", "key", lambda _: Response(200, {}, body)).activity(START, END)


def test_a_report_is_read_again_after_a_fault(gateway: PorticoClient, sandbox: Sandbox) -> None:
    sandbox.faults.set([Fault("lost_response", system="processor", remaining=2)])
    assert len(gateway.activity(START, END)) == 2
