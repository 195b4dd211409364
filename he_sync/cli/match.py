"""`he-sync match`: customers of two files linked, or one file's duplicates found, without labels."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from he_sync.cli import match_later as later
from he_sync.cli.columns import chosen_columns
from he_sync.cli.decided import SIDES, Sides, decisions_at
from he_sync.cli.match_verbs import add_to
from he_sync.match.decide import Policy
from he_sync.match.reading import customers, joined
from he_sync.match.run import STEPS, Options, Tell, matched
from he_sync.match.writing import write
from he_sync.model.errors import FixInput


def verbs(*, alone: bool = False) -> typer.Typer:
    """The group, or `customers` alone: what its neighbours load is 60 MB that a long run never needs."""
    app = typer.Typer(no_args_is_help=True)
    app.callback(help="Who is who.")(lambda: None)
    app.command("customers")(match_customers)
    if not alone:
        add_to(app)
    return app


def match_customers(  # noqa: PLR0913, PLR0917 - one argument an option
    left: Annotated[Path, typer.Argument(metavar="LEFT", help="CSV or Parquet, one row a customer")],
    right: Annotated[
        Path | None, typer.Argument(metavar="[RIGHT]", help="The other side; without it LEFT is de-duplicated")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results")] = Path("match"),
    columns: Annotated[
        list[str] | None, typer.Option("--columns", metavar="FIELD=NAME", help="A field's column in the files")
    ] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Of CSV files")] = "utf-8",
    precision: Annotated[
        float, typer.Option("--precision", min=0.5, max=0.9999, help="Share of automatic links that must be right")
    ] = 0.99,
    clean: Annotated[
        list[str] | None,
        typer.Option("--clean", metavar="left|right", help="A side without duplicates: at most one of it a customer"),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option("--labels", metavar="FILE", help="Reviewed pairs: left_id, right_id, label (match or no)"),
    ] = None,
    said: Annotated[
        str | None,
        typer.Option("--decisions", metavar="STORE|FILE", help="Decisions of people that hold: a store, or a file"),
    ] = None,
    names: Sides = SIDES,
    indexed: Annotated[
        bool, typer.Option("--index", help="Keep what `match one` and --previous ask: 700 bytes a record")
    ] = False,
    previous: Annotated[
        Path | None,
        typer.Option("--previous", metavar="DIR", help="Its models hold; only what is new or changed is compared"),
    ] = None,
    compared: Annotated[
        Path | None,
        typer.Option("--compare-with", metavar="DIR", help="An earlier run: the summary says what moved in the model"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON")] = False,
) -> None:
    """Link customers of two files and find the duplicates of each."""
    chosen, decided = chosen_columns(columns or []), decisions_at(said, names) if said else None
    options = Options(Policy(precision), _sides(clean or []), answers, decided)
    model = later.model_of(compared) if compared else None
    earlier = later.earlier(previous, options, linked=right is not None) if previous else None
    sides = [customers(path, chosen, encoding) for path in (left, right) if path is not None]
    _writable(out)
    kind = left.suffix.lower() in (".parquet", ".pq")
    with _progress() as tell:
        records = joined(sides.pop(0), sides.pop() if right else None)
        if earlier:
            outcome, drift = later.joined(earlier, records, options, tell)
        else:
            outcome, drift = matched(records, options, tell), None
        del records
        if indexed:
            later.kept(outcome, earlier, drift.since if drift else 0, out)
        tell("writing")
        patched = later.patched(outcome, previous)
        told = write(outcome, out, "parquet" if kind else "csv", model, later.told(drift), patched=patched)
        if indexed:
            later.stamped(out)
    typer.echo(json.dumps(told, indent=1) if as_json else _said(told, out) + later.said(drift))


def _sides(given: list[str]) -> tuple[int, ...]:
    if wrong := [side for side in given if side not in ("left", "right")]:
        raise FixInput(f"--clean {wrong[0]!r}: write left or right")
    return tuple(("left", "right").index(side) for side in given)


def _writable(out: Path) -> None:
    """Refuse before minutes of work what would fail after them."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out):
        pass


@contextmanager
def _progress() -> Iterator[Tell]:
    """A bar on a terminal, silence elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=STEPS)

        def tell(what: str) -> None:
            bar.update(task, description=what, advance=1)

        yield tell


def _bounded(told: dict[str, Any]) -> list[str]:
    """What was left out of the comparison because too many share it."""
    worst = [f"{one['field']} {one['worst']}" for one in told["contacts"] if one["worst"]]
    shared = [f"counts as missing, on too many names: {', '.join(worst)}"] if worst else []
    blocks, pairs = told["skipped_blocks"], told["skipped_pairs"]
    skipped = f"too large to compare: {blocks:,} blocks with {pairs:,} pairs; which and why is in blocking"
    return [*shared, skipped] if blocks else shared


def _said(told: dict[str, Any], out: Path) -> str:
    decisions = ", ".join(f"{count:,} {word}" for word, count in told["decisions"].items())
    alone = f"links by itself from {told['match_from']:.4f}" if told["match_from"] <= 1 else "none links by itself"
    records = " and ".join(f"{count:,} {side}" for side, count in told["records"].items())
    lines = [
        f"{records} records are {told['customers']:,} customers",
        f"pairs: {decisions} ({alone})",
        f"households: {told['households']:,}; largest customer {told['largest_cluster']} records",
        *_bounded(told),
        f"results in {out}, report.html last",
    ]
    return "\n".join(lines)
