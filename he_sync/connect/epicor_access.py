"""Getting in at Kinetic: credentials, the token service, and what its refusals mean for the caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from he_sync.connect import complaints, strict_json
from he_sync.connect.auth import Auth, basic, bearer, fingerprint, fixed
from he_sync.connect.exchange import NOT_FOUND, TOO_MANY, UNAVAILABLE, Complaint
from he_sync.connect.retry import retry_after
from he_sync.connect.tokens import Token, TokenCache
from he_sync.connect.wire import GOOD, Request, Response
from he_sync.model.errors import FixSettings, HeSyncError, NotAllowed, Throttled, TryLater

SYSTEM = "epicor"
LICENSE_SECONDS = 30.0  # a licence is not free sooner; asking sooner only fails sooner
SERVER_ERROR = 500


@dataclass(frozen=True)
class Access:
    """Who calls which company of which instance. v2 wants a user and an API key, always both."""

    instance_url: str
    company: str
    plant: str
    user: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)

    def auth(self, tokens: TokenCache | None) -> Auth:
        """A bearer token shared by the machine's processes, or Basic on every call where there is no cache."""
        settings = {"Company": self.company} | ({"Plant": self.plant} if self.plant else {})
        headers = {
            "x_api_key": self.api_key,
            "CallSettings": strict_json.dumps(settings).decode(),
            "content_type": "application/json",
        }
        if tokens is None:
            return fixed(authorization=basic(self.user, self.password), **headers)
        name = f"{SYSTEM} {self.instance_url} {self.user} {fingerprint(self.password, self.api_key)}"
        return bearer(tokens, name, self.ask, self.token_reader(), **headers)

    def ask(self) -> Request:
        """The request for a token."""
        headers = {"authorization": basic(self.user, self.password), "x-api-key": self.api_key}
        return Request("POST", f"{self.instance_url}/TokenResource.svc/", headers, b"")

    def token_reader(self) -> Callable[[Response], Token]:
        """Reads the token service's answer, whose names were seen in two spellings."""

        def read(response: Response) -> Token:
            body = response.json() if response.status in GOOD else {}
            value = body.get("AccessToken") or body.get("access_token")
            if not value:
                raise self.no_token(response)
            return Token(str(value), float(body.get("ExpiresIn") or body.get("expires_in") or 0))

        return read

    def no_token(self, response: Response) -> HeSyncError:
        """Why there is no token: the address, the server, or the credentials."""
        said = complaints.epicor(response).reason
        if response.status == NOT_FOUND:
            return FixSettings(f"{SYSTEM}: no token service below {self.instance_url}; check the instance address")
        line = f"{SYSTEM}: the token service answered {response.status}: {said}"
        if response.status in {TOO_MANY, UNAVAILABLE}:
            return Throttled(line, retry_after(response.headers.get("retry-after"), datetime.now(UTC)))
        if response.status >= SERVER_ERROR:
            return TryLater(line)
        line = f"{SYSTEM}: user {self.user!r}, its password or the API key is refused: {said}"
        return NotAllowed(line, response.status)


def judge(response: Response, complaint: Complaint) -> HeSyncError | None:
    """Kinetic's own meanings, by ErrorType or by phrase; None where the general rules hold."""
    said = f"{complaint.kind} {complaint.reason}".lower()
    line = f"{SYSTEM}: {complaint.reason}"
    if "licenseaccess" in said or "maximum users exceeded" in said:
        return Throttled(f"{line} (no licence is free)", LICENSE_SECONDS)
    if "modified by another user" in said:
        return TryLater(f"{line} (read the row again and repeat)")
    if "invalid api key" in said:
        return NotAllowed(f"{line}; check the API key and its access scope", response.status, complaint.kind)
    return None
