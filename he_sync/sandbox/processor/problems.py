"""GP-API's error bodies: a problem is raised where it is found and becomes an answer at the guard.

Detailed codes that the reference does not name are our choice and no client should tell cases apart by them: 40005,
40017, 40087, 40212, 40290, 40500, 42900, and the error codes INVALID_TRANSACTION_ACTION, INVALID_BATCH_ACTION and
TOO_MANY_REQUESTS. 40041 (merchant configuration) and 40071 (dispute documents) belong to calls that are not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from he_sync.sandbox.http import Answer, Call
from he_sync.sandbox.processor.switches import STATUS_OF
from he_sync.sandbox.state import State


class Problem(Exception):
    """One refused request: `error_code`, `detailed_error_code` and `detailed_error_description`."""

    def __init__(self, code: str, detail: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code, self.detail, self.message = code, detail, message
        self.headers = dict(headers or {})

    def answer(self, state: State) -> Answer:
        """The error body, under the HTTP status that the switch of its code says."""
        body = {
            "error_code": self.code,
            "detailed_error_code": self.detail,
            "detailed_error_description": self.message,
        }
        return Answer(int(STATUS_OF[self.code].read(state)), body, self.headers)


def unexpected(name: str) -> Problem:
    """40213: a value that the field cannot take."""
    return Problem("INVALID_REQUEST_DATA", "40213", f"{name} contains unexpected data")


def missing(name: str) -> Problem:
    """A mandatory field is absent. 40005 is our choice; 40223 is known for batch_id alone."""
    return Problem("MANDATORY_DATA_MISSING", "40005", f"Request expects the following fields {name}")


def not_found(resource: str, key: str, call: Call) -> Problem:
    """40118 with the resource, its id and the address, as the official tests quote it."""
    return Problem("RESOURCE_NOT_FOUND", "40118", f"{resource} {key} not found at this {call.url}")


def body_of(call: Call) -> dict[str, Any]:
    """The body as a JSON object, whatever the content type says (an SDK sends `charset=UTF-8`)."""
    try:
        body = call.json()
    except ValueError:
        raise unexpected("request body") from None
    if not isinstance(body, dict):
        raise unexpected("request body")
    return body


def stamp(moment: datetime) -> str:
    """A UTC time as GP-API writes it: 2026-01-15T18:04:05.000Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
