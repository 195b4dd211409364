"""`he-sync close status|propose|approve|post|sign|reopen DATE`: the close of store-days by hand, one verb a step.

Exit 0 done, 1 something was refused or waits (one line each), 2 bad input.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from he_sync.flows import night
from he_sync.flows.books import deciding, posting, proposing
from he_sync.flows.books import ledger as books_ledger
from he_sync.flows.books.ground import Books, Memory, date_of
from he_sync.flows.books.ledger import Ledger
from he_sync.flows.books.look import Looked, look
from he_sync.flows.books.pack import known, write_pack
from he_sync.flows.books.totals import totals
from he_sync.model.errors import FixInput, FixSettings, HeSyncError
from he_sync.model.money import show
from he_sync.model.retailer import load_retailer
from he_sync.reconcile.evidence.manifest import read_manifest, wrong
from he_sync.reconcile.journals.store_day import STATES
from he_sync.settings import home_and_profile, read_settings, store_address
from he_sync.store.books import Journal
from he_sync.store.database import open_store
from he_sync.store.lake import Lake

ME = getpass.getuser()
LONGEST = 62
"""Dates in one call: two months, as in the chain."""
Day = Annotated[str, typer.Argument(metavar="DATE", help="Business date, YYYY-MM-DD")]
Until = Annotated[str | None, typer.Option(help="Last date of a range that begins with DATE")]
Stores = Annotated[list[str] | None, typer.Option("--store", help="Of this store alone; may be repeated")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON")]
Who = Annotated[str, typer.Option(help="Who does it; kept in the audit")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept in the audit and the evidence")]


def add_to(app: typer.Typer) -> None:
    """Give an app the verbs."""
    for verb in (status, propose, approve, post, sign, reopen, pack, verify):
        app.command()(verb)


@contextmanager
def memory() -> Iterator[Memory]:
    """The books without any system's password. Raises FixInput where no date was closed in this home yet."""
    home, profile = home_and_profile()
    with open_store(store_address()) as store:
        yield Memory(store, Lake(home / "lake"), load_retailer(profile))


def days(first: str, last: str | None) -> list[str]:
    """Business dates of a range, both in. Raises FixInput for what is none, backwards or too long."""
    begin, end = date.fromisoformat(date_of(first)), date.fromisoformat(date_of(last or first))
    if not 0 <= (end - begin).days < LONGEST:
        raise FixInput(f"--until {end} must be {begin} or one of the {LONGEST - 1} days after it")
    return [(begin + timedelta(days=step)).isoformat() for step in range((end - begin).days + 1)]


