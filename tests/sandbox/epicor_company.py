"""A small company in the Epicor stand-in, and a caller that speaks to it over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import simplejson

from he_sync.sandbox import server
from he_sync.sandbox.epicor import catalog

Row = dict[str, Any]
NOW = "2026-11-23T15:00:00+00:00"
TODAY = "2026-11-23T00:00:00"

COMPANY: list[tuple[str, Row]] = [
    ("Plant", {"Plant": "MfgSys", "Name": "Main"}),
    ("Reason", {"ReasonType": "M", "ReasonCode": "POS", "Description": "Point of sale"}),
    ("Warehse", {"WarehouseCode": "S001", "Description": "Store 1", "Plant": "MfgSys"}),
    ("WhseBin", {"WarehouseCode": "S001", "BinNum": "01"}),
    ("Warehse", {"WarehouseCode": "D001", "Description": "Centre", "Plant": "MfgSys"}),
    ("WhseBin", {"WarehouseCode": "D001", "BinNum": "01"}),
    ("BankAcct", {"BankAcctID": "BNK001", "Description": "Deposits S001", "GLAccount": "1010|S001"}),
    (
        "GLAccount",
        {"COACode": "MAIN", "GLAccount": "1150|S001", "SegValue1": "1150", "SegValue2": "S001", "Active": True},
    ),
    (
        "GLAccount",
        {"COACode": "MAIN", "GLAccount": "6495|S001", "SegValue1": "6495", "SegValue2": "S001", "Active": True},
    ),
    ("GLAccount", {"COACode": "MAIN", "GLAccount": "9999|S001", "SegValue1": "9999", "SegValue2": "S001"}),
    ("Customer", {"CustNum": 2, "CustID": "H100001", "Name": "Ada Hill"}),
    ("Customer", {"CustNum": 3, "CustID": "H100002", "Name": "Bo Reed"}),
    ("Vendor", {"VendorNum": 7, "VendorID": "MILL", "Name": "The Mill", "TermsCode": "N30"}),
    ("Part", {"PartNum": "BOOT-11", "PartDescription": "Boot, 11", "IUM": "EA", "SalesUM": "EA"}),
    ("PartUOM", {"PartNum": "BOOT-11", "UOMCode": "EA", "ConvFactor": 1}),
    ("PartPlant", {"PartNum": "BOOT-11", "Plant": "MfgSys", "PrimWhse": "S001"}),
    ("PartWhse", {"PartNum": "BOOT-11", "Plant": "MfgSys", "WarehouseCode": "S001", "OnHandQty": 10}),
    ("Part", {"PartNum": "SOCK", "PartDescription": "Socks", "IUM": "CS", "SalesUM": "EA"}),
    ("PartUOM", {"PartNum": "SOCK", "UOMCode": "CS", "ConvFactor": 12}),
    ("PartUOM", {"PartNum": "SOCK", "UOMCode": "EA", "ConvFactor": 1}),
    ("PartPlant", {"PartNum": "SOCK", "Plant": "MfgSys", "PrimWhse": "S001"}),
    ("PartWhse", {"PartNum": "SOCK", "Plant": "MfgSys", "WarehouseCode": "S001", "OnHandQty": 5}),
    ("OrderHed", {"OrderNum": 5001, "CustNum": 2, "PONum": "HR-O100009", "OpenOrder": True}),
    (
        "OrderDtl",
        {"OrderNum": 5001, "OrderLine": 1, "PartNum": "BOOT-11", "LineDesc": "Boot, 11", "IUM": "EA", "SalesUM": "EA"}
        | {
            "OrderQty": 4,
            "SellingQuantity": 4,
            "DocUnitPrice": Decimal("49.50"),
            "UnitPrice": Decimal("49.50"),
            "OpenLine": True,
        },
    ),
    (
        "OrderRel",
        {
            "OrderNum": 5001,
            "OrderLine": 1,
            "OrderRelNum": 1,
            "OurReqQty": 4,
            "SellingReqQty": 4,
            "WarehouseCode": "S001",
        }
        | {"PartNum": "BOOT-11", "OpenRelease": True, "Plant": "MfgSys"},
    ),
]


class Refused(AssertionError):
    """Kinetic said no; the text, the status and the body."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"{response.status_code} {response.text}")
        self.status, self.body = response.status_code, simplejson.loads(response.content, use_decimal=True)
        self.message = self.body["ErrorMessage"]


