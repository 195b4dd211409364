"""A back-fill carried out, a date at a time: proposed, approved and posted as it was shown, in one go.

A date that is through is not done again. One that was cut off is gone on with: what it proposed is known by its keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from he_sync.flows.back_fill import deciding
from he_sync.flows.back_fill.difference import Row, journal, of_day
from he_sync.flows.back_fill.kept import Approved, Asked, Kept
from he_sync.flows.books import deciding as people
from he_sync.flows.books import posting, proposing
from he_sync.flows.books.proposing import proposal
from he_sync.flows.night import Office
from he_sync.flows.push import Clock
from he_sync.model.errors import FixInput, FixSettings, HeSyncError, Refused
from he_sync.reconcile.journals.life import approve
from he_sync.store import books
from he_sync.store.books import Approval

CHANGED = "what it needs is not what was shown any more; nothing was proposed, ask anew"


def carry_out(
    office: Office, home: Path, name: str, days: Iterable[date] | None = None, now: Clock | None = None
) -> dict[str, list[Row]]:
    """Do what was approved of some dates, of all where none are named; gives rows by date.

    A row has `store`, `posted` (keys), `state` and `because`. Raises Refused without an approval in the audit.
    """
    kept = Kept(home)
    asked = kept.asked(name)
    said, shown = deciding.word(office.store, kept, asked), kept.difference(name) or {}
    for day in [one.isoformat() for one in days] if days is not None else asked.days:
        if day not in kept.progress(name):
            kept.tell(name, f"{day}: propose, approve, post")
            kept.went(name, day, _rows(office, asked, said, _wanted(shown, day), day, now))
    return kept.progress(name)


def _rows(  # noqa: PLR0913, PLR0917 - one date with all that it takes
    office: Office, asked: Asked, said: Approved, wanted: dict[str, list[Row]], day: str, now: Clock | None
) -> list[Row]:
    """A date that is refused does not stop the others; what may work later, or a wrong setting, stops the run."""
    try:
        return _day(office, asked, said, wanted, day, now)
    except FixSettings:
        raise
    except (FixInput, Refused) as error:
        return [_row(store, wanted, office, day, "not posted", str(error)) for store in sorted(wanted)]


def _wanted(difference: Mapping[str, Any], day: str) -> dict[str, list[Row]]:
    """By store, the journals that were shown of a date; stores that need none are left out."""
    stores = [one for each in difference["days"] if each["day"] == day for one in each["stores"]]
    return {one["store"]: one["journals"] for one in stores if one["journals"]}


def _day(  # noqa: PLR0913, PLR0917 - one date with all that it takes
    office: Office, asked: Asked, said: Approved, wanted: dict[str, list[Row]], day: str, now: Clock | None
) -> list[Row]:
    if not wanted:
        return []
    begun = {store for store, rows in wanted.items() if _there(office, day, store, rows)}
    fresh, refused = _as_shown(office, asked, wanted, day, begun)
    if fresh:
        for each in proposing.propose_day(office, day, asked.who, sorted(fresh), asked.rules):
            if each.refused:
                refused[each.store] = each.refused
    ready = sorted((begun | fresh) - refused.keys())
    for store in ready:
        refused |= _approve(office, said, day, store, wanted[store])
    ready = [store for store in ready if store not in refused]
    done = posting.post_day(office, day, said.who, ready, now) if ready else []
    rows = [_row(one.store, wanted, office, day, one.state, one.because) for one in done]
    rows += [_row(store, wanted, office, day, "not posted", why) for store, why in refused.items()]
    return sorted(rows, key=lambda row: str(row["store"]))


def _there(office: Office, day: str, store: str, rows: list[Row]) -> bool:
    """Whether an earlier run, cut off, has proposed all of it."""
    known = {one.key: one.content for one in books.of_day(office.store, day, store)}
    return all(known.get(row["key"]) == row["content"] for row in rows)


def _as_shown(
    office: Office, asked: Asked, wanted: dict[str, list[Row]], day: str, begun: set[str]
) -> tuple[set[str], dict[str, str]]:
    """Stores that still need exactly what was shown, and why the others get nothing."""
    fresh: set[str] = set()
    refused: dict[str, str] = {}
    for one in of_day(office, asked, day):
        if one.store not in wanted or one.store in begun:
            continue
        if [journal(each) for each in one.journals] == wanted[one.store]:
            fresh.add(one.store)
        else:
            refused[one.store] = one.refused or CHANGED
    return fresh, refused


def _approve(office: Office, said: Approved, day: str, store: str, rows: list[Row]) -> dict[str, str]:
    """The other person's word for what was shown and is still that; gives the reason where it cannot count."""
    content = {row["key"]: row["content"] for row in rows}
    waiting = [one for one in books.of_day(office.store, day, store, ("proposed",)) if one.key in content]
    try:
        person = people.approver(office.retailer, said.who)
        for one in waiting:
            approve(proposal(office, one), person, content[one.key], said.reason)
    except HeSyncError as error:
        return {store: str(error)}
    words = [Approval(one.key, content[one.key], said.who, said.reason) for one in waiting]
    return {} if all(books.approve_many(office.store, words)) else {store: CHANGED}


def _row(  # noqa: PLR0913, PLR0917 - one line of the report
    store: str, wanted: dict[str, list[Row]], office: Office, day: str, state: str, because: str
) -> Row:
    keys = {row["key"] for row in wanted[store]}
    posted = [one.key for one in books.of_day(office.store, day, store, ("posted", "reversed")) if one.key in keys]
    return {"store": store, "posted": posted, "state": state, "because": because}