@dataclass
class Said:
    """What a verb has to say: rows for a table, and what was refused or waits, one line each."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)

    def tell(self, *, as_json: bool) -> None:
        """Print it, and end with 1 where something is to do."""
        if as_json:
            typer.echo(json.dumps({"rows": self.rows, "to_do": self.to_do}, indent=1))
        else:
            console = Console()
            if self.rows:
                console.print(table(self.rows))
            for line in self.to_do:
                console.print(f"[bold red]do[/] {_plain(line)}", soft_wrap=True)
        if self.to_do:
            raise typer.Exit(1)


def table(rows: Sequence[dict[str, Any]]) -> Table:
    """Rows of one kind under the names of the first."""
    made = Table(*rows[0])
    for row in rows:
        made.add_row(*(_plain(str(value)) for value in row.values()))
    return made


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _each(first: str, last: str | None, do: Callable[[str], None], said: Said) -> None:
    """Every date of the range; one that is refused does not stop the others, a setting that is wrong does."""
    for day in days(first, last):
        try:
            do(day)
        except FixSettings:
            raise
        except HeSyncError as error:
            if last is None:
                raise
            said.to_do.append(f"{day}: {error}")


def status(
    day: Day,
    until: Until = None,
    store: Stores = None,
    ledger: Annotated[bool, typer.Option("--ledger", help="Read the ledger of Epicor anew, line by line")] = False,
    as_json: AsJson = False,
) -> None:
    """Where each store-day stands, what keeps it from the next state, and what the month came to.

    With --ledger also whether what was posted, and signed, still stands there.
    """
    said = Said()
    with _office(ledger=ledger) as (books, read):

        def do(one: str) -> None:
            found = look(books, one, store or (), read(one))
            said.rows.extend(_standing(books, each) for each in found)
            if not as_json:
                typer.echo(f"{one}: {_in_money(found, books.retailer.currency)}")

        _each(day, until, do, said)
        month = totals(books, date_of(day)[:7])
    if not as_json:
        for who, cents in sorted(month.approved.items()):
            count = month.journals[who]
            typer.echo(f"{month.month}: {who} approved {show(cents, books.retailer.currency)} in {count} journals")
        for account, cents in month.tolerances.items():
            typer.echo(f"{month.month}: {show(cents, books.retailer.currency)} on {account}")
        for rule, cents in month.written_off.items():
            typer.echo(f"{month.month}: {show(cents, books.retailer.currency)} of exceptions written off under {rule}")
    said.tell(as_json=as_json)


@contextmanager
def _office(*, ledger: bool) -> Iterator[tuple[Books, Callable[[str], Ledger | None]]]:
    """The books alone, or with a way to read a date's ledger."""
    if not ledger:
        with memory() as books:
            yield books, lambda _: None
        return
    with night.open_office(read_settings()) as office:
        yield office, lambda day: books_ledger.read(office, day)


def _in_money(found: Sequence[Looked], currency: str) -> str:
    """How much of what was taken stands where, the furthest state first."""
    taken = {state: [one for one in found if one.standing.state == state] for state in reversed(STATES)}
    sums = {state: sum(one.ground.day.tendered_minor for one in some) for state, some in taken.items() if some}
    whole = show(sum(sums.values()), currency)
    return f"of {whole} taken, " + ", ".join(f"{show(cents, currency)} is {state}" for state, cents in sums.items())


def _standing(books: Books, one: Looked) -> dict[str, Any]:
    waiting = [each for each in one.journals if each.state in {"proposed", "approved"}]
    return {
        "date": one.row.business_date,
        "store": one.store,
        "state": one.standing.state,
        "tickets": one.ground.day.tickets,
        "taken": show(one.ground.day.tendered_minor, books.retailer.currency),
        "journals": len(one.journals),
        "waiting": show(sum(each.amount_minor for each in waiting), books.retailer.currency),
        "signed by": one.row.signed_by if one.standing.state == "signed" else "",
        "because": one.standing.because,
    }


def propose(  # noqa: PLR0913, PLR0917 - the options of a verb
    day: Day,
    until: Until = None,
    store: Stores = None,
    rules: Annotated[
        Literal["day", "today"], typer.Option(help="The rules the store-day was proposed with before, or today's")
    ] = "day",
    preview: Annotated[bool, typer.Option("--preview", help="Show what would be proposed; propose nothing")] = False,
    who: Who = ME,
    as_json: AsJson = False,
) -> None:
    """Propose what the ledger lacks of each store-day, one journal a tender; nothing leaves for Epicor."""
    said = Said()
    with night.open_office(read_settings()) as office:

        def do(one: str) -> None:
            if preview:
                said.rows.extend(_step(office, step) for step in proposing.preview(office, one, store or (), rules))
                return
            for each in proposing.propose_day(office, one, who, store or (), rules):
                said.rows.extend(_journal(office, journal) for journal in each.new)
                said.to_do.extend([f"{each.store} of {one}: {each.refused}"] if each.refused else [])

        _each(day, until, do, said)
    said.tell(as_json=as_json)


def _step(books: Books, step: Any) -> dict[str, Any]:
    amount = show(step.entry.amount_minor, books.retailer.currency)
    return {"journal": step.key, "what": step.what, "amount": amount, "undoes": step.undoes or step.replaces}


