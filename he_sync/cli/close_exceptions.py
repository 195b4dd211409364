"""`he-sync close exceptions list|show|look|take|wait|explain|write-off|put-back`: exceptions of the close as a desk.

Verbs that change take the filter of `list`, or numbers, and show with --preview what they would do. All of it is one
transaction. Exit 1 names what stayed as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from he_sync.cli.close_books import ME, AsJson, Said, Who, Why, memory
from he_sync.flows.books.ground import Memory, date_of
from he_sync.flows.close import renew_exceptions
from he_sync.flows.exceptions.choosing import AGES, NOBODY, STATUSES, Aged, Filter, aged, chosen, sheet
from he_sync.flows.exceptions.deciding import Change, Desks, Preview, decide, preview, wish
from he_sync.flows.exceptions.finding import desk
from he_sync.flows.exceptions.journals import renew_journals
from he_sync.model.errors import FixInput
from he_sync.model.money import show as money
from he_sync.reconcile.evidence.sheets import write_csv
from he_sync.store.exceptions import Break, Desk

exceptions = typer.Typer(no_args_is_help=True, help="Breaks of store-days: who has them, why, and what they are worth.")

Numbers = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="These alone; none: what the filter says")]
OfStore = Annotated[str, typer.Option("--store", help="Of this store")]
OfDay = Annotated[str, typer.Option("--day", help="Of this business date, or from it")]
UntilDay = Annotated[str, typer.Option("--until", help="To this business date")]
OfClass = Annotated[str, typer.Option("--class", help="Of this class")]
OfOwner = Annotated[str, typer.Option("--owner", help=f"Of this person; {NOBODY}: not taken yet")]
OfAge = Annotated[str, typer.Option("--age", help=f"Business days: {', '.join(AGES)}")]
OfStatus = Annotated[str, typer.Option("--status", help=", ".join(STATUSES))]
Shown = Annotated[bool, typer.Option("--preview", help="Show what would change; change nothing")]


@dataclass(frozen=True)
class Room:
    """The desk, opened, and the books that it belongs to."""

    at: Desk
    books: Memory

    @property
    def desks(self) -> Desks:
        """Where wishes are judged."""
        return Desks(self.at, self.books.store, self.books.retailer)

    def chosen(self, numbers: Sequence[str], wanted: Filter) -> list[Aged]:
        """What numbers, or the filter, mean. Raises FixInput for a number that no exception has."""
        now = datetime.now(UTC)
        if not numbers:
            return chosen(self.at, wanted, self.books.retailer, now)
        found = self.at.of(numbers)
        if unknown := set(numbers) - {one.id for one in found}:
            raise FixInput(f"no exception has the number {min(unknown)[:40]}; he-sync close exceptions list has them")
        return list(aged(found, self.books.retailer, now))


@contextmanager
def room() -> Iterator[Room]:
    """The desk of the installation."""
    with memory() as books, desk(books.store, books.lake) as at:
        yield Room(at, books)


@exceptions.command("list")
def listed(  # noqa: PLR0913, PLR0917 - the options of a verb
    store: OfStore = "",
    day: OfDay = "",
    until: UntilDay = "",
    klass: OfClass = "",
    owner: OfOwner = "",
    age: OfAge = "",
    status: OfStatus = "unresolved",
    csv: Annotated[Path | None, typer.Option("--csv", help="Folder to write exceptions.csv into")] = None,
    as_json: AsJson = False,
) -> None:
    """Exceptions by date, the largest first, with owner, age in business days and value at risk."""
    with room() as one:
        found = one.chosen((), Filter(store, day, until, klass, owner, age, status))
        currency = one.books.retailer.currency
    if csv:
        csv.mkdir(parents=True, exist_ok=True)
        typer.echo(f"{write_csv(sheet(found, currency), csv)}: {len(found)} exceptions")
        return
    said = Said([_row(each, currency) for each in found])
    if not as_json:
        typer.echo(f"{len(found)} exceptions, {money(sum(each.one.risk_minor for each in found), currency)} at risk")
    said.tell(as_json=as_json)


def _row(each: Aged, currency: str) -> dict[str, Any]:
    one = each.one
    return {
        "id": one.id,
        "date": one.found.day,
        "store": one.found.store,
        "class": one.found.klass,
        "of": one.found.subject,
        "at risk": money(one.risk_minor, currency),
        "status": one.status,
        "owner": one.owner,
        "age": each.age,
        "because": one.because,
    }


@exceptions.command("show")
def shown(
    number: Annotated[str, typer.Argument(metavar="ID", help="Its number")],
    as_json: AsJson = False,
) -> None:
    """One exception and everything that was done about it."""
    with room() as one:
        [each] = one.chosen([number], Filter())
        steps, currency = one.at.steps(number), one.books.retailer.currency
    facts = _row(each, currency) | {"evidence": each.one.found.evidence, "action": each.one.found.action}
    rows = [
        {
            "at": f"{step.at:%Y-%m-%d %H:%M:%S} UTC",
            "who": step.who,
            "what": step.what,
            "owner": step.detail.get("owner", ""),
            "rule": step.detail.get("rule", ""),
            "reason": step.detail.get("reason", ""),
            "audit row": step.seq,
        }
        for step in steps
    ]
    if as_json:
        typer.echo(json.dumps({"exception": facts, "steps": rows}, indent=1))
        return
    for name, value in facts.items():
        typer.echo(f"{name}: {value}")
    Said(rows).tell(as_json=False)


@exceptions.command("look")
def look(
    day: Annotated[str, typer.Argument(metavar="DATE", help="Business date, YYYY-MM-DD")], as_json: AsJson = False
) -> None:
    """Bring a date's exceptions to what was compared and posted last; says what came, changed or vanished."""
    date = date_of(day)
    with room() as one:
        books = one.books
        deeds = [
            *renew_exceptions(books.store, books.lake, date),
            *renew_journals(books.store, books.lake, date, books.retailer.currency),
        ]
    Said([{"exception": deed.subject, "what": deed.what, "because": _why(deed.detail)} for deed in deeds]).tell(
        as_json=as_json
    )


