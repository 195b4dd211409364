"""`he-sync demo`: one business day on the sandbox, its nightly close through Dagster, checked against the oracle."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from he_sync.cli import check, house
from he_sync.flows import close
from he_sync.flows.close import Report
from he_sync.model.difference import Difference
from he_sync.model.errors import BrokenPromise
from he_sync.model.money import show
from he_sync.model.quantity import from_milli
from he_sync.sandbox import world
from he_sync.sandbox.server import running
from he_sync.sandbox.state import State
from he_sync.store import effects
from he_sync.store.database import Store, open_store
from he_sync.store.lake import Lake

HISTORY_DAYS = 3
"""Business days before the one shown, so that deposits of earlier batches arrive on it."""


def demo(
    home: Annotated[Path, typer.Option(help="Folder of the demo; made anew")] = Path("var/demo"),
    size: Annotated[str, typer.Option(help="small, medium or large")] = "small",
    seed: Annotated[int, typer.Option(help="Same seed, same world")] = 7,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Business date to close; last Friday")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON")] = False,
) -> None:
    """Let one business day happen, close it, and prove that every planted difference was found and written once."""
    console = Console(quiet=as_json)
    shown = day.date() if day else house.last_friday()
    shutil.rmtree(home, ignore_errors=True)
    console.rule("he-sync demo")
    with running(home / "sandbox") as sandbox:
        make_world(console, sandbox.state, shown, size, seed)
        retailer = world.profile(sandbox.state)
        environment = house.with_dagster(house.sandbox_environment(sandbox, home, retailer), home)
        stage = Stage(console, sandbox.state, home, shown, environment)
        outcome = stage.prove()
    if as_json:
        typer.echo(json.dumps(outcome, indent=1))
    if outcome["problems"]:
        raise typer.Exit(1)


def make_world(console: Console, state: State, day: date, size: str, seed: int) -> None:
    """Master data and the days up to `day`, in all three systems."""
    with console.status(f"a {size} retailer comes to be"):
        world.create(state, size=size, seed=seed)
    for back in range(HISTORY_DAYS, -1, -1):
        current = day - timedelta(days=back)
        with console.status(f"{current:%A %Y-%m-%d} happens"):
            made = world.happen(state, current)
        told = ", ".join(f"{count:,} {name}" for name, count in made.items() if count)
        console.print(f"[dim]{current:%a %Y-%m-%d}[/] {told}")


@dataclass(frozen=True)
class Stage:
    """The demo's setting: a world that happened, and the environment its close runs in."""

    console: Console
    state: State
    home: Path
    day: date
    environment: dict[str, str]

    def prove(self) -> dict[str, Any]:
        """Close the day twice and check it against the truth and the oracle."""
        store = open_store(self.home / "he_sync.db")
        first = self.close("nightly close", store)
        problems = check.compare(self.state.folder, self.day.isoformat(), first.differences)
        confirmed = effects.listing(store, self.day.isoformat(), ["confirmed"])
        problems += check.once_each(self.state, [one.effect for one in confirmed])
        before = self.writes()
        second = self.close("the same close again", store)
        again = self.writes() - before
        problems += [f"the second close wrote {again} times"] if again else []
        problems += [f"still found after it was written back: {line}" for line in _unsettled(first, second)]
        _print(self.console, first, second, again, problems)
        figures = {"classes": first.by_class(), "written": first.written, "remaining": second.remaining}
        return {"day": self.day.isoformat(), **figures, "written_again": again, "problems": problems}

    def writes(self) -> int:
        """Everything that was ever committed through the wire."""
        return len(self.state.oracle("origin = 'api'"))

    def close(self, title: str, store: Store) -> Report:
        """One nightly close through Dagster. Raises BrokenPromise with the run's last error line."""
        log = self.home / "dagster.log"
        with self.console.status(f"{title} of {self.day} through Dagster"):
            code = house.run_job("nightly_close", self.day, self.environment, log)
        if code:
            lines = [
                line for line in log.read_text(encoding="utf-8").splitlines() if "Error" in line or "Failure" in line
            ]
            raise BrokenPromise(f"{title} of {self.day} failed, see {log}: {lines[-1] if lines else 'no message'}")
        return close.report(store, Lake(self.home / "lake"), self.day.isoformat())


def _unsettled(first: Report, second: Report) -> list[str]:
    """Differences that the first close settled and the second still finds."""
    settled = {(one.klass, one.subject) for one in first.differences if close.settles(first, one)}
    return [f"{one.klass} {one.subject}" for one in second.differences if (one.klass, one.subject) in settled]


def _worth(differences: Sequence[Difference]) -> str:
    """Net worth of one class: money, or pieces of stock."""
    if differences[0].leg == "inventory":
        return f"{from_milli(sum(one.delta_milli for one in differences)):+,f} pcs"
    return show(sum(one.delta_minor for one in differences)) if differences[0].leg != "customers" else ""


def _print(console: Console, first: Report, second: Report, again: int, problems: Sequence[str]) -> None:
    console.print("\n[bold]Came in[/]  " + ", ".join(f"{count:,} {name}" for name, count in first.rows.items()))
    table = Table(title=f"Differences of {first.day}", title_justify="left")
    for column in ("class", "found", "written back", "worth"):
        table.add_column(column, justify="left" if column == "class" else "right")
    for name, (found, still) in first.by_class().items():
        table.add_row(
            name, str(found), str(found - still), _worth([one for one in first.differences if one.klass == name])
        )
    console.print(table)
    waiting = first.states.get("waiting_approval", 0)
    console.print(f"[bold]Written back[/] {first.written} effects; the same close again wrote {again}.")
    console.print(f"[bold]Over their limit[/] {waiting} effects wait for a person's approval.")
    console.print(
        f"[bold]Remaining[/] {second.remaining} differences over {show(second.remaining_minor)}"
        " for a person, the processor or the bank."
    )
    if problems:
        console.print(f"[bold red]Oracle: {len(problems)} problems[/]")
        for line in problems[:40]:
            console.print(f"  {line}", markup=False)
    else:
        console.print(
            "[bold green]Oracle: every planted difference found in its class, none invented, every write there once.[/]"
        )