def _journal(books: Books, one: Journal) -> dict[str, Any]:
    return {
        "journal": one.key,
        "what": one.what,
        "amount": show(one.amount_minor, books.retailer.currency),
        "posting date": one.posting_date,
        "late": "late" if one.late else "",
        "rules": one.rules,
        "prepared by": one.prepared_by,
    }


def approve(  # noqa: PLR0913, PLR0917 - the options of a verb
    day: Day, reason: Why, until: Until = None, store: Stores = None, who: Who = ME, as_json: AsJson = False
) -> None:
    """Approve proposed journals that somebody else prepared, up to the limit of your role."""
    _decide(day, until, as_json, lambda books, one: deciding.approve_day(books, one, who, reason, store or ()))


def reopen(  # noqa: PLR0913, PLR0917 - the options of a verb
    day: Day, reason: Why, until: Until = None, store: Stores = None, who: Who = ME, as_json: AsJson = False
) -> None:
    """Take signatures back, so that what changed after them may be proposed as late."""
    _decide(day, until, as_json, lambda books, one: deciding.reopen_day(books, one, who, reason, store or ()))


def _decide(day: str, until: str | None, as_json: bool, act: Callable[[Memory, str], deciding.Decided]) -> None:
    said = Said()
    with memory() as books:
        _each(day, until, lambda one: _take(said, one, act(books, one)), said)
    said.tell(as_json=as_json)


def _take(said: Said, day: str, decided: deciding.Decided) -> None:
    said.rows.extend({"date": day, "done": name} for name in decided.done)
    said.to_do.extend(decided.refused)


def post(day: Day, until: Until = None, store: Stores = None, who: Who = ME, as_json: AsJson = False) -> None:
    """Post approved journals to Epicor, each once, and read them back; may run again at any time."""
    said = Said()
    with night.open_office(read_settings()) as office:

        def do(one: str) -> None:
            for each in posting.post_day(office, one, who, store or ()):
                said.rows.extend({"date": one, "store": each.store, "posted": key} for key in each.posted)
                if each.state not in {"posted", "signed"}:
                    said.to_do.append(f"{each.store} of {one} is {each.state}: {each.because}")

        _each(day, until, do, said)
    said.tell(as_json=as_json)


def sign(  # noqa: PLR0913, PLR0917 - the options of a verb
    day: Day, reason: Why, until: Until = None, store: Stores = None, who: Who = ME, as_json: AsJson = False
) -> None:
    """Sign store-days that are posted, after the ledger was read once more."""
    said = Said()
    with night.open_office(read_settings()) as office:
        _each(day, until, lambda one: _take(said, one, deciding.sign_day(office, one, who, reason, store or ())), said)
    said.tell(as_json=as_json)


def pack(  # noqa: PLR0913, PLR0917 - the options of a verb
    day: Day,
    out: Annotated[Path, typer.Option("--out", help="Folder of the pack; replaced as a whole")],
    until: Until = None,
    store: Stores = None,
    who: Who = ME,
    as_json: AsJson = False,
) -> None:
    """Write the evidence of store-days: CSV, Excel, PDF, rules, and a manifest of hashes."""
    with memory() as books:
        digest = write_pack(books, days(day, until), store or (), out, who)
    typer.echo(json.dumps({"out": str(out), "manifest": digest}) if as_json else f"{out}: manifest {digest}")


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A pack")],
    books: Annotated[
        bool, typer.Option("--books", help="Ask the audit of these books, too, whether it is theirs")
    ] = False,
) -> None:
    """Prove that a pack is as it was written: every file by its hash, none missing, none added."""
    manifest, digest = read_manifest(folder)
    bad = list(wrong(folder, manifest))
    if books:
        with memory() as ours:
            bad += [] if known(ours, digest) else [f"no pack of these books has the manifest {digest}"]
    for line in bad:
        typer.echo(f"{folder}: {line}", err=True)
    if bad:
        raise typer.Exit(1)
    typer.echo(f"{folder}: {len(manifest['files'])} files are as they were written, manifest {digest}")
