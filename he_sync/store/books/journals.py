"""Journals of store-days: proposed, approved, sent as an effect, posted, reversed; each step with its audit row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from he_sync.model.errors import NotAllowed
from he_sync.store import audit
from he_sync.store.books.days import Ground, proposed_in
from he_sync.store.books_tables import journals
from he_sync.store.canonical import canonical_json, read_json
from he_sync.store.database import Store
from he_sync.store.statements import one_at_a_time

ONE_PROPOSER = 4_180_221_010
"""Postgres: of two that propose a store-day at once, the second sees what the first proposed and keeps it."""
ALIVE = ("proposed", "approved", "posted", "reversed")
UNSENT = ("proposed", "approved")
ENDED = ("posted", "reversed")


@dataclass(frozen=True)
class Journal:
    """One journal under its key, `company|store|date|store_day|part|v1`, with everything that was done about it.

    `body` is the entry as it was proposed, `content` the hash of its lines, `what` "post" or "reverse". `undoes` and
    `replaces` are keys of earlier journals of the same name, `undone_by` is the key of its reversal.
    """

    key: str
    name: str
    version: int
    what: str
    business_date: str
    store: str
    posting_date: str
    late: bool
    text: str
    body: dict[str, Any]
    content: str
    amount_minor: int
    rules: str
    prepared_by: str
    undoes: str = ""
    replaces: str = ""
    state: str = "proposed"
    approved_by: str | None = None
    approved_at: datetime | None = None
    reason: str = ""
    effect_key: str | None = None
    erp_number: str = ""
    posted_at: datetime | None = None
    undone_by: str = ""
    prepared_at: datetime | None = field(default=None, compare=False)

    def same_as(self, other: Journal) -> bool:
        """Whether the two would put the same into the ledger, on the same date and with the same words."""
        names = ("key", "content", "posting_date", "text")
        return all(getattr(self, name) == getattr(other, name) for name in names)


@dataclass(frozen=True)
class Proposed:
    """What a proposal changed."""

    new: tuple[Journal, ...]
    kept: tuple[Journal, ...]
    withdrawn: tuple[Journal, ...]


def propose(  # noqa: PLR0913, PLR0917 - a store-day, what it stands on, and what is wanted of it
    store: Store, day: str, code: str, ground: Ground, rules: str, wanted: Sequence[Journal]
) -> Proposed:
    """Make `wanted` the open proposals of a store-day, in one transaction.

    One that is proposed or approved already with the same content stays as it is, with its approval. What is no longer
    wanted is withdrawn. Nothing that was sent is touched: the caller asks `unfinished` first.
    """

    def write(connection: Connection) -> Proposed:
        one_at_a_time(connection, ONE_PROPOSER)
        query = select(journals).where(*_of(day, code), journals.c.state.in_(UNSENT)).with_for_update()
        there = [_journal(row) for row in connection.execute(query.order_by(journals.c.seq))]
        kept = tuple(one for one in there if any(one.same_as(each) for each in wanted))
        gone = tuple(one for one in there if one not in kept)
        new = tuple(each for each in wanted if not any(each.same_as(one) for one in kept))
        _withdraw(connection, gone)
        if new:
            connection.execute(insert(journals), [_row(one) for one in new])
        proposed_in(connection, day, code, ground, rules)
        for one in new:
            detail = {"content": one.content, "rules": one.rules, "posting date": one.posting_date, "late": one.late}
            audit.record(connection, one.prepared_by, "journal proposed", one.key, detail)
        return Proposed(new, kept, gone)

    return store.run(write)


def _withdraw(connection: Connection, gone: Iterable[Journal]) -> None:
    for one in gone:
        mine = (journals.c.key == one.key, journals.c.state == one.state)
        connection.execute(update(journals).where(*mine).values(state="withdrawn"))
        audit.record(connection, "he-sync", f"journal {one.state} -> withdrawn", one.key, {"content": one.content})


@dataclass(frozen=True)
class Approval:
    """A journal as somebody looked at it, and why it is approved."""

    key: str
    content: str
    who: str
    reason: str


def approve(store: Store, key: str, content: str, who: str, reason: str) -> bool:
    """Approve what was looked at. False where it is no longer proposed with this content.

    Raises NotAllowed for whoever prepared it, however the name is written.
    """
    return approve_many(store, [Approval(key, content, who, reason)])[0]


def approve_many(store: Store, those: Sequence[Approval]) -> list[bool]:
    """The same for many, all or none of those that are still as they were looked at; says of each whether it held."""
    return store.run(lambda connection: [_approve(connection, one) for one in those])


def _approve(connection: Connection, one: Approval) -> bool:
    mine = (journals.c.key == one.key, journals.c.state == "proposed", journals.c.content == one.content)
    row = connection.execute(select(journals).where(*mine).with_for_update()).first()
    if row is None:
        return False
    who = one.who.strip()
    if row.prepared_by.strip().casefold() == who.casefold():
        raise NotAllowed(f"{one.key}: {who} prepared it; another person approves")
    told = {"state": "approved", "approved_by": who, "approved_at": datetime.now(UTC), "reason": one.reason}
    connection.execute(update(journals).where(journals.c.seq == row.seq).values(told))
    said = {"content": one.content, "reason": one.reason}
    audit.record(connection, who, "journal proposed -> approved", one.key, said)
    return True


def send(store: Store, effect_keys: Mapping[str, str]) -> None:
    """Approved journals by key are sent as these effects."""

    def write(connection: Connection) -> None:
        for key, effect in sorted(effect_keys.items()):
            mine = (journals.c.key == key, journals.c.state == "approved")
            connection.execute(update(journals).where(*mine).values(effect_key=effect))

    store.run(write)


def recall(store: Store, key: str) -> None:
    """An approved journal whose effect was withdrawn is not on its way any more."""
    mine = (journals.c.key == key, journals.c.state == "approved")
    store.run(lambda connection: connection.execute(update(journals).where(*mine).values(effect_key=None)))


def settle(store: Store, numbers: Mapping[str, str]) -> int:
    """Journals by key that the ledger has, with their numbers there; gives how many became posted by this.

    What a posted reversal undoes is reversed from now on.
    """

    def write(connection: Connection) -> int:
        query = select(journals).where(journals.c.key.in_(sorted(numbers)), journals.c.state == "approved")
        rows = connection.execute(query.order_by(journals.c.seq).with_for_update()).all()
        for row in rows:
            told = {"state": "posted", "erp_number": numbers[row.key], "posted_at": datetime.now(UTC)}
            connection.execute(update(journals).where(journals.c.seq == row.seq).values(told))
            audit.record(connection, "he-sync", "journal approved -> posted", row.key, {"number": numbers[row.key]})
            if row.undoes:
                _undo(connection, row)
        return len(rows)

    return store.run(write) if numbers else 0


def _undo(connection: Connection, row: Row[Any]) -> None:
    mine = (journals.c.key == row.undoes, journals.c.state == "posted")
    connection.execute(update(journals).where(*mine).values(state="reversed", undone_by=row.key))
    audit.record(connection, "he-sync", "journal posted -> reversed", row.undoes, {"by": row.key})


def of_day(store: Store, day: str, code: str | None = None, states: Sequence[str] = ALIVE) -> list[Journal]:
    """Journals of a business date, of one store when it is named, in the order in which they were proposed."""
    query = select(journals).where(journals.c.business_date == day, journals.c.state.in_(states))
    query = query if code is None else query.where(journals.c.store == code)
    with store.begin() as connection:
        return [_journal(row) for row in connection.execute(query.order_by(journals.c.seq))]


def history(store: Store, day: str, code: str) -> dict[str, list[Journal]]:
    """By name, the versions of a store-day's journals that the ledger has or had, oldest first; no reversals."""
    found: dict[str, list[Journal]] = {}
    for one in of_day(store, day, code, ENDED):
        if one.what == "post":
            found.setdefault(one.name, []).append(one)
    return found


