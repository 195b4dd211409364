"""What a store-day stands on, as pulled and compared: its sums, the hashes of them, and what speaks against it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from he_sync.flows import compare
from he_sync.flows.books.pulled import NAMES, pulled
from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer
from he_sync.reconcile.journals.days import Day
from he_sync.store import dead_letters, effects
from he_sync.store.database import Store
from he_sync.store.lake import Lake

SET_ASIDE = frozenset({*NAMES, "sale_lines"})
IN_THE_WAY = ("planned", "intent", "doubtful", "parked", "rejected", "waiting_approval")


class Books(Protocol):
    """What a look at store-days takes: our memory and the profile, no system. An office is one."""

    @property
    def store(self) -> Store:
        """Where store-days and journals are kept."""

    @property
    def lake(self) -> Lake:
        """What was pulled."""

    @property
    def retailer(self) -> Retailer:
        """The profile."""


@dataclass(frozen=True)
class Memory:
    """The books of an installation whose systems need not be known."""

    store: Store
    lake: Lake
    retailer: Retailer


@dataclass(frozen=True)
class Ground:
    """One store-day as it was pulled: its sums, content hashes by name, reasons against its first states."""

    business_date: str
    store: str
    day: Day
    hashes: Mapping[str, str]
    missing: tuple[str, ...]
    off: tuple[str, ...]
    unmatched: tuple[str, ...]


def grounds(office: Books, day: str, stores: Collection[str] = ()) -> list[Ground]:
    """The store-days of a date, by store: all places that take cards, and others that sold or took something.

    Raises FixInput for no date, for a date that was never pulled, and for a store that the profile does not name.
    """
    _known(office.retailer, stores)
    day = date_of(day)
    missing, unmatched, under_way = _set_aside(office, day), _not_compared(office, day), _under_way(office, day)
    found = pulled(office.lake, day, office.retailer, compared=not unmatched)
    return [
        Ground(
            day,
            code,
            one.day,
            one.hashes,
            (*missing, *one.late),
            one.off,
            (*unmatched, *under_way.get(code, ())),
        )
        for code, one in found.items()
        if not stores or code in stores
    ]


def date_of(text: str) -> str:
    """A business date as it is kept. Raises FixInput for what is none."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise FixInput(f"{text!r} is not a date; write it as 2026-11-20") from None


def _known(retailer: Retailer, stores: Collection[str]) -> None:
    codes = {store.code for store in retailer.stores}
    for code in stores:
        if code not in codes:
            raise FixInput(f"the profile names no store {code}; it has {', '.join(sorted(codes))}")


def _set_aside(office: Books, day: str) -> tuple[str, ...]:
    """Records that could not be read belong to nobody knows which store: no store of the date is complete."""
    letters = dead_letters.listing(office.store, day)
    bad = [one.letter for one in letters if one.letter.entity.rpartition("/")[2] in SET_ASIDE]
    return tuple(f"{one.entity} {one.record} is set aside ({one.reason}); correct it and pull again" for one in bad)


def _not_compared(office: Books, day: str) -> tuple[str, ...]:
    lacking = [leg for leg in compare.LEGS if not _there(office, leg, day)]
    return (f"{', '.join(lacking)} of {day} are not compared yet; run he-sync close {day}",) if lacking else ()


def _there(office: Books, leg: str, day: str) -> bool:
    try:
        office.lake.current("reconcile", leg, day)
    except FixInput:
        return False
    return True


def _under_way(office: Books, day: str) -> dict[str, list[str]]:
    """By store, corrections of payments that the ledger does not show yet: the store-day would make them once more."""
    found: dict[str, list[str]] = {}
    for one in effects.listing(office.store, day, IN_THE_WAY):
        if one.effect.kind == "post_journal":
            said = f"the correction of {one.effect.entity} is {one.state}; settle it first"
            code = str(one.effect.body.get("store"))
            found.setdefault(code, []).append(f"{said} (he-sync effects list --date {day})")
    return found
