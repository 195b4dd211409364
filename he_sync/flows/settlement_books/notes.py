"""What a date's snapshots say of other dates: few facts a date, kept from run to run, so that they need not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from he_sync.flows.settlement_books import store_days
from he_sync.flows.settlement_books.ledger import sold
from he_sync.flows.settlement_books.numbers import Numbers
from he_sync.flows.settlement_books.source import Source
from he_sync.model.contract import records


@dataclass(frozen=True)
class Deposit:
    """A deposit of a date: the first business date that it pays, its last batch, and its place at the bank."""

    since: str
    last_batch: str
    bank_account: str
    amount_minor: int


@dataclass(frozen=True)
class Note:
    """Of one date. `pays` and `posts` are dates of settlement lines and postings that its snapshots bring.

    `references` are those of its bank lines; `sales_elsewhere` are sales that its sales orders name and that are not
    its own; `sums` are other dates of store-days that its ledger lines post.
    """

    pays: Sequence[str] = ()
    posts: Sequence[str] = ()
    deposits: Mapping[str, Deposit] = field(default_factory=dict)
    references: Sequence[str] = ()
    sales_elsewhere: Sequence[str] = ()
    sums: Sequence[str] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**vars(self), "deposits": {name: vars(one) for name, one in self.deposits.items()}}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Note:
        """The reverse of `plain`."""
        deposits = {name: Deposit(**one) for name, one in plain["deposits"].items()}
        return cls(**{**plain, "deposits": deposits})


def note(source: Source, day: str, numbers: Numbers) -> Note:
    """Read a date's snapshots for what others have to know; its sales are then known by number as the date's."""
    paid, bank = source.frame("deposit_lines", day), source.frame("bank_lines", day)
    own = sold(source, day)
    numbers.hold("pos_orders", day, numbers.orders.all(sorted(own)))
    booked = source.frame("erp_orders", day)
    names = booked[~booked["voided"]]["source"]
    return Note(
        pays=sorted(set(paid["business_date"])),
        posts=sorted(set(source.frame("ledger_elsewhere", day)["posting_date"])),
        deposits=_deposits(source.frame("deposits", day), paid),
        references=sorted(set(bank["reference"]) - {""}),
        sales_elsewhere=sorted(set(names) - {""} - own.keys()),
        sums=store_days.dates(source, day),
    )


def _deposits(deposits: pd.DataFrame, paid: pd.DataFrame) -> dict[str, Deposit]:
    """Also those that lines name and that no deposit of the date is: a bank line may name them."""
    since = paid.groupby("deposit_id")["business_date"].min().to_dict()
    last = paid.groupby("deposit_id")["batch_id"].max().to_dict()
    known = {row.deposit_id: row for row in records(deposits)}
    found = {}
    for name in sorted({*known, *since} - {""}):
        row = known.get(name)
        place = (row.bank_account, int(row.amount_minor)) if row else ("", 0)
        found[name] = Deposit(since.get(name, ""), last.get(name, ""), *place)
    return found
