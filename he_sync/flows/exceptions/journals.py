"""Journals that stopped half-way, as exceptions: a reversal without its successor, and what Epicor refused.

Between a reversal and its successor the ledger lacks the store-day. Nothing of it is undone: the next
`he-sync close post` sends the successor again, or the next proposal puts another in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from he_sync.flows.exceptions.finding import desk, renew
from he_sync.store import books, effects
from he_sync.store.books import Journal
from he_sync.store.database import Store
from he_sync.store.effects import Status
from he_sync.store.exceptions import Deed, Found
from he_sync.store.lake import Lake

LEG = "journals"
ALONE, REFUSED = "reversal_alone", "journal_refused"
STOPPED = ("rejected", "parked")
WAITING = ("proposed", "approved")
AGAIN = "correct the cause, then close post"


def renew_journals(store: Store, lake: Lake, day: str, currency: str) -> list[Deed]:
    """Bring a date's desk to how its journals stand, of all stores; gives the changes."""
    found = list(stopped(store, books.of_day(store, day)))
    with desk(store, lake) as at:
        return renew(at, day, (LEG,), found, currency=currency)


def stopped(store: Store, journals: Iterable[Journal]) -> Iterator[Found]:
    """A break for each journal that the ledger lacks because its reversal went alone, or because Epicor refused it."""
    those = list(journals)
    undone = alone(those)
    for one in those:
        if one.state not in WAITING:
            continue
        status = effects.find(store, one.effect_key) if one.effect_key else None
        if one.replaces in undone:
            yield _found(one, ALONE, f"{undone[one.replaces].key} is posted, {one.key} {_how(one, status)}")
        elif status and status.state in STOPPED:
            yield _found(one, REFUSED, f"{one.key} {_how(one, status)}")


def alone(journals: Iterable[Journal]) -> dict[str, Journal]:
    """Posted reversals by the journal that they undid; whatever replaces it is what the ledger waits for."""
    return {one.undoes: one for one in journals if one.what == "reverse" and one.state == "posted"}


def _how(one: Journal, status: Status | None) -> str:
    if status is None or status.state in {"planned", "confirmed"}:
        return f"is {one.state} and not posted"
    return f"is {status.state}: {status.reason or 'an answer is awaited'}"


def _found(one: Journal, klass: str, evidence: str) -> Found:
    """The ledger lacks the journal: target minus source is below nothing."""
    facts = (klass, one.name, one.store, one.business_date, -one.amount_minor, 0)
    return Found(one.business_date, LEG, *facts, evidence, AGAIN)
