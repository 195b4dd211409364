"""One call to one system: throttle, authentication, the meaning of a status, and patience for reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from he_sync.connect.auth import Auth, authorised
from he_sync.connect.breaker import Breaker
from he_sync.connect.permit import LeaseEnded
from he_sync.connect.retry import Patience, retry_after
from he_sync.connect.throttle import Throttle
from he_sync.connect.wire import GOOD, Request, Response, Send
from he_sync.model.errors import HeSyncError, LookUpFirst, NotAllowed, NotFound, Refused, Throttled, TryLater

BROKEN = range(500, 600)
UNAUTHORISED, FORBIDDEN, NOT_FOUND, TOO_MANY, UNAVAILABLE = 401, 403, 404, 429, 503
DOWN = frozenset({502, 503, 504})
"""What a gateway says in place of a server that is not there; a 500 comes from a server that is."""


@dataclass(frozen=True)
class Complaint:
    """What an error body says: the reason in one line and the other side's own name for it."""

    reason: str
    kind: str = ""


@dataclass(frozen=True)
class Exchange:
    """How to talk to one system.

    Attributes:
        system: its name in messages and in the throttle.
        read_complaint: the reason in an error body.
        judge: a chance to see a status differently before the general rules; None leaves it to them.
    """

    system: str
    send: Send
    auth: Auth
    read_complaint: Callable[[Response], Complaint]
    judge: Callable[[Response, Complaint], HeSyncError | None] = lambda _response, _complaint: None
    throttle: Throttle | None = None
    patience: Patience = field(default_factory=Patience)
    breaker: Breaker | None = None

    def ready_in(self) -> float:
        """Seconds until a call may leave: a pause that was asked for, a queue of calls, or an outage."""
        waits = [one.ready_in(self.system) for one in (self.throttle, self.breaker) if one is not None]
        return max(waits, default=0.0)

    def read(self, request: Request) -> Response:
        """A request that changes nothing, with patience. Raises Refused (and kin), TryLater, BrokenPromise."""
        return self.patience.read(lambda: self.once(request))

    def once(self, request: Request) -> Response:
        """A request, once. A 2xx returns; everything else raises, LookUpFirst where a write may have been done."""
        if self.breaker is not None:
            self.breaker.enter(self.system)
        if self.throttle is not None:
            self.throttle.take(self.system)
        response = self._answered(request)
        if response.status in GOOD:
            return response
        error = self._error(request, response)
        self._hold(error)
        raise error

    def _hold(self, error: HeSyncError) -> None:
        """A pause that was asked for holds every process of the machine."""
        if isinstance(error, Throttled) and self.throttle is not None:
            self.throttle.pause(self.system, error.retry_after or 0.0)

    def _answered(self, request: Request) -> Response:
        """The answer, and word to the breaker whether there was one."""
        try:
            response = authorised(request, self.auth, self.send)
        except LeaseEnded:
            raise
        except (TryLater, LookUpFirst) as error:
            self._hold(error)  # the token service asked for it
            if self.breaker is not None:
                self.breaker.failed(self.system, str(error))
            raise
        if self.breaker is not None and response.status in DOWN:
            self.breaker.failed(self.system, f"it answered {response.status}")
        elif self.breaker is not None:
            self.breaker.answered(self.system)
        return response

    def may(self, request: Request) -> bool:
        """Whether a write is permitted, asked with one that can change nothing: any refusal but 401 and 403 is yes."""
        try:
            self.read(request)
        except NotAllowed:
            return False
        except Refused:
            return True
        return True

    def _error(self, request: Request, response: Response) -> HeSyncError:
        """What a status means for the caller (reference: reliability 3.3 R2)."""
        complaint = self.read_complaint(response)
        if judged := self.judge(response, complaint):
            return judged
        line = f"{self.system}: {request.place} answered {response.status}: {complaint.reason}"
        status = response.status
        if status in {TOO_MANY, UNAVAILABLE}:
            return Throttled(line, retry_after(response.headers.get("retry-after"), datetime.now(UTC)))
        if status in BROKEN:
            return (
                TryLater(line)
                if request.idempotent
                else LookUpFirst(f"{line}; it may have been done: look it up first")
            )
        if status in {UNAUTHORISED, FORBIDDEN}:
            return NotAllowed(line, status, complaint.kind)
        return (NotFound if status == NOT_FOUND else Refused)(line, status, complaint.kind)
