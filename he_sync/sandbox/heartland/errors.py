"""How the stand-in says no: `{"error": code, "message": text, "details": {field: ...}}`, shaped by the switches.

A handler raises `Refused`; the guard turns it into an answer, after the transaction has been rolled back. Seen on the
wire: validation_error, payment_error, invalid_request. All other codes (not_found, unauthorized, forbidden,
method_not_allowed, too_many_requests, internal_server_error) and every message are our choice; those of OAuth are the
standard's.
"""

from __future__ import annotations

from he_sync.sandbox.heartland import switches
from he_sync.sandbox.http import Answer
from he_sync.sandbox.state import State


class Refused(Exception):
    """The request is answered with an error body. `status` 0 means: the status of validation errors."""

    def __init__(self, code: str, message: str, status: int = 400, details: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.details = code, message, status, details or {}


def invalid_request(message: str) -> Refused:
    """A query the server does not understand: always 400."""
    return Refused("invalid_request", message)


def validation_error(details: dict[str, str]) -> Refused:
    """A body that breaks a rule, by field."""
    message = "; ".join(f"{name} {complaint}" for name, complaint in details.items())
    return Refused("validation_error", message, 0, details)


def not_found() -> Refused:
    """No such resource."""
    return Refused("not_found", "The resource was not found.", 404)


def answer(state: State, refused: Refused) -> Answer:
    """The error on the wire."""
    if refused.status == 404 and switches.NOT_FOUND_BODY.read(state) == "empty":  # noqa: PLR2004 - HTTP status
        return Answer(404)
    status = refused.status or int(switches.VALIDATION_STATUS.read(state))
    as_list = switches.DETAILS_SHAPE.read(state) == "list"
    details = {name: [text] if as_list else text for name, text in refused.details.items()}
    return Answer(status, {"error": refused.code, "message": refused.message, "details": details})
