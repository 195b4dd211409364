"""The doctor on a sandbox that is whole, and on one with something missing: one line each that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from he_sync.connect.doctor import Finding, Probe, clock_skew, diagnose, reached
from he_sync.connect.doctor_probes import epicor_probes, heartland_probes, processor_probes
from he_sync.connect.epicor import EpicorClient
from he_sync.connect.heartland import HeartlandClient
from he_sync.connect.processor import ProcessorClient
from he_sync.connect.retry import Patience
from he_sync.connect.tokens import TokenCache
from he_sync.connect.wire import HttpSend, Response, http_send
from he_sync.model.errors import BadRecord, FixSettings
from he_sync.model.retailer import BrandFee, Epicor, Retailer, Store, Tender, Terms
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.server import Sandbox

COMPANY, TOKEN = "EPIC06", "sandbox-heartland-token"
PROFILE = Retailer(
    name="Boots & Sons",
    timezone="America/Chicago",
    heartland_adjustment_reason_id=100001,
    stores=(
        Store(
            code="S001",
            name="Main",
            location_id=100001,
            timezone="America/Chicago",
            warehouse="S001",
            bank_account="B1",
            stock_owner="heartland",
        ),
    ),
    tenders=(Tender(payment_type="Cash", kind="cash", account="1155"),),
    terms=Terms(fees={"VISA": BrandFee(basis_points=180, per_item_minor=10)}, funding_bank_days={"VMDD": 2}),
    epicor=Epicor(company=COMPANY, walk_in_customer="WALKIN"),
)


@pytest.fixture
def send() -> Iterator[HttpSend]:
    with http_send(total_deadline=10) as sender:
        yield sender


QUICK = Patience(attempts=1)


def heartland(sandbox: Sandbox, send: HttpSend, token: str = TOKEN) -> HeartlandClient:
    return HeartlandClient(sandbox.heartland, token, send, patience=QUICK)


def epicor(sandbox: Sandbox, send: HttpSend, user: str = "he-sync", company: str = COMPANY) -> EpicorClient:
    return EpicorClient(sandbox.epicor, company, user, "sandbox", "sandbox-api-key", send, patience=QUICK)


def furnish(sandbox: Sandbox) -> None:
    """What the profile names, in both systems."""
    for path, row in (
        ("locations", {"name": "Main"}),
        ("payment_types", {"name": "Cash"}),
        ("reason_codes/inventory_adjustment_reasons", {"name": "Sync"}),
    ):
        sandbox.state.load(f"heartland/{path}", [(100001, None, {"id": 100001, **row})])
    for table, key, named in (
        ("Plant", "MfgSys", {"Plant": "MfgSys"}),
        ("Warehse", "S001", {"WarehouseCode": "S001"}),
        ("BankAcct", "B1", {"BankAcctID": "B1"}),
        ("Reason", "M~POS", {"ReasonType": "M", "ReasonCode": "POS"}),
        ("Customer", "1", {"CustNum": 1, "CustID": "WALKIN"}),
    ):
        row = {"Company": COMPANY, **named, "SysRevID": sandbox.state.next_rev(), "SysRowID": "0" * 32}
        sandbox.state.load(f"epicor/{table}", [(f"{COMPANY}~{key}", None, row)])


def ailing(findings: list[Finding]) -> dict[str, str]:
    return {finding.what: finding.say for finding in findings if not finding.ok}


def test_a_whole_installation_has_nothing_to_say(sandbox: Sandbox, send: HttpSend, tmp_path: Path) -> None:
    furnish(sandbox)
    tokens = TokenCache(tmp_path / "shared.db")
    processor = ProcessorClient(sandbox.gp, "sandbox-app", "sandbox-app-key", send, tokens, patience=QUICK)
    before = len(sandbox.state.oracle("origin = 'api'"))
    findings = diagnose(
        [
            *heartland_probes(heartland(sandbox, send), PROFILE),
            *processor_probes(processor),
            *epicor_probes(epicor(sandbox, send), PROFILE),
        ]
    )
    assert ailing(findings) == {}
    assert len(findings) >= 25
    assert len(sandbox.state.oracle("origin = 'api'")) == before, "the doctor changed something"


def test_what_the_profile_names_and_nobody_created_is_named(sandbox: Sandbox, send: HttpSend) -> None:
    here = diagnose(heartland_probes(heartland(sandbox, send), PROFILE))
    assert ailing(here) == {
        "locations": "locations 100001 do not exist; create them or correct the profile",
        "payment types": "payment_types Cash do not exist; create them or correct the profile",
        "adjustment reason": "reason_codes/inventory_adjustment_reasons/100001 does not exist;"
        " create it or correct the profile",
    }
    there = ailing(diagnose(epicor_probes(epicor(sandbox, send), PROFILE)))
    assert set(there) == {"plant", "walk-in customer", "warehouse S001", "bank account B1", "adjustment reason"}
    assert there["warehouse S001"] == "S001 in Erp.BO.WarehseSvc does not exist; create it or correct the profile"


@pytest.mark.parametrize("query", ["HeSync_OrderJobs", "HeSync_OrderPacks", "HeSync_BankLines"])
def test_a_query_that_nobody_imported_is_named_with_where_it_is_described(
    sandbox: Sandbox, send: HttpSend, query: str
) -> None:
    furnish(sandbox)
    sandbox.faults.set([Fault("error_before", "epicor", "GET", query, status=404)])
    here = ailing(diagnose(epicor_probes(epicor(sandbox, send), PROFILE)))
    sandbox.faults.set([])
    assert here == {f"query {query}": f"query {query} does not exist; import it as docs/operations.md says"}


@pytest.mark.parametrize(("ledger", "ok"), [("store_days", False), ("payments", True)])
def test_the_query_of_open_periods_must_be_there_where_the_close_posts_the_ledger_and_is_advice_elsewhere(
    sandbox: Sandbox, send: HttpSend, ledger: str, ok: bool
) -> None:
    furnish(sandbox)
    ours = PROFILE.model_copy(update={"epicor": PROFILE.epicor.model_copy(update={"ledger": ledger})})
    fine = {one.what: one for one in diagnose(epicor_probes(epicor(sandbox, send), ours))}["query HeSync_Periods"]
    assert (fine.ok, fine.say) == (True, "exists")
    sandbox.faults.set([Fault("error_before", "epicor", "GET", "HeSync_Periods", status=404)])
    found = {one.what: one for one in diagnose(epicor_probes(epicor(sandbox, send), ours))}["query HeSync_Periods"]
    assert (found.ok, found.say) == (ok, "query HeSync_Periods does not exist; import it as docs/operations.md says")


def test_advice_is_said_and_nothing_must_be_done_about_it() -> None:
    def fail() -> str:
        raise FixSettings("could be better")

    assert diagnose([Probe("x", "a", fail, advice=True)]) == [
        Finding("x", "a", ok=True, say="could be better", advice=True)
    ]


def test_a_missing_right_is_named_by_what_cannot_be_changed(sandbox: Sandbox, send: HttpSend) -> None:
    furnish(sandbox)
    token = "sandbox-readonly-token"
    here = ailing(diagnose(heartland_probes(heartland(sandbox, send, token), PROFILE)))
    there = ailing(diagnose(epicor_probes(epicor(sandbox, send, "viewer"), PROFILE)))
    assert set(here) == {"write inventory/adjustment_sets", "write customers"}
    assert set(there) == {"write Erp.BO.SalesOrderSvc", "write Erp.BO.CustomerSvc"}
    assert "grant it to the user" in here["write customers"]


def test_a_system_that_cannot_be_reached_is_said_once(sandbox: Sandbox, send: HttpSend) -> None:
    nobody = HeartlandClient("http://127.0.0.1:1/api", "x", send, patience=QUICK)
    [only] = diagnose(heartland_probes(nobody, PROFILE))
    assert not only.ok
    assert "refused" in only.say
    [wrong] = diagnose(epicor_probes(epicor(sandbox, send, company="NOPE"), PROFILE))
    assert "NOPE" in wrong.say


def test_a_clock_that_is_off_is_a_setting_to_fix() -> None:
    behind = Response(200, {"date": "Fri, 20 Nov 2020 18:00:00 GMT"}, b"")
    with pytest.raises(FixSettings, match="s ahead; set the time of this machine"):
        reached(lambda: behind)
    assert clock_skew(behind, datetime(2020, 11, 20, 17, 59, 30, tzinfo=UTC)) == -30
    assert clock_skew(Response(200, {"date": "soon"}, b""), datetime.now(UTC)) is None


def test_a_probe_s_failure_does_not_hide_the_others() -> None:
    def fail() -> str:
        raise BadRecord("odd")

    findings = diagnose([Probe("x", "a", fail), Probe("x", "b", lambda: "fine")])
    assert [(one.ok, one.say) for one in findings] == [(False, "odd"), (True, "fine")]
