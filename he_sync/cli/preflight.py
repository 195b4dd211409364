"""`he-sync match preflight`: what a match of these files would cost and leave out, before it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from he_sync.cli.columns import chosen_columns
from he_sync.match.preflight import COMPARED, Forecast, document, forecast
from he_sync.match.reading import customers


def preflight(
    left: Annotated[Path, typer.Argument(metavar="LEFT", help="CSV or Parquet, one row a customer")],
    right: Annotated[Path | None, typer.Argument(metavar="[RIGHT]", help="The other side")] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--columns", metavar="FIELD=NAME", help="A field's column in the files")
    ] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Of CSV files")] = "utf-8",
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON")] = False,
) -> None:
    """Say what a match would compare, split and skip, and what it needs; nothing is written."""
    chosen = chosen_columns(columns or [])
    sides = [customers(path, chosen, encoding) for path in (left, right) if path is not None]
    found = forecast(sides[0], sides[1] if right else None)
    if as_json:
        typer.echo(json.dumps(document(found), indent=1))
        return
    console = Console(width=140)
    for table in (_fields(found), _rules(found)):
        console.print(table)
    typer.echo("\n".join(_said(found)))


def _fields(found: Forecast) -> Table:
    heads = (f"{side}, {count:,} records" for side, count in found.records.items())
    table = Table("missing in", *heads)
    for name in COMPARED:
        table.add_row(name, *(f"{1 - shares[name]:.1%}" for shares in found.filled.values()))
    return table


def _rules(found: Forecast) -> Table:
    table = Table("rule", "pairs", "largest block", "like", "split", "skipped", "pairs skipped")
    for cost in found.costs:
        figures = (f"{count:,}" for count in (cost.split, cost.skipped, cost.skipped_pairs))
        like = cost.example.replace("[", r"\[")
        table.add_row(cost.rule, f"{cost.pairs:,}", f"{cost.largest:,}", like, *figures)
    return table


def _said(found: Forecast) -> list[str]:
    junk = [
        f"{one.field}: {one.shared:,} on several names, {one.junk:,} on so many that they count as missing"
        + (f" (worst {one.worst})" if one.worst else "")
        for one in found.contacts
    ]
    skipped = sum(cost.skipped for cost in found.costs)
    left_out = f"; {skipped:,} blocks are too large and skipped" if skipped else ""
    return [
        *junk,
        f"{found.pairs:,} pairs proposed, those of several rules several times{left_out}",
        f"about {found.seconds:,.0f} s and {found.mebibytes:,} MiB",
    ]
