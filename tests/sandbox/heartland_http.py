"""A bare HTTP caller of the Retail stand-in, and a receiver of its webhooks, for tests of its protocol."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import simplejson

from he_sync.sandbox.heartland import switches
from he_sync.sandbox.server import Sandbox
from he_sync.sandbox.switches import Switch

CLIENT = httpx.Client(verify=False, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))  # noqa: S501 - loopback
TOKEN, READ_ONLY = "sandbox-heartland-token", "sandbox-readonly-token"


@dataclass
class Retail:
    """Calls the Retail API with one token. Paths are below /api."""

    sandbox: Sandbox
    token: str = TOKEN

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        content = None if body is None else simplejson.dumps(body, use_decimal=True).encode()
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers}
        return CLIENT.request(method, f"{self.sandbox.heartland}/{path}", content=content, headers=sent)

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return simplejson.loads(answer.text, use_decimal=True)

    def rows(self, path: str) -> list[Any]:
        found: list[Any] = self.get(path)["results"]
        return found

    def ids(self, path: str) -> list[int]:
        return [row["id"] for row in self.rows(path)]

    def post(self, path: str, body: Any) -> str:
        """The path below /api of what was created."""
        answer = self.call("POST", path, body)
        assert answer.status_code == 201, answer.text
        assert answer.content == b""
        return answer.headers["location"].removeprefix("/api/")

    def put(self, path: str, body: Any) -> None:
        answer = self.call("PUT", path, body)
        assert (answer.status_code, answer.content) == (200, b""), answer.text

    def error(self, method: str, path: str, body: Any = None) -> tuple[int, str, dict[str, Any]]:
        answer = self.call(method, path, body)
        found = answer.json()
        return answer.status_code, found["error"], found.get("details", {})

    def on_hand(self, item_id: int, location_id: int) -> tuple[Any, Any, Any]:
        """Quantity on hand, committed and available of an item at a location."""
        group = "group[]=item_id&group[]=location_id"
        rows = self.rows(f"inventory/values?{group}&~[item_id]={item_id}&~[location_id]={location_id}")
        return tuple(rows[0][name] for name in ("qty_on_hand", "qty_committed", "qty_available"))

    def turn(self, switch: Switch, value: str) -> None:
        switch.set(self.sandbox.state, value)


@dataclass
class Receiver:
    """Bodies that arrived at a webhook address; the first answers may be failures."""

    url: str
    bodies: queue.SimpleQueue[Any] = field(default_factory=queue.SimpleQueue)
    failures: int = 0

    def next(self) -> Any:
        return self.bodies.get(timeout=20)


@contextmanager
def receiving(failures: int = 0) -> Iterator[Receiver]:
    """A webhook receiver on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            failed, receiver.failures = receiver.failures > 0, receiver.failures - 1
            self.send_response(500 if failed else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            receiver.bodies.put({"path": self.path, "failed": failed, "body": simplejson.loads(body)})

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hooks/sale?secret=s", failures=failures)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sure_webhooks(retail: Retail) -> None:
    """Every delivery once, retried at once."""
    retail.turn(switches.WEBHOOK_DUPLICATE_SHARE, "0")
    retail.turn(switches.WEBHOOK_RETRY_SECONDS, "0.01")
