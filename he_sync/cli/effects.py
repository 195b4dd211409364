"""`he-sync effects`: what is planned, waiting, in doubt or set aside, and a person's decisions about it."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from he_sync.model.errors import FixInput
from he_sync.settings import store_address
from he_sync.store import effects
from he_sync.store.database import Store, open_store
from he_sync.store.effects import Status

SHORT = 10
app = typer.Typer(no_args_is_help=True)
Key = Annotated[str, typer.Argument(help="The effect's key, or as much of its beginning as is unique")]
Note = Annotated[str, typer.Option(help="Why; kept in the audit")]
Who = Annotated[str, typer.Option(help="Who decides; kept in the audit")]
ME = getpass.getuser()


def opened() -> Store:
    """The store of this installation. Raises FixInput where there is none."""
    address = store_address()
    if isinstance(address, Path) and not address.exists():
        raise FixInput(f"{address} is not there; set HE_HOME to the installation's folder, or close a date first")
    return open_store(address)


def _one(store: Store, key: str) -> Status:
    found = [status for status in effects.listing(store) if status.effect.key.startswith(key)]
    if len(found) != 1:
        raise FixInput(f"{len(found)} effects have a key that begins with {key!r}; `he-sync effects list` shows them")
    return found[0]


@app.command("list")
def listing(
    day: Annotated[str | None, typer.Option("--date", help="Of one business date")] = None,
    state: Annotated[list[str] | None, typer.Option(help="Of this state; may be repeated")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON")] = False,
) -> None:
    """Effects in the order in which they were planned."""
    with opened() as store:
        found = effects.listing(store, day, state or ())
    if as_json:
        typer.echo(json.dumps([_row(status) for status in found], indent=1))
        return
    table = Table()
    for column in ("key", "state", "target", "kind", "of", "change", "reason"):
        table.add_column(column)
    for status in found:
        table.add_row(*(text.replace("[", r"\[") for text in _row(status).values()))
    Console(width=200).print(table)


def _row(status: Status) -> dict[str, str]:
    one = status.effect
    kept = {"key": one.key[:SHORT], "state": status.state, "target": one.target, "kind": one.kind}
    return {**kept, "of": one.entity, "change": one.summary, "reason": status.reason}


def _decide(key: str, decision: str, act: Callable[[Store, str], bool]) -> None:
    with opened() as store:
        status = _one(store, key)
        if not act(store, status.effect.key):
            raise FixInput(f"{status.effect.kind} {status.effect.entity} is {status.state} and cannot be {decision}")
    typer.echo(f"{status.effect.kind} {status.effect.entity} is {decision}")


@app.command()
def approve(key: Key, who: Who = ME) -> None:
    """Let an effect over its limit go; the next push sends it."""
    _decide(key, "approved", lambda store, whole: effects.approve(store, whole, who))


@app.command()
def release(key: Key, note: Note, who: Who = ME) -> None:
    """Send a rejected or parked effect once more, after its cause was mended."""
    _decide(key, "released", lambda store, whole: effects.release(store, whole, who, note))


@app.command()
def withdraw(key: Key, note: Note, who: Who = ME) -> None:
    """Never send an effect; not for one that is under way."""
    _decide(key, "withdrawn", lambda store, whole: effects.withdraw(store, whole, who, note))
