"""Journals proposed: what each store-day needs in the ledger, dated into an open period, approved where a rule may.

A store-day that was signed is not touched: what came after the signature is proposed once somebody reopened it, as a
late item under its own business date.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date

from he_sync.flows.books import ledger as books_ledger
from he_sync.flows.books import periods, rules
from he_sync.flows.books.ground import Books, Ground, grounds
from he_sync.flows.books.ledger import Ledger
from he_sync.flows.books.look import Looked, look
from he_sync.flows.books.posting import give_way, settle
from he_sync.flows.exceptions.finding import desk, rule_used
from he_sync.flows.night import Office
from he_sync.model.retailer import Retailer
from he_sync.reconcile.journals.correction import Posted, Step, propose
from he_sync.reconcile.journals.entry import Entry, Line
from he_sync.reconcile.journals.life import Automatic, Proposal, approve_by_rule
from he_sync.reconcile.journals.parts import chart, lacking
from he_sync.reconcile.journals.periods import Calendar, place
from he_sync.store import books
from he_sync.store.books import Approval, Journal

PREPARER = "he-sync"
"""Who prepares when nobody asks: the night."""


@dataclass(frozen=True)
class Outcome:
    """What a proposal did for one store-day. `refused` says why nothing was proposed, "" where something could be."""

    store: str
    new: tuple[Journal, ...] = ()
    kept: tuple[Journal, ...] = ()
    withdrawn: tuple[Journal, ...] = ()
    refused: str = ""


def propose_day(
    office: Office, day: str, who: str, stores: Collection[str] = (), which: rules.Which = "day"
) -> list[Outcome]:
    """Propose what the store-days of a date need. Nothing leaves for Epicor, which is only read.

    Raises FixSettings where the company cannot say what is closed, FixInput for rules that are not here any more.
    """
    first = look(office, day, stores)
    settle(office, first)
    now, open_dates = books_ledger.read(office, day), periods.calendar(office.systems, date.fromisoformat(day))
    then = _Then(office, day)
    found = [_one(then, one, now, open_dates, who, which) for one in look(office, day, stores, now)]
    _automatic(office, day)
    look(office, day, stores, now)
    return found


def preview(office: Office, day: str, stores: Collection[str] = (), which: rules.Which = "day") -> list[Step]:
    """The steps that a proposal would make, as the ledger is now; nothing is written but what was read."""
    now, then = books_ledger.read(office, day), _Then(office, day)
    return [step for one in look(office, day, stores, now) for step in _steps(then, one, now, which)[0]]


@dataclass(frozen=True)
class Would:
    """What a proposal would do for one store-day: journals that are kept nowhere yet, or why it would do nothing."""

    store: str
    journals: tuple[Journal, ...] = ()
    refused: str = ""


def would(office: Office, day: str, who: str, stores: Collection[str] = (), which: rules.Which = "day") -> list[Would]:
    """The journals that `propose_day` would make now, dated into open periods; nothing is proposed.

    Raises what `propose_day` raises.
    """
    now, open_dates = books_ledger.read(office, day), periods.calendar(office.systems, date.fromisoformat(day))
    then = _Then(office, day)
    found = []
    for one in look(office, day, stores, now):
        if refused := _refused(one, which):
            found.append(Would(one.store, refused="" if one.standing.state == "signed" and which == "day" else refused))
            continue
        steps, version = _steps(then, one, now, which)
        late = one.row.times_signed > 0
        made = tuple(_journal(step, one, open_dates, who, version, late=late) for step in steps)
        found.append(Would(one.store, made))
    return found


@dataclass
class _Then:
    """Store-days under earlier rules, each version worked out once for all stores."""

    office: Office
    day: str
    made: dict[str, dict[str, Ground]] = field(default_factory=dict)

    def ground(self, one: Looked, retailer: Retailer, version: str) -> Ground:
        if retailer is self.office.retailer:
            return one.ground
        if version not in self.made:
            found = grounds(replace(self.office, retailer=retailer), self.day)
            self.made[version] = {each.store: each for each in found}
        return self.made[version][one.store]


def _one(  # noqa: PLR0913, PLR0917 - one store-day with all that its proposal takes
    then: _Then, one: Looked, now: Ledger, open_dates: Calendar, who: str, which: rules.Which
) -> Outcome:
    if one.standing.state == "signed" and which == "day":
        return Outcome(one.store)
    if refused := _refused(one, which):
        return Outcome(one.store, refused=refused)
    steps, version = _steps(then, one, now, which)
    office = then.office
    late = one.row.times_signed > 0
    wanted = [_journal(step, one, open_dates, who, version, late=late) for step in steps]
    if held := give_way(office, one.row.business_date, one.store, wanted, who):
        return Outcome(one.store, refused=held)
    done = books.propose(office.store, one.row.business_date, one.store, one.row.ground, version, wanted)
    return Outcome(one.store, done.new, done.kept, done.withdrawn)


def _refused(one: Looked, which: rules.Which) -> str:
    if one.row.signed_on is not None:
        why = one.standing.because or f"{one.row.signed_by} signed it"
        return why if one.standing.decertified else f"{why}; reopen it with a reason, then propose with {which}'s rules"
    if not one.reaches("matched"):
        return one.standing.because
    return ""


def _steps(then: _Then, one: Looked, now: Ledger, which: rules.Which) -> tuple[list[Step], str]:
    """What is to be posted and reversed under the chosen rules, and the version of these."""
    office = then.office
    retailer, version = rules.chosen(office.store, office.retailer, which, one.row.rules)
    entry = then.ground(one, retailer, version).day.entry
    kept = books.history(office.store, one.row.business_date, one.store)
    posted = {name: [_posted(each) for each in versions] for name, versions in kept.items()}
    return list(propose(lacking(entry, now.standing(one.store), chart(retailer)) if entry else (), posted)), version


def _posted(one: Journal) -> Posted:
    return Posted(entry_of(one), one.version, one.erp_number, one.undone_by)


def entry_of(one: Journal) -> Entry:
    """The entry of a journal, as it was proposed."""
    company, unit, day, kind, part = one.body["entry"]
    lines = [Line(line["account"].partition("|")[0], line["amount_minor"], line["about"]) for line in one.body["lines"]]
    return Entry(kind, company, unit, day, "business", tuple(lines), one.body["currency"], part)


def _journal(  # noqa: PLR0913 - one step with all that a journal says
    step: Step, one: Looked, open_dates: Calendar, who: str, version: str, *, late: bool
) -> Journal:
    entry, day = step.entry, one.row.business_date
    undoing = " R" if step.what == "reverse" else ""
    text = f"HE {one.store} {day} {entry.part} v{step.version}{undoing}"
    placed = place(date.fromisoformat(day), text, open_dates)
    late = late or placed.late
    text += " late" if late else ""
    lines = [
        {"account": f"{line.account}|{one.store}", "amount_minor": line.amount_minor, "text": text, "about": line.about}
        for line in entry.lines
    ]
    body = {
        "store": one.store,
        "date": placed.on.isoformat(),
        "text": text,
        "lines": lines,
        "currency": entry.currency,
        "entry": [entry.company, entry.unit, entry.date, entry.kind, entry.part],
    }
    return Journal(
        key=step.key,
        name=entry.name,
        version=step.version,
        what=step.what,
        business_date=day,
        store=one.store,
        posting_date=placed.on.isoformat(),
        late=late,
        text=text,
        body=body,
        content=entry.content,
        amount_minor=entry.amount_minor,
        rules=version,
        prepared_by=who,
        undoes=step.undoes,
        replaces=step.replaces,
    )


def _automatic(office: Books, day: str) -> None:
    """Let the profile's rules approve what is under their limits, in the order of the rules and of the journals."""
    for given in office.retailer.approval.automatic:
        rule = Automatic(given.name, given.limit_minor, given.month_limit_minor)
        waiting = books.of_day(office.store, day, states=("proposed",))
        with desk(office.store, office.lake) as at:
            used = rule_used(at, office.store, day[:7], rule.name)
        found = approve_by_rule([proposal(office, each) for each in waiting], rule, used)
        agreed = [one for one in found if one.state == "approved"]
        moves = [(one, one.moves[-1]) for one in agreed]
        books.approve_many(office.store, [Approval(one.key, one.content, to.by, to.reason) for one, to in moves])


def proposal(office: Books, one: Journal) -> Proposal:
    """A journal as approval looks at it."""
    return Proposal(one.key, one.content, one.amount_minor, one.prepared_by, office.retailer.currency)
