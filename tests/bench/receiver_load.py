"""The load tool of the receiver's bench, a process of its own: keep-alive connections, each with one request under way.

`python -m tests.bench.receiver_load PORT --requests N`; prints one JSON object. Every tenth event is sent twice. Ids
that were answered 202 are written to `--acknowledged`, one a line.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop

SECRET = b"bench-secret-of-32-bytes-length!"
TOPIC = "order.created"
SIZE = 2_000
TWICE = 10
LONGEST = 120.0


@dataclass
class Load:
    """What is to be sent and what came of it."""

    requests: Iterator[tuple[str, bytes]]
    seconds: list[float] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    open: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Sender(asyncio.Protocol):
    """One connection: the next request leaves when the answer to the one before is there."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._answer = b""
        self._id = ""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class, no subclass of asyncio's
        self._load.open += 1
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < length_of(head):
            return
        self._answer = b""
        status = int(head[9:12])
        self._load.statuses[status] += 1
        self._load.seconds.append(time.perf_counter() - self._sent)
        if status == 202:
            self._load.acknowledged.append(self._id)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._load.open -= 1
        if not self._load.open:
            self._load.done.set()

    def _next(self) -> None:
        found = next(self._load.requests, None)
        if found is None:
            self._transport.close()
            return
        self._id, request = found
        self._sent = time.perf_counter()
        self._transport.write(request)


def length_of(head: bytes) -> int:
    """Content-Length of an answer."""
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)


def body_of(number: int, size: int = SIZE) -> bytes:
    """An order event that looks like one, filled up with lines to its size."""
    data: dict[str, object] = {"order_id": 100_000 + number, "customer": {"name": "Jonas Goldberg", "id": 100_024}}
    lines = [
        {"sku": f"HG{line:04}-RED-S", "description": "Alpine Jacket", "qty": 1, "unit_price": "45.99", "tax": "4.08"}
        for line in range(size // 100)
    ]
    document = {"type": TOPIC, "timestamp": "2026-11-20T14:33:53+00:00", "data": {**data, "lines": lines}}
    text = json.dumps(document)[: size + 100]
    while len(text) > size:
        lines.pop()
        text = json.dumps(document)
    return text.encode()


def signed(event_id: str, body: bytes, at: float, secret: bytes = SECRET) -> bytes:
    """A whole request with a Standard Webhooks signature."""
    stamp = str(int(at))
    digest = hmac.digest(secret, f"{event_id}.{stamp}.".encode() + body, hashlib.sha256)
    head = (
        f"POST /hooks/shop/{TOPIC} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
        f"webhook-id: {event_id}\r\nwebhook-timestamp: {stamp}\r\n"
        f"webhook-signature: v1,{base64.b64encode(digest).decode()}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def requests(count: int, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Signed requests; of ten events, one comes a second time at once."""
    number = sent = 0
    while sent < count:
        event_id = f"{prefix}-{number}"
        request = signed(event_id, body_of(number), time.time())
        for _ in range(2 if number % TWICE == 0 else 1):
            if sent < count:
                yield event_id, request
                sent += 1
        number += 1


async def run(port: int, count: int, connections: int, prefix: str) -> tuple[Load, float]:
    """Send them all; gives what came of it and the seconds it took."""
    made = iter(list(requests(count, prefix)))
    load, loop = Load(made), asyncio.get_running_loop()
    started = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: Sender(load), "127.0.0.1", port)
    await asyncio.wait_for(load.done.wait(), LONGEST)
    return load, time.perf_counter() - started


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    """Run one load and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--prefix", default="e")
    parser.add_argument("--acknowledged", type=Path)
    asked = parser.parse_args()
    load, seconds = uvloop.run(run(asked.port, asked.requests, asked.connections, asked.prefix))
    if asked.acknowledged:
        asked.acknowledged.write_text("\n".join(load.acknowledged))
    found = {
        "requests": sum(load.statuses.values()),
        "accepted": load.statuses[202],
        "statuses": {str(status): count for status, count in load.statuses.items()},
        "seconds": seconds,
        "rate": load.statuses[202] / seconds,
        "p50": percentile(load.seconds, 0.5),
        "p99": percentile(load.seconds, 0.99),
        "max": max(load.seconds),
    }
    print(json.dumps(found))  # noqa: T201 - the bench reads it


if __name__ == "__main__":
    main()