def _why(detail: dict[str, Any]) -> str:
    found = detail.get("found", {})
    return str(detail.get("reason") or f"{found['klass']} of {found['subject']}")


def _add(word: str, what: str, told: str) -> None:
    """A verb that changes exceptions, under the filter of `list`."""

    def verb(  # noqa: PLR0913, PLR0917 - the options of a verb
        reason: Why,
        numbers: Numbers = None,
        store: OfStore = "",
        day: OfDay = "",
        until: UntilDay = "",
        klass: OfClass = "",
        owner: OfOwner = "",
        age: OfAge = "",
        status: OfStatus = "unresolved",
        give: Annotated[str, typer.Option("--for", help="take: who gets it; without it, you")] = "",
        rule: Annotated[str, typer.Option("--rule", help="write-off: the rule of approval.automatic")] = "",
        preview_only: Shown = False,
        who: Who = ME,
        as_json: AsJson = False,
    ) -> None:
        wanted, which = wish(what, who, reason, give, rule), Filter(store, day, until, klass, owner, age, status)
        if not numbers and not which.said:
            raise FixInput("name exceptions by number, or a filter such as --day or --class; --status all means all")
        with room() as one:
            those = [each.one for each in one.chosen(numbers or (), which)]
            if not those:
                raise FixInput(
                    "no exception fits the filter; he-sync close exceptions list --status all has all of them"
                )
            done = preview(one.desks, those, wanted) if preview_only else _done(one, those, wanted)
            currency = one.books.retailer.currency
        _tell(done, currency, as_json=as_json)

    verb.__doc__ = told
    exceptions.command(word)(verb)


def _done(one: Room, those: Sequence[Break], wanted: Any) -> Preview:
    return decide(one.desks, [each.id for each in those], wanted)


def _tell(done: Preview, currency: str, *, as_json: bool) -> None:
    rows = [_change(each, currency) for each in done.coming]
    staying = [
        f"{each.one.id} {each.one.found.klass} of {each.one.found.subject}: {each.why_not}" for each in done.staying
    ]
    if not as_json:
        typer.echo(f"{len(rows)} of {len(done.changes)}, {money(done.risk_minor, currency)} at risk")
    Said(rows, staying).tell(as_json=as_json)


def _change(each: Change, currency: str) -> dict[str, Any]:
    one = each.one
    return {
        "id": one.id,
        "class": one.found.klass,
        "of": one.found.subject,
        "at risk": money(one.risk_minor, currency),
        "was": one.status,
        "is": each.to,
        "owner": each.owner,
    }


for _word, _what, _told in (
    ("take", "take", "Take exceptions, or give them to somebody: they look after them."),
    ("wait", "wait", "Say that the other side (processor, bank, supplier) has to act first."),
    ("explain", "explain", "Close exceptions with an explanation; not by who had them, and within your role's limit."),
    (
        "write-off",
        "write_off",
        "Close small ones under the limit and the month's total of a named rule; books nothing.",
    ),
    ("put-back", "put_back", "Open them again, without an owner."),
):
    _add(_word, _what, _told)
