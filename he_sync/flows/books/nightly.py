"""Store-days as the night leaves them: looked at; proposed, approved by rules and posted where the close posts them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from he_sync.flows.books.look import Looked, look
from he_sync.flows.books.posting import post_day
from he_sync.flows.books.proposing import PREPARER, propose_day
from he_sync.flows.night import Office
from he_sync.model.calendar import add_bank_days
from he_sync.model.retailer import Retailer
from he_sync.store import books
from he_sync.store.books import StoreDay
from he_sync.store.database import Store

LOOK_BACK = timedelta(days=62)
"""How far an unsigned store-day is reminded of; the chain looks as far."""


@dataclass(frozen=True)
class Night:
    """A date's store-days after the night, and why nothing was proposed for some."""

    looked: tuple[Looked, ...]
    refused: tuple[str, ...] = ()

    @property
    def not_posted(self) -> tuple[Looked, ...]:
        """Store-days that finance cannot sign yet."""
        return tuple(one for one in self.looked if not one.reaches("posted"))


def run(office: Office, day: str) -> Night:
    """Bring a date's store-days as far as no person is needed. Where others post the payments, only look."""
    if office.retailer.epicor.ledger == "payments":
        return Night(tuple(look(office, day)))
    proposed = propose_day(office, day, PREPARER)
    post_day(office, day, PREPARER)
    refused = tuple(f"{one.store}: {one.refused}" for one in proposed if one.refused)
    return Night(tuple(look(office, day)), refused)


def overdue(store: Store, retailer: Retailer, today: date) -> list[StoreDay]:
    """Store-days that are past the profile's deadline and not signed; none where the profile sets no deadline.

    A deadline on a weekend or bank holiday is the next bank day: nobody is there to sign.
    """
    within = retailer.approval.sign_within_days
    if within is None:
        return []
    last = today - timedelta(days=within + 1)
    found = books.listing(store, (last - LOOK_BACK).isoformat(), last.isoformat())
    return [one for one in found if one.state != "signed" and deadline(one.business_date, retailer) < today]


def deadline(day: str, retailer: Retailer) -> date:
    """The last date on which a business date is signed in time; the profile's own number of days, a bank day."""
    on = date.fromisoformat(day) + timedelta(days=retailer.approval.sign_within_days or 0)
    return add_bank_days(on - timedelta(days=1), 1, retailer.terms.bank_holidays)
