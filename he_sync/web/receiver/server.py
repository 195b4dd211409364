"""Puts the receiver together and serves it: uvicorn with our limits, one process or several on one address."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

import uvicorn

from he_sync.store import sqlite_file
from he_sync.store.database import Store, open_store
from he_sync.store.engines import engine_at
from he_sync.web.receiver.app import Message, Receive, Receiver, Send
from he_sync.web.receiver.doorbell import Doorbell, dagster_launch
from he_sync.web.receiver.inlet import Inlet
from he_sync.web.receiver.metrics import Metrics
from he_sync.web.receiver.protocol import BoundedProtocol
from he_sync.web.receiver.settings import ReceiverSettings, read_settings
from he_sync.web.receiver.sources import sources

HOST, PORT = "127.0.0.1", 7210
KEEP_ALIVE = 10
"""Seconds a connection may rest between two requests."""
GRACE = 5
"""Seconds that requests under way have after SIGTERM; the process ends within 10."""
BACKLOG = 2_048


def serve(host: str = HOST, port: int = PORT, home: Path | None = None, processes: int = 1) -> None:
    """Serve until SIGTERM. Raises FixSettings, before anything is served, for a setting or a store that is wrong."""
    if home:
        os.environ["HE_HOME"] = str(home)
    settings = read_settings()
    sqlite_file.check(Store(engine_at(settings.store)))
    open_store(settings.store).close()  # migrated once, and an error seen here, not in a child that is started again
    _raise_file_limit()
    uvicorn.run(
        "he_sync.web.receiver.server:application",
        factory=True,
        host=host,
        port=port,
        workers=processes,
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        backlog=BACKLOG,
    )


def application() -> Application:
    """The application of one process, from its environment."""
    _log_plainly()
    settings = read_settings()
    BoundedProtocol.most_connections = settings.connections
    return Application(settings)


class Application:
    """The receiver with its threads: they start and end with the server."""

    def __init__(self, settings: ReceiverSettings) -> None:
        self._store = open_store(settings.store)
        self._bell = _bell(self._store, settings)
        self._inlet = Inlet(self._store, self._bell.ring if self._bell else _nobody, settings.batch)
        found = sources(settings)
        logging.getLogger(__name__).info("receiving from: %s", ", ".join(found) or "nobody, no secret is set")
        self._receiver = Receiver(found, self._inlet, self._store, Metrics(), settings.metrics)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request, or the life of the server."""
        if scope["type"] == "http":
            await self._receiver(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._inlet.start()
        if self._bell:
            self._bell.start()
            self._bell.ring()  # for what was stored before this start
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self._inlet.close)
        if self._bell:
            self._bell.close()
        self._store.close()
        await send({"type": "lifespan.shutdown.complete"})


def _bell(store: Store, settings: ReceiverSettings) -> Doorbell | None:
    if not settings.dagster_url:
        return None
    return Doorbell(store, dagster_launch(settings.dagster_url), f"receiver {os.getpid()}")


def _nobody() -> None:
    """No doorbell is configured: the sweep sensor finds the events."""


def _raise_file_limit() -> None:
    """Each connection is a file; the usual soft limit of 1,024 is under our own cap."""
    with suppress(ValueError, OSError):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class OneLine(logging.Formatter):
    """One record, one line: what came from outside cannot forge a second."""

    def format(self, record: logging.LogRecord) -> str:
        """The record with every control character and line end escaped."""
        return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in super().format(record))


def _log_plainly() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # What is no HTTP is refused and counted; a line for each would let anybody fill the disk.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
