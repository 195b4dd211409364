"""What a store-day stands on, as pulled and compared: its sums, the hashes of them, and what speaks against it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import pandas as pd

from he_sync.flows import compare
from he_sync.flows.books import drawers
from he_sync.model.errors import FixInput
from he_sync.model.money import show
from he_sync.model.retailer import Retailer
from he_sync.reconcile.journals.days import Day, store_days
from he_sync.store import dead_letters, effects
from he_sync.store.database import Store
from he_sync.store.lake import Lake

NAMES: Mapping[str, tuple[str, ...]] = {
    "tickets": (
        *("ticket_id", "public_id", "kind", "subtotal_minor", "tax_minor", "tip_minor", "gift_card_minor"),
        "voided",
    ),
    "payments": ("payment_id", "owner", "kind", "payment_type", "amount_minor", "voided"),
    "settlement_lines": ("line_id", "kind", "brand_group", "amount_minor", "reference"),
}
"""What a journal is made of, by frame: another column of these rows may change without moving a cent."""
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
    frames = {name: office.lake.read("canonical", name, day) for name in NAMES}
    missing, unmatched, under_way = _set_aside(office, day), _not_compared(office, day), _under_way(office, day)
    accounts = {} if unmatched else compare.accounts(office.lake, day, office.retailer)
    sold = (frames["tickets"], frames["payments"])
    over, counted = drawers.over_short(office.lake, day), drawers.hashes(office.lake, day)
    found = {one.store: one for one in store_days(day, *sold, accounts, office.retailer, over)}
    expected = {store.code for store in office.retailer.stores if store.mid} | found.keys()
    return [
        Ground(
            day,
            code,
            found.get(code, Day(code, 0, 0, 0, None)),
            {name: _hash(rows, code, NAMES[name]) for name, rows in frames.items()}
            | ({"drawers": counted[code]} if code in counted else {}),
            (*missing, *_no_sale(code, frames, office.retailer.currency)),
            _off(found.get(code), frames["tickets"], office.retailer.currency),
            (*unmatched, *under_way.get(code, ())),
        )
        for code in sorted(expected)
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


def _hash(rows: pd.DataFrame, store: str, columns: tuple[str, ...]) -> str:
    """Of the store's rows, whatever their order: sixteen hex digits over their plain Python values."""
    mine = rows[rows["store"] == store]
    told = sorted(map(repr, zip(*(mine[name].tolist() for name in columns), strict=True)))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _set_aside(office: Books, day: str) -> tuple[str, ...]:
    """Records that could not be read belong to nobody knows which store: no store of the date is complete."""
    letters = dead_letters.listing(office.store, day)
    bad = [one.letter for one in letters if one.letter.entity.rpartition("/")[2] in SET_ASIDE]
    return tuple(f"{one.entity} {one.record} is set aside ({one.reason}); correct it and pull again" for one in bad)


def _no_sale(code: str, frames: Mapping[str, pd.DataFrame], currency: str) -> tuple[str, ...]:
    """Cards were charged in a store of whose date the POS has nothing: its tills are off line and come later."""
    if any((frames[name]["store"] == code).any() for name in ("tickets", "payments")):
        return ()
    lines = frames["settlement_lines"]
    charged = lines[(lines["store"] == code) & (lines["amount_minor"] > 0)]["amount_minor"]
    told = f"{len(charged)} cards were charged {show(int(charged.sum()), currency)} and the POS has no sale of {code}"
    return () if charged.empty else (f"{told}; wait for its tills, then close the date again",)


def _not_compared(office: Books, day: str) -> tuple[str, ...]:
    lacking = [leg for leg in compare.LEGS if not _there(office, leg, day)]
    return (f"{', '.join(lacking)} of {day} are not compared yet; run he-sync close {day}",) if lacking else ()


def _there(office: Books, leg: str, day: str) -> bool:
    try:
        office.lake.current("reconcile", leg, day)
    except FixInput:
        return False
    return True


def _off(day: Day | None, tickets: pd.DataFrame, currency: str) -> tuple[str, ...]:
    if day is None:
        return ()
    side = "more" if day.off_minor > 0 else "less"
    off = f"tenders are {show(abs(day.off_minor), currency)} {side} than what was sold; find the ticket or the payment"
    mine = tickets[(tickets["store"] == day.store) & ~tickets["voided"]]
    twice = [number for number, count in Counter(mine["public_id"].tolist()).items() if count > 1]
    doubled = [f"ticket number {number} is there more than once; void one of them" for number in sorted(twice)]
    return (*([off] if day.off_minor else []), *doubled)


def _under_way(office: Books, day: str) -> dict[str, list[str]]:
    """By store, corrections of payments that the ledger does not show yet: the store-day would make them once more."""
    found: dict[str, list[str]] = {}
    for one in effects.listing(office.store, day, IN_THE_WAY):
        if one.effect.kind == "post_journal":
            said = f"the correction of {one.effect.entity} is {one.state}; settle it first"
            code = str(one.effect.body.get("store"))
            found.setdefault(code, []).append(f"{said} (he-sync effects list --date {day})")
    return found
