"""`he-sync products`: Epicor's parts and prices to the shop, items born at the till to Epicor, shown first or sent."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from he_sync.flows import night
from he_sync.flows.products import send
from he_sync.flows.products.planning import Counter
from he_sync.mapping.products import Rules, read_rules
from he_sync.settings import read_settings

app = typer.Typer(no_args_is_help=True)
WORKER = f"he-sync products by {getpass.getuser()}"
SHOWN = 50
RulesFile = Annotated[Path | None, typer.Option("--rules", help="Product rules in YAML; none: every part, as it is")]
Again = Annotated[bool, typer.Option("--again", help="Compare every part with its item, whatever was sent before")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON")]


@contextmanager
def _counter(rules: Path | None, *, again: bool) -> Iterator[Counter]:
    given = read_rules(rules) if rules else Rules()
    with night.open_office(read_settings(os.environ)) as office:
        yield Counter(office.systems, office.store, office.retailer, given, again)


@app.command()
def plan(rules: RulesFile = None, again: Again = False, as_json: AsJson = False) -> None:
    """What a push would change, old -> new, and which items would wait for a person. Nothing is written anywhere."""
    with _counter(rules, again=again) as counter:
        _print(send.plan(counter), as_json=as_json)


@app.command()
def push(rules: RulesFile = None, again: Again = False, as_json: AsJson = False) -> None:
    """Send the parts that say something new; the same again sends nothing. `he-sync effects approve` makes parts."""
    with _counter(rules, again=again) as counter:
        tell = (lambda _: None) if as_json else (lambda line: typer.echo(line, err=True))
        out = send.push(counter, WORKER, tell=tell)
        _print(out, as_json=as_json)
    if out.problems or out.stopped:
        raise typer.Exit(1)


def _print(out: send.Outcome, *, as_json: bool) -> None:
    names = ("parts", "items", "news", "planned", "waiting")
    told: dict[str, Any] = {name: getattr(out, name) for name in names}
    told |= {"changes": out.preview, "held": [f"item {sku}: {why}" for sku, why in sorted(out.held.items())]}
    told |= {"exceptions": [one.reason for one in out.troubles], "problems": out.problems}
    told |= {"states": dict(out.states), "stopped": out.stopped}
    if as_json:
        typer.echo(json.dumps(told, indent=1, default=str))
        return
    typer.echo(", ".join(f"{told[name]:,} {name}" for name in names))
    for name in ("changes", "held", "exceptions", "problems"):
        typer.echo("".join(f"  {line}\n" for line in told[name][:SHOWN]), nl=False)
        if len(told[name]) > SHOWN:
            typer.echo(f"  and {len(told[name]) - SHOWN:,} more; --json has them all")
    states = ", ".join(f"{count:,} {state}" for state, count in out.states.items())
    typer.echo(f"effects: {states or 'none sent'}" + (f"; {out.stopped}" if out.stopped else ""))
