"""Closes: how far the close of a business date has come, over which inputs and rules, and what it found to differ.

The same date, inputs and rules are the same close, found again by every re-run. Other inputs (a late ticket) are a new
close of that date; the older one stays as it ended. A close only moves forward, and never locks what it read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from he_sync.model.difference import Difference, Leg
from he_sync.model.errors import BrokenPromise
from he_sync.store import audit
from he_sync.store.canonical import canonical_json, content_hash, read_json
from he_sync.store.database import Store
from he_sync.store.statements import add
from he_sync.store.tables import closes
from he_sync.store.tables import differences as rows

STATES = ("open", "complete", "balanced", "compared", "planned", "pushed", "closed")
LAST_ASKED = (closes.c.asked_at, closes.c.id)
FIELDS = ("business_date", "klass", "subject", "store", "delta_minor", "delta_milli", "evidence", "action")


@dataclass(frozen=True)
class Close:
    """One close of one business date. `inputs` are content hashes by name, `rules` the version of the rules."""

    id: int
    business_date: str
    inputs: dict[str, str]
    rules: str
    state: str
    opened_at: datetime
    asked_at: datetime
    moved_at: datetime


def open_close(store: Store, business_date: str, inputs: Mapping[str, str], rules: str) -> Close:
    """The close of that date over these inputs and rules, found again or opened; it is the one in force from now on."""
    digest = content_hash(dict(inputs))
    same = (closes.c.business_date == business_date, closes.c.inputs_hash == digest, closes.c.rules == rules)
    now = datetime.now(UTC)
    row = {
        "business_date": business_date,
        "inputs_hash": digest,
        "inputs": canonical_json(dict(inputs)),
        "rules": rules,
    }
    with store.begin() as connection:
        if not add(connection, closes, {**row, "state": STATES[0], "opened_at": now, "asked_at": now, "moved_at": now}):
            connection.execute(update(closes).where(*same).values(asked_at=now))
        return _close(connection.execute(select(closes).where(*same)).one())


def advance(store: Store, close: Close, state: str) -> Close:
    """Move a close forward to `state`; where it is that far already, nothing changes. Gives the close as it is now.

    Raises BrokenPromise when a state in between would be skipped: each stands for a proof that the next relies on.
    """
    with store.begin() as connection:
        now = _close(connection.execute(select(closes).where(closes.c.id == close.id).with_for_update()).one())
        ahead = STATES.index(state) - STATES.index(now.state)
        if ahead <= 0:
            return now
        if ahead > 1:
            after = STATES[STATES.index(now.state) + 1]
            raise BrokenPromise(f"the close of {close.business_date} is {now.state}; before {state} it must be {after}")
        moved = {"state": state, "moved_at": datetime.now(UTC)}
        connection.execute(update(closes).where(closes.c.id == close.id).values(moved))
        if state == STATES[-1]:
            audit.record(connection, "he-sync", "business date closed", close.business_date, _signed(now))
        return _close(connection.execute(select(closes).where(closes.c.id == close.id)).one())


def history(store: Store, business_date: str) -> list[Close]:
    """Every close of a business date; the last one is in force."""
    query = select(closes).where(closes.c.business_date == business_date).order_by(*LAST_ASKED)
    with store.begin() as connection:
        return [_close(row) for row in connection.execute(query)]


def save(store: Store, close: Close, differences: Iterable[Difference], leg: Leg | None = None) -> int:
    """Replace what is known to differ on the close's date, of one leg or of all, in one transaction. Gives how many.

    Raises BrokenPromise for a difference of another leg, and for a close that is no longer the one in force.
    """
    found = list(differences)
    if leg is not None and any(each.leg != leg for each in found):
        raise BrokenPromise(f"a difference of another leg was saved with {leg}")
    with store.begin() as connection:
        _require_in_force(connection, close)
        gone = delete(rows).where(rows.c.close_date == close.business_date)
        connection.execute(gone if leg is None else gone.where(rows.c.leg == leg))
        if found:
            connection.execute(insert(rows), [_row(close, place, each) for place, each in enumerate(found)])
    return len(found)


def differences(store: Store, business_date: str, leg: Leg | None = None) -> list[Difference]:
    """What differs on a date, by leg in the order in which it was saved."""
    query = select(rows).where(rows.c.close_date == business_date).order_by(rows.c.leg, rows.c.position)
    query = query if leg is None else query.where(rows.c.leg == leg)
    with store.begin() as connection:
        return [Difference(**{name: getattr(row, name) for name in FIELDS}) for row in connection.execute(query)]


def _require_in_force(connection: Connection, close: Close) -> None:
    of_date = select(closes.c.id).where(closes.c.business_date == close.business_date)
    latest = of_date.order_by(*(column.desc() for column in LAST_ASKED)).limit(1)
    if connection.execute(latest).scalar() != close.id:
        raise BrokenPromise(
            f"{close.business_date} is being closed over other inputs since; this close is out of force"
        )


def _row(close: Close, place: int, difference: Difference) -> dict[str, Any]:
    placed = {"close_date": close.business_date, "leg": difference.leg, "position": place, "close_id": close.id}
    return asdict(difference) | placed


def _signed(close: Close) -> dict[str, Any]:
    return {"close": close.id, "inputs": close.inputs, "rules": close.rules}


def _close(row: Row[Any]) -> Close:
    kept = {name: getattr(row, name) for name in ("id", "business_date", "rules", "state", "opened_at", "asked_at")}
    return Close(**kept, inputs=read_json(row.inputs), moved_at=row.moved_at)
