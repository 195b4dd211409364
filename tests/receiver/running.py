"""A receiver in a process of its own, as it is served, and a client that speaks raw HTTP to it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from he_sync.cli.ports import free

ROOT = Path(__file__).parents[2]
STARTS_WITHIN = 30.0
SHOP = b"0123456789abcdef0123456789abcdef"
OTHER = b"another-secret-of-32-bytes-long!"
HEARTLAND, EPICOR, METRICS = (
    "heartland-secret-of-the-tests",
    "epicor-secret-of-the-tests",
    "metrics-secret-of-the-tests",
)
GP = "gp-app-key"


def whsec(secret: bytes) -> str:
    """A signing secret as senders show it."""
    return f"whsec_{base64.b64encode(secret).decode()}"


SECRETS = {
    "HE_HOOK_SHOP_SECRETS": whsec(SHOP),
    "HE_HOOK_HEARTLAND_SECRET": HEARTLAND,
    "HE_HOOK_EPICOR_SECRET": EPICOR,
    "HE_GP_APP_KEY": GP,
    "HE_METRICS_TOKEN": METRICS,
}


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 when the connection ended without an answer."""

    status: int
    head: str = ""
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Running:
    """A receiver that answers."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def connect(self) -> socket.socket:
        """A connection to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def send(self, request: bytes) -> Answer:
        """One request on a connection of its own."""
        with self.connect() as connection:
            with suppress(ConnectionError):
                connection.sendall(request)
            return read_answer(connection)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """A GET."""
        return self.send(request_of("GET", path, b"", headers or {}))

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """A POST."""
        return self.send(request_of("POST", path, body, headers or {}))

    def order(self, event_id: str, body: bytes, topic: str = "order.created", **how: Any) -> Answer:
        """A signed event of the shop."""
        return self.post(f"/hooks/shop/{topic}", body, signed(event_id, body, **how))

    def heartland(self, topic: str, document: Mapping[str, Any]) -> Answer:
        """A webhook as Heartland sends it."""
        return self.post(f"/hooks/heartland/{topic}?secret={HEARTLAND}", json.dumps(document).encode())

    def stop(self, number: int = signal.SIGTERM) -> float:
        """End it; gives the seconds that took."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - started


def order_body(order: int = 100_001, topic: str = "order.created", **more: Any) -> bytes:
    """The body of a shop's event."""
    return json.dumps(
        {"type": topic, "timestamp": "2026-11-20T14:33:53Z", "data": {"order_id": order, **more}}
    ).encode()


def signed(event_id: str, body: bytes, at: float | None = None, secrets: Sequence[bytes] = (SHOP,)) -> dict[str, str]:
    """Standard Webhooks headers."""
    stamp = str(int(time.time() if at is None else at))
    text = f"{event_id}.{stamp}.".encode() + body
    made = [base64.b64encode(hmac.digest(secret, text, hashlib.sha256)).decode() for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{one}" for one in made),
    }


def request_of(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "host: receiver", *(f"{name}: {value}" for name, value in headers.items())]
    if method == "POST" and not {"content-length", "transfer-encoding"} & {name.lower() for name in headers}:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def read_answer(connection: socket.socket) -> Answer:
    """The next answer on a connection; status 0 where there is none."""
    text = b""
    try:
        while b"\r\n\r\n" not in text:
            part = connection.recv(65536)
            if not part:
                return Answer(0)
            text += part
        head, _, body = text.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        while len(body) < length and (part := connection.recv(65536)):
            body += part
    except ConnectionError:
        return Answer(0)
    return Answer(int(head[9:12]), head.decode("latin-1"), body)


@contextmanager
def receiving(  # noqa: PLR0913 - how a process is started
    folder: Path,
    store_url: str = "",
    *,
    secrets: Mapping[str, str] = SECRETS,
    processes: int = 1,
    before: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """A receiver on a free port; `before` is a command line that it is put behind, such as strace."""
    folder.mkdir(parents=True, exist_ok=True)
    port, log = free(), folder / "receiver.log"
    known = {name: value for name, value in os.environ.items() if not name.startswith("HE_")}
    env = {**known, "HE_HOME": str(folder), **secrets, **(environment or {})}
    if store_url:
        env["HE_STORE_URL"] = store_url
    line = [*before, sys.executable, "-m", "he_sync.web.receiver", "--port", str(port), "--processes", str(processes)]
    with log.open("ab") as output:
        process = subprocess.Popen(line, cwd=ROOT, env=env, stdout=output, stderr=output, start_new_session=True)
    running = Running(port, process, log)
    try:
        wait_until_up(running)
        yield running
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_up(running: Running) -> None:
    """Return once it answers. A receiver that ended raises with its last words."""
    until = time.monotonic() + STARTS_WITHIN
    while True:
        with suppress(OSError):
            if running.get("/healthz").status == 200:
                return
        if running.process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(running.log.read_text()[-2000:])
        time.sleep(0.05)


def eventually(true: Any, within: float = 30.0) -> None:
    """Wait for a condition; fails when it does not come true in time."""
    until = time.monotonic() + within
    while not true():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.02)
