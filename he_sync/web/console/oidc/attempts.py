"""Who is on the way to the provider: what was sent with them, kept until they are back, once and not for long."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LASTS = timedelta(minutes=10)
MOST = 1_000
"""On the way at once; the one that left first gives way."""


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Attempt:
    """One sign-in on its way: `state` comes back in the address, `nonce` in the token; `verifier` proves who left."""

    to: str
    at: datetime
    state: str = field(default_factory=_random, repr=False)
    nonce: str = field(default_factory=_random, repr=False)
    verifier: str = field(default_factory=_random, repr=False)

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (RFC 7636, S256)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Attempts:
    """By the cookie of the browser that left."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now, self._on_the_way = now, OrderedDict[str, Attempt]()
        self._lock = threading.Lock()

    def begin(self, to: str) -> tuple[str, Attempt]:
        """A new one, with what its cookie carries."""
        cookie, one = _random(), Attempt(to, self._now())
        with self._lock:
            self._on_the_way[cookie] = one
            while len(self._on_the_way) > MOST:
                self._on_the_way.popitem(last=False)
        return cookie, one

    def take(self, cookie: str, state: str) -> Attempt | None:
        """The one of this browser, over with that; None for another state than it left with, and for one too late."""
        with self._lock:
            one = self._on_the_way.pop(cookie, None)
        if one is None or self._now() - one.at > LASTS:
            return None
        return one if secrets.compare_digest(one.state.encode(), state.encode("utf-8", "surrogatepass")) else None
