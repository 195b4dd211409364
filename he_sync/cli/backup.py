"""`he-sync backup`: made while everything runs, checked, put back; and what happened since, caught up."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from he_sync.cli.effects import opened
from he_sync.flows import catching_up, kept_where, workshop
from he_sync.settings import home_and_profile, store_address
from he_sync.store import backup as kept
from he_sync.store.backup import Manifest, Place

MIB = 2**20
LONGEST_NAP = 1.0
app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print as JSON")]
Name = Annotated[str, typer.Argument(help="Name of a backup; the newest without it")]
Who = Annotated[str, typer.Option(help="Who does it; kept in the audit")]
ME = getpass.getuser()


def here() -> Place:
    """This installation."""
    return kept_where.place(*home_and_profile())


@app.command()
def create(as_json: Json = False) -> None:
    """Make a backup; everything may run meanwhile."""
    with opened() as store:
        made = kept.create(store, here())
    _tell(made, "made", as_json=as_json)


@app.command("list")
def listing(as_json: Json = False) -> None:
    """Complete backups, oldest first."""
    there = kept.listing(here().backups)
    if as_json:
        typer.echo(json.dumps([_row(one) for one in there], indent=1))
        return
    table = Table()
    for column in ("name", "made at", "store", "tables", "files", "MiB", "audit row"):
        table.add_column(column)
    for one in there:
        table.add_row(*(str(value) for value in _row(one).values()))
    Console(width=160).print(table)


@app.command()
def verify(name: Name = "", as_json: Json = False) -> None:
    """Compare every file with its hash, open the copy, count its rows; exit 2 with one line where something differs."""
    _tell(kept.verify(kept.named(here().backups, name)), "whole", as_json=as_json)


@app.command()
def restore(
    name: Name = "",
    store_only: Annotated[
        bool, typer.Option("--store-only", help="The store alone, into a home whose files are all there")
    ] = False,
    who: Who = ME,
    as_json: Json = False,
) -> None:
    """Put a backup back where no store is and nothing runs; then `catch-up`, then start everything."""
    place = here()
    beside = {**place.beside, "profile": place.beside["profile"].parent}
    folder = kept.named(place.backups, name)
    made = kept.restore(folder, place.home, store_address(), who, beside=beside, files=not store_only)
    _tell(made, "restored", as_json=as_json)
    if not as_json:
        typer.echo("credentials, console.key and console.users are in no backup: put them back; then `backup catch-up`")


@app.command("catch-up")
def catch_up(who: Who = ME, as_json: Json = False) -> None:
    """After a restore: find at both systems what happened since the backup, and do nothing twice."""
    console = Console(stderr=True, quiet=as_json)
    with workshop.works() as works:
        found = catching_up.catch_up(works, who, _wait, lambda: datetime.now(UTC), console.print)
    if as_json:
        typer.echo(json.dumps({**found.figures(), "problems": found.problems}, indent=1))
        return
    typer.echo(f"{found.new_events} events that nobody told, answered: {_counted(found.events)}")
    typer.echo(f"effects: {_counted(found.effects)}; open: {_counted(found.open)}")
    typer.echo(f"close these business dates again: {', '.join(found.dates)}")
    for line in found.problems:
        typer.echo(line)


def _wait(moment: datetime) -> None:
    while (left := (moment - datetime.now(UTC)).total_seconds()) > 0:
        time.sleep(min(left, LONGEST_NAP))


def _counted(some: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(some.items())) or "none"


def _row(one: Manifest) -> dict[str, Any]:
    said = {"name": one.name, "made_at": one.made_at.isoformat(timespec="seconds"), "engine": one.engine}
    return {**said, "schema": one.schema, "files": len(one.entries), "mib": one.size // MIB, "audit": one.audit.seq}


def _tell(one: Manifest, what: str, *, as_json: bool) -> None:
    said = f"{one.name} {what}: {len(one.entries)} files, {one.size // MIB} MiB, audit row {one.audit.seq}"
    typer.echo(json.dumps({**_row(one), "hash": one.audit.hash}) if as_json else said)
