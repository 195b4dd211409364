"""The tills as tables of the evidence: each register's tickets and cash, and the numbers that are nowhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from he_sync.flows.books.ground import Books
from he_sync.flows.books.tills import Register, tills
from he_sync.model.errors import FixInput
from he_sync.model.money import to_major
from he_sync.reconcile.evidence.sheets import Cell, Sheet
from he_sync.reconcile.tills.numbers import Gap

REGISTERS = ("date", "store", "register", "tickets", "voided", "cash_taken", "expected", "counted", "over")
GAPS = ("date", "scope", "place", "first", "last", "count", "after", "before")


def sheets(office: Books, days: Sequence[str], stores: Collection[str]) -> Iterator[Sheet]:
    """Of some dates; a date that was not pulled has no rows. Gaps of the company's series belong to every store."""
    registers: list[tuple[Cell, ...]] = []
    gaps: list[tuple[Cell, ...]] = []
    for day in days:
        try:
            found = tills(office, day)
        except FixInput:
            continue
        mine = [one for one in found.registers if not stores or one.store in stores]
        registers += [(day, *_register(one, office.retailer.currency)) for one in mine]
        gaps += [(day, *_gap(one)) for one in found.numbers.gaps if not stores or _of(one) in {*stores, ""}]
    yield Sheet("registers", REGISTERS, tuple(registers))
    yield Sheet("ticket_gaps", GAPS, tuple(gaps))


def _of(gap: Gap) -> str:
    return gap.place.split(" ")[0]


def _register(one: Register, currency: str) -> tuple[Cell, ...]:
    """Cash columns are empty where a register took none, counted and over where nobody counted."""
    drawer = one.drawer
    cash = (drawer.taken, drawer.expected, drawer.counted, drawer.over) if drawer else (None,) * 4
    told: tuple[Cell, ...] = tuple("" if cents is None else to_major(cents, currency) for cents in cash)
    return (one.store, one.register, one.tickets, one.voided, *told)


def _gap(one: Gap) -> tuple[Cell, ...]:
    return (one.scope, one.place, one.first, one.last, one.count, one.after, one.before)
