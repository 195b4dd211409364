"""Privacy erasure: a customer's personal values leave every table, the books stay (ids, amounts, dates, hashes).

Scrubbed are the master, and the kept payloads of events, stories, letters, effects, answers and projections: the rows
of the customer whole, everybody else's where they hold a value that names the person. The audit log, which nobody can
change, holds ids only; therefore a note that names the person is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, false, func, insert, or_, select, update

from he_sync.model.errors import FixInput
from he_sync.model.survivorship import Source
from he_sync.store import audit
from he_sync.store.canonical import canonical_json, read_json
from he_sync.store.clock import now_in
from he_sync.store.database import Store
from he_sync.store.effects.records import DONE
from he_sync.store.event_tables import applied, inbox, inbox_conflicts, story
from he_sync.store.master.links import account
from he_sync.store.master.members import live, members, sources
from he_sync.store.master.records import MASTER_LOCK, Deed, Record
from he_sync.store.master.scrubbing import ERASED, Values, former_values, holds, scrubbed, values_of
from he_sync.store.master_tables import (
    master_decisions,
    master_events,
    master_golden,
    master_records,
    master_reviews,
    masters,
)
from he_sync.store.statements import one_at_a_time
from he_sync.store.tables import answers, dead_letters, differences, effect_conflicts, effects

TEXTS: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (inbox, ("body",)),
    (inbox_conflicts, ("body",)),
    (story, ("summary", "body")),
    (effects, ("summary", "body", "reason", "waits_because")),
    (effect_conflicts, ("summary", "body")),
    (answers, ("body",)),
    (dead_letters, ("payload", "reason", "plain", "notice", "record")),
    (applied, ("projection",)),
    (differences, ("subject", "evidence")),
    (master_events, ("reason",)),
    (master_decisions, ("reason",)),
    (master_reviews, ("reasons",)),
)
"""Every column of the store that may hold what a person is called or where they live."""
NAMING = ((inbox, "body"), (story, "body"), (effects, "body"))


@dataclass(frozen=True)
class Erased:
    """What was scrubbed: records, and rows by table."""

    master: int
    records: int
    rows: dict[str, int]


@dataclass(frozen=True)
class Subject:
    """The customer: values, names of its own records in the event path, keys of its own effects."""

    values: Values
    entities: frozenset[str]
    effects: frozenset[str]
    events: frozenset[int]

    def owns(self, row: Row[Any]) -> bool:
        """Whether a row is about the customer as a whole."""
        told = row._asdict()
        return (
            told.get("entity") in self.entities
            or f"{told.get('entity')} {told.get('record')}" in self.entities
            or told.get("effect_key") in self.effects
            or told.get("key") in self.effects
            or (told.get("event_seq") in self.events)
            or ("topic" not in told and "body_hash" in told and told.get("seq") in self.events)
        )


def erase(store: Store, master: int, deed: Deed, *, dry: bool = False) -> Erased:
    """Erase what names a customer, in one transaction; a dry run only counts.

    Raises FixInput for a tombstone, for a note that names the person, and while something of the customer is not sent
    or withdrawn: a body without its values must never go out.
    """
    done = store.run(lambda connection: _erase(connection, master, deed, dry=dry))
    if not dry and store.engine.dialect.name == "sqlite":
        with closing(store.engine.raw_connection()) as outside:
            outside.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    return done


def _erase(connection: Connection, master: int, deed: Deed, *, dry: bool) -> Erased:
    one_at_a_time(connection, MASTER_LOCK)
    live(connection, master)
    records = [source for source, _ in sources(connection, members(connection, master), erased=True).values()]
    subject = _subject(connection, master, records)
    if subject.values.found_in(deed.why) or (subject.values.plain and subject.values.plain.search(deed.why)):
        raise FixInput("the note names the person and would stay in the audit for ever; name the customer by number")
    _settled(connection, subject)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    rows = {table.name: _scrub(connection, table, columns, subject, dry=dry) for table, columns in TEXTS}
    done = Erased(master, len(records), {name: count for name, count in rows.items() if count})
    if not dry:
        _blank(connection, master, records, deed)
        audit.record(connection, deed.who, "customer erased", f"M{master}", {"note": deed.why, "rows": done.rows})
    return done


def _subject(connection: Connection, master: int, records: Collection[Source]) -> Subject:
    shop = [one.id for one in records if one.side == "heartland"]
    accounts = {one.id for one in records if one.side == "epicor"} | (
        {one} if (one := account(connection, master)) else set()
    )
    wanted = {("customer_id", one) for one in shop}
    wanted |= {(key, one) for key in ("CustID", "customer") for one in accounts}
    entities = {f"customer {one}" for one in shop} | set(_naming(connection, wanted))
    mine = select(effects.c.key).where(effects.c.entity.in_(entities))
    events = select(inbox.c.seq).where(inbox.c.entity.in_(entities))
    return Subject(
        values_of([*records, *_former(connection, [f"customer {one}" for one in shop])]),
        frozenset(entities),
        frozenset(connection.execute(mine).scalars()),
        frozenset(connection.execute(events).scalars()),
    )


def _former(connection: Connection, entities: Collection[str]) -> list[Source]:
    """What the customer's records said earlier, by the payloads that were kept of them."""
    found = []
    for table, column in (*NAMING[:2], (applied, "projection")):
        for body in connection.execute(select(table.c[column]).where(table.c.entity.in_(entities))).scalars():
            found += former_values(_document(body))
    return found


