"""All accounts proven at once: the roll-forward by date, what stands open, every gap with its cause, lines by hand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from he_sync.model.retailer import Accounts
from he_sync.reconcile.clearing import words
from he_sync.reconcile.clearing.causes import Cause, explain
from he_sync.reconcile.clearing.proof import OpenItem, Rolled, gaps, open_items, roll


@dataclass(frozen=True)
class Clearing:
    """The proof over some dates, ascending. `by_hand` are lines that book nothing known (booked.COLUMNS)."""

    dates: tuple[str, ...]
    rolled: tuple[Rolled, ...]
    items: tuple[OpenItem, ...]
    causes: tuple[Cause, ...]
    by_hand: pd.DataFrame

    @cached_property
    def last(self) -> tuple[Rolled, ...]:
        """The roll-forward of the last date."""
        return tuple(one for one in self.rolled if one.date == self.dates[-1])

    @property
    def open_causes(self) -> tuple[Cause, ...]:
        """What is not right at the end of the last date; none is the proof."""
        return tuple(one for one in self.causes if one.gap.on(self.dates[-1]))


def proven(books: Accounts, cards: Collection[str] = ()) -> tuple[str, ...]:
    """Accounts whose items are known one by one; `cards` are other accounts that card tenders fill."""
    known = {books.card_clearing, books.amex_clearing, *cards, books.reserve, books.disputes}
    return tuple(sorted({*known, *owed(books)}))


def owed(books: Accounts) -> frozenset[str]:
    """Accounts that grow by credits."""
    return frozenset({books.gift_cards, books.deposits, books.store_credit})


def prove(moves: pd.DataFrame, booked: pd.DataFrame, dates: Sequence[str], books: Accounts, currency: str) -> Clearing:
    """Hold the ledger's lines against what should have moved, up to the last of `dates`.

    Lines dated later move nothing yet; they say from when on a difference is none.
    """
    last = dates[-1]
    moves, lines = moves[moves["date"] <= last], booked[booked["date"] <= last]
    hand = f"{words.BY_HAND} " + booked["document"]
    named = booked.assign(event=booked["event"].mask(booked["event"] == "", hand))
    found = gaps(moves, named, dates)
    return Clearing(
        tuple(dates),
        tuple(roll(moves, named[named["date"] <= last], dates, owed(books))),
        tuple(open_items(moves, last)),
        tuple(explain(found, moves, named, currency)),
        lines[lines["event"] == ""].sort_values(["date", "account", "document"]).reset_index(drop=True),
    )
