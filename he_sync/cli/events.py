"""`he-sync events`: one record's story, what waits or is parked, and letting it go again after its cause was mended."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from he_sync.flows import conflicts as queue
from he_sync.flows import history, replaying
from he_sync.flows.workshop import works
from he_sync.model.errors import FixInput
from he_sync.settings import store_address
from he_sync.store import dead_letters, inbox
from he_sync.store.database import Store, open_store
from he_sync.store.inbox import Kept

OPEN = ("new", "taken", "parked")
STATES = ("new", "taken", "done", "quiet", "parked")
LONGEST = 200
app = typer.Typer(no_args_is_help=True)
letters = typer.Typer(no_args_is_help=True)
app.add_typer(letters, name="letters", help="Records that broke a rule: which, why, and what to do.")
conflicts = typer.Typer(no_args_is_help=True)
app.add_typer(conflicts, name="conflicts", help="Where two bodies, two sides or two programs say different things.")
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON")]
Who = Annotated[str, typer.Option(help="Who decides; kept in the audit")]
Note = Annotated[str, typer.Option(help="What was mended; kept in the audit")]


class Stands(StrEnum):
    """Whose value an edit is settled for."""

    OURS = "ours"
    THEIRS = "theirs"


ME = getpass.getuser()


def _store() -> Store:
    address = store_address()
    if isinstance(address, Path) and not address.exists():
        raise FixInput(f"{address} is not there; set HE_HOME to the installation's folder")
    return open_store(address)


# looking


@app.command()
def show(
    name: Annotated[str, typer.Argument(help='A record ("order 117060"), event, effect key, PONum or order number')],
    bodies: Annotated[bool, typer.Option(help="What was received, read and sent, in full")] = True,
    as_json: AsJson = False,
) -> None:
    """One record's whole story: received, read, mapped, decided, sent, answered, reported back."""
    with _store() as store:
        entity = history.entity_of(store, name)
        told = history.of(store, entity)
        open_letters = [kept.letter.plain for kept in dead_letters.listing(store) if kept.letter.record == entity]
    if as_json:
        steps = [{**asdict(step), "at": step.at.isoformat()} for step in told]
        typer.echo(json.dumps({"entity": entity, "story": steps, "letters": open_letters}, indent=1))
        return
    console = Console(soft_wrap=True)
    console.print(entity, style="bold", markup=False)
    for step in told:
        _line(console, f"{step.at:%Y-%m-%d %H:%M:%S.%f} {step.step:<9} {step.summary}")
        if bodies and step.body:
            _line(console, f"{'':27}{step.body}")
    for text in open_letters:
        _line(console, f"do: {text}")


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False)


@app.command("list")
def listing(
    state: Annotated[list[str] | None, typer.Option(help=f"{', '.join(STATES)}; may be repeated")] = None,
    as_json: AsJson = False,
) -> None:
    """Events that are not answered yet, or those in the states named."""
    if unknown := set(state or ()).difference(STATES):
        raise FixInput(f"no event is ever {min(unknown)!r}; use {', '.join(STATES)}")
    with _store() as store:
        found = inbox.listing(store, state or OPEN)
    _table([_row(kept) for kept in found], as_json=as_json)


def _row(kept: Kept) -> dict[str, str]:
    event = kept.event
    waits = f" until {kept.not_before:%H:%M:%S}" if kept.not_before else ""
    return {
        "event": str(event.seq),
        "state": kept.state + waits,
        "of": event.entity,
        "topic": event.address,
        "by": event.origin,
        "received": f"{event.received_at:%Y-%m-%d %H:%M:%S}",
        "note": kept.note,
    }


