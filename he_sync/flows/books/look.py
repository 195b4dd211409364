"""Where store-days stand: facts of the lake, the store and, where it was read, the ledger; judged, written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from he_sync.flows.books.ground import Books, Ground, grounds
from he_sync.flows.books.ledger import Ledger
from he_sync.flows.exceptions.journals import alone
from he_sync.flows.writers import group_id
from he_sync.model.money import show
from he_sync.reconcile.journals.store_day import STATES, Facts, Standing, State, judge, transition
from he_sync.store import books, effects
from he_sync.store.books import Journal, StoreDay
from he_sync.store.books.days import Move
from he_sync.store.canonical import content_hash

LEDGER = "ledger"
"""The name among the hashes of what others posted of the store-day."""


@dataclass(frozen=True)
class Looked:
    """One store-day: its ground as pulled, its row as written down now, its journals that are not withdrawn."""

    ground: Ground
    row: StoreDay
    standing: Standing
    journals: tuple[Journal, ...]

    @property
    def store(self) -> str:
        """Its store's code."""
        return self.ground.store

    def reaches(self, state: State) -> bool:
        """Whether it stands there or further."""
        return STATES.index(self.standing.state) >= STATES.index(state)


def look(office: Books, day: str, stores: Collection[str] = (), ledger: Ledger | None = None) -> list[Looked]:
    """Judge the store-days of a date and write down where they stand; every move is in the audit.

    Without a ledger that was read just now, what others posted is taken as it was read last, and what we posted is
    believed to stand.
    """
    return [_one(office, one, ledger) for one in grounds(office, day, stores)]


def _one(office: Books, ground: Ground, ledger: Ledger | None) -> Looked:
    day, code = ground.business_date, ground.store
    row, journals = books.get(office.store, day, code), tuple(books.of_day(office.store, day, code))
    hashes = {**ground.hashes, LEDGER: _of_others(ledger, code) if ledger else row.ground.get(LEDGER, "")}
    against = (*unposted(office, journals), *(unproven(journals, ledger) if ledger else ()))
    facts = Facts(
        hashes,
        ground.missing,
        ground.off,
        ground.unmatched,
        against,
        row.proposed_on,
        row.signed_on,
        row.signed_by,
    )
    standing = judge(facts)
    move = Move(standing.state, standing.because, hashes, transition(row.state, standing))
    if (row.state, row.because, row.ground) != (move.state, move.because, hashes):
        row = books.moved(office.store, day, code, move)
    return Looked(ground, row, standing, journals)


def _of_others(ledger: Ledger, code: str) -> str:
    return content_hash(ledger.standing(code))[:16]


def unposted(office: Books, journals: Collection[Journal]) -> Iterator[str]:
    """One line for each journal that the ledger does not have, with its cents and what to do."""
    currency, undone = office.retailer.currency, alone(journals)
    for one in journals:
        what = f"{one.key} over {show(one.amount_minor, currency)}"
        if one.replaces in undone:
            what = f"{undone[one.replaces].key} stands alone in the ledger: {what}"
        if one.state == "proposed":
            yield f"{what} waits for approval by somebody other than {one.prepared_by}"
        elif one.state == "approved":
            yield f"{what} {_under_way(office, one)}"


def _under_way(office: Books, one: Journal) -> str:
    status = effects.find(office.store, one.effect_key) if one.effect_key else None
    if status is None or status.state == "planned":
        return "is approved and not posted; run he-sync close post"
    when = f"; it is looked up after {status.not_before:%H:%M:%S} UTC" if status.not_before else ""
    return f"is {status.state}: {status.reason or 'an answer is awaited'}{when}; then run he-sync close post again"


def unproven(journals: Collection[Journal], ledger: Ledger) -> Iterator[str]:
    """One line for each posted journal that the ledger does not hold line by line as it was posted."""
    there = ledger.by_group
    for one in journals:
        if one.effect_key and one.state in {"posted", "reversed"}:
            found = there.get(group_id(one.effect_key), Counter[tuple[str, int]]())
            if odd := _differs(lines_of(one), found):
                yield f"{one.key} is posted as {one.erp_number} and the ledger {odd}; find out who changed it"


def lines_of(one: Journal) -> Counter[tuple[str, int]]:
    """The lines of a journal as (account with store, cents)."""
    return Counter((line["account"], int(line["amount_minor"])) for line in one.body["lines"])


def _differs(wanted: Counter[tuple[str, int]], found: Counter[tuple[str, int]]) -> str:
    if not found:
        return "does not show it"
    lacks, has = next(iter(wanted - found), None), next(iter(found - wanted), None)
    told = [f"lacks {show(lacks[1])} on {lacks[0]}"] if lacks else []
    return " and ".join([*told, *([f"has {show(has[1])} on {has[0]}"] if has else [])])
