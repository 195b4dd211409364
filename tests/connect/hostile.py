"""A server that misbehaves on purpose: each behaviour is a function that is handed the accepted connection."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket], None]


@dataclass
class Hostile:
    """Its address, and the requests that arrived complete with their headers."""

    url: str
    requests: list[bytes] = field(default_factory=list)


def take(connection: socket.socket) -> bytes:
    """One request up to the end of its headers and the first bytes of its body."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            break
        received += piece
    return received


def answer(status: str = "200 OK", body: bytes = b"{}", **headers: str) -> Behaviour:
    """A complete, correct response."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())

    def behave(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{lines}\r\n".encode() + body)

    return behave


def raw(content: bytes) -> Behaviour:
    """These bytes, then the end of the connection."""
    return lambda connection: connection.sendall(content)


def reset(connection: socket.socket) -> None:
    """A TCP reset instead of an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def serving(*behaviours: Behaviour, greet: Callable[[socket.socket], bytes] = take) -> Iterator[Hostile]:
    """A server whose n-th connection gets the n-th behaviour; the last one serves all further connections."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Hostile(f"http://127.0.0.1:{listener.getsockname()[1]}")

    def one(connection: socket.socket, behaviour: Behaviour) -> None:
        with connection, contextlib.suppress(OSError):
            server.requests.append(greet(connection))
            behaviour(connection)

    def run() -> None:
        with contextlib.suppress(OSError):
            for number in range(1_000_000):
                connection, _ = listener.accept()
                behaviour = behaviours[min(number, len(behaviours) - 1)]
                threading.Thread(target=one, args=(connection, behaviour), daemon=True).start()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
