"""A bare HTTP caller of the processor stand-in, for tests of its protocol: tokens, GP-API calls, SOAP envelopes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import httpx

from he_sync.sandbox.server import Sandbox

VERSION = {"X-GP-Version": "2021-03-22"}


def login(
    sandbox: Sandbox, app_id: str = "sandbox-app", app_key: str = "sandbox-app-key", **more: Any
) -> httpx.Response:
    """POST /accesstoken with a correct secret."""
    secret = hashlib.sha512(f"n-1{app_key}".encode()).hexdigest()
    body = {"app_id": app_id, "nonce": "n-1", "secret": secret, "grant_type": "client_credentials", **more}
    return httpx.post(f"{sandbox.gp}/accesstoken", json=body, headers=VERSION)


@dataclass
class Caller:
    """Calls GP-API with one token."""

    sandbox: Sandbox
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.token = self.token or login(self.sandbox).json()["token"]

    def get(self, path: str, **headers: str) -> httpx.Response:
        sent = {**VERSION, "Authorization": f"Bearer {self.token}", **headers}
        return httpx.get(f"{self.sandbox.gp}/{path}", headers=sent)

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        sent = {**VERSION, "Authorization": f"Bearer {self.token}", **headers}
        return httpx.post(f"{self.sandbox.gp}/{path}", json=body, headers=sent)

    def ids(self, path: str, key: str = "transactions") -> list[str]:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()[key]]

    def error(self, path: str) -> tuple[int, str, str]:
        answer = self.get(path)
        body = answer.json()
        return answer.status_code, body["error_code"], body["detailed_error_code"]


def sale(amount: int = 2000, **more: Any) -> dict[str, Any]:
    """A body for POST /transactions."""
    return {
        "account_id": "TRA_sandbox",
        "type": "SALE",
        "channel": "CNP",
        "amount": str(amount),
        "currency": "USD",
        "country": "US",
        "reference": "r-1",
        "payment_method": {"entry_mode": "ECOM", "card": {"number": "4263970000005262"}},
        **more,
    }


def soap(
    sandbox: Sandbox, inner: str, header: str = "<SecretAPIKey>skapi_sandbox</SecretAPIKey>", before: str = ""
) -> httpx.Response:
    """POST one operation to the gateway."""
    body = (
        f'{before}<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<PosRequest xmlns="http://Hps.Exchange.PosGateway"><Ver1.0><Header>{header}</Header>'
        f"<Transaction>{inner}</Transaction></Ver1.0></PosRequest></soap:Body></soap:Envelope>"
    )
    address = f"{sandbox.urls['processor']}/Hps.Exchange.PosGateway/PosGatewayService.asmx"
    return httpx.post(address, content=body, headers={"content-type": "text/xml"})
