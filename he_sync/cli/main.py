"""`he-sync`: verbs and their exit codes. 0 done, 1 found something wrong, 2 bad input with one clear line."""

from __future__ import annotations

import os
import sys

import typer

from he_sync.cli import demo, doctor, sandbox, stack
from he_sync.model.errors import FixInput, HeSyncError

BAD_INPUT, FAILED = 2, 1
app = typer.Typer(
    help="Keeps Heartland Retail and Epicor Kinetic in step.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(sandbox.app, name="sandbox", help="Stand-ins for Heartland Retail, the processor and Epicor.")
app.command("demo")(demo.demo)
app.command("up")(stack.up)
app.command("down")(stack.down)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run a verb; an error of ours becomes one line and an exit code, never a traceback."""
    try:
        app()
    except FixInput as error:
        _say(error)
        sys.exit(BAD_INPUT)
    except HeSyncError as error:
        _say(error)
        sys.exit(FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)


def _say(error: HeSyncError) -> None:
    sys.stderr.write(f"he-sync: {error}\n")
