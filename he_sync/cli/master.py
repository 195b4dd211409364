"""`he-sync match take|show|history|merge|unmerge|split|erase|verify`: the master. What changes is shown first.

Without `--yes` nothing is written: the same work is done and undone, and what it would do is printed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from he_sync.cli.decided import SIDES, Sides, sides_named
from he_sync.cli.effects import ME, opened
from he_sync.cli.match_files import found_in
from he_sync.model.errors import FixInput
from he_sync.model.survivorship import GROUPS
from he_sync.store import master
from he_sync.store.master import Customer, Deed, Done

One = Annotated[str, typer.Argument(metavar="CUSTOMER", help="M12, or a record: heartland:7, epicor:H7")]
Note = Annotated[str, typer.Option("--note", help="Why; kept in the audit")]
Who = Annotated[str, typer.Option("--who", help="Who decides; kept in the audit")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without this it is shown only")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON")]


def take(  # noqa: PLR0913, PLR0917 - one argument an option
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results of `he-sync match customers`")],
    left: Annotated[Path, typer.Argument(metavar="LEFT", help="The file that it read")],
    note: Note,
    right: Annotated[Path | None, typer.Argument(metavar="[RIGHT]", help="The other one")] = None,
    columns: Annotated[list[str] | None, typer.Option("--columns", metavar="FIELD=NAME", help="As in the run")] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Of CSV files")] = "utf-8",
    sides: Sides = SIDES,
    who: Who = ME,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Bring the master to what a run found, and queue its pairs for review."""
    files = [path for path in (left, right) if path is not None]
    found = found_in(folder, files, sides_named(sides), columns or [], encoding)
    with opened() as store:
        taken = master.take(store, found, Deed(who, note), dry=not yes)
    told = vars(taken)
    _print(told, ", ".join(f"{count:,} {name}" for name, count in told.items()), as_json=as_json, yes=yes)


def show(one: One, as_json: AsJson = False) -> None:
    """A customer: its records, its golden record with the source of each field, its accounts."""
    with opened() as store:
        number = _number(store, one)
        customer = master.customer(store, number)
    if as_json:
        typer.echo(json.dumps(_document(customer), indent=1))
        return
    typer.echo(_headline(customer))
    table = Table("field", "value", "from", "dated", "by")
    for name, field in customer.golden.items():
        table.add_row(name, _plain(field.value), f"{field.side}:{field.id}", field.dated, field.rule)
    Console(width=160).print(table)


def history(one: One, as_json: AsJson = False) -> None:
    """Everything that happened to a customer and to the ones it took in."""
    with opened() as store:
        events = master.history(store, _number(store, one))
    if as_json:
        rows = [{**vars(event), "at": event.at.isoformat(), "detail": dict(event.detail)} for event in events]
        typer.echo(json.dumps(rows, indent=1, default=str))
        return
    table = Table("at", "what", "customer", "other", "records", "who", "why")
    for event in events:
        what = f"{event.kind} (taken back)" if event.undone_by else event.kind
        ends = (f"M{event.master}", "" if event.other == event.master else f"M{event.other}")
        moved = " ".join(map(str, event.moved))
        table.add_row(f"{event.at:%Y-%m-%d %H:%M}", what, *ends, moved, _plain(event.who), _plain(event.reason))
    Console(width=160).print(table)


