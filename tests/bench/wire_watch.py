"""How long calls to the other systems are under way: what of a run is the wire, and what is left for the engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from he_sync.connect.systems import Systems
from he_sync.connect.wire import Request, Response, Send
from resources.connections import ConnectionsResource

Span = tuple[float, float]


@dataclass
class Watch:
    """Spans of time.time() during which a call was under way, whatever thread made it."""

    spans: list[Span] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def over(self, send: Send) -> Send:
        """The same `Send`, watched."""

        def sent(request: Request) -> Response:
            began = time.time()
            try:
                return send(request)
            finally:
                with self._lock:
                    self.spans.append((began, time.time()))

        return sent

    def on(self, systems: Systems) -> None:
        """Watch the clients of all three systems."""
        clients: list[Any] = [systems.heartland, systems.processor, systems.epicor]
        for client in clients:
            client._exchange = replace(client._exchange, send=self.over(client._exchange.send))

    def within(self, begin: float, end: float) -> tuple[float, int]:
        """Seconds of a span in which at least one call was under way, and how many began in it."""
        mine = [one for one in self.spans if one[0] < end and one[1] > begin]
        return covered(((max(a, begin), min(b, end)) for a, b in mine)), sum(begin <= a < end for a, _ in mine)


def covered(spans: Iterable[Span]) -> float:
    """Seconds that at least one of the spans covers."""
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total


WATCH = Watch()


class WatchedConnections(ConnectionsResource):
    """The resource of every night, its clients watched."""

    @contextmanager
    def systems(self) -> Iterator[Systems]:
        """Clients for the time of one step."""
        with super().systems() as systems:
            WATCH.on(systems)
            yield systems