def _naming(connection: Connection, wanted: Collection[tuple[str, str]]) -> Iterator[str]:
    """Entities with a document that names the customer: its orders, its record at the other side."""
    for table, column in NAMING:
        for pair in sorted(wanted):
            said = [table.c[column].contains(part, autoescape=True) for part in pair]
            query = select(table.c.entity, table.c[column]).where(*said)
            for entity, body in connection.execute(query):
                if holds(_document(body), wanted):
                    yield entity


def _document(text: str) -> Any:
    try:
        return read_json(text)
    except ValueError:
        return None


def _settled(connection: Connection, subject: Subject) -> None:
    query = select(effects.c.kind, effects.c.entity, effects.c.state).where(
        effects.c.key.in_(subject.effects), effects.c.state.not_in(DONE)
    )
    if still := connection.execute(query.order_by(effects.c.seq)).first():
        raise FixInput(f"{still.kind} of {still.entity} is {still.state}; send or withdraw it, then erase")


def _scrub(connection: Connection, table: Table, columns: tuple[str, ...], subject: Subject, *, dry: bool) -> int:
    """Rows of a table that changed."""
    keys = list(table.primary_key.columns)
    found = 0
    for row in connection.execute(select(table).where(or_(false(), *_candidates(table, columns, subject)))).all():
        own, told = subject.owns(row), row._asdict()
        texts = {name: told[name] for name in columns}
        left = {name: scrubbed(text, subject.values, own=own) for name, text in texts.items() if text}
        changed = {name: text for name, text in left.items() if text != texts[name]}
        if changed and not dry:
            mine = [key == told[key.name] for key in keys]
            connection.execute(update(table).where(*mine).values(changed))
        found += bool(changed)
    return found


def _candidates(table: Table, columns: tuple[str, ...], subject: Subject) -> list[Any]:
    """Rows to look at: the customer's own, and those that hold a part of a telling value."""
    own = {
        "entity": subject.entities,
        "effect_key": subject.effects,
        "event_seq": subject.events,
        "key": subject.effects,
    }
    found: list[Any] = [table.c[name].in_(sorted(those)) for name, those in own.items() if name in table.c]
    if table is dead_letters:
        found.append((table.c.entity + " " + table.c.record).in_(sorted(subject.entities)))
    if table is inbox_conflicts:
        found.append(table.c.seq.in_(sorted(subject.events)))
    for name in columns:
        found += [func.lower(table.c[name]).contains(one, autoescape=True) for one in subject.values.needles if one]
    return found


def _blank(connection: Connection, master: int, records: Collection[Source], deed: Deed) -> None:
    """The master's own: records keep their names and dates of nothing, the golden record goes, the event says who."""
    now = now_in(connection)
    for one in records:
        mine = (master_records.c.side == one.side, master_records.c.record_id == one.id)
        nothing = {"fields": "{}", "dated": "", "verified": "[]", "erased_at": now}
        connection.execute(update(master_records).where(*mine).values(nothing))
        for side, number in (("left_side", "left_id"), ("right_side", "right_id")):
            gone = (master_reviews.c[side] == one.side, master_reviews.c[number] == one.id)
            connection.execute(delete(master_reviews).where(*gone))
    connection.execute(delete(master_golden).where(master_golden.c.master == master))
    connection.execute(update(masters).where(masters.c.id == master).values(erased_at=now))
    detail = canonical_json({"records": [list(Record(one.side, one.id)) for one in records]})
    told = {"kind": "erase", "master": master, "at": now, "who": deed.who, "reason": deed.why, "detail": detail}
    connection.execute(insert(master_events).values(told))


__all__ = ["ERASED", "Erased", "erase"]
