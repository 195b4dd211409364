"""The wire: one request out, one response back. The only module that imports the HTTP library.

What the library (httpx 0.28.1) does not give is added here: a deadline over connect, send and read together (its
timeouts start anew with every received byte), a cap on the decoded body (it inflates a whole chunk before anybody can
look), and the knowledge whether request bytes left, on which the caller's next step depends. No redirects, no
environment proxies, no retries (see retry.py), no cancellation: a cancelled request leaks its pool slot for good.
"""

from __future__ import annotations

import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpcore
import httpx

from he_sync.connect import strict_json
from he_sync.model.errors import BrokenPromise, FixSettings, HeSyncError, LookUpFirst, TryLater

MEBIBYTE = 1024 * 1024
KEEP_ALIVE_SECONDS = 4.0  # below the 5 s after which uvicorn and many gateways drop an idle connection
POOL_SECONDS = 10.0
CONNECTIONS = 16
GOOD = range(200, 300)
TOGETHER = 64 * 1024  # bytes of a request that wait for each other
GZIP = 31  # zlib window bits that expect a gzip header


@dataclass(frozen=True)
class Request:
    """One request.

    `idempotent` says that sending it twice does no more than sending it once; `tells` that its answer belongs into the
    story of what was written all the same.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    idempotent: bool = True
    tells: bool = False

    def with_headers(self, **headers: str) -> Request:
        """The same request with more headers; an underscore in a name stands for a hyphen."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return Request(self.method, self.url, {**self.headers, **more}, self.body, self.idempotent, self.tells)

    @property
    def place(self) -> str:
        """Method and address without the query, for messages: a query may hold personal data."""
        return f"{self.method} {self.url.split('?', 1)[0]}"


@dataclass(frozen=True)
class Response:
    """One complete response. Header names are lower case; the body is decoded and below the byte cap."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as strict JSON with exact decimals (see strict_json). Raises BrokenPromise where it is not."""
        return strict_json.loads(self.body)


Send = Callable[[Request], Response]


class _Flight(threading.local):
    """How long this thread's request may still take, and whether bytes of it left. A sync request keeps its thread."""

    deadline = float("inf")
    sent = False

    def left(self, timeout: float | None, error: type[Exception]) -> float:
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise error("the total deadline has passed")
        return remaining if timeout is None else min(timeout, remaining)


class _Stream(httpcore.NetworkStream):
    """A connection whose every read and write ends at the deadline of the request in flight.

    The library writes head and body apart. They leave together here, when the answer is first asked for: one packet
    and one wake-up less at both ends.
    """

    def __init__(self, inner: httpcore.NetworkStream, flight: _Flight) -> None:
        self._inner, self._flight, self._unsent = inner, flight, bytearray()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._flush(timeout)
        return self._inner.read(max_bytes, self._flight.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent += buffer
        if len(self._unsent) > TOGETHER:
            self._flush(timeout)

    def _flush(self, timeout: float | None) -> None:
        if self._unsent:
            self._flight.sent = True
            leaving, self._unsent = bytes(self._unsent), bytearray()
            self._inner.write(leaving, self._flight.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        left = self._flight.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._flight)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens connections that keep the deadline. Name resolution itself obeys the system's resolver only."""

    def __init__(self, flight: _Flight) -> None:
        self._inner, self._flight = httpcore.SyncBackend(), flight

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> _Stream:
        left = self._flight.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.connect_tcp(host, port, left, local_address, socket_options), self._flight)


class TooLarge(Exception):
    """The decoded body passed the byte cap, or its coding is one we did not ask for."""


