"""`he-sync console`: the pages for operators, finance and integrators, served to this machine until stopped."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

PORT = 7220
ROLES = "viewer, operator, preparer, approver, rule-author, auditor, admin"


def console(  # noqa: PLR0913, PLR0917 - an option of the command line each
    port: Annotated[int, typer.Option(help="Port to listen on, on this machine's own address only")] = PORT,
    home: Annotated[Path | None, typer.Option(help="Folder of the installation; HE_HOME, else var")] = None,
    add_user: Annotated[str, typer.Option(help="Name a person, or give one another password; asks for it")] = "",
    role: Annotated[list[str] | None, typer.Option(help=f"With --add-user, once or more: {ROLES}; else all")] = None,
    only_look: Annotated[bool, typer.Option("--only-look", help="With --add-user: the same as --role viewer")] = False,
    drop_user: Annotated[str, typer.Option(help="Forget a person")] = "",
    access: Annotated[bool, typer.Option("--access", help="Print which role may use which page and form")] = False,
) -> None:
    """Serve the console and print the address to open: the sign-in, or, while nobody is named, one that lets you in."""
    people = {"--add-user": add_user, "--drop-user": drop_user}
    named = [word for option, name in people.items() if name for word in (option, name)]
    named += [word for one in role or [] for word in ("--role", one)]
    line = [*command(port, home), *named, *(["--only-look"] if only_look else []), *(["--access"] if access else [])]
    os.execv(sys.executable, line)  # noqa: S606 - ourselves, arguments of our own


def command(port: int, home: Path | None = None) -> list[str]:
    """The command line of a console as a process of its own: a room of its floor, so it is started, not imported."""
    line = [sys.executable, "-m", "he_sync.web.console", "--port", str(port)]
    return [*line, *(["--home", str(home)] if home else [])]