def unfinished(store: Store, day: str, code: str) -> list[Journal]:
    """Journals that were handed to the ledger and are not known to be there: nothing is proposed before they are."""
    return [one for one in of_day(store, day, code, ("approved",)) if one.effect_key]


def approved_in_month(store: Store, month: str, who: str) -> int:
    """What somebody, or a rule, approved of a month (2026-11) of business dates, in minor units."""
    mine = (journals.c.business_date.startswith(month, autoescape=True), journals.c.approved_by == who)
    query = select(func.sum(journals.c.amount_minor)).where(*mine, journals.c.state != "withdrawn")
    with store.begin() as connection:
        return int(connection.execute(query).scalar() or 0)


def of_month(store: Store, month: str, states: Sequence[str] = ALIVE) -> list[Journal]:
    """Journals of a month (2026-11) of business dates, in the order in which they were proposed."""
    mine = (journals.c.business_date.startswith(month, autoescape=True), journals.c.state.in_(states))
    with store.begin() as connection:
        return [_journal(row) for row in connection.execute(select(journals).where(*mine).order_by(journals.c.seq))]


def _of(day: str, code: str) -> tuple[Any, Any]:
    return journals.c.business_date == day, journals.c.store == code


def _row(one: Journal) -> dict[str, Any]:
    row = {item.name: getattr(one, item.name) for item in fields(one)}
    return {**row, "body": canonical_json(one.body), "prepared_at": datetime.now(UTC)}


def _journal(row: Row[Any]) -> Journal:
    told = {item.name: getattr(row, item.name) for item in fields(Journal)}
    return Journal(**{**told, "body": read_json(row.body)})
