"""`he-sync reconcile`: files of both sides in, links, breaks, figures and a report out.

Exit 0 done (breaks are a result), 2 bad input and no output, 3 an identity does not close: said with its amount.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from he_sync.model.errors import FixInput
from he_sync.model.money import show
from he_sync.reconcile import runs
from he_sync.reconcile.memory import keep_freed, uncollected, without_matrices

DOES_NOT_CLOSE = 3
app = typer.Typer(no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of CSV or Parquet files")]
Out = Annotated[Path, typer.Option("--out", help="Output folder; replaced as a whole")]
Threads = Annotated[int | None, typer.Option(min=1, help="Processor threads; all of the machine's where not given")]
AsJson = Annotated[bool, typer.Option("--json", help="Print summary.json instead of a table")]


@app.command()
def settlements(  # noqa: PLR0913, PLR0917 - the options of a verb
    folder: Folder,
    out: Out,
    config: Annotated[Path | None, typer.Option(help="Rules file; none: the built-in rules")] = None,
    threads: Threads = None,
    previous: Annotated[Path | None, typer.Option(help="An earlier output: unchanged days are taken from it")] = None,
    as_json: AsJson = False,
) -> None:
    """Payments to settlement lines, batches, deposits, bank and ledger, with orders and stock where they are there."""
    keep_freed()
    without_matrices()
    with _progress() as tell, uncollected():
        figures = runs.settlements(folder, out, rules=config, threads=threads, previous=previous, tell=tell)
    _print(figures, out, as_json=as_json)
    if still_open := open_identities(figures):
        sys.stderr.write(f"he-sync: {still_open}\n")
        raise typer.Exit(DOES_NOT_CLOSE)


@app.command()
def orders(folder: Folder, out: Out, threads: Threads = None, as_json: AsJson = False) -> None:
    """Sales of the POS against sales orders of the ERP."""
    with _progress() as tell:
        figures = runs.orders(folder, out, threads=threads, tell=tell)
    _print(figures, out, as_json=as_json)


@app.command()
def inventory(folder: Folder, out: Out, threads: Threads = None, as_json: AsJson = False) -> None:
    """What the POS may sell against the ERP's stock, each difference with its cause."""
    with _progress() as tell:
        figures = runs.inventory(folder, out, threads=threads, tell=tell)
    _print(figures, out, as_json=as_json)


@app.command()
def files(  # noqa: PLR0913, PLR0917 - the options of a verb
    left: Annotated[Path, typer.Argument(help="CSV or Parquet")],
    right: Annotated[Path, typer.Argument(help="CSV or Parquet")],
    on: Annotated[str, typer.Option(help="Columns that name a row, with commas between")],
    out: Out,
    compare: Annotated[str, typer.Option(help="Columns that must agree, the weightiest first; none: all")] = "",
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Any two files by key: rows on one side only, rows that differ and in what, rows that are there twice."""
    figures = runs.files(left, right, out, key=_words(on), columns=_words(compare), threads=threads)
    _print(figures, out, as_json=as_json)


@app.command()
def statements(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="BAI2, camt.053, OFX or CSV")],
    account: Annotated[list[str], typer.Option(help="BANKS_NAME=NUMBER, for each account of the files")],
    out: Annotated[Path, typer.Option("--out", help="The bank_lines.csv to write; replaced as a whole")],
    as_json: AsJson = False,
) -> None:
    """Bank statement files to bank_lines.csv; a line that two statements have is taken once."""
    from he_sync.flows import bank_statements  # noqa: PLC0415 - the other verbs need no statement readers

    lines = bank_statements.bank_lines(paths, dict(map(_account, account)))
    part = out.with_name(f".{out.name}.part")
    part.write_text(bank_statements.as_csv(lines), encoding="utf-8")
    part.replace(out)
    days = [line.value_date.isoformat() for line in lines]
    told = {"lines": len(lines), "from": min(days, default=""), "to": max(days, default="")}
    typer.echo(json.dumps(told, indent=1) if as_json else f"{out}: {len(lines):,} lines {told['from']} to {told['to']}")


def _account(text: str) -> tuple[str, int]:
    name, _, number = text.rpartition("=")
    if not name or not number.isdigit():
        raise FixInput(f"--account {text}: write it as BANKS_NAME=NUMBER, e.g. 000123=9001")
    return name, int(number)


@app.command()
def backtest(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of history")],
    rules: Annotated[
        list[Path], typer.Option("--rules", help="A rules file; twice or more, the first is the present one")
    ],
    as_json: AsJson = False,
) -> None:
    """Compare rule sets over history: links gained, lost, with another partner, and false where links are known."""
    if len(rules) < 2:  # noqa: PLR2004 - one against another
        raise FixInput("--rules: name two rules files or more, the present one first")
    with _progress() as tell:
        found = runs.backtest(rules, folders, tell=tell)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    for one in found:
        typer.echo(f"{one['folder']} {one['rules']}")
        for what in ("gained", "lost", "changed", "false_matches"):
            counts = [f"{name} {_then(count)}" for name, count in one[what].items()]
            typer.echo(f"  {what:<14}" + (", ".join(counts) or "none"))


def _then(count: int | tuple[int, int]) -> str:
    """A count, or the first rule set's and the second's."""
    return f"{count[0]:,} -> {count[1]:,}" if isinstance(count, tuple) else f"{count:,}"


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


@contextmanager
def _progress() -> Iterator[runs.Tell]:
    """What is being done, on a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - only where somebody watches

    with Console(stderr=True).status("") as status:
        yield status.update


def _print(figures: dict[str, Any], out: Path, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(figures, indent=1, default=str))
        return
    rows = ", ".join(f"{count:,} {name}" for name, count in figures.get("rows", {}).items())
    typer.echo(f"{out}: {rows}" if rows else str(out))
    if "computed" in figures:
        typer.echo(f"  {figures['computed']}")
    cents = figures.get("break_cents", {})
    for name, count in {**figures.get("breaks", {}), **figures.get("inventory_breaks", {})}.items():
        typer.echo(f"  {name:<28}{count:>9,}" + (f"{show(cents[name]):>18}" if name in cents else ""))
    for name, amount in figures.get("unexplained_cents", {}).items():
        typer.echo(f"  {name:<28}{'unexplained':>9} {show(amount):>15}")
    for name in ("equal", "differs", "only_left", "only_right", "duplicate_left", "duplicate_right"):
        if name in figures:
            typer.echo(f"  {name:<28}{figures[name]:>9,}")


def open_identities(figures: dict[str, Any]) -> str:
    """Which identity does not close, in which currency, and by how much; empty where all do."""
    return "; ".join(
        f"{name} does not close: {show(one['unexplained'], currency)} {currency} unexplained"
        for name, currencies in figures["identities"].items()
        for currency, one in currencies.items()
        if one["unexplained"]
    )
