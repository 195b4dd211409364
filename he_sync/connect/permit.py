"""Leave to write: no byte of a write leaves once the lease of whoever asked for it has ended.

A throttle, patience or the wait for a token may hold a call back for minutes. Only here, right before the wire, is it
certain whether its caller may still send it; otherwise a quarantine that counts from the lease would be too short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from he_sync.connect.wire import GOOD, Request, Response, Send
from he_sync.model.errors import TryLater


class LeaseEnded(TryLater):
    """It did not leave, and not because of the other side."""


@dataclass
class Permit:
    """`held` says whether its owner may still write; `wrote` whether the other side has taken a write under it.

    `heard` is every write that left under it with its answer, for the story; what only computes or reads is not there.
    """

    held: Callable[[], bool]
    wrote: bool = False
    heard: list[tuple[Request, Response]] = field(default_factory=list)

    def hear(self, request: Request, response: Response) -> Response:
        """Keep an answer; the response as it is."""
        self.heard.append((request, response))
        return response


_PERMIT: ContextVar[Permit | None] = ContextVar("permit", default=None)


@contextmanager
def only_while(held: Callable[[], bool]) -> Iterator[Permit]:
    """Within the block, writes of this thread leave only while `held()`; afterwards they raise LeaseEnded unsent."""
    permit = Permit(held)
    token = _PERMIT.set(permit)
    try:
        yield permit
    finally:
        _PERMIT.reset(token)


def permitted(send: Send) -> Send:
    """The same `Send` under the permit in force. Reads, and writes without a permit, pass as they are."""

    def sent(request: Request) -> Response:
        permit = _PERMIT.get()
        if permit is None or (request.idempotent and not request.tells):
            return send(request)
        if request.idempotent:
            return permit.hear(request, send(request))
        if not permit.held():
            raise LeaseEnded(f"{request.place}: the lease ended before it could leave")
        response = permit.hear(request, send(request))
        permit.wrote = permit.wrote or response.status in GOOD
        return response

    return sent
