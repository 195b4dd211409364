"""What each date of the folder must know of the others, from their notes: of whom it reads, and what it leaves out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from he_sync.flows.settlement_books.cards import Linked
from he_sync.flows.settlement_books.notes import Note
from he_sync.flows.settlement_books.numbers import Numbers


@dataclass(frozen=True)
class Reach:
    """Of one date. `paid_on`, `posted_by`, `booked_by`, `summed_by`: dates with lines, postings, orders, sums of it.

    `away` are sales of other dates that its sales orders are of; `batches` last batches by deposit, `gone` references
    or (account, amount) of deposits that paid sales of before the first date, as its bank lines name them.
    """

    paid_on: Sequence[str] = ()
    posted_by: Sequence[str] = ()
    booked_by: Sequence[str] = ()
    summed_by: Sequence[str] = ()
    away: Sequence[str] = ()
    batches: Mapping[str, str] = field(default_factory=dict)
    gone: Sequence[Any] = ()
    unpaid: Sequence[str] = ()
    """Of the dates that pay its lines: deposits of before the first date, whose fees and chargebacks are left out."""
    linked: Linked = field(default_factory=Linked)


def paying(notes: Mapping[str, Note], first: str) -> dict[str, list[str]]:
    """By date those whose deposits pay it."""
    return _by_target({day: [one for one in note.pays if one >= first] for day, note in notes.items()})


def posting(notes: Mapping[str, Note]) -> dict[str, list[str]]:
    """By date those whose nights found postings of it."""
    return _by_target({day: note.posts for day, note in notes.items()})


def summing(notes: Mapping[str, Note]) -> dict[str, list[str]]:
    """By date those whose ledger lines post its store-days."""
    return _by_target({day: note.sums for day, note in notes.items()})


def _by_target(named: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for day, targets in sorted(named.items()):
        for target in targets:
            found[target].append(day)
    return found


@dataclass(frozen=True)
class Booked:
    """Sales orders that stand on another date than their sale: by the sale's date whose they are, by theirs which."""

    by: Mapping[str, Sequence[str]]
    away: Mapping[str, Sequence[str]]


def booked(notes: Mapping[str, Note], numbers: Numbers) -> Booked:
    """Where the sales are that orders of other dates name; one that no date has stays where its order is."""
    first, last = min(notes), max(notes)
    by: dict[str, list[str]] = defaultdict(list)
    away: dict[str, list[str]] = {}
    for day, note in sorted(notes.items()):
        known = numbers.orders.known(note.sales_elsewhere) if note.sales_elsewhere else {}
        dates = numbers.holding("pos_orders", known.values(), first, last) if known else {}
        away[day] = sorted(name for name, number in known.items() if dates.get(number, day) != day)
        for other in sorted({dates[known[name]] for name in away[day]}):
            by[other].append(day)
    return Booked(by, away)


def at_bank(notes: Mapping[str, Note]) -> tuple[dict[str, dict[str, str]], dict[str, list[Any]]]:
    """By date what its bank lines have to know: `batches` and `gone` of `Reach`."""
    first = min(notes)
    deposits = {name: one for _, note in sorted(notes.items()) for name, one in note.deposits.items()}
    old = {name for name, one in deposits.items() if one.since and one.since < first}
    batches, gone = {}, {}
    for day, note in notes.items():
        batches[day] = {
            name: deposits[name].last_batch for name in note.references if name in deposits and name not in old
        }
        unnamed = sorted(
            (one.bank_account, one.amount_minor)
            for name, one in note.deposits.items()
            if name in old and one.bank_account
        )
        gone[day] = [*(name for name in note.references if name in old), *unnamed]
    return batches, gone


def unpaid(notes: Mapping[str, Note], paid_on: Sequence[str]) -> list[str]:
    """Of some dates the deposits that paid sales of before the first date."""
    first = min(notes)
    return [
        name for day in paid_on for name, one in sorted(notes[day].deposits.items()) if one.since and one.since < first
    ]
