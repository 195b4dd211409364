"""A store-day's entry taken apart by tender, and what of each part the ledger lacks.

One journal for each tender, and one for the other side: sales, tax, tips, liabilities (reference accounting 4.7, 6). A
late card ticket then reverses the card's journal and leaves the cash alone. The parts meet in one contra account, which
is nothing once all of a store-day are posted: together they are the entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from he_sync.model.retailer import Retailer
from he_sync.reconcile.journals.entry import Entry, Line, lines_of

SALES = "sales"
"""The part of everything that is no tender."""
USED = frozenset({"redeemed", "applied", "used"})
"""Lines of a liability that was paid with."""
TAKEN = ("card", "cash", "house")
"""Kinds of tender that fill an account of their own, which no other line of a store-day stands on."""


@dataclass(frozen=True)
class Chart:
    """Which accounts are a tender's own, and the contra account of the parts."""

    tenders: frozenset[str]
    contra: str


def chart(retailer: Retailer) -> Chart:
    """The chart of a profile; both clearing accounts are tenders', whichever brand a card turns out to be."""
    own = {tender.account for tender in retailer.tenders if tender.kind in TAKEN}
    books = retailer.accounts
    return Chart(frozenset({*own, books.card_clearing, books.amex_clearing}), books.suspense)


def lacking(entry: Entry, standing: Mapping[str, int], of: Chart) -> tuple[Entry, ...]:
    """The parts that bring the ledger from what others posted of this store-day to the entry, by name.

    `standing` is by account, debit positive, without the contra account: what stands there explains itself when every
    other account is right. Nothing standing: the whole entry, in parts.
    """
    found: dict[str, list[Line]] = {}
    for line in _missing(entry, standing, of):
        found.setdefault(_part(line, standing, of.tenders), []).append(line)
    return tuple(_entry(entry, part, lines, of.contra) for part, lines in sorted(found.items()))


def _missing(entry: Entry, standing: Mapping[str, int], of: Chart) -> list[Line]:
    """Lines of the entry less what stands; an account on which something stands is one line without detail."""
    touched = {account for account, cents in standing.items() if cents and account != of.contra}
    lines = [line for line in entry.lines if line.account not in touched]
    wanted: Counter[str] = Counter()
    for line in entry.lines:
        wanted[line.account] += line.amount_minor
    rest = [Line(account, wanted[account] - standing[account]) for account in sorted(touched)]
    return lines + [line for line in rest if line.amount_minor]


def _part(line: Line, standing: Mapping[str, int], tenders: Collection[str]) -> str:
    own = line.account in tenders or (line.about in USED and not standing.get(line.account))
    return line.account if own else SALES


def _entry(whole: Entry, part: str, lines: list[Line], contra: str) -> Entry:
    rest = sum(line.amount_minor for line in lines)
    moves = [(line.account, line.amount_minor, line.about) for line in lines]
    return replace(whole, part=part, lines=lines_of(*moves, (contra, -rest)))