def _table(rows: Sequence[dict[str, str]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    elif not rows:
        typer.echo("none")
    else:
        table = Table(*rows[0])
        for row in rows:
            table.add_row(*(text.replace("[", r"\[") for text in row.values()))
        Console(width=LONGEST).print(table)


# replaying


@app.command()
def replay(  # noqa: PLR0913, PLR0917 - which events, and what of them
    names: Annotated[
        list[str] | None, typer.Argument(help="Records, events, effect keys, PONums or order numbers")
    ] = None,
    note: Note = "",
    who: Who = ME,
    all_parked: Annotated[bool, typer.Option("--all-parked", help="Every parked event")] = False,
    entity_kind: Annotated[str, typer.Option(help='Only records of this kind, e.g. "order"')] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show, which is what happens without --yes")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Replay; without it nothing is changed")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer events again: shown first, done with --yes. What was done already is not done again."""
    with works() as place:
        chosen = replaying.chosen(place.store, names or [], all_parked=all_parked, kind=entity_kind)
        told = replaying.would(place, chosen) if dry_run or not yes else []
        reopened = 0 if dry_run or not yes else replaying.reopen(place.store, chosen, who, note)
    if as_json:
        typer.echo(json.dumps({"would": [asdict(one) for one in told], "reopened": reopened}, indent=1))
        return
    for one in told:
        _line(Console(soft_wrap=True), f"{one.entity} ({len(one.events)} events): {one.outcome}, {one.would}")
    done = f"{reopened} events wait to be answered again; the drain takes them"
    typer.echo(done if yes and not dry_run else f"{len(chosen)} events would be replayed; say --yes to do it")


# letters


@letters.command("list")
def letters_list(
    flow: Annotated[str, typer.Option(help="Only those of one flow")] = "", as_json: AsJson = False
) -> None:
    """Open letters: record, rule, what to do in plain words, how often it was tried."""
    with _store() as store:
        found = [kept for kept in dead_letters.listing(store) if not flow or kept.letter.flow == flow]
    rows = [
        {
            "letter": str(kept.number),
            "of": kept.letter.record,
            "rule": f"{kept.letter.column} {kept.letter.rule}",
            "what": kept.letter.plain or kept.letter.reason,
            "flow": kept.letter.mapping_version,
            "tried": str(kept.letter.attempts),
            **({"payload": kept.letter.payload} if as_json else {}),
        }
        for kept in found
    ]
    _table(rows, as_json=as_json)


@letters.command("fix")
def letters_fix(
    numbers: Annotated[list[int], typer.Argument(help="Numbers of letters whose cause was mended")],
    note: Note,
    who: Who = ME,
    resolve_only: Annotated[bool, typer.Option("--resolve-only", help="Close them; answer nothing again")] = False,
) -> None:
    """Answer the events of these letters again after their cause was mended, or only close the letters."""
    with _store() as store:
        known = {kept.number for kept in dead_letters.listing(store)}
        if missing := sorted(set(numbers) - known):
            raise FixInput(f"no open letter has number {missing[0]}; `he-sync events letters list` shows them")
        if resolve_only:
            done = sum(dead_letters.resolve(store, number, who, note) for number in numbers)
            typer.echo(f"{done} letters closed")
        else:
            typer.echo(f"{dead_letters.replay(store, numbers, who, note)} events wait to be answered again")


# conflicts


@conflicts.command("list")
def conflicts_list(as_json: AsJson = False) -> None:
    """Open conflicts: an event id with two bodies, an effect planned twice, a field or an edit that two claim."""
    with _store() as store:
        found = queue.queue(store)
    rows = [{"conflict": one.name, "of": one.entity, "what": one.what, "do": one.to_do} for one in found]
    _table([asdict(one) for one in found] if as_json else rows, as_json=as_json)


@conflicts.command("show")
def conflicts_show(name: Annotated[str, typer.Argument(help="As the list calls it")]) -> None:
    """Both contents of one conflict, in full."""
    with _store() as store:
        one = next((each for each in queue.queue(store) if each.name == name), None)
    if one is None:
        raise FixInput(f"no open conflict is called {name!r}; `he-sync events conflicts list` shows them")
    console = Console(soft_wrap=True)
    _line(console, f"{one.entity}: {one.what}")
    _line(console, f"first: {one.first}")
    _line(console, f"other: {one.other}")
    _line(console, f"do: {one.to_do}")


@conflicts.command("settle")
def conflicts_settle(
    name: Annotated[str, typer.Argument(help="As the list calls it")],
    note: Note,
    who: Who = ME,
    stands: Annotated[Stands | None, typer.Option(help="Of an edit: whose value it is to be")] = None,
) -> None:
    """Close a conflict with a reason, which the audit keeps."""
    with _store() as store:
        queue.settle(store, name, who, note, stands.value if stands else None)
    typer.echo(f"{name} is settled")
