"""`he-sync close DATE`: one business date without an orchestrator, on the settings of the environment.

The verbs of the close of store-days stand in close_books.py; `close DATE` without one of them is `close run DATE`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from typing import Annotated, Any

import click
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from typer.core import TyperGroup

from he_sync.cli import close_books
from he_sync.cli.close_clearing import clearing
from he_sync.cli.close_docs import docs
from he_sync.cli.close_exceptions import exceptions
from he_sync.cli.close_fees import fees_of
from he_sync.cli.close_tills import till
from he_sync.flows import close as closing
from he_sync.flows import night
from he_sync.flows.push import wall_clock
from he_sync.model.difference import Difference
from he_sync.model.errors import FixInput
from he_sync.model.money import show
from he_sync.quality.contracts import Failure
from he_sync.settings import read_settings
from he_sync.store import effects
from he_sync.store.effects import Effect, Status
from he_sync.store.lake import Lake

UNSETTLED = ("rejected", "parked", "doubtful", "intent", "planned")
"""States that want something done after a push: a person, or the same command once more."""
PUSHES = len(night.TARGETS)


@dataclass(frozen=True)
class Outcome:
    """What a close has to say. `to_do` is what must be done before the date is done; empty means exit 0."""

    day: str
    came_in: dict[str, int]
    differences: dict[str, dict[str, Any]]
    plan: list[dict[str, Any]]
    to_do: list[str]
    written: int = 0
    waiting_for_approval: int = 0
    remaining: int = 0
    remaining_minor: int = 0


class RunsByDefault(TyperGroup):
    """What is no verb is the date of `run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` before what names none of the verbs."""
        named = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else ["run", *args])


app = typer.Typer(cls=RunsByDefault)
close_books.add_to(app)
for verb in (clearing, docs):
    app.command()(verb)
app.add_typer(exceptions, name="exceptions")
app.command("tills")(till)
app.command("fees")(fees_of)


@app.command("run")
def close(
    day: Annotated[str, typer.Argument(metavar="DATE", help="Business date, YYYY-MM-DD")],
    plan_only: Annotated[bool, typer.Option("--plan-only", help="Compare and preview; write nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON")] = False,
) -> None:
    """Pull, compare and write back one business date; exit 1 when something must be done, and it may run again."""
    settings, when = read_settings(), _date(day)
    night.over(when, night.profile(settings), wall_clock())
    with night.open_office(settings) as office, _progress(plan_only=plan_only) as tell:
        outcome = _preview(office, when, tell) if plan_only else _closed(office, when, tell)
    if as_json:
        typer.echo(json.dumps(asdict(outcome), indent=1))
    else:
        _print(Console(), outcome, plan_only=plan_only)
    if outcome.to_do:
        raise typer.Exit(1)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FixInput(f"{text!r} is not a date; write it as 2026-11-20") from None


@contextmanager
def _progress(*, plan_only: bool) -> Iterator[night.Tell]:
    """A bar on a terminal, silence elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=night.steps() + (0 if plan_only else PUSHES))

        def tell(what: str) -> None:
            bar.update(task, description=what, advance=1)

        yield tell


def _preview(office: night.Office, day: date, tell: night.Tell) -> Outcome:
    """Compared, not written: the plan goes nowhere, not even into our own store."""
    failures = night.compare_day(office, day, tell=tell)
    name = day.isoformat()
    made = closing.propose(office.store, office.lake, name, office.retailer)
    found = closing.differences(office.lake, name)
    to_do = [*_set_aside(failures), *(f"{one.subject}: {reason}" for one, reason in made.refused)]
    classes = _classes(found, {one.klass: sum(each.klass == one.klass for each in found) for one in found})
    worth = sum(abs(one.delta_minor) for one in found)
    waiting = sum(not one.limit_ok for one in made.effects)
    return Outcome(
        name,
        _came_in(office.lake, name),
        classes,
        _lines(made.effects),
        to_do,
        waiting_for_approval=waiting,
        remaining=len(found),
        remaining_minor=worth,
    )


