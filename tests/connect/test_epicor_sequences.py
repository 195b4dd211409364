"""Writes of several calls: whatever call breaks off, running again ends with one adjustment and one posted journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.epicor_sequences import (
    Adjustment,
    JournalLine,
    adjust_quantity,
    find_adjustment,
    find_posted,
    post_journal,
)
from he_sync.connect.retry import Patience
from he_sync.connect.wire import HttpSend, Request, Response, http_send
from he_sync.model.errors import BrokenPromise, FixInput, HeSyncError, LookUpFirst, Refused
from he_sync.sandbox.epicor import switches
from he_sync.sandbox.server import Sandbox
from he_sync.sandbox.state import Document

COMPANY = "EPIC06"
HEADER = {"JEDate": "2026-11-20T00:00:00", "Description": "POS clearing S001"}
LINES = [
    JournalLine("1150|S001", Decimal("19.99"), "HR PAY 100231"),
    JournalLine("4000|S001", Decimal("-18.50"), "HR DAY S001 2026-11-20"),
    JournalLine("2200|S001", Decimal("-1.49"), "HR DAY S001 2026-11-20"),
]
SHRINK = Adjustment("BOOT-11", "S001", "01", Decimal(-3), "EA", "POS", date(2026, 11, 20), "HE 7f3a")


class Line:
    """A connection that is cut once, around the n-th POST: before it is served, or after."""

    def __init__(self, send: HttpSend) -> None:
        self.send, self.cut_at, self.served, self.posts = send, 0, True, 0

    def __call__(self, request: Request) -> Response:
        self.posts += request.method == "POST"
        if request.method != "POST" or self.posts != self.cut_at:
            return self.send(request)
        if self.served:
            self.send(request)
        raise LookUpFirst("the connection was cut")


@pytest.fixture
def line() -> Iterator[Line]:
    with http_send(total_deadline=10) as sender:
        yield Line(sender)


@pytest.fixture
def client(sandbox: Sandbox, line: Line) -> EpicorClient:
    put(sandbox, "Part", "BOOT-11", {"PartNum": "BOOT-11", "IUM": "EA", "TypeCode": "P"})
    put(sandbox, "Warehse", "S001", {"WarehouseCode": "S001", "Plant": "MfgSys"})
    put(sandbox, "WhseBin", "S001~01", {"WarehouseCode": "S001", "BinNum": "01"})
    place = {"PartNum": "BOOT-11", "Plant": "MfgSys", "WarehouseCode": "S001", "OnHandQty": Decimal(10)}
    put(sandbox, "PartWhse", "BOOT-11~MfgSys~S001", place, parent=f"{COMPANY}~BOOT-11")
    put(sandbox, "Reason", "M~POS", {"ReasonType": "M", "ReasonCode": "POS"})
    for account in ("1150|S001", "4000|S001", "2200|S001"):
        put(sandbox, "GLAccount", f"MAIN~{account}", {"COACode": "MAIN", "GLAccount": account, "Active": True})
    patience = Patience(sleep=lambda _: None)
    return EpicorClient(sandbox.epicor, COMPANY, "he-sync", "sandbox", "sandbox-api-key", line, patience=patience)


def put(sandbox: Sandbox, table: str, key: str, row: Document, parent: str | None = None) -> None:
    stamp = {"Company": COMPANY, "SysRevID": sandbox.state.next_rev(), "SysRowID": f"{abs(hash(key)):032x}"}
    sandbox.state.load(f"epicor/{table}", [(f"{COMPANY}~{key}", parent, {**row, **stamp})])


def on_hand(sandbox: Sandbox) -> Decimal:
    row = sandbox.state.get("epicor/PartWhse", f"{COMPANY}~BOOT-11~MfgSys~S001")
    return Decimal(row["OnHandQty"]) if row else Decimal(0)


def ledger(client: EpicorClient) -> list[tuple[str, Decimal]]:
    found = find_posted(client, "HE7F3A")
    return sorted((row["GLAccount"], Decimal(row["DebitAmount"]) - Decimal(row["CreditAmount"])) for row in found)


POSTED = sorted((one.account, one.amount) for one in LINES)


def test_an_adjustment_moves_the_stock_by_its_delta_and_says_why(sandbox: Sandbox, client: EpicorClient) -> None:
    assert adjust_quantity(client, SHRINK)
    assert on_hand(sandbox) == 7
    movement = find_adjustment(client, SHRINK)
    assert movement
    assert (movement["TranType"], movement["TranQty"], movement["TranReference"]) == ("ADJ-QTY", -3, "HE 7f3a")


def test_an_adjustment_run_again_changes_nothing(sandbox: Sandbox, client: EpicorClient) -> None:
    adjust_quantity(client, SHRINK)
    assert adjust_quantity(client, SHRINK) == ""
    assert on_hand(sandbox) == 7


@pytest.mark.parametrize("served", [True, False])
def test_wherever_an_adjustment_breaks_off_the_next_run_ends_with_one(
    sandbox: Sandbox, client: EpicorClient, line: Line, served: bool
) -> None:
    for number, cut in enumerate(cuts(line, served)):
        wanted = replace(SHRINK, delta=Decimal(1), reference=f"HE {number}")
        if cut(lambda wanted=wanted: adjust_quantity(client, wanted)):  # type: ignore[misc]
            break
        assert on_hand(sandbox) == 11 + number
    assert number >= 2


def test_an_adjustment_that_leaves_less_than_nothing_is_refused(sandbox: Sandbox, client: EpicorClient) -> None:
    switches.NEGATIVE_STOCK.set(sandbox.state, "Stop")
    with pytest.raises(Refused, match="negative"):
        adjust_quantity(client, replace(SHRINK, delta=Decimal(-11)))
    assert on_hand(sandbox) == 10


def test_an_adjustment_of_an_unknown_part_or_reason_is_refused(sandbox: Sandbox, client: EpicorClient) -> None:
    for wrong in (replace(SHRINK, part="NOPE"), replace(SHRINK, reason="NOPE"), replace(SHRINK, warehouse="NOPE")):
        with pytest.raises(Refused, match="invalid value"):
            adjust_quantity(client, wrong)
    assert on_hand(sandbox) == 10


def test_a_journal_is_posted_line_by_line_to_the_cent(client: EpicorClient) -> None:
    journal = post_journal(client, "HE7F3A", HEADER, LINES)
    assert (journal.fiscal_year, journal.journal_num > 0) == (2026, True)
    assert ledger(client) == POSTED


def test_a_journal_run_again_posts_nothing_more(client: EpicorClient) -> None:
    assert post_journal(client, "HE7F3A", HEADER, LINES) == post_journal(client, "HE7F3A", HEADER, LINES)
    assert ledger(client) == POSTED


@pytest.mark.parametrize("served", [True, False])
def test_wherever_a_journal_breaks_off_the_next_run_ends_with_one(
    sandbox: Sandbox, client: EpicorClient, line: Line, served: bool
) -> None:
    for number, cut in enumerate(cuts(line, served)):
        group = f"HE{number}"
        whole = cut(lambda group=group: post_journal(client, group, HEADER, LINES))  # type: ignore[misc]
        assert sandbox.state.count("epicor/GLJrnDtl") == len(LINES) * (number + 1)
        if whole:
            break
    assert number >= 5


def test_a_group_that_holds_something_else_is_left_alone(client: EpicorClient) -> None:
    post_journal(client, "HE7F3A", HEADER, LINES)
    other = [replace(LINES[0], amount=Decimal("20.00")), LINES[1], replace(LINES[2], amount=Decimal("-1.50"))]
    with pytest.raises(BrokenPromise, match="holds other lines"):
        post_journal(client, "HE7F3A", HEADER, other)
    assert ledger(client) == POSTED


def test_a_journal_that_does_not_balance_is_not_sent(client: EpicorClient, line: Line) -> None:
    with pytest.raises(FixInput, match=r"debits less credits are 1\.49"):
        post_journal(client, "HE7F3A", HEADER, LINES[:2])
    assert line.posts == 0


def test_an_unknown_account_is_refused_and_nothing_is_posted(client: EpicorClient) -> None:
    with pytest.raises(Refused, match="GL Account references invalid value"):
        post_journal(client, "HE7F3A", HEADER, [replace(LINES[0], account="9999|S001"), *LINES[1:]])
    assert ledger(client) == []


def cuts(line: Line, served: bool) -> Iterator[object]:
    """Runs that are cut around the first POST, the second, ... and then run again; the last one is not cut at all."""
    for number in range(1, 40):

        def run(work: object, number: int = number) -> bool:
            line.cut_at, line.served, line.posts = number, served, 0
            try:
                work()  # type: ignore[operator]
            except HeSyncError:
                line.cut_at = 0
                work()  # type: ignore[operator]
                return False
            return True

        yield run
