"""Store-days: one row a store and business date, each move of it in the audit log in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from he_sync.model.errors import NotAllowed, Refused
from he_sync.store import audit
from he_sync.store.books_tables import close_rules, journals, store_days
from he_sync.store.canonical import canonical_json, read_json
from he_sync.store.database import Store
from he_sync.store.statements import add

Ground = Mapping[str, str]
OPEN = "open"


@dataclass(frozen=True)
class StoreDay:
    """Where a store-day stood when it was last looked at, and what its proposal and signature were given over."""

    business_date: str
    store: str
    state: str
    because: str
    ground: dict[str, str]
    rules: str = ""
    proposed_on: dict[str, str] | None = None
    signed_on: dict[str, str] | None = None
    signed_by: str = ""
    signed_at: datetime | None = None
    signed_head: str = ""
    signed_reason: str = ""
    times_signed: int = 0

    @property
    def subject(self) -> str:
        """Under which the audit log has it."""
        return subject(self.business_date, self.store)


def subject(day: str, store: str) -> str:
    """`store-day 2026-11-20 S001`."""
    return f"store-day {day} {store}"


def get(store: Store, day: str, code: str) -> StoreDay:
    """A store-day; an open one over nothing where nobody has looked at it yet."""
    with store.begin() as connection:
        row = connection.execute(select(store_days).where(*_of(day, code))).first()
    return _day(row) if row else StoreDay(day, code, OPEN, "nobody has looked at it yet", {})


def listing(store: Store, first: str, last: str, states: tuple[str, ...] = ()) -> list[StoreDay]:
    """Store-days from one date to another, both in, by date and store; in some states when these are given."""
    query = select(store_days).where(store_days.c.business_date.between(first, last))
    query = query.where(store_days.c.state.in_(states)) if states else query
    with store.begin() as connection:
        return [_day(row) for row in connection.execute(query.order_by(store_days.c.business_date, store_days.c.store))]


@dataclass(frozen=True)
class Move:
    """Where a store-day is found to stand; `action` is the audit's word for a move, "" where it stands as it stood."""

    state: str
    because: str
    ground: Ground
    action: str = ""


def moved(store: Store, day: str, code: str, move: Move, who: str = "he-sync") -> StoreDay:
    """Write down where a store-day stands; a move, and only a move, is in the audit."""

    def write(connection: Connection) -> None:
        _ensure(connection, day, code)
        told = {"state": move.state, "because": move.because, "ground": canonical_json(dict(move.ground))}
        at = {"moved_at": datetime.now(UTC)} if move.action else {}
        connection.execute(update(store_days).where(*_of(day, code)).values(**told, **at))
        if move.action:
            detail = {"because": move.because, "ground": dict(move.ground)}
            audit.record(connection, who, move.action, subject(day, code), detail)

    store.run(write)
    return get(store, day, code)


def proposed_in(connection: Connection, day: str, code: str, ground: Ground, rules: str) -> None:
    """Its journals stand on this ground and these rules from now on."""
    _ensure(connection, day, code)
    told = {"proposed_on": canonical_json(dict(ground)), "rules": rules}
    connection.execute(update(store_days).where(*_of(day, code)).values(told))


def sign(store: Store, day: str, code: str, who: str, reason: str) -> StoreDay:
    """Sign a store-day whose state is posted, over the ground it stands on; the signature names the audit's head.

    Raises Refused where it is not posted (any more), NotAllowed for whoever prepared one of its journals.
    """

    def write(connection: Connection) -> None:
        row = connection.execute(select(store_days).where(*_of(day, code)).with_for_update()).first()
        if row is None or row.state != "posted":
            state, why = (row.state, row.because) if row else (OPEN, "nobody has looked at it yet")
            raise Refused(f"{code} of {day} is {state} and cannot be signed: {why}")
        _refuse_preparer(connection, day, code, who)
        detail = {"reason": reason, "ground": read_json(row.ground), "rules": row.rules}
        head = audit.record(connection, who, "store-day posted -> signed", subject(day, code), detail)
        now = datetime.now(UTC)
        told = {"state": "signed", "because": "", "signed_on": row.ground, "signed_by": who, "signed_at": now}
        told |= {"signed_head": head.hash, "signed_reason": reason, "times_signed": row.times_signed + 1}
        connection.execute(update(store_days).where(*_of(day, code)).values({**told, "moved_at": now}))

    store.run(write)
    return get(store, day, code)


def reopen(store: Store, day: str, code: str, who: str, reason: str) -> bool:
    """Take a signature back, so that what changed may be proposed. False where there is none."""

    def write(connection: Connection) -> bool:
        row = connection.execute(select(store_days).where(*_of(day, code)).with_for_update()).first()
        if row is None or row.signed_on is None:
            return False
        told = {"signed_on": None, "state": "posted" if row.state == "signed" else row.state}
        told |= {"because": "reopened", "moved_at": datetime.now(UTC)}
        connection.execute(update(store_days).where(*_of(day, code)).values(told))
        detail = {"reason": reason, "was signed by": row.signed_by, "head": row.signed_head}
        audit.record(connection, who, "store-day reopened", subject(day, code), detail)
        return True

    return store.run(write)


def save_rules(store: Store, version: str, rules: Mapping[str, Any]) -> None:
    """Keep a set of rules under its version; the same version is the same rules."""
    row = {"version": version, "rules": canonical_json(dict(rules)), "since": datetime.now(UTC)}
    store.run(lambda connection: add(connection, close_rules, row))


def rules_of(store: Store, version: str) -> dict[str, Any] | None:
    """The rules of a version, or None."""
    with store.begin() as connection:
        kept = connection.execute(select(close_rules.c.rules).where(close_rules.c.version == version)).scalar()
    return read_json(kept) if kept else None


def _refuse_preparer(connection: Connection, day: str, code: str, who: str) -> None:
    mine = (journals.c.business_date == day, journals.c.store == code, journals.c.state != "withdrawn")
    same = func.lower(journals.c.prepared_by) == who.lower()
    if connection.execute(select(journals.c.key).where(*mine, same).limit(1)).first():
        raise NotAllowed(f"{code} of {day}: {who} prepared its journals; another person signs")


def _ensure(connection: Connection, day: str, code: str) -> None:
    now = datetime.now(UTC)
    row = {"business_date": day, "store": code, "state": OPEN, "because": "", "ground": "{}"}
    if connection.execute(select(store_days.c.store).where(*_of(day, code))).first() is None:
        add(connection, store_days, {**row, "opened_at": now, "moved_at": now})


def _of(day: str, code: str) -> tuple[Any, Any]:
    return store_days.c.business_date == day, store_days.c.store == code


TEXTS = (
    *("business_date", "store", "state", "because", "rules"),
    *("signed_by", "signed_at", "signed_head", "signed_reason", "times_signed"),
)


def _day(row: Row[Any]) -> StoreDay:
    told: dict[str, Any] = {name: getattr(row, name) for name in TEXTS}
    for name in ("ground", "proposed_on", "signed_on"):
        text = getattr(row, name)
        told[name] = read_json(text) if text else None
    return StoreDay(**told)
