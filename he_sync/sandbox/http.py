"""The seam between a stand-in and the wire: a handler is `Call -> Answer`; one ASGI adaptor serves them with faults."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import simplejson
from starlette.types import Receive, Scope, Send

from he_sync.sandbox.faults import Fault, Faults
from he_sync.sandbox.state import State, decode, encode

MAX_BODY = 8 * 1024 * 1024
"""A larger body is answered 413, our choice: reading 64 MB of JSON holds all servers of the process for seconds."""


class Hangup(Exception):
    """Close the connection without an answer."""


def parsed(text: str) -> Any:
    """JSON from a client. Raises ValueError; for what is nested too deep and for half a surrogate pair, too."""
    try:
        value = decode(text)
        if "\\u" in text:
            simplejson.dumps(value, ensure_ascii=False, use_decimal=True).encode()
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return value


@dataclass(frozen=True)
class Call:
    """One request as a handler sees it. `query` keeps order and repeats; `path` holds the route's named parts."""

    state: State
    method: str
    url: str
    path: dict[str, str]
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    fault: Fault | None = None

    def params(self) -> dict[str, str]:
        """Query parameters where each name counts once (the last wins)."""
        return dict(self.query)

    def json(self) -> Any:
        """The body as JSON with exact decimals; an empty body is an empty object. Raises ValueError."""
        return parsed(self.body.decode("utf-8")) if self.body.strip() else {}


@dataclass(frozen=True)
class Answer:
    """One response. `content` bytes go out as they are; anything else but None as JSON with exact decimals."""

    status: int = 200
    content: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[bytes, dict[str, str]]:
        """Body bytes and the full headers."""
        if self.content is None:
            return b"", {"content-length": "0", **self.headers}
        if isinstance(self.content, bytes):
            body, kind = self.content, "text/plain; charset=utf-8"
        else:
            body, kind = encode(self.content).encode(), "application/json; charset=utf-8"
        return body, {
            "content-type": kind,
            "content-length": str(len(body)),
            **{k.lower(): v for k, v in self.headers.items()},
        }


Handler = Callable[[Call], Answer]


class Routes:
    """Method and path pattern to handler. `{name}` matches one segment, `{name:path}` any rest; first match wins."""

    def __init__(self, *, case_sensitive: bool = True) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self._flags = 0 if case_sensitive else re.IGNORECASE

    def add(self, methods: str, pattern: str, handler: Handler) -> None:
        """Register a handler for a space-separated list of methods."""
        expression = re.sub(r"\{(\w+):path\}", r"(?P<\1>.+)", pattern)
        expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", expression)
        for method in methods.split():
            self._routes.append((method, re.compile(f"^{expression}/?$", self._flags), handler))

    def find(self, method: str, path: str) -> tuple[Handler | None, dict[str, str], bool]:
        """The handler, the named parts (percent-decoded), and whether the path exists under another method."""
        known = False
        for candidate, pattern, handler in self._routes:
            if found := pattern.match(path):
                known = True
                if candidate == method or (method == "HEAD" and candidate == "GET"):
                    return handler, {name: unquote(value) for name, value in found.groupdict().items()}, True
        return None, {}, known


@dataclass(frozen=True)
class Seen:
    """One request in the sandbox's request log."""

    system: str
    method: str
    url: str
    status: int
    fault: str


class Service:
    """One stand-in: its routes behind a guard (authentication, unknown paths), served as an ASGI app with faults."""

    def __init__(
        self,
        name: str,
        state: State,
        routes: Routes,
        guard: Callable[[Call, Handler | None, bool], Answer],
        faults: Faults,
    ) -> None:
        self.name, self.state, self.routes, self.guard, self.faults = name, state, routes, guard, faults
        self.seen: deque[Seen] = deque(maxlen=20_000)
        self.transports: dict[tuple[str, int], asyncio.Transport] = {}
        self._later: set[asyncio.Task[None]] = set()

    def handle(self, call: Call, raw_path: str) -> Answer:
        """Find the handler and run it through the guard; what a test without a socket calls."""
        handler, parts, known = self.routes.find(call.method, raw_path)
        full = Call(call.state, call.method, call.url, parts, call.query, call.headers, call.body, call.fault)
        return self.guard(full, handler, known)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] != "http":
            return
        raw_path = scope["raw_path"].decode("latin-1") if scope.get("raw_path") else scope["path"]
        raw_path = raw_path.split("?", 1)[0]
        query = scope["query_string"].decode("latin-1")
        body = await _read(receive)
        if body is None:
            await self._send(Answer(413, b"The body is too large."), scope["method"], scope, send)
            return
        fault = self.faults.decide(self.name, scope["method"], unquote(raw_path))
        call = Call(
            self.state,
            scope["method"],
            unquote(raw_path),
            {},
            parse_qsl(query, keep_blank_values=True),
            {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]},
            body,
            fault,
        )
        try:
            answer = await self._answer(call, raw_path, fault)
        except Hangup:
            self._log(call, 0, fault)
            self._hang_up(scope)
            return
        self._log(call, answer.status, fault)
        await self._send(answer, call.method, scope, send, fault)

    async def _answer(self, call: Call, raw_path: str, fault: Fault | None) -> Answer:
        kind = fault.name if fault else ""
        if fault and kind in {"latency", "slow"}:
            await asyncio.sleep(fault.seconds)
        if fault and kind in {"throttle", "error_before"}:
            return Answer(fault.status, {"error": kind}, fault.headers())
        if fault and kind == "late_landing":
            task = asyncio.create_task(self._land_late(call, raw_path, fault.seconds))
            self._later.add(task)
            task.add_done_callback(self._later.discard)
            raise Hangup
        if kind == "lost_request":
            raise Hangup
        answer = await asyncio.to_thread(self.handle, call, raw_path)
        if kind == "lost_response":
            raise Hangup
        if fault and kind == "error_after":
            return Answer(fault.status, {"error": kind}, fault.headers())
        return answer

    async def _land_late(self, call: Call, raw_path: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self.handle, call, raw_path)

    async def _send(self, answer: Answer, method: str, scope: Scope, send: Send, fault: Fault | None = None) -> None:
        body, headers = answer.encoded()
        if method == "HEAD":
            body = b""
        wire = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": wire})
        if fault and fault.name == "truncated_body" and body:
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            await asyncio.sleep(0.05)
            self._hang_up(scope)
            return
        await send({"type": "http.response.body", "body": body})

    def _log(self, call: Call, status: int, fault: Fault | None) -> None:
        query = "&".join(f"{key}={value}" for key, value in call.query)
        self.seen.append(
            Seen(
                self.name,
                call.method,
                f"{call.url}?{query}" if query else call.url,
                status,
                fault.name if fault else "",
            )
        )

    def _hang_up(self, scope: Scope) -> None:
        transport = self.transports.get(tuple(scope["client"])) if scope.get("client") else None
        if transport:
            transport.abort()


async def _read(receive: Receive) -> bytes | None:
    """The body; None when it is too large. The rest is read and dropped, so that the client hears the answer."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= MAX_BODY:
            parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts) if size <= MAX_BODY else None
