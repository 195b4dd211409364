"""`he-sync`: verbs and their exit codes. 0 done, 1 found something wrong, 2 bad input with one clear line.

A verb's module is imported when that verb is called: all of them together take 1.5 s of processor, one alone 0.1 s.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module

import click
import typer

from he_sync.match.memory import POLARS
from he_sync.model.errors import FixInput, HeSyncError

BAD_INPUT, FAILED = 2, 1
GROUPS = {
    "sandbox": "Stand-ins for Heartland Retail, the processor and Epicor.",
    "effects": "What is planned, waiting or in doubt, and decisions about it.",
    "flows": "Flow files: check them, run one, see what one would change.",
    "events": "One record's whole story; dead letters and replay.",
    "match": "Who is who: customers of two sides linked, duplicates found.",
    "anomalies": "Days, shares and lines that are not what they usually are; what was looked at is muted.",
    "mapping": "Which field of one system is which of the other, with reasons.",
    "stock": "What may be sold and why; counts to the shop, movements to Epicor.",
    "products": "Parts and prices to the shop's items, items born at the till to Epicor.",
    "close": "One business date: compared and written back; its store-days proposed, approved, posted, signed.",
    "alerts": "What fires, who was told; rules for Prometheus, a dashboard for Grafana.",
    "rules": "What your own records obey: proposed, accepted, checked; routes from history.",
    "backup": "Made while everything runs, checked, restored; what happened since, caught up.",
    "reconcile": "Files of both sides, the bank and the ledger: every cent explained.",
}
COMMANDS = {
    "init": "init",
    "receiver": "receiver",
    "console": "console",
    "demo": "demo",
    "up": "stack",
    "down": "stack",
    "doctor": "doctor",
    "proof": "proof",
    "prune": "prune",
}
"""Verbs of one word and the module that has the function of that name."""


def build(*verbs: str, alone: bool = False) -> typer.Typer:
    """The command line with these verbs, or with all of them; `alone` leaves out the neighbours of the long run."""
    app = typer.Typer(
        help="Keeps Heartland Retail and Epicor Kinetic in step.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(lambda: None)  # keeps the verb's name in its place even where there is only one
    for name, about in GROUPS.items():
        if not verbs or name in verbs:
            group = import_module(f"he_sync.cli.{name}")
            app.add_typer(group.verbs(alone=alone) if name == "match" else group.app, name=name, help=about)
    for name, module in COMMANDS.items():
        if not verbs or name in verbs:
            app.command(name)(getattr(import_module(f"he_sync.cli.{module}"), name))
    return app


def main() -> None:
    """Run a verb; an error of ours, of the command line or of a file becomes one line and an exit code."""
    try:
        known = [word for word in sys.argv[1:2] if word in GROUPS or word in COMMANDS]
        if known == ["match"]:
            os.environ.setdefault(*POLARS)
        code = build(*known, alone=sys.argv[1:3] == ["match", "customers"])(standalone_mode=False)
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
    gc.freeze()  # the interpreter's last searches for cycles, in memory that goes with the process, would take 0.02 s
    sys.exit(code or 0)


def _say(line: str, code: int) -> int:
    sys.stderr.write(f"he-sync: {line}\n")
    return code