class HttpSend:
    """A `Send` over HTTP. One for a process is enough; threads may share it. Close it, or use it in a `with`."""

    def __init__(self, total_deadline: float, byte_cap: int, pool_seconds: float, context: ssl.SSLContext) -> None:
        self._total, self._cap, self._pool, self._context = total_deadline, byte_cap, pool_seconds, context
        self._flight, self._lock = _Flight(), threading.Lock()
        self._limits = {"timeout": httpx.Timeout(total_deadline, pool=min(pool_seconds, total_deadline)).as_dict()}
        self._client = self._new_client()
        self._spent: list[httpx.HTTPTransport] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        for client in (self._client, *self._spent):
            client.close()

    def __call__(self, request: Request) -> Response:
        """Send and read completely.

        Raises TryLater when nothing left or the request may be repeated, LookUpFirst when bytes of a request that may
        not be repeated left, BrokenPromise for a redirect or a body that is too large.
        """
        client = self._client
        self._flight.deadline, self._flight.sent = time.monotonic() + self._total, False
        try:
            return self._exchange(client, request)
        except httpx.PoolTimeout as error:
            self._replace(client)
            raise TryLater(
                f"{request.place}: no free connection within {self._pool:g} s; the pool was renewed"
            ) from error
        except TooLarge as error:
            raise self._unknown(request, str(error), BrokenPromise) from error
        except httpx.HTTPError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise FixSettings(f"{request.place}: its certificate is not trusted ({error})") from error
            raise self._unknown(request, _say(error), TryLater) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.StreamError) as error:
            raise BrokenPromise(f"{request.place}: {error}") from error

    def _unknown(self, request: Request, reason: str, otherwise: type[HeSyncError]) -> HeSyncError:
        """The error for a request without a readable answer."""
        if self._flight.sent and not request.idempotent:
            return LookUpFirst(f"{request.place}: {reason}; bytes left, so it may have been done: look it up first")
        return otherwise(f"{request.place}: {reason}")

    def _exchange(self, client: httpx.HTTPTransport, request: Request) -> Response:
        headers = {"accept": "application/json", "accept-encoding": "gzip", "user-agent": "he-sync", **request.headers}
        built = httpx.Request(
            request.method, request.url, headers=headers, content=request.body, extensions=self._limits
        )
        with closing(client.handle_request(built)) as answer:
            if answer.is_redirect:
                raise BrokenPromise(
                    f"{request.place}: answered {answer.status_code}, a redirect; set the base address to the final one"
                )
            coding = answer.headers.get("content-encoding", "identity")
            body = b"".join(_decoded(answer.iter_raw(), coding, self._cap))
            return Response(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, body)

    def _replace(self, client: httpx.HTTPTransport) -> None:
        """A pool that gave no connection in time may have leaked its slots: only a new client heals that."""
        with self._lock:
            if client is self._client:
                self._spent.append(client)
                self._client = self._new_client()

    def _new_client(self) -> httpx.HTTPTransport:
        """A transport alone: the client around it keeps cookies, follows redirects and costs a third of a call."""
        transport = httpx.HTTPTransport(verify=self._context, trust_env=False)
        transport._pool = httpcore.ConnectionPool(  # noqa: SLF001 - httpx has no argument for the network backend
            ssl_context=self._context,
            max_connections=CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=_Backend(self._flight),
        )
        return transport


def http_send(
    *,
    total_deadline: float = 60.0,
    byte_cap: int = 64 * MEBIBYTE,
    pool_seconds: float = POOL_SECONDS,
    context: ssl.SSLContext | None = None,
) -> HttpSend:
    """A `Send` over real HTTP, as a context manager.

    Args:
        total_deadline: seconds for connect, send and read of one request together.
        byte_cap: largest decoded body in bytes.
        pool_seconds: how long a request waits for a free connection.
        context: TLS settings; by default the usual certificate authorities, always verified.
    """
    return HttpSend(total_deadline, byte_cap, pool_seconds, context or httpx.create_ssl_context(trust_env=False))


def _decoded(raw: Iterator[bytes], coding: str, cap: int) -> Iterator[bytes]:
    """The body's bytes in its decoded form, refused as soon as they pass the cap."""
    if coding not in {"identity", "gzip"}:
        raise TooLarge(f"the body is coded as {coding!r}, which was not asked for")
    total = 0
    for piece in raw if coding == "identity" else _inflated(raw):
        total += len(piece)
        if total > cap:
            raise TooLarge(f"the body is larger than {cap:,} bytes")
        yield piece


def _inflated(raw: Iterator[bytes]) -> Iterator[bytes]:
    """Inflate in steps of at most a mebibyte, so that a small bomb never becomes a large one in memory."""
    inflater = zlib.decompressobj(GZIP)
    try:
        for chunk in raw:
            rest = chunk
            while rest and not inflater.eof:
                yield inflater.decompress(rest, MEBIBYTE)
                rest = inflater.unconsumed_tail
    except zlib.error as error:
        raise httpx.RemoteProtocolError(f"the compressed body is damaged ({error})") from error
    if not inflater.eof:
        raise httpx.RemoteProtocolError("the compressed body ends too early")


def _say(error: httpx.HTTPError) -> str:
    """A reason in plain words; the library's text alone is sometimes empty."""
    if isinstance(error, httpx.TimeoutException):
        return "no complete answer in time"
    return f"{str(error) or type(error).__name__}".rstrip(".")
