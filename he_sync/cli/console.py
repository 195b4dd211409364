"""`he-sync console`: the pages for operators, finance and integrators, served to this machine until stopped."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

PORT = 7220


def console(
    port: Annotated[int, typer.Option(help="Port to listen on, on this machine's own address only")] = PORT,
    home: Annotated[Path | None, typer.Option(help="Folder of the installation; HE_HOME, else var")] = None,
) -> None:
    """Serve the console; open the address that it prints, it lets you in for a working day."""
    os.execv(sys.executable, command(port, home))  # noqa: S606 - ourselves, arguments of our own


def command(port: int, home: Path | None = None) -> list[str]:
    """The command line of a console as a process of its own: a room of its floor, so it is started, not imported."""
    line = [sys.executable, "-m", "he_sync.web.console", "--port", str(port)]
    return [*line, *(["--home", str(home)] if home else [])]