def _closed(office: night.Office, day: date, tell: night.Tell) -> Outcome:
    done = night.run(office, day, worker="close", tell=tell)
    report = done.report
    unsettled = effects.listing(office.store, states=UNSETTLED)
    waiting = effects.listing(office.store, states=["waiting_approval"])
    to_do = [
        *_set_aside(done.set_aside),
        *(f"{one.subject}: {reason}" for one, reason in done.planned.refused),
        *(f"{target}: nothing more is sent, {push.stopped}" for target, push in done.pushed.items() if push.stopped),
        *map(_unsettled, unsettled),
    ]
    if done.planned.conflicts:
        to_do.append(f"{done.planned.conflicts} effects were planned before with another content; the first stands")
    return Outcome(
        report.day,
        report.rows,
        _classes(report.differences, {name: still for name, (_, still) in report.by_class().items()}),
        _lines(done.planned.effects),
        to_do,
        written=sum(push.states["confirmed"] for push in done.pushed.values()),
        waiting_for_approval=len(waiting),
        remaining=report.remaining,
        remaining_minor=report.remaining_minor,
    )


def _came_in(lake: Lake, day: str) -> dict[str, int]:
    return {name: lake.current("canonical", name, day).rows for name in closing.CAME_IN}


def _classes(found: Iterable[Difference], still: dict[str, int]) -> dict[str, dict[str, Any]]:
    """Found and still open by class, with the sum of cents."""
    rows = list(found)
    return {
        name: {
            "found": sum(one.klass == name for one in rows),
            "open": still[name],
            "cents": sum(one.delta_minor for one in rows if one.klass == name),
        }
        for name in sorted(still)
    }


def _lines(planned: Iterable[Effect]) -> list[dict[str, Any]]:
    return [
        {"target": one.target, "what": one.kind, "of": one.entity, "change": one.summary, "within limit": one.limit_ok}
        for one in planned
    ]


def _set_aside(failures: Iterable[Failure]) -> list[str]:
    """One line for each rule that was broken, however many records broke it."""
    broken: dict[str, list[str]] = {}
    for one in failures:
        what = f"{one.entity}: {one.column} {one.rule}" + (f", not {one.value}" if one.value else "")
        broken.setdefault(what, []).append(one.record)
    return [f"set aside {len(records)} of {what} (first: {records[0]})" for what, records in broken.items()]


def _unsettled(status: Status) -> str:
    reason = status.reason or "not sent yet; close again"
    after = (
        f" (looked up after {status.not_before:%H:%M:%S} UTC)"
        if status.state == "doubtful" and status.not_before
        else ""
    )
    return f"{status.effect.kind} {status.effect.entity} is {status.state}: {reason}{after}"


def _print(console: Console, outcome: Outcome, *, plan_only: bool) -> None:
    came = ", ".join(f"{count:,} {name}" for name, count in outcome.came_in.items())
    console.print(f"[bold]{outcome.day}[/] came in: {came}", soft_wrap=True)
    table = Table(title="Differences", title_justify="left")
    for column in ("class", "found", "open", "amount"):
        table.add_column(column, justify="left" if column == "class" else "right")
    for name, row in outcome.differences.items():
        table.add_row(name, str(row["found"]), str(row["open"]), show(row["cents"]))
    console.print(table if outcome.differences else "No differences.")
    if plan_only:
        console.print("[bold]Would be written[/]" if outcome.plan else "Nothing would be written.")
        for line in outcome.plan:
            needs = "" if line["within limit"] else " (waits for approval)"
            told = f"  {line['target']} {line['what']} {line['of']}: {line['change']}{needs}"
            console.print(told, markup=False, soft_wrap=True)
    else:
        console.print(f"[bold]Written[/] {outcome.written}, waiting for approval {outcome.waiting_for_approval}")
    console.print(f"[bold]Remaining[/] {outcome.remaining} differences over {show(outcome.remaining_minor)}")
    for duty in outcome.to_do:
        console.print(f"[bold red]do[/] {_plain(duty)}", soft_wrap=True)


def _plain(text: str) -> str:
    """Text of the other side without markup of ours."""
    return text.replace("[", r"\[")
