"""The filter of a list of exceptions, the age of each in business days, and the list as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta

from he_sync.flows.books.ground import date_of
from he_sync.model.calendar import is_bank_day, zone
from he_sync.model.errors import FixInput
from he_sync.model.money import to_major
from he_sync.model.quantity import from_milli
from he_sync.model.retailer import Retailer
from he_sync.reconcile.evidence.sheets import Cell, Sheet
from he_sync.store.exceptions import CLOSED, UNRESOLVED, Break, Desk, Status, Wanted

AGES: Mapping[str, tuple[int, int | None]] = {"0": (0, 0), "1-3": (1, 3), "4-7": (4, 7), "8+": (8, None)}
"""Buckets in business days, both ends in (reference accounting 4.6)."""
NOBODY = "nobody"
"""The owner of what nobody took."""
STATUSES: tuple[str, ...] = ("unresolved", *UNRESOLVED, *CLOSED, "all")
COLUMNS = (
    *("id", "date", "store", "class", "of", "amount", "at_risk", "units", "status", "owner", "age_business_days"),
    *("rule", "because", "evidence", "action", "leg", "record_date", "reopened", "changed_at"),
)


@dataclass(frozen=True)
class Filter:
    """Which exceptions are meant; an empty field means all. `status` "unresolved" is what nobody has closed."""

    store: str = ""
    day: str = ""
    until: str = ""
    klass: str = ""
    owner: str = ""
    age: str = ""
    status: str = "unresolved"

    def checked(self) -> Filter:
        """The same with its dates as they are kept. Raises FixInput for what no list can be filtered by."""
        if self.age and self.age not in AGES:
            raise FixInput(f"age {self.age!r} is none of {', '.join(AGES)}, in business days")
        if self.status not in STATUSES:
            raise FixInput(f"status {self.status!r} is none of {', '.join(STATUSES)}")
        if self.until and not self.day:
            raise FixInput("a last date needs a first one")
        day, until = (date_of(one) if one else "" for one in (self.day, self.until))
        return Filter(self.store, day, until, self.klass, self.owner, self.age, self.status)

    @property
    def statuses(self) -> tuple[Status, ...]:
        """As the desk is asked; none: all."""
        if self.status == "unresolved":
            return UNRESOLVED
        return tuple(one for one in (*UNRESOLVED, *CLOSED) if one == self.status)

    @property
    def said(self) -> dict[str, str]:
        """What it asks for by field, as it stands in an address; what it leaves open is left out."""
        told = {each.name: str(getattr(self, each.name)) for each in fields(self)}
        return {name: text for name, text in told.items() if text and (name, text) != ("status", "unresolved")}


@dataclass(frozen=True)
class Aged:
    """A break with its age in business days."""

    one: Break
    age: int


def chosen(at: Desk, wanted: Filter, retailer: Retailer, now: datetime) -> list[Aged]:
    """What a filter means, by date, the largest first."""
    return list(aged(at.page(asked(at, wanted, retailer, now)), retailer, now))


def asked(at: Desk, wanted: Filter, retailer: Retailer, now: datetime) -> Wanted:
    """A filter as the desk is asked: an owner in whatever case, an age as the dates that have it."""
    wanted, owner = wanted.checked(), wanted.owner.casefold()
    owners = [one for one in at.owners() if (one.casefold() or NOBODY) == owner] if owner else None
    dates = [one for one in at.dates() if _in(wanted.age, _age(one, retailer, now))] if wanted.age else None
    span = (wanted.day, wanted.until or wanted.day)
    return Wanted(wanted.statuses, *span, wanted.store, wanted.klass, owners, dates)


def _in(bucket: str, age: int) -> bool:
    low, high = AGES[bucket]
    return age >= low and (high is None or age <= high)


def aged(found: Iterable[Break], retailer: Retailer, now: datetime) -> Iterator[Aged]:
    """Breaks with their ages: bank days after the record's date up to today in the business time zone."""
    known = dict[str, int]()
    for one in found:
        of = one.found.of
        if of not in known:
            known[of] = _age(of, retailer, now)
        yield Aged(one, known[of])


def _age(of: str, retailer: Retailer, now: datetime) -> int:
    today = now.astimezone(zone(retailer.timezone)).date()
    return business_days(date.fromisoformat(of), today, retailer.terms.bank_holidays)


def business_days(since: date, until: date, holidays: Iterable[date] = ()) -> int:
    """Bank days after one date up to another, that one in; none backwards."""
    closed = frozenset(holidays)
    steps = range(1, max((until - since).days, 0) + 1)
    return sum(is_bank_day(since + timedelta(days=step), closed) for step in steps)


def sheet(found: Iterable[Aged], currency: str) -> Sheet:
    """The list as a table."""
    return Sheet("exceptions", COLUMNS, tuple(_row(each.one, each.age, currency) for each in found))


def _row(one: Break, age: int, currency: str) -> tuple[Cell, ...]:
    facts = one.found
    worth = (to_major(facts.minor, currency), to_major(one.risk_minor, currency), from_milli(facts.milli))
    state = (one.status, one.owner, age, one.rule, one.because, facts.evidence, facts.action, facts.leg, facts.of)
    changed = f"{one.at:%Y-%m-%d %H:%M:%S} UTC"
    return (one.id, facts.day, facts.store, facts.klass, facts.subject, *worth, *state, one.reopened, changed)
