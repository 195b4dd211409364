"""The connection's own limits, which uvicorn does not have: time to send a request, size of its headers, how many.

Without them slow headers, slow bodies and silent connections stayed open without end, and 3 MB of headers were taken
(reference reliability 1.9).
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

RECEIPT_SECONDS = 10.0
"""For a whole request from its first byte, and again for the answer; a silent connection has as long."""
MOST_HEADER_BYTES = 32 * 1024
HEADER_OVERHEAD = 4
BUSY, SLOW, FLOOD, BAD = 503, 408, 431, 400


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Its deadline only moves forward, so that one timer a connection is enough, not one a request."""

    most_connections = 2_000
    _header_bytes = 0
    _heads = 0
    _in_headers = True
    _due = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection unless too many are open."""
        super().connection_made(transport)
        self._extend()
        self._watch()
        if len(self.connections) > self.most_connections:
            self._end(BUSY, b"retry-after: 5\r\n")

    def data_received(self, data: bytes) -> None:
        """Feed the parser, counting what it holds back while headers are not complete."""
        if self.transport.is_closing():
            return
        waiting, heads = self._in_headers, self._heads
        super().data_received(data)
        if waiting and self._heads == heads and not self.transport.is_closing():
            self._header_bytes += len(data)
            if self._header_bytes > MOST_HEADER_BYTES:
                self._end(FLOOD)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._header_bytes, self._in_headers = 0, True
        self._extend()

    def on_url(self, url: bytes) -> None:
        """Part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer behind a body in chunks."""
        self._count(len(name) + len(value) + HEADER_OVERHEAD)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The headers are there."""
        self._in_headers = False
        self._heads += 1
        if self.parser.should_upgrade():
            raise ValueError("no other protocol is spoken here")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is there: the answer has its own time."""
        super().on_message_complete()
        self._in_headers, self._header_bytes = True, 0
        self._extend()

    def on_response_complete(self) -> None:
        """Answered: the next request has its time."""
        self._extend()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, and end the connection."""
        self._end(FLOOD if self._header_bytes > MOST_HEADER_BYTES else BAD)
        del msg

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > MOST_HEADER_BYTES:
            raise ValueError("too many headers")

    def _extend(self) -> None:
        self._due = self.loop.time() + RECEIPT_SECONDS

    def _watch(self) -> None:
        if self.transport.is_closing():
            return
        if self.loop.time() >= self._due:
            self._end(SLOW)
        else:
            self.loop.call_at(self._due, self._watch)

    def _end(self, status: int, header: bytes = b"") -> None:
        """Say why, and close. While an answer is under way nothing is said: it could be taken for that answer."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            closing = header + b"content-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + closing)
        self.transport.close()
        # A peer that reads nothing keeps a closing connection open for as long as it likes.
        self.loop.call_later(1.0, self.transport.abort)
