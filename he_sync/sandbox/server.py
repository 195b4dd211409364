"""Runs the three stand-ins and the admin port as real HTTP servers on loopback, in one process and one event loop."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from he_sync.sandbox import admin
from he_sync.sandbox.epicor.app import service as epicor
from he_sync.sandbox.faults import Faults
from he_sync.sandbox.heartland.app import service as heartland
from he_sync.sandbox.http import Service
from he_sync.sandbox.processor.app import service as processor
from he_sync.sandbox.state import State, encode

HOST = "127.0.0.1"
PORTS = {"admin": 7100, "heartland": 7101, "processor": 7102, "epicor": 7103}


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: its state and the four addresses."""

    state: State
    faults: Faults
    services: dict[str, Service]
    urls: dict[str, str]

    @property
    def heartland(self) -> str:
        """Base of the Retail API."""
        return f"{self.urls['heartland']}/api"

    @property
    def gp(self) -> str:
        """Base of GP-API."""
        return f"{self.urls['processor']}/ucp"

    @property
    def epicor(self) -> str:
        """Instance root of Kinetic (v1, v2 and TokenResource hang below it)."""
        return f"{self.urls['epicor']}/kinetic"


def _server(service: Service) -> uvicorn.Server:
    class Protocol(HttpToolsProtocol):
        """Knows its transport by client address, so that a fault can hang up without an answer."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._peer = tuple(transport.get_extra_info("peername")[:2])
            service.transports[self._peer] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            service.transports.pop(self._peer, None)

    config = uvicorn.Config(
        service, http=Protocol, lifespan="off", log_level="critical", access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    server.capture_signals = _no_signals  # type: ignore[method-assign]  # the caller owns the signals
    return server


@contextmanager
def _no_signals() -> Iterator[None]:
    yield


def _listen(port: int) -> socket.socket:
    # Named as TCP, asyncio sets TCP_NODELAY on what it accepts; without it a small answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(256)
    return listener


@contextmanager
def running(folder: Path, ports: dict[str, int] | None = None, seed: int = 0) -> Iterator[Sandbox]:
    """A sandbox on its state folder. Without `ports`, free ones are taken. Stops when the block ends."""
    state = State(folder)
    faults = Faults(state, seed)
    services = {
        "heartland": heartland(state, faults),
        "processor": processor(state, faults),
        "epicor": epicor(state, faults),
    }
    services["admin"] = admin.service(state, faults, services)
    sockets = {name: _listen((ports or {}).get(name, 0)) for name in services}
    urls = {name: f"http://{HOST}:{listener.getsockname()[1]}" for name, listener in sockets.items()}
    servers = {name: _server(service) for name, service in services.items()}
    done = threading.Event()

    async def serve() -> None:
        await asyncio.gather(*(server.serve(sockets=[sockets[name]]) for name, server in servers.items()))

    def run() -> None:
        asyncio.run(serve())
        done.set()

    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    thread.start()
    state.set_setting("urls", encode(urls))
    try:
        yield Sandbox(state, faults, services, urls)
    finally:
        for server in servers.values():
            server.should_exit = True
        done.wait(10)
        for listener in sockets.values():
            listener.close()
