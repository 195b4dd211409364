"""`he-sync receiver`: take events from outside until stopped."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from he_sync.cli.ports import HOST

PORT = 7210


def receiver(
    host: Annotated[str, typer.Option(help="Address to listen on; keep loopback behind a proxy with TLS")] = HOST,
    port: Annotated[int, typer.Option(help="Port to listen on")] = PORT,
    home: Annotated[Path | None, typer.Option(help="Folder of the installation; HE_HOME, else var")] = None,
    processes: Annotated[int, typer.Option(help="Processes on this address", min=1)] = 1,
) -> None:
    """Take webhooks and BPM posts at /hooks/SOURCE/TOPIC; secrets come from the environment."""
    os.execv(sys.executable, command(host, port, home, processes))  # noqa: S606 - ourselves, arguments of our own


def command(host: str, port: int, home: Path | None = None, processes: int = 1) -> list[str]:
    """The command line of a receiver as a process of its own: a room of its floor, so it is started, not imported."""
    line = [sys.executable, "-m", "he_sync.web.receiver", "--host", host, "--port", str(port)]
    return [*line, "--processes", str(processes), *(["--home", str(home)] if home else [])]
