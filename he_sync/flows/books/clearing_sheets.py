"""The clearing proof as tables of the evidence: each date's roll-forward, what stands open, what differs and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from he_sync.flows.books.clearing import clearing, of
from he_sync.flows.books.ground import Books
from he_sync.model.errors import FixInput
from he_sync.model.money import to_major
from he_sync.model.retailer import Retailer
from he_sync.reconcile.clearing.proof import Rolled
from he_sync.reconcile.evidence.sheets import Cell, Sheet

PROOF = (
    *("date", "account", "store", "opening_minor", "added_minor", "cleared_minor", "closing_minor", "differs_minor"),
    *("open_items_minor", "items", "mid", "group"),
)
"""Columns of the roll-forward; the first eight are those on paper."""


def proof_row(one: Rolled, retailer: Retailer) -> dict[str, Any]:
    """An account of a merchant on a date, by PROOF; the funding group of a clearing account, "" for others."""
    books = retailer.accounts
    cells = (
        *(one.date, one.account, one.unit, one.opening_minor, one.added_minor, one.cleared_minor, one.closing_minor),
        *(one.differs_minor, one.open_minor, one.items),
        next((store.mid for store in retailer.stores if store.code == one.unit), ""),
        {books.card_clearing: "VMDD", books.amex_clearing: "AMEX"}.get(one.account, ""),
    )
    return dict(zip(PROOF, cells, strict=True))


def sheets(office: Books, days: Sequence[str], stores: Collection[str]) -> Iterator[Sheet]:
    """Of some dates, as of the last; without rows where that was not compared yet."""
    columns = tuple(name.removesuffix("_minor") for name in PROOF)
    items = ("account", "store", "item", "since", "amount")
    causes = ("account", "store", "event", "since", "until", "amount", "why", "entries", "action")
    try:
        found = of(clearing(office, days[-1]), (), stores)
    except FixInput:
        yield from (Sheet(*one, ()) for one in zip(NAMES, (columns, items, causes), strict=True))
        return

    def money(minor: int) -> Cell:
        return to_major(minor, office.retailer.currency)

    told = [proof_row(one, office.retailer) for one in found.rolled if one.date in days]
    proof = [tuple(money(row[name]) if name.endswith("_minor") else row[name] for name in PROOF) for row in told]
    yield Sheet(NAMES[0], columns, tuple(proof))
    left = [(one.account, one.unit, one.item, one.since, money(one.amount_minor)) for one in found.items]
    yield Sheet(NAMES[1], items, tuple(left))
    gaps = [
        (
            *(one.gap.account, one.gap.unit, one.gap.event, one.gap.since, one.gap.until, money(one.gap.amount_minor)),
            *(one.why, ", ".join(one.entries), one.action),
        )
        for one in found.causes
        if not one.gap.until or one.gap.until > days[0]
    ]
    yield Sheet(NAMES[2], causes, tuple(gaps))


NAMES = ("clearing", "clearing_items", "clearing_differences")
