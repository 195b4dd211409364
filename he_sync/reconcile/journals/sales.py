"""The sale side: a store's business date, refunds, exchanges, layaways and breakage (reference accounting 4.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from he_sync.model.errors import BadRecord
from he_sync.model.money import show
from he_sync.model.retailer import Accounts
from he_sync.reconcile.journals.entry import Entry, Line, lines_of


@dataclass(frozen=True)
class StoreDay:
    """What a store sold and took on a business date, minor units, all positive.

    `tenders` are by natural account and already net of change. Gift cards and deposits used to pay are no tenders
    here but `redeemed` and `deposits_applied`: they shorten a liability. `tax` is by jurisdiction and is never
    recomputed. Gift cards sold, deposits taken and tips are owed, never revenue.
    """

    company: str
    store: str
    business_date: str
    tenders: Mapping[str, int]
    sales: int = 0
    returns: int = 0
    tax: Mapping[str, int] = field(default_factory=dict)
    tips: int = 0
    gift_cards_sold: int = 0
    redeemed: int = 0
    deposits_taken: int = 0
    deposits_applied: int = 0
    store_credit_issued: int = 0
    store_credit_used: int = 0
    over_short: int = 0
    currency: str = "USD"
    records: tuple[str, ...] = ()


def store_day(day: StoreDay, books: Accounts) -> Entry:
    """J1, J5, J11 and J14: one summary of a store-day. Raises BrokenPromise where tenders and sales do not meet.

    `over_short` is what the drawers hold beyond what they should, negative when cash is missing.
    """
    taxes = [(books.sales_tax, -cents, place) for place, cents in sorted(day.tax.items())]
    lines = lines_of(
        *sorted(day.tenders.items()),
        (books.gift_cards, day.redeemed, "redeemed"),
        (books.deposits, day.deposits_applied, "applied"),
        (books.store_credit, day.store_credit_used, "used"),
        (books.returns, day.returns),
        (books.sales, -day.sales),
        *taxes,
        (books.tips, -day.tips),
        (books.gift_cards, -day.gift_cards_sold, "sold"),
        (books.deposits, -day.deposits_taken, "taken"),
        (books.store_credit, -day.store_credit_issued, "issued"),
        (books.over_short, -day.over_short),
    )
    return _of(day, "store_day", lines)


def _of(day: StoreDay, kind: str, lines: tuple[Line, ...]) -> Entry:
    return Entry(kind, day.company, day.store, day.business_date, "business", lines, day.currency, records=day.records)


def breakage(company: str, period_end: str, cents: int, owed: int, books: Accounts) -> Entry:
    """J12: gift cards that nobody will redeem, in proportion to redemption, only where policy and state law allow.

    Raises BadRecord where more would be taken than is owed on cards.
    """
    if not 0 < cents <= owed:
        raise BadRecord(f"breakage of {show(cents)} on {period_end}: cards owe {show(owed)}; check the proportion")
    lines = lines_of((books.gift_cards, cents), (books.breakage, -cents))
    return Entry("breakage", company, "company", period_end, "period end", lines)