class Kinetic:
    """Calls as a client makes them: `call("JobEntrySvc", "GetNextJobNum")`, `rows("PartTranSvc/PartTrans")`."""

    def __init__(self, sandbox: server.Sandbox, user: str = "he-sync") -> None:
        self.sandbox = sandbox
        base = f"{sandbox.epicor}/api/v2/odata/EPIC06/"
        self._http = httpx.Client(
            base_url=base, auth=(user, "sandbox"), headers={"x-api-key": "sandbox-api-key"}, timeout=30
        )

    def close(self) -> None:
        self._http.close()

    def send(self, method: str, path: str, body: Row | None = None, **query: str) -> Any:
        content = None if body is None else simplejson.dumps(body, use_decimal=True)
        response = self._http.request(method, _service(path), params=query or None, content=content)
        if response.status_code >= 400:
            raise Refused(response)
        return simplejson.loads(response.content, use_decimal=True) if response.content else None

    def call(self, service: str, method: str, **arguments: Any) -> Row:
        """A method: `returnObj` and `parameters` in one dict, the return value under `returned`."""
        answer = self.send("POST", f"{service}/{method}", arguments)
        return {"returned": answer.get("returnObj"), **answer.get("parameters", {})}

    def rows(self, path: str, **query: str) -> list[Row]:
        """A set: `rows("GLJrnDtlSvc/GLJrnDtls", filter="GroupID eq 'X'")`."""
        found: list[Row] = self.send("GET", path, **{f"${name}": value for name, value in query.items()})["value"]
        return found

    def stored(self, table: str, **keys: Any) -> Row:
        """A row as it is stored, with its defaults."""
        known = catalog.table(table)
        document = self.sandbox.state.get(known.collection, known.key_of({"Company": "EPIC06", **keys}))
        assert document is not None, f"{table} {keys} is not there"
        return {**known.defaults(), **document}

    def all_stored(self, table: str) -> list[Row]:
        known = catalog.table(table)
        return [{**known.defaults(), **row} for row in self.sandbox.state.select(known.collection)]

    def switch(self, **values: str) -> None:
        """Epicor switches by their name without the system: `switch(posted_group="deleted")`."""
        changed = {f"epicor.{name}": value for name, value in values.items()}
        httpx.put(f"{self.sandbox.urls['admin']}/switches", json=changed).raise_for_status()

    def clock(self, now: str) -> None:
        httpx.put(f"{self.sandbox.urls['admin']}/clock", json={"frozen": now}).raise_for_status()


def _service(path: str) -> str:
    return path if path.startswith(("Ice.", "Erp.PROC.")) else f"Erp.BO.{path}"


def load(sandbox: server.Sandbox, found: list[tuple[str, Row]]) -> None:
    """Rows into the state as the world loads them."""
    for name, row in found:
        table = catalog.table(name)
        full = {"Company": "EPIC06", **row, "SysRevID": sandbox.state.next_rev(), "SysRowID": f"row-{name}"}
        sandbox.state.load(table.collection, [(table.key_of(full), table.parent_key_of(full), full)])


@contextmanager
def company(folder: Path) -> Iterator[Kinetic]:
    """The company open for business at three in the afternoon UTC, 23 November 2026."""
    with server.running(folder) as sandbox:
        load(sandbox, COMPANY)
        kinetic = Kinetic(sandbox)
        kinetic.clock(NOW)
        try:
            yield kinetic
        finally:
            kinetic.close()
