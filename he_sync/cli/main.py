"""`he-sync`: verbs and their exit codes. 0 done, 1 found something wrong, 2 bad input with one clear line."""

from __future__ import annotations

import os
import sys

import click
import typer

from he_sync.cli import close, demo, doctor, effects, events, flows, receiver, sandbox, stack
from he_sync.model.errors import FixInput, HeSyncError

BAD_INPUT, FAILED = 2, 1
app = typer.Typer(
    help="Keeps Heartland Retail and Epicor Kinetic in step.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(sandbox.app, name="sandbox", help="Stand-ins for Heartland Retail, the processor and Epicor.")
app.add_typer(effects.app, name="effects", help="What is planned, waiting or in doubt, and decisions about it.")
app.add_typer(flows.app, name="flows", help="Flow files: check them, run one, see what one would change.")
app.add_typer(events.app, name="events", help="One record's whole story; dead letters and replay.")
app.command("receiver")(receiver.receiver)
app.command("demo")(demo.demo)
app.command("up")(stack.up)
app.command("down")(stack.down)
app.command("doctor")(doctor.doctor)
app.command("close")(close.close)


def main() -> None:
    """Run a verb; an error of ours, of the command line or of a file becomes one line and an exit code."""
    try:
        code = app(standalone_mode=False)
    except click.Abort:
        code = _say("stopped; the same command goes on where it was", FAILED)
    except click.ClickException as error:
        code = _say(error.format_message().replace("\n", " "), BAD_INPUT)
    except FixInput as error:
        code = _say(str(error), BAD_INPUT)
    except HeSyncError as error:
        code = _say(str(error), FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    except OSError as error:
        code = _say(f"{error.filename or 'a file'}: {error.strerror or error}", BAD_INPUT)
    sys.exit(code or 0)


def _say(line: str, code: int) -> int:
    sys.stderr.write(f"he-sync: {line}\n")
    return code