def merge(  # noqa: PLR0913, PLR0917 - one argument an option
    loser: One, survivor: One, note: Note, who: Who = ME, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Merge the first customer into the second; records, links and unsent orders follow."""
    _change(
        lambda store: master.merge(
            store, _number(store, loser), _number(store, survivor), Deed(who, note), dry=not yes
        ),
        as_json=as_json,
        yes=yes,
    )


def unmerge(loser: One, note: Note, who: Who = ME, yes: Yes = False, as_json: AsJson = False) -> None:
    """Take back the merge that ended a customer, however long ago."""
    _change(
        lambda store: master.unmerge(store, _number(store, loser), Deed(who, note), dry=not yes),
        as_json=as_json,
        yes=yes,
    )


def split(
    records: Annotated[list[str], typer.Argument(metavar="RECORD...", help="heartland:7, epicor:H7")],
    note: Note,
    who: Who = ME,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Make records of one customer a customer of their own."""
    those = [master.record_named(text) for text in records]
    _change(lambda store: master.split(store, those, Deed(who, note), dry=not yes), as_json=as_json, yes=yes)


def erase(one: One, note: Note, who: Who = ME, yes: Yes = False, as_json: AsJson = False) -> None:
    """Erase what names a customer from every table; ids, amounts and hashes stay."""
    with opened() as store:
        done = master.erase(store, _number(store, one), Deed(who, note), dry=not yes)
    rows = ", ".join(f"{count} {table}" for table, count in done.rows.items()) or "none"
    line = f"M{done.master}: {done.records} records; rows scrubbed: {rows}"
    _print({**vars(done)}, line, as_json=as_json, yes=yes)


def verify(
    record: Annotated[str, typer.Argument(metavar="RECORD", help="heartland:7, epicor:H7")],
    fields: Annotated[list[str], typer.Argument(metavar="FIELD...", help=", ".join(GROUPS))],
    note: Note,
    who: Who = ME,
) -> None:
    """Say that a person checked fields of a record; they survive before all others."""
    one = master.record_named(record)
    with opened() as store:
        number = master.verify(store, one, fields, Deed(who, note))
    typer.echo(f"M{number}: {', '.join(fields)} of {one} verified")


VERBS: dict[str, Callable[..., None]] = {
    "take": take,
    "show": show,
    "history": history,
    "merge": merge,
    "unmerge": unmerge,
    "split": split,
    "erase": erase,
    "verify": verify,
}


def _number(store: Any, text: str) -> int:
    if ":" not in text:
        return master.number_named(text)
    found = master.whose(store, master.record_named(text))
    if found is None:
        raise FixInput(f"{text} is not in the master; `he-sync match take` brings records in")
    return found


def _change(act: Callable[[Any], Done], *, as_json: bool, yes: bool) -> None:
    with opened() as store:
        done = act(store)
    records = [str(one) for one in done.moved]
    told = {
        "customer": f"M{done.master}",
        "other": f"M{done.other}",
        "records": records,
        "links": [[one.heartland_id, one.was, one.now] for one in done.links],
        "effects": [list(one) for one in done.effects],
        "unsent_minor": done.amount_minor,
    }
    lines = [f"records {' '.join(records) or 'none'}: M{done.master}, M{done.other}"]
    lines += [
        f"heartland:{one.heartland_id} orders on {one.was or 'none'} -> {one.now or 'none'}" for one in done.links
    ]
    lines += [f"effect {key[:10]} {name}: {was} -> {now}" for key, name, was, now in done.effects]
    _print(told, "\n".join(lines), as_json=as_json, yes=yes)


def _print(told: dict[str, Any], text: str, *, as_json: bool, yes: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"done": yes, **told}, indent=1))
        return
    typer.echo(text)
    typer.echo("done" if yes else "nothing was written; the same with --yes does it")


def _headline(customer: Customer) -> str:
    went = f", merged into M{customer.merged_into}" if customer.merged_into else ""
    erased = ", erased" if customer.erased else ""
    home = f", household H-M{customer.household}" if customer.household else ""
    accounts = f", orders on {customer.accounts[0]}" if customer.accounts else ""
    return f"M{customer.id}{went}{erased}: {' '.join(map(str, customer.members)) or 'no records'}{accounts}{home}"


def _document(customer: Customer) -> dict[str, Any]:
    records = [str(one) for one in customer.members]
    told = {name: vars(field) for name, field in customer.golden.items()}
    return {**vars(customer), "records": records, "golden": told, "accounts": list(customer.accounts)}


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
