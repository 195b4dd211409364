"""Kinetic's errors as exceptions, and their bodies on the wire.

Recorded are the statuses and, with their namespaces, the types of Business, NoAddress, NotFound and Duplicate. Ours is
the namespace before ODataException and LicenseAccessException, all of 405, and the type and text of a 500; a client
that asks for the end of a type's name, not for all of it, gets along with any.

KineticError
  Business          400  a business rule or a BPM refuses (Ice.Common.BusinessObjectException)
  TooLarge          400  amounts that multiply into more digits than a column has; the text is ours
  Conflict          400  the row was changed by somebody else; the status is a switch
  BadQuery          400  $filter, $select, $expand, $orderby or a key that does not parse (...ODataException)
  BadEntity         400  a body that is no row of the table: unknown or mistyped field
  NoLicense         400  every licence is in use (...LicenseAccessException); worth a retry after 30 s
  Unauthenticated   401  user, token or API key
  Denied            403  security or access scope
  NoAddress         404  no such service, set, method, BAQ or function
  NotFound          404  GetByID of a key that is not there
  NotAllowed        405  an address under another method
  Duplicate         409  add of an existing key
  SessionGone       410  a session id that has ended
  Failed            500  what the server hides from its callers
"""

from __future__ import annotations

import re
import uuid
from typing import Any
from xml.sax.saxutils import escape

from he_sync.sandbox.epicor.switches import ERROR_SHAPE, REASON_PHRASE
from he_sync.sandbox.http import Answer, Call

# Characters that XML 1.0 cannot carry, not even escaped; a caller's text in a message may hold them.
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class KineticError(Exception):
    """An answer that is no success. `table`, `field` and `method` go into ErrorDetails."""

    status = 500
    kind = ""

    def __init__(self, message: str, *, table: str = "", field: str = "", method: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.message, self.table, self.field, self.method = message, table, field, method
        self.status = status or self.status


class Business(KineticError):
    """A business rule refuses, for example `Business("Name is required.", table="CustCnt")`."""

    status, kind = 400, "Ice.Common.BusinessObjectException"


class TooLarge(Business):
    """A number that no column holds."""

    def __init__(self) -> None:
        super().__init__("Arithmetic overflow error converting numeric to data type numeric.")


class Conflict(Business):
    """The SysRevID in the body is not the row's any more."""


class BadQuery(KineticError):
    """A query option that does not parse or names an unknown column."""

    status, kind = 400, "Microsoft.OData.ODataException"


class BadEntity(KineticError):
    """A body that cannot be read as a row."""

    status = 400

    def __init__(self) -> None:
        super().__init__("Unable to deserialize entity. Input data is not in correct format.")


class NoLicense(KineticError):
    """No licence is free."""

    status, kind = 400, "Ice.Common.LicenseAccessException"


class Unauthenticated(KineticError):
    """Nobody that the server knows."""

    status = 401


class Denied(KineticError):
    """A known user or key without the right."""

    status, kind = 403, "UnauthorizedAccessException"


class NoAddress(KineticError):
    """No such service, set, method, BAQ or function."""

    status, kind = 404, "Epicor.RESTApi.ErrorHandling.ApiException"


class NotFound(KineticError):
    """No row under the key."""

    status, kind = 404, "Ice.Common.RecordNotFoundException"


class NotAllowed(KineticError):
    """The address exists under another HTTP method."""

    status, kind = 405, "Epicor.RESTApi.ErrorHandling.ApiException"


class Duplicate(KineticError):
    """A row with that key is there already."""

    status, kind = 409, "Ice.Common.DuplicateRecordException"


class SessionGone(KineticError):
    """The session has ended or never was."""

    status, kind = 410, "InvalidSessionException"


class Failed(KineticError):
    """An internal failure; the server hides the details (SecureErrors)."""

    status, kind = 500, "System.Exception"

    def __init__(self) -> None:
        super().__init__("An error occurred while processing the request. See the server's log for details.")


def answer(error: KineticError, call: Call) -> Answer:
    """The error as the caller asked for it: JSON, or XML when `Accept` prefers it."""
    body = _body(error, call)
    if "xml" in call.headers.get("accept", "") and "json" not in call.headers.get("accept", ""):
        return Answer(error.status, _xml(body).encode(), {"content-type": "application/xml; charset=utf-8"})
    if ERROR_SHAPE.read(call.state) == "odata":
        body = {"error": {"code": error.kind, "message": error.message, "innererror": {"type": error.kind}}}
    return Answer(error.status, body)


def _body(error: KineticError, call: Call) -> dict[str, Any]:
    detail = {
        "Message": error.message,
        "Type": "Error",
        "Table": error.table,
        "Field": error.field,
        "Method": error.method,
    }
    body = {
        "HttpStatus": error.status,
        "ReasonPhrase": REASON_PHRASE.read(call.state),
        "ErrorMessage": error.message,
        "ErrorType": error.kind,
        "ErrorDetails": [{name: value for name, value in detail.items() if value}],
        "CorrelationId": str(uuid.uuid4()),
    }
    return {name: value for name, value in body.items() if value != ""}


def _xml(body: dict[str, Any]) -> str:
    def element(name: str, value: Any) -> str:
        if isinstance(value, list):
            inner = "".join(element("ErrorDetail", item) for item in value)
        elif isinstance(value, dict):
            inner = "".join(element(*pair) for pair in value.items())
        else:
            inner = escape(NO_XML.sub("\ufffd", str(value)))
        return f"<{name}>{inner}</{name}>"

    return '<?xml version="1.0" encoding="utf-8"?>' + element("Error", body)
