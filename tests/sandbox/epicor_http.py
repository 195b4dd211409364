"""A bare HTTP caller of the Epicor stand-in, for tests of its protocol: sets, methods, headers."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import simplejson

from he_sync.sandbox.server import Sandbox
from he_sync.sandbox.switches import Switch

ORDERS = "Erp.BO.SalesOrderSvc"
CUSTOMERS = "Erp.BO.CustomerSvc"
PARTS = "Erp.BO.PartSvc"


@dataclass(frozen=True)
class Caller:
    """Calls one company of one sandbox as one user."""

    sandbox: Sandbox
    user: str = "he-sync"
    key: str = "sandbox-api-key"
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, url: str, body: Any = None, **options: Any) -> httpx.Response:
        """One request; options go into the query as `$name`, and what begins with `_` as it is."""
        query = {name[1:] if name.startswith("_") else f"${name}": str(value) for name, value in options.items()}
        content = None if body is None else simplejson.dumps(body, use_decimal=True)
        headers = {"x-api-key": self.key, "content-type": "application/json", **self.headers}
        address = url if url.startswith("http") else f"{self.sandbox.epicor}/api/v2/odata/EPIC06/{url}"
        with httpx.Client(auth=(self.user, "sandbox"), timeout=30) as client:
            return client.request(method, address, content=content, params=query or None, headers=headers)

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.send("GET", url, **options)

    def post(self, url: str, body: Any) -> httpx.Response:
        return self.send("POST", url, body)

    def patch(self, url: str, body: Any) -> httpx.Response:
        return self.send("PATCH", url, body)

    def rows(self, url: str, **options: Any) -> list[dict[str, Any]]:
        """The rows of a set."""
        return list(exact(self.get(url, **options))["value"])

    def call(self, url: str, **arguments: Any) -> dict[str, Any]:
        """A method that succeeds: its body."""
        response = self.post(url, arguments)
        assert response.status_code == 200, response.text
        return dict(exact(response))

    def created(self, url: str, body: Any) -> dict[str, Any]:
        """A create that succeeds: the header."""
        response = self.post(url, body)
        assert response.status_code == 201, response.text
        return dict(exact(response))

    def customer(self, custom_id: str = "H1", **more: Any) -> int:
        return int(self.created(f"{CUSTOMERS}/Customers", {"CustID": custom_id, "Name": "Ada Hill", **more})["CustNum"])

    def part(self, number: str = "BOOT", **more: Any) -> str:
        body = {"PartNum": number, "PartDescription": "Boot", "UnitPrice": Decimal("50.00"), **more}
        return str(self.created(f"{PARTS}/Parts", body)["PartNum"])

    def order(self, customer: int, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {"CustNum": customer, "PONum": "HR-T1", "FOB": "ORIG", "OrderDtls": list(lines), **more}
        return self.created(f"{ORDERS}/SalesOrders", body)


def exact(response: httpx.Response) -> Any:
    """The body with exact numbers."""
    return simplejson.loads(response.text, use_decimal=True)


def message(response: httpx.Response) -> str:
    return str(response.json()["ErrorMessage"])


def switch(sandbox: Sandbox, one: Switch, value: str) -> None:
    one.set(sandbox.state, value)


def line(part: str = "BOOT", quantity: int = 1, price: str = "49.50", **more: Any) -> dict[str, Any]:
    return {
        "PartNum": part,
        "SellingQuantity": quantity,
        "DocUnitPrice": Decimal(price),
        "SalesUM": "EA",
        "OverridePriceList": True,
        **more,
    }
