"""GP-API, the processor's REST interface: transactions, settlement, deposits, disputes. Reading only."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from he_sync.connect import strict_json
from he_sync.connect.auth import bearer, fingerprint
from he_sync.connect.complaints import LONGEST, plain
from he_sync.connect.exchange import BROKEN, FORBIDDEN, TOO_MANY, UNAUTHORISED, UNAVAILABLE, Complaint, Exchange
from he_sync.connect.pages import Page, Row, walk_by_number
from he_sync.connect.retry import Patience, retry_after
from he_sync.connect.throttle import Throttle
from he_sync.connect.tokens import Token, TokenCache
from he_sync.connect.wire import GOOD, Request, Response, Send
from he_sync.model.errors import BadRecord, BrokenPromise, FixSettings, Refused, Throttled, TryLater
from he_sync.model.money import INT64_MAX

SYSTEM = "processor"
VERSION = "2021-03-22"
PAGE_SIZE = 500
COUNTS = ("total_record_count", "total_count")
"""Both are sent, and the official clients read either."""
STATUS = {
    "NOT_AUTHENTICATED": UNAUTHORISED,
    "ACTION_NOT_AUTHORIZED": FORBIDDEN,
    "RESOURCE_NOT_FOUND": 404,
    "INVALID_REQUEST_DATA": 400,
    "MANDATORY_DATA_MISSING": 400,
    "DUPLICATE_ACTION": 409,
    "TOO_MANY_REQUESTS": TOO_MANY,
    "ACTION_FAILED": 500,
}
NOT_LOCATED = ("40073", "40048")  # a dispute or ARN that is not there comes as INVALID_REQUEST_DATA


def minor(amount: str | int | None) -> int:
    """An amount as GP-API writes it, whole minor units as text; empty is zero. Raises BadRecord for anything else."""
    if amount is None or amount == "":
        return 0
    if isinstance(amount, float | bool):
        raise BadRecord(f"{amount!r} is not an amount in minor units")
    try:
        value = Decimal(amount)
    except (InvalidOperation, TypeError, ValueError):
        raise BadRecord(f"{amount!r} is not an amount in minor units") from None
    if not value.is_finite() or abs(value) > INT64_MAX or value != value.to_integral_value():
        raise BadRecord(f"{amount!r} is not a whole number of minor units in range")
    return int(value)


def complaint(response: Response) -> Complaint:
    """`{"error_code", "detailed_error_code", "detailed_error_description"}`; anything else as text."""
    error = _error(response)
    if not error:
        return Complaint(plain(response.body))
    code, detail = error["error_code"], error.get("detailed_error_code", "")
    return Complaint(f"{error.get('detailed_error_description') or code} ({code} {detail})"[:LONGEST], str(code))


def _error(response: Response) -> dict[str, Any]:
    try:
        body = response.json()
    except BrokenPromise:
        return {}
    return body if isinstance(body, dict) and body.get("error_code") else {}


def _by_code(send: Send) -> Send:
    """The HTTP status of an error code is documented for none, so the code itself says what an error is."""

    def sent(request: Request) -> Response:
        response = send(request)
        if response.status in GOOD:
            return response
        error = _error(response)
        status = STATUS.get(str(error.get("error_code")), response.status)
        if str(error.get("detailed_error_code")) in NOT_LOCATED:
            status = STATUS["RESOURCE_NOT_FOUND"]
        return Response(status, response.headers, response.body)

    return sent


def _token(response: Response) -> Token:
    """The token of an answer to /accesstoken."""
    if response.status in GOOD:
        body = response.json()
        try:
            return Token(str(body["token"]), float(body["seconds_to_expire"]))
        except (KeyError, TypeError, ValueError):
            raise BrokenPromise(f"{SYSTEM}: /accesstoken did not answer with token and seconds_to_expire") from None
    line = f"{SYSTEM}: no access token: {complaint(response).reason}"
    if response.status in {UNAUTHORISED, FORBIDDEN}:
        raise FixSettings(f"{line}; check HE_GP_APP_ID and HE_GP_APP_KEY")
    if response.status in {TOO_MANY, UNAVAILABLE}:
        raise Throttled(line, retry_after(response.headers.get("retry-after"), datetime.now(UTC)))
    if response.status in BROKEN:
        raise TryLater(line)
    raise Refused(line, response.status, complaint(response).kind)


class ProcessorClient:
    """GP-API with one application's credentials. Documents come as they are on the wire; see `minor` for amounts.

    Args:
        base_url: up to and with /ucp.
        tokens: shared by all processes, so that one signs in for all of them.
        account_id: the DAA_ account of settlement reporting; None where the application has only one.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - one application with all that reaches it
        self,
        base_url: str,
        app_id: str,
        app_key: str,
        send: Send,
        tokens: TokenCache,
        throttle: Throttle | None = None,
        account_id: str | None = None,
        *,
        patience: Patience | None = None,
    ) -> None:
        self.base_url, self._account_id = base_url.rstrip("/"), account_id
        self._app_id, self._app_key = app_id, app_key
        name = f"{SYSTEM} {self.base_url} {app_id} {fingerprint(app_key)}"
        auth = bearer(tokens, name, self._ask, _token, x_gp_version=VERSION)
        self._exchange = Exchange(
            SYSTEM, _by_code(send), auth, complaint, throttle=throttle, patience=patience or Patience()
        )

    def _ask(self) -> Request:
        """The sign-in: the key itself never travels, only a hash of it with a number used once."""
        nonce = f"{datetime.now(UTC).isoformat()}-{secrets.token_hex(8)}"
        secret = hashlib.sha512((nonce + self._app_key).encode()).hexdigest()
        body = {"app_id": self._app_id, "nonce": nonce, "secret": secret, "grant_type": "client_credentials"}
        headers = {"content-type": "application/json", "x-gp-version": VERSION}
        return Request("POST", f"{self.base_url}/accesstoken", headers, strict_json.dumps(body), idempotent=True)

    def walk(
        self, path: str, params: Mapping[str, str] | None, key: str, page_size: int = PAGE_SIZE
    ) -> Iterator[list[Row]]:
        """Pages of a listing, every row once by its `id`, in an order that no new row disturbs where ids rise.

        Args:
            path: "transactions", "settlement/transactions", "settlement/deposits", "disputes" and the like.
            params: filters of the listing, dates as YYYY-MM-DD with both ends included.
            key: the list's name in the answer.
            page_size: asked for; the server may give fewer rows a page.

        Raises:
            BrokenPromise: pages repeat, or the count is not reached after three passes (see pages.walk_by_number).
        """
        yield from walk_by_number(self._pages(path, params or {}, key, page_size), lambda row: str(row["id"]))

    def _pages(self, path: str, params: Mapping[str, str], key: str, page_size: int) -> Callable[[int], Page]:
        order_by = "DEPOSIT_ID" if path.endswith("deposits") else "ID"
        asked = {"order_by": order_by, "order": "ASC", **params, "page_size": str(page_size)}
        given = page_size

        def fetch(number: int) -> Page:
            nonlocal given
            body = self._read(path, {**asked, "page": str(number)}).json()
            rows, total = _rows(path, body, key), _total(path, body)
            if number == 1 and rows:
                given = len(rows)  # a server that gives fewer rows than asked for pages by its own size
            return Page(rows, total, -(-total // given))

        return fetch

    def count(self, path: str, params: Mapping[str, str] | None = None) -> int:
        """How many rows a listing has now."""
        return _total(path, self._read(path, {**(params or {}), "page": "1", "page_size": "1"}).json())

    def get(self, path: str) -> dict[str, Any]:
        """One document by its path, e.g. "settlement/deposits/DEP_1". Raises NotFound."""
        document = self._read(path, {}).json()
        if not isinstance(document, dict):
            raise BrokenPromise(f"{SYSTEM}: {path} is not one document")
        return document

    def check(self) -> None:
        """Whether credentials and permissions are enough for a close, asked once without patience.

        Raises:
            FixSettings: the application's id or key is not accepted.
            NotAllowed: the application may not read transactions, settlement or disputes, or not of this account.
        """
        for path in ("transactions", "settlement/transactions", "settlement/deposits", "settlement/disputes"):
            self._exchange.once(self._request(path, {"page": "1", "page_size": "1"}))

    def _read(self, path: str, params: Mapping[str, str]) -> Response:
        return self._exchange.read(self._request(path, params))

    def _request(self, path: str, params: Mapping[str, str]) -> Request:
        account = {"account_id": self._account_id} if self._account_id and path.startswith("settlement/") else {}
        query = urlencode({**account, **params})
        return Request("GET", f"{self.base_url}/{path.strip('/')}" + (f"?{query}" if query else ""))


def _rows(path: str, body: Any, key: str) -> list[Row]:
    rows = body.get(key) if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("id") for row in rows):
        raise BrokenPromise(f"{SYSTEM}: {path} did not answer with a list {key!r} of rows with an id")
    return rows


def _total(path: str, body: Any) -> int:
    totals = [body[name] for name in COUNTS if name in body] if isinstance(body, dict) else []
    try:
        return int(totals[0])
    except (IndexError, TypeError, ValueError):
        raise BrokenPromise(f"{SYSTEM}: {path} did not answer with {' or '.join(COUNTS)}") from None
