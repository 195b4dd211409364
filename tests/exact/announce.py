"""What is announced of a sale: signed Standard Webhooks of the shop, and what Heartland says of a till sale."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from he_sync.web.receiver.app import Receiver
from tests.exact.checkers import Ack
from tests.exact.shop import Sold

KEY = b"a shop's signing key of 32 bytes"
PASSWORD = "a-long-secret-in-an-address"
SECRETS = {"HE_HOOK_SHOP_SECRETS": "whsec_" + base64.b64encode(KEY).decode(), "HE_HOOK_HEARTLAND_SECRET": PASSWORD}
TILL = "sales_transaction_completed"
ACCEPTED = 202
CARD, CARELESS = "4111111111111111", 10
"""A card number that every tenth order's events carry in a note, where nothing may keep it."""


@dataclass(frozen=True)
class Post:
    """One event as its sender posts it, again the same until it is acknowledged. A till's has no id but its body."""

    topic: str
    event_id: str
    sold: Sold
    tries: int = 0

    @property
    def ack(self) -> Ack:
        """What the client notes when it was acknowledged."""
        source = "heartland" if self.topic == TILL else "shop"
        return Ack(source, self.topic, self.event_id, self.sold.entity, self.sold.owed)

    @property
    def path(self) -> str:
        """Where it is posted."""
        return f"/hooks/heartland/{TILL}?secret={PASSWORD}" if self.topic == TILL else f"/hooks/shop/{self.topic}"

    @property
    def body(self) -> bytes:
        """The same bytes with every try."""
        if self.topic == TILL:
            return _rung_up(self.sold)
        data: dict[str, Any] = {"order_id": self.sold.number}
        if self.sold.number % CARELESS == 0:
            data["note"] = f"paid with {CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}"
        return json.dumps({"type": self.topic, "timestamp": "2026-11-21T09:00:00Z", "data": data}).encode()

    def headers(self, now: float) -> dict[str, str]:
        """Signed at this moment, where the sender signs."""
        if self.topic == TILL:
            return {}
        stamp = str(int(now))
        signed = b".".join((self.event_id.encode(), stamp.encode(), self.body))
        signature = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
        return {"webhook-id": self.event_id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}


def announced(sold: Sold, version: int = 0) -> list[Post]:
    """The order is created, and paid: two events about one record; later versions are one each, a till sale is one."""
    if sold.kind == "ticket":
        return [Post(TILL, hashlib.sha256(_rung_up(sold)).hexdigest(), sold)]
    if version:
        return [Post("order.cancelled" if sold.void else "order.updated", f"evt_{sold.number}_{version}", sold)]
    return [
        Post("order.created", f"evt_{sold.number}_created", sold),
        Post("payment.succeeded", f"evt_{sold.number}_paid", sold),
    ]


def _rung_up(sold: Sold) -> bytes:
    kind = "Ticket" if sold.minor > 0 else "Return"
    return json.dumps({"id": sold.number, "type": kind, "updated_at": sold.updated_at}).encode()


async def deliver(receiver: Receiver, post: Post) -> bool:
    """Post without a socket; True when it was answered 202."""
    headers = [(name.encode(), value.encode()) for name, value in post.headers(time.time()).items()]
    path = f"/hooks/shop/{post.topic}"
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    statuses: list[int] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": post.body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        statuses.append(message.get("status", 0))

    await receiver(scope, receive, send)
    return ACCEPTED in statuses
