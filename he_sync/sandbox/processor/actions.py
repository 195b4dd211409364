"""What every change through GP-API leaves behind: an audit row, and its idempotency key."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from he_sync.sandbox.http import Answer, Call
from he_sync.sandbox.processor.problems import Problem, stamp
from he_sync.sandbox.processor.tokens import app_of
from he_sync.sandbox.state import Document

TABLE = "processor/actions"
SEEN = "processor/idempotency"


def action(call: Call, kind: str, result_code: str = "SUCCESS") -> Document:
    """The `action` object of an answer."""
    app_id, app = app_of(call)
    return {
        "id": f"ACT_{secrets.token_hex(12)}",
        "type": kind,
        "time_created": stamp(call.state.now()),
        "result_code": result_code,
        "app_id": app_id,
        "app_name": app.name,
    }


def change(call: Call, resource: str, kind: str, work: Callable[[], Document]) -> Answer:
    """Run a change in one transaction with its audit row and idempotency key; a seen key changes nothing (40039)."""
    key = call.headers.get("x-gp-idempotency", "")
    with call.state.transaction("api", f"{call.method} {call.url}"):
        if key and (seen := call.state.get(SEEN, key)) is not None:
            message = f"Idempotency Key seen before: id={seen['id']}, status={seen['status']}"
            raise Problem("DUPLICATE_ACTION", "40039", message)
        shown = work()
        done = action(call, kind, "DECLINED" if shown["status"] == "DECLINED" else "SUCCESS")
        if key:
            call.state.load(SEEN, [(key, None, {"id": shown["id"], "status": shown["status"]})])
        _audit(call, resource, done, shown)
    return Answer(200, {**shown, "action": done})


def _audit(call: Call, resource: str, done: Document, shown: Document) -> None:
    row: dict[str, Any] = {
        **{name: value for name, value in done.items() if name != "result_code"},
        "resource": resource,
        "resource_id": shown["id"],
        "resource_status": shown["status"],
        "version": call.headers.get("x-gp-version", ""),
        "http_response_code": "200",
        "response_code": done["result_code"],
        "merchant_name": "Sandbox Merchant",
    }
    call.state.load(TABLE, [(row["id"], None, row)])
