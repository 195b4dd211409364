"""`he-sync stock why`: why so many of an item may be sold at a place, out of the last pulls. No system is asked."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from he_sync.cli import stock_flows
from he_sync.flows import stock_why
from he_sync.model.errors import FixInput
from he_sync.model.quantity import from_milli
from he_sync.model.retailer import load_retailer
from he_sync.settings import home_and_profile, store_address
from he_sync.stock.available import Answer, Term
from he_sync.stock.policy import Policy, read_policy
from he_sync.store.database import open_store
from he_sync.store.lake import Lake

app = typer.Typer(no_args_is_help=True)
app.command()(stock_flows.plan)
app.command()(stock_flows.push)
COLUMNS = ("term", "units", "source", "read (UTC)", "record", "why")


@app.command()
def why(  # noqa: PLR0913, PLR0917 - the options of a verb
    sku: Annotated[str, typer.Argument(metavar="SKU")],
    location: Annotated[str, typer.Argument(metavar="LOCATION", help="A place's code in the profile, e.g. S001")],
    channel: Annotated[str, typer.Option(help="Whose buffers count; none: the place's own sales")] = "",
    day: Annotated[str, typer.Option(help="The pulls of this business date; none: the last ones")] = "",
    policy: Annotated[Path | None, typer.Option(help="Stock policy in YAML; none: no buffer, nothing inbound")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON")] = False,
) -> None:
    """What may be sold of an item at a place: each term with its source, its time and its record."""
    rules, address = read_policy(policy) if policy else Policy(), store_address()
    if isinstance(address, Path) and not address.exists():
        raise FixInput(f"{address} is not there; set HE_HOME to the installation's folder")
    home, profile = home_and_profile()
    lake = Lake(home / "lake")
    with open_store(address) as store:
        pulled = stock_why.Pulled(lake, store, load_retailer(profile), day or stock_why.last_day(lake))
        answer = stock_why.why(pulled, rules, sku, location, channel)
    if as_json:
        typer.echo(json.dumps(_plain(asdict(answer)), indent=1))
    else:
        _print(Console(soft_wrap=True, width=160), answer)


def _plain(value: Any, name: str = "") -> Any:
    """Quantities as exact texts in units, times in ISO."""
    if isinstance(value, dict):
        return {key.removesuffix("_milli").replace("milli", "units"): _plain(one, key) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, "milli" if name == "parts" and isinstance(one, int) else name) for one in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(from_milli(value)) if name.endswith("milli") else value


def _print(console: Console, answer: Answer, per: int | None = None) -> None:
    channel = f" for {answer.channel}" if answer.channel else ""
    each = f", {from_milli(per)} in a kit" if per is not None else ""
    title = f"item {answer.sku} at {answer.location}{channel}{each}: {from_milli(answer.published_milli)} to sell"
    console.print(title, style="bold", markup=False, highlight=False)
    for part, inner in answer.parts:
        _print(console, inner, part)
    if answer.terms:
        table = Table(*COLUMNS, box=None, pad_edge=False)
        for term in answer.terms:
            table.add_row(*_row(term))
        table.add_row("available to sell", f"{from_milli(answer.raw_milli)}")
        for term in answer.noted:
            table.add_row(f"({term.name})", *_row(term)[1:])
        console.print(table, markup=False, highlight=False)
    for text in (answer.cause and f"exception: {answer.cause}", answer.promise and f"promised for {answer.promise}"):
        if text:
            console.print(text, markup=False, highlight=False)


def _row(term: Term) -> tuple[str, ...]:
    return (
        term.name,
        f"{from_milli(term.milli):+}",
        term.source,
        f"{term.at:%Y-%m-%d %H:%M:%S}",
        term.record,
        term.why,
    )
