"""A small Kinetic for the client's tests: rows to read, what the server saw, and a server of canned answers."""

from __future__ import annotations

from typing import Any

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.retry import Patience
from he_sync.connect.wire import Request, Response
from he_sync.sandbox.server import Sandbox

COMPANY, USER, PASSWORD, KEY = "EPIC06", "he-sync", "sandbox", "sandbox-api-key"
CUSTOMERS = ("Erp.BO.CustomerSvc", "Customers")
ORDERS = ("Erp.BO.SalesOrderSvc", "SalesOrders")


def customers(sandbox: Sandbox, count: int) -> None:
    rows = [(f"{COMPANY}~{one}", None, customer(one, sandbox.state.next_rev())) for one in range(1, count + 1)]
    sandbox.state.load("epicor/Customer", rows)


def customer(number: int, revision: int) -> dict[str, Any]:
    named = {
        "Company": COMPANY,
        "CustNum": number,
        "CustID": f"H{number}",
        "Name": f"Name {number}",
        "CustomerType": "CUS",
        "CurrencyCode": "USD",
    }
    return {**named, "SysRevID": revision, "SysRowID": f"00000000-0000-0000-0000-{number:012}"}


def orders(sandbox: Sandbox, count: int) -> None:
    """Orders with one line each, numbered from 5001."""
    for number in range(5001, 5001 + count):
        key = f"{COMPANY}~{number}"
        head = {"Company": COMPANY, "OrderNum": number, "CustNum": 1, "PONum": f"HR-T{number}", "OpenOrder": True}
        line = {"Company": COMPANY, "OrderNum": number, "OrderLine": 1, "PartNum": "BOOT-11", "OpenLine": True}
        for table, one, parent, row in (("OrderHed", key, None, head), ("OrderDtl", f"{key}~1", key, line)):
            stamp = {"SysRevID": sandbox.state.next_rev(), "SysRowID": f"{number:08}-0000-0000-0000-{len(one):012}"}
            sandbox.state.load(f"epicor/{table}", [(one, parent, {**row, **stamp})])


def seen(sandbox: Sandbox, method: str = "", route: str = "") -> list[str]:
    calls = sandbox.services["epicor"].seen
    return [one.url for one in calls if one.method.startswith(method) and route in one.url]


def answering(*responses: Response, sent: list[Request] | None = None) -> EpicorClient:
    """A client with Basic whose server gives these answers in turn, the last one for ever."""
    waiting = list(responses)

    def send(request: Request) -> Response:
        if sent is not None:
            sent.append(request)
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    patience = Patience(sleep=lambda _: None)
    return EpicorClient("https://erp.test/kinetic", COMPANY, USER, PASSWORD, KEY, send, patience=patience)
