"""The processor stand-in's service: the routes of both protocols behind one guard."""

from __future__ import annotations

import threading
import time
from collections import deque

from he_sync.sandbox.faults import Faults
from he_sync.sandbox.http import Answer, Call, Handler, Routes, Service
from he_sync.sandbox.processor import batches, payments, portico, reports, switches, tokens
from he_sync.sandbox.processor.problems import Problem, missing
from he_sync.sandbox.state import State

LOGIN = "/ucp/accesstoken"


class Limit:
    """Requests of the last second by the wall clock (the sandbox's may stand), refused above the switch's figure."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self, call: Call) -> None:
        """Count one request in. Raises Problem when the second is full."""
        most = int(switches.RATE_LIMIT.read(call.state))
        if not most:
            return
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0] <= now - 1:
                self._times.popleft()
            if len(self._times) >= most:
                pause = switches.RETRY_AFTER.read(call.state)
                headers = {"retry-after": pause} if pause != "0" else {}
                raise Problem("TOO_MANY_REQUESTS", "42900", "Too many requests, please slow down", headers)
            self._times.append(now)


def _nowhere(call: Call, known: bool) -> Answer:
    if known:
        return Answer(405, {"error_code": "INVALID_REQUEST_DATA", "detailed_error_code": "40500"})
    raise Problem("RESOURCE_NOT_FOUND", "40118", f"Resource not found at this {call.url}")


def service(state: State, faults: Faults) -> Service:
    """The service over a state."""
    limit = Limit()

    def guard(call: Call, handler: Handler | None, known: bool) -> Answer:
        if not call.url.startswith("/ucp"):
            return handler(call) if handler else Answer(405 if known else 404)
        try:
            limit.take(call)
            if switches.REQUIRE_VERSION.read(state) == "yes" and not call.headers.get("x-gp-version"):
                raise missing("X-GP-Version")
            if call.url.rstrip("/") != LOGIN:
                tokens.admit(call)
            return handler(call) if handler else _nowhere(call, known)
        except Problem as problem:
            return problem.answer(state)

    routes = Routes()
    routes.add("POST", LOGIN, tokens.issue)
    reports.add(routes, state)
    payments.add(routes)
    batches.add(routes)
    portico.add(routes)
    return Service("processor", state, routes, guard, faults)
