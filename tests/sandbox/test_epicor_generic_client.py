"""Clients that nobody here wrote read the Epicor stand-in: a generic OData 4 client, and kinetic-devops' TaxService."""

from __future__ import annotations

from pathlib import Path

import keyring
import pytest
import requests
from keyring.backend import KeyringBackend
from kinetic_devops.tax_service import TaxService
from odata import ODataService

from he_sync.sandbox.server import Sandbox
from tests.sandbox.epicor_http import ORDERS, PARTS, Caller, line


class Memory(KeyringBackend):
    """A key ring that forgets: kinetic-devops keeps its salts in one."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # keyring leaves it so
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def kinetic(sandbox: Sandbox) -> Caller:
    caller = Caller(sandbox)
    caller.customer()
    for number in ("BOOT", "SHOE", "SOCK"):
        caller.part(number)
    return caller


def reflected(sandbox: Sandbox, service: str) -> ODataService:
    session = requests.Session()
    session.auth = ("he-sync", "sandbox")
    session.headers["x-api-key"] = "sandbox-api-key"
    url = f"{sandbox.epicor}/api/v2/odata/EPIC06/{service}/"
    return ODataService(url, session=session, reflect_entities=True, quiet_progress=True)


def test_a_generic_odata_client_reads_the_metadata_and_queries(kinetic: Caller) -> None:
    service = reflected(kinetic.sandbox, PARTS)
    part = service.entities["Parts"]
    found = service.query(part).filter(part.PartNum.startswith("S")).order_by(part.PartNum.desc()).all()
    assert [row.PartNum for row in found] == ["SOCK", "SHOE"]
    [boot] = service.query(part).filter(part.PartNum == "BOOT").limit(1)
    assert (boot.PartDescription, float(boot.UnitPrice), boot.InActive) == ("Boot", 50.0, False)


def test_a_generic_odata_client_follows_navigation_and_expands(kinetic: Caller) -> None:
    kinetic.order(1, line(), line(quantity=2))
    service = reflected(kinetic.sandbox, ORDERS)
    order = service.entities["SalesOrders"]
    [found] = service.query(order).filter(order.PONum == "HR-T1").expand(order.OrderDtls).all()
    assert [row.OrderLine for row in found.OrderDtls] == [1, 2]


def test_a_generic_odata_client_creates_and_patches(kinetic: Caller) -> None:
    service = reflected(kinetic.sandbox, PARTS)
    made = service.entities["Parts"]()
    made.Company, made.PartNum, made.PartDescription = "EPIC06", "HAT", "Hat"
    service.save(made)
    made.PartDescription = "Straw hat"
    service.save(made)
    [row] = kinetic.rows(f"{PARTS}/Parts", filter="PartNum eq 'HAT'")
    assert row["PartDescription"] == "Straw hat"


def test_the_tax_service_of_kinetic_devops_reads_and_updates(
    kinetic: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        body = {"TaxProvider": "AVALARA", "TaxConnectEnabled": True, "URL": "http://tax", "Account": "1", "Key": "2"}
        kinetic.created("Erp.BO.TaxSvcConfigSvc/TaxSvcConfigs", body)
        token = requests.post(f"{kinetic.sandbox.epicor}/TokenResource.svc/", auth=("he-sync", "sandbox"), timeout=5)
        taxes = TaxService(kinetic.sandbox.epicor, token.json()["AccessToken"], "sandbox-api-key")
        records = taxes.get_tax_configs("EPIC06")
        assert taxes.get_inactive_configs("EPIC06") == []
        assert taxes.update_configs("EPIC06", records)
        assert [row["Account"] for row in taxes.get_inactive_configs("EPIC06")] == [""]
    finally:
        keyring.set_keyring(before)
