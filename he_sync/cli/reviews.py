"""`he-sync match reviews`: pairs that the last run left to people, decided with one key each."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from he_sync.cli.effects import ME, opened
from he_sync.cli.review_desk import sit, terminal, view
from he_sync.model.errors import FixInput
from he_sync.store import master
from he_sync.store.database import Store
from he_sync.store.master import Deed, Pair

app = typer.Typer(no_args_is_help=True)
Who = Annotated[str, typer.Option("--who", help="Who decides; kept in the audit")]
Ends = Annotated[str, typer.Argument(help="heartland:7 or epicor:H7")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON")]
SEEN = "seen side by side"


@app.command("list")
def listing(
    limit: Annotated[int, typer.Option(min=1, help="How many")] = 50,
    decided: Annotated[bool, typer.Option("--decided", help="The decisions that stand instead")] = False,
    as_json: AsJson = False,
) -> None:
    """Pairs that wait, those first whose answer tells most; or what was decided."""
    with opened() as store:
        rows = _decisions(store) if decided else [_row(pair) for pair in master.waiting(store, limit)]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    table = Table(*(rows[0] if rows else {"nothing waits": ""}))
    for row in rows:
        table.add_row(*(str(value).replace("[", r"\[") for value in row.values()))
    Console(width=200).print(table)


@app.command()
def show(left: Ends, right: Ends) -> None:
    """One waiting pair side by side, with its reasons."""
    with opened() as store:
        Console(width=120).print(view(store, _one(store, left, right), "waits"))


@app.command("next")
def following(
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many")] = None,
    note: Annotated[str, typer.Option("--note", help="Why; [w] at the desk writes another")] = SEEN,
    who: Who = ME,
) -> None:
    """Sit down at the desk: y one customer, n two, s skip, w write the reason, q quit."""
    console = Console()
    with opened() as store, terminal(console) as desk:
        tally = sit(store, desk, Deed(who, note), limit)
    typer.echo(str(tally))


@app.command()
def decide(
    left: Ends,
    right: Ends,
    said: Annotated[Literal["same", "apart"], typer.Argument(help="one customer, or two")],
    note: Annotated[str, typer.Option("--note", help="Why; kept in the audit")],
    who: Who = ME,
) -> None:
    """Say of two records whether they are one customer; the next run obeys it."""
    ends = master.record_named(left), master.record_named(right)
    with opened() as store:
        new = master.decide(store, *ends, Deed(who, note), same=said == "same")
    typer.echo(f"{ends[0]} and {ends[1]}: {said}" if new else "this was said already")


def _one(store: Store, left: str, right: str) -> Pair:
    ends = master.pair_of(master.record_named(left), master.record_named(right))
    found = next((pair for pair in master.waiting(store) if (pair.left, pair.right) == ends), None)
    if found is None:
        raise FixInput(f"{left} and {right} do not wait; `he-sync match reviews list` shows what does")
    return found


def _row(pair: Pair) -> dict[str, str]:
    score = f"{pair.score_millionths / 1_000_000:.6f}"
    return {"left": str(pair.left), "right": str(pair.right), "score": score, "reasons": pair.reasons}


def _decisions(store: Store) -> list[dict[str, str]]:
    return [
        {
            "left": str(one.left),
            "right": str(one.right),
            "said": "same" if one.same else "apart",
            "who": one.who,
            "why": one.why,
            "at": one.at.isoformat(),
        }
        for one in master.standing(store)
    ]
