"""`he-sync alerts`: what fires, who was told, and the rules for Prometheus and Grafana."""

from __future__ import annotations

import getpass
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from he_sync.model.errors import FixInput
from he_sync.settings import home_and_profile
from he_sync.watch import dashboard, prometheus, telling
from he_sync.watch.looking import look as once
from he_sync.watch.memory import Down, Memory, Notice, Standing, memory
from he_sync.watch.rules import Rules, load
from he_sync.watch.sending import deliver

EVERY = 30.0
app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print as JSON")]
To = Annotated[Path | None, typer.Argument(help="File to write; standard output without it")]
ME = getpass.getuser()


def _home() -> Path:
    """The installation's folder. Raises FixInput where there is none."""
    home = home_and_profile()[0]
    if not home.is_dir():
        raise FixInput(f"{home} is not there; set HE_HOME to the installation's folder, or close a date first")
    return home


@app.command()
def check(as_json: Json = False) -> None:
    """Read the rules and say how many there are; exit 2 with one line where they are wrong."""
    rules = load(_home())
    told = {"rules": len(rules.by_name), "targets": len(rules.targets), "routes": len(rules.routes)}
    unheard = _unheard(rules)
    if as_json:
        typer.echo(json.dumps({**told, "told to nobody": unheard}))
        return
    typer.echo(", ".join(f"{number} {what}" for what, number in told.items()))
    if unheard:
        typer.echo(f"told to nobody: {', '.join(unheard)}")


def _unheard(rules: Rules) -> list[str]:
    """Alerts that no route takes."""
    return [
        rule.alert
        for rule in rules.by_name.values()
        if not any(route.takes(rule.owner, rule.severity) for route in rules.routes)
    ]


@app.command()
def look(as_json: Json = False) -> None:
    """Read the figures once, judge the rules, tell whom it concerns."""
    _home()
    done = once()
    typer.echo(json.dumps(asdict(done)) if as_json else done.line)


@app.command()
def run(every: Annotated[float, typer.Option(help="Seconds between two looks", min=1)] = EVERY) -> None:
    """Look until stopped, for an installation without Dagster; beside its sensor it does no harm."""
    _home()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            try:
                typer.echo(once().line)
            except FixInput as error:  # the file is being edited: what was right a moment ago will be again
                sys.stderr.write(f"he-sync: {error}\n")
            time.sleep(every)
    except KeyboardInterrupt:
        return


@app.command()
def status(as_json: Json = False) -> None:
    """What fires or is about to, and what targets did not take yet."""
    with memory(_home()) as kept:
        standing, waiting, downs = list(kept.standings().values()), kept.waiting(), kept.downs()
    owed = [_waits(one, downs) for one in waiting]
    if as_json:
        typer.echo(json.dumps({"alerts": [_stands(one) for one in standing], "waiting": owed}))
        return
    for row in (*map(_stands, standing), *owed):
        typer.echo("  ".join(str(word) for word in row.values() if word))
    if not standing:
        typer.echo("nothing fires")


def _stands(one: Standing) -> dict[str, Any]:
    state = "pending" if one.fired_at is None else "ending" if one.calm_since is not None else "firing"
    since = datetime.fromtimestamp(one.since, UTC).isoformat(timespec="seconds")
    by = f"acknowledged by {one.acked_by}: {one.note}" if one.acked_by else ""
    return {"state": state, "alert": one.key, "since": since, "value": one.value, "acknowledged": by}


def _waits(one: Notice, downs: Mapping[str, Down]) -> dict[str, Any]:
    """A message that waits: for its hour, or for its target to come back."""
    down = downs.get(one.target)
    due = datetime.fromtimestamp(max(one.not_before, down.until if down else 0.0), UTC).isoformat(timespec="seconds")
    told = {"alert": one.body["alert"], "due": due, "problem": down.problem if down else ""}
    return {"state": "waiting", "target": one.target, "kind": one.kind, **told}


@app.command()
def ack(
    alert: Annotated[str, typer.Argument(help="The alert as `status` names it")],
    note: Annotated[str, typer.Option(help="Why; told to whoever asks")],
    who: Annotated[str, typer.Option(help="Who is at it")] = ME,
) -> None:
    """Say that somebody is at it: nobody else is called and nothing repeated; its end is told all the same."""
    with memory(_home()) as kept:
        if telling.acknowledge(kept, alert, who, note, datetime.now(UTC)) is None:
            raise FixInput(f"{alert!r} does not fire; {_named(kept)}")
    typer.echo(f"{alert} is acknowledged")


def _named(kept: Memory) -> str:
    firing = [one.key for one in kept.standings().values() if one.fired_at is not None]
    return f"choose one of: {', '.join(firing)}" if firing else "nothing does"


@app.command("try")
def attempt(target: Annotated[str, typer.Argument(help="A target of alerts.yaml")]) -> None:
    """Send a message that says it is a trial."""
    home, now = _home(), datetime.now(UTC)
    rules = load(home)
    found = next((one for one in rules.targets if one.name == target), None)
    if found is None:
        raise FixInput(f"{target!r} is no target of {home / 'alerts.yaml'}")
    deliver(os.environ)(found, telling.trial(target, now), now)
    with memory(home) as kept:
        kept.set_mark(f"tried {target}", now.isoformat())
    typer.echo(f"{target} took it")


@app.command("prometheus")
def for_prometheus(to: To = None) -> None:
    """The same rules as a file of alert rules for Prometheus."""
    _write(prometheus.rules_file(load(home_and_profile()[0])), to)


@app.command("dashboard")
def for_grafana(to: To = None) -> None:
    """A dashboard of every figure, as JSON for Grafana."""
    _write(dashboard.as_json(load(home_and_profile()[0])), to)


def _write(text: str, to: Path | None) -> None:
    if to is None:
        sys.stdout.write(text)
        return
    draft = to.with_name(f"{to.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(to)
    typer.echo(f"{to} is written")
