"""`he-sync proof`: whether the ERP has all of a business date, store by store, from what was pulled for its close."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from he_sync.flows import completeness
from he_sync.flows.completeness import Completeness
from he_sync.model.money import show
from he_sync.model.retailer import load_retailer
from he_sync.reconcile.completeness import Proof
from he_sync.settings import home_and_profile
from he_sync.store.lake import Lake

NAMED = 5


def proof(
    day: Annotated[str, typer.Argument(metavar="DATE", help="Business date, YYYY-MM-DD, that was pulled")],
    as_json: Annotated[bool, typer.Option("--json", help="Print every store-day with all names as JSON")] = False,
) -> None:
    """Count, amount and content of each store on both sides; exit 1 where they are not the same."""
    home, profile = home_and_profile()
    found = completeness.run(Lake(home / "lake"), day, load_retailer(profile))
    if as_json:
        typer.echo(json.dumps(_document(day, found), indent=1))
    else:
        _print(Console(), day, found)
    if found.incomplete:
        raise typer.Exit(1)


def _document(day: str, found: Completeness) -> dict[str, object]:
    rows = [{**asdict(one), "complete": one.complete} for one in found.proofs]
    return {"day": day, "freshness": found.freshness, "complete": not found.incomplete, "proofs": rows}


def _print(console: Console, day: str, found: Completeness) -> None:
    console.print(f"[bold]{day}[/] {found.freshness}", soft_wrap=True)
    table = Table("store", "what", "POS", "ERP", "missing, too much, different", title_justify="left")
    for one in found.proofs:
        table.add_row(one.store or "company", one.entity, _side(one, 0), _side(one, 1), _named(one))
    console.print(table)


def _side(one: Proof, place: int) -> str:
    side = (one.source, one.target)[place]
    return f"{side.count:,}  {show(side.amount_minor)}" if one.entity in {"orders", "sales"} else f"{side.count:,}"


def _named(one: Proof) -> str:
    signed = [f"- {name}" for name in one.missing] + [f"+ {name}" for name in one.extra]
    signed += [f"~ {name}" for name in one.other]
    rest = [f"and {len(signed) - NAMED} more (--json)"] if len(signed) > NAMED else []
    return "\n".join([*signed[:NAMED], *rest]) or "complete"
