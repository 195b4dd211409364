"""A shop for the latency bench: orders over Heartland's API, signed webhooks to the receiver, what Epicor committed."""

from __future__ import annotations

import base64
import hmac
import json
import sqlite3
import time
import uuid
from datetime import datetime
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from he_sync.cli import hooks
from he_sync.sandbox.state import State

TOKEN = "sandbox-heartland-token"
CHEAP = 4.5
"""What the items cost at most; sold for 20.00 they leave a margin that no route asks about."""
ACCEPTED = 202
KEPT = 3.0
LETTERS = str.maketrans("0123456789", "ghijklmnop")
"""Digits of a random id may pass for a card number, which the receiver refuses: seen once in some 20,000 ids."""
LEDGER = (
    "SELECT {what} FROM oracle WHERE collection = 'epicor/OrderHed' AND operation = 'insert'"
    " AND origin = 'api' AND seq > ?"
)


class Shop:
    """Talks to a running `he-sync up`: `urls` as it printed them, `home` its folder."""

    def __init__(self, urls: dict[str, str], home: Path) -> None:
        self._pos, self._receiver = Line(urls["heartland"]), Line(urls["receiver"])
        self._key = base64.b64decode(hooks.secret(home, hooks.SHOP).removeprefix("whsec_"))
        self._ledger = sqlite3.connect(home / "sandbox" / "sandbox.db", timeout=30)
        state = State(home / "sandbox")
        parts = {row["PartNum"] for row in state.select("epicor/Part") if row["IUM"] == "EA"}
        items = state.select("heartland/items")
        self._items = [row["id"] for row in items if row["cost"] < CHEAP and row["public_id"] in parts]
        known = {row["CustID"] for row in state.select("epicor/Customer")}
        customers = state.select("heartland/customers", order="key")
        self._customers = [row["id"] for row in customers if f"H{row['id']}" in known]
        self._station = state.select("heartland/stations", order="key")[0]
        self._made = 0

    def order(self) -> int:
        """A sales order of one line, taken in Heartland; its id."""
        self._made += 1
        item, customer = (some[self._made % len(some)] for some in (self._items, self._customers))
        line = {"item_id": item, "qty": 1, "unit_price": 20, "original_unit_price": 20}
        place = {"source_location_id": self._station["location_id"], "station_id": self._station["id"]}
        body = {**place, "customer_id": customer, "status": "open", "lines": [line]}
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        answer, _ = self._pos.post("/api/sales/orders", json.dumps(body).encode(), headers)
        return int(answer.headers["location"].rpartition("/")[2])

    def tell(self, order: int) -> float:
        """The shop's signed webhook about an order; the moment before it left."""
        body = json.dumps({"type": "order.created", "data": {"id": order}}).encode()
        name, stamp = f"msg_{uuid.uuid4().hex.translate(LETTERS)}", str(int(time.time()))
        mac = hmac.digest(self._key, f"{name}.{stamp}.".encode() + body, "sha256")
        headers = {"webhook-id": name, "webhook-timestamp": stamp, "content-type": "application/json"}
        signed = {**headers, "webhook-signature": f"v1,{base64.b64encode(mac).decode()}"}
        began = time.time()
        answer, text = self._receiver.post("/hooks/shop/order.created", body, signed)
        if answer.status != ACCEPTED:
            raise RuntimeError(f"the receiver answered {answer.status}: {text.decode(errors='replace')}")
        return began

    def close(self) -> None:
        """Hang up and look no more."""
        self._pos.close()
        self._receiver.close()
        self._ledger.close()

    def mark(self) -> int:
        """Where the oracle ledger ends now."""
        return int(self._ledger.execute("SELECT coalesce(max(seq), 0) FROM oracle").fetchone()[0])

    def landed(self, after: int) -> dict[int, float]:
        """When Epicor committed the sales order of each Heartland order, since a mark. A second one is an error."""
        rows = self._ledger.execute(LEDGER.format(what="json_extract(after, '$.PONum'), at"), [after])
        found: dict[int, float] = {}
        for number, at in rows:
            order = int(number.removeprefix("HR-O"))
            if order in found:
                raise RuntimeError(f"order {order} is twice in Epicor")
            found[order] = datetime.fromisoformat(at).timestamp()
        return found

    def count(self, after: int) -> int:
        """How many landed since a mark."""
        return int(self._ledger.execute(LEDGER.format(what="count(*)"), [after]).fetchone()[0])


class Line:
    """A kept connection that is opened anew when the server may have closed it meanwhile (uvicorn: after 5 s)."""

    def __init__(self, url: str) -> None:
        self._connection, self._used = HTTPConnection(url.removeprefix("http://"), timeout=60), time.monotonic()

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[HTTPResponse, bytes]:
        """Answer and body."""
        if time.monotonic() - self._used > KEPT:
            self._connection.close()
        self._used = time.monotonic()
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        return answer, answer.read()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def gql(url: str, query: str, **variables: Any) -> Any:
    """One GraphQL request to Dagster; its data."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    line = Line(url)
    try:
        _, text = line.post("/graphql", body, {"content-type": "application/json"})
    finally:
        line.close()
    return json.loads(text)["data"]
