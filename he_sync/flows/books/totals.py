"""What a month of business dates came to: who approved how much, and what went to the accounts that are watched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from he_sync.flows.books.ground import Books
from he_sync.flows.exceptions.finding import desk
from he_sync.store import books


@dataclass(frozen=True)
class Totals:
    """Minor units of a month: approved by person or rule, the balance of tolerances by account, write-offs by rule.

    `journals` counts what was approved, by the same names.
    """

    month: str
    approved: Mapping[str, int]
    journals: Mapping[str, int]
    tolerances: Mapping[str, int]
    written_off: Mapping[str, int]


def totals(office: Books, month: str) -> Totals:
    """The totals of a month such as 2026-11, over all stores."""
    approved: Counter[str] = Counter()
    count: Counter[str] = Counter()
    moved: Counter[str] = Counter()
    own = office.retailer.accounts
    watched = (own.differences, own.over_short)
    for one in books.of_month(office.store, month):
        if one.approved_by:
            approved[one.approved_by] += one.amount_minor
            count[one.approved_by] += 1
        for line in one.body["lines"]:
            account = line["account"].partition("|")[0]
            if account in watched:
                moved[account] += int(line["amount_minor"])
    with desk(office.store, office.lake) as at:
        off = {rule.name: at.written_off(month, rule.name) for rule in office.retailer.approval.automatic}
    return Totals(month, dict(approved), dict(count), {account: moved[account] for account in watched}, off)
