"""What of a date's store-days follows from the frames alone: their sums, content hashes, what is off in them.

Worked out once for the same content. A close looks at its date seven times and only what was posted changes between:
of a hundred stores each look took a second and a half.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import pandas as pd

from he_sync.flows import compare
from he_sync.flows.books import drawers
from he_sync.model.errors import FixInput
from he_sync.model.money import show
from he_sync.model.retailer import Retailer
from he_sync.reconcile.journals.days import Day, store_days
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
MADE_FROM = (
    *(("canonical", name) for name in (*NAMES, "settlement_links")),
    *(("raw", f"heartland/{name}") for name in ("tickets", "orders")),
    ("close", "drawers"),
)
"""Snapshots on which the outcome depends: registers stand in the raw documents alone."""


@dataclass(frozen=True)
class Pulled:
    """A store's date. `late` is the reason why it is not all there, `off` are those why it does not balance."""

    day: Day
    hashes: Mapping[str, str]
    late: tuple[str, ...]
    off: tuple[str, ...]


_LAST: WeakKeyDictionary[Lake, tuple[Any, dict[str, Pulled]]] = WeakKeyDictionary()
"""The date that was asked for last of each lake, under all that it depends on."""


def pulled(lake: Lake, day: str, retailer: Retailer, *, compared: bool) -> Mapping[str, Pulled]:
    """By code, all places that take cards, and others that sold or took something. Raises FixInput for no such date.

    Which account a card belongs on is known once the settlements are `compared`.
    """
    asked = (day, compared, retailer, *(_digest(lake, *place, day) for place in MADE_FROM))
    kept = _LAST.get(lake)
    if kept is None or kept[0] != asked:
        kept = _LAST[lake] = (asked, _made(lake, day, retailer, compared=compared))
    return kept[1]


def _digest(lake: Lake, stage: str, name: str, day: str) -> str:
    try:
        return lake.current(stage, name, day).digest
    except FixInput:
        return ""


def _made(lake: Lake, day: str, retailer: Retailer, *, compared: bool) -> dict[str, Pulled]:
    frames = {name: lake.read("canonical", name, day) for name in NAMES}
    accounts = compare.accounts(lake, day, retailer) if compared else {}
    over, counted = drawers.over_short(lake, day), drawers.hashes(lake, day)
    sold = store_days(day, frames["tickets"], frames["payments"], accounts, retailer, over)
    found = {one.store: one for one in sold}
    by_store = {name: dict(iter(rows.groupby("store"))) for name, rows in frames.items()}
    expected = {store.code for store in retailer.stores if store.mid} | found.keys()
    made = {}
    for code in sorted(expected):
        mine = {name: some.get(code, frames[name].iloc[:0]) for name, some in by_store.items()}
        hashes = {name: _hash(rows, NAMES[name]) for name, rows in mine.items()}
        hashes |= {"drawers": counted[code]} if code in counted else {}
        off = _off(found[code], mine["tickets"], retailer.currency) if code in found else ()
        day_of = found.get(code, Day(code, 0, 0, 0, None))
        made[code] = Pulled(day_of, hashes, _no_sale(code, mine, retailer.currency), off)
    return made


def _hash(mine: pd.DataFrame, columns: tuple[str, ...]) -> str:
    """Of a store's rows, whatever their order: sixteen hex digits over their plain Python values."""
    told = sorted(map(repr, zip(*(mine[name].tolist() for name in columns), strict=True)))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _no_sale(code: str, mine: Mapping[str, pd.DataFrame], currency: str) -> tuple[str, ...]:
    """Cards were charged in a store of whose date the POS has nothing: its tills are off line and come later."""
    amounts = mine["settlement_lines"]["amount_minor"]
    charged = amounts[amounts > 0]
    if charged.empty or not (mine["tickets"].empty and mine["payments"].empty):
        return ()
    told = f"{len(charged)} cards were charged {show(int(charged.sum()), currency)} and the POS has no sale of {code}"
    return (f"{told}; wait for its tills, then close the date again",)


def _off(day: Day, tickets: pd.DataFrame, currency: str) -> tuple[str, ...]:
    side = "more" if day.off_minor > 0 else "less"
    off = f"tenders are {show(abs(day.off_minor), currency)} {side} than what was sold; find the ticket or the payment"
    numbers = Counter(tickets[~tickets["voided"]]["public_id"].tolist())
    twice = [number for number, count in numbers.items() if count > 1]
    doubled = [f"ticket number {number} is there more than once; void one of them" for number in sorted(twice)]
    return (*([off] if day.off_minor else []), *doubled)
