"""Which record belongs to which customer: records as they were last seen, memberships with since and until."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, tuple_, update

from he_sync.model.errors import FixInput
from he_sync.model.survivorship import FIELDS, RULES, Rules, Source, Survived, survive
from he_sync.store.canonical import canonical_json, read_json
from he_sync.store.master.records import Record, in_order
from he_sync.store.master_tables import master_golden, master_members, master_records, masters
from he_sync.store.statements import batches

CURRENT = master_members.c.until.is_(None)


def new_masters(connection: Connection, count: int, now: datetime) -> list[int]:
    """Ids of so many new customers; under the lock of the master."""
    last = connection.execute(select(func.max(masters.c.id))).scalar() or 0
    ids = list(range(last + 1, last + 1 + count))
    if ids:
        connection.execute(insert(masters), [{"id": one, "since": now} for one in ids])
    return ids


def live(connection: Connection, master: int) -> None:
    """Nothing where the customer lives. Raises FixInput for an unknown one and for a tombstone, with where it went."""
    row = connection.execute(select(masters).where(masters.c.id == master)).first()
    if row is None:
        raise FixInput(f"there is no customer M{master}")
    if row.ended_at is not None:
        raise FixInput(f"M{master} was merged into M{row.merged_into}; name that one, or un-merge first")


def heir(connection: Connection, master: int) -> int:
    """The living customer that a customer is now; itself when it lives. Raises FixInput for an unknown one."""
    while True:
        row = connection.execute(select(masters.c.merged_into).where(masters.c.id == master)).first()
        if row is None:
            raise FixInput(f"there is no customer M{master}")
        if row.merged_into is None:
            return master
        master = row.merged_into


def members(connection: Connection, master: int) -> list[Record]:
    """The records of a customer now, in their order."""
    return members_of(connection, [master])[master]


def members_of(connection: Connection, some: Collection[int]) -> dict[int, list[Record]]:
    """The records of customers now, each customer's in their order."""
    found: dict[int, list[Record]] = {one: [] for one in sorted(some)}
    columns = (master_members.c.master, master_members.c.side, master_members.c.record_id)
    for ids in batches(list(found)):
        for row in connection.execute(select(*columns).where(CURRENT, master_members.c.master.in_(ids))):
            found[row.master].append(Record(row.side, row.record_id))
    return {one: sorted(records, key=in_order) for one, records in found.items()}


def founder(connection: Connection, master: int) -> Record:
    """The record that has been a customer's longest. Raises FixInput for a customer without records.

    A merge says that two founders are one: they stay the customers' own when another merge is taken back.
    """
    columns = (master_members.c.side, master_members.c.record_id)
    query = select(*columns).where(CURRENT, master_members.c.master == master).order_by(master_members.c.seq)
    row = connection.execute(query).first()
    if row is None:
        raise FixInput(f"M{master} has no records")
    return Record(*row)


def masters_of(connection: Connection, records: Collection[Record]) -> dict[Record, int]:
    """The customer of each record that has one."""
    found: dict[Record, int] = {}
    columns = (master_members.c.side, master_members.c.record_id)
    for some in batches(sorted(set(records)), 250):
        query = select(*columns, master_members.c.master).where(CURRENT, tuple_(*columns).in_(some))
        found |= {Record(row.side, row.record_id): row.master for row in connection.execute(query)}
    return found


def move(connection: Connection, records: Iterable[Record], master: int, now: datetime) -> None:
    """Give records to a customer from now on; where they were before is kept."""
    those = list(records)
    columns = (master_members.c.side, master_members.c.record_id)
    for some in batches(those, 250):
        connection.execute(update(master_members).where(CURRENT, tuple_(*columns).in_(some)).values(until=now))
    if those:
        rows = [{"side": one.side, "record_id": one.id, "master": master, "since": now} for one in those]
        connection.execute(insert(master_members), rows)


def enter(connection: Connection, joined: Mapping[int, Sequence[Record]], now: datetime) -> None:
    """Give records that had no customer to theirs."""
    rows = [
        {"side": one.side, "record_id": one.id, "master": master, "since": now}
        for master, records in joined.items()
        for one in records
    ]
    if rows:
        connection.execute(insert(master_members), rows)


def seen(connection: Connection, records: Sequence[Source], now: datetime) -> set[Record]:
    """Keep records as they are now; the ones that are new or changed. An erased record stays erased."""
    known = sources(connection, [Record(one.side, one.id) for one in records], erased=True)
    changed: set[Record] = set()
    new: list[dict[str, Any]] = []
    for one in records:
        name = Record(one.side, one.id)
        fields = {field: value for field in FIELDS if (value := one.fields.get(field, ""))}
        values = {"fields": canonical_json(fields), "dated": one.dated, "seen_at": now}
        before = known.get(name)
        if before is None:
            new.append({"side": one.side, "record_id": one.id, **values})
        elif before[1] or (before[0].fields == fields and before[0].dated == one.dated):
            continue
        else:
            connection.execute(update(master_records).where(_is(name)).values(values))
        changed.add(name)
    if new:
        connection.execute(insert(master_records), new)
    return changed


def sources(
    connection: Connection, records: Collection[Record], *, erased: bool = False
) -> dict[Record, tuple[Source, bool]]:
    """Records as last seen, and whether they were erased; erased ones only when asked for."""
    found: dict[Record, tuple[Source, bool]] = {}
    columns = (master_records.c.side, master_records.c.record_id)
    for some in batches(sorted(set(records)), 250):
        for row in connection.execute(select(master_records).where(tuple_(*columns).in_(some))):
            if erased or row.erased_at is None:
                found[Record(row.side, row.record_id)] = (_source(row), row.erased_at is not None)
    return found


def verify(connection: Connection, record: Record, groups: Collection[str]) -> None:
    """Say that a person checked these groups of fields of a record."""
    known = sources(connection, [record]).get(record)
    if known is None:
        raise FixInput(f"{record} is not in the master")
    said = canonical_json(sorted({*known[0].verified, *groups}))
    connection.execute(update(master_records).where(_is(record)).values(verified=said))


def golden(connection: Connection, some: Collection[int], rules: Rules = RULES) -> None:
    """Work out the golden records of customers anew; a tombstone has none."""
    for ids in batches(sorted(set(some))):
        connection.execute(delete(master_golden).where(master_golden.c.master.in_(ids)))
        rows = []
        for master, records in _records_by_master(connection, ids).items():
            rows += [_golden_row(master, name, value) for name, value in survive(records, rules).items()]
        if rows:
            connection.execute(insert(master_golden), rows)


def golden_of(connection: Connection, master: int) -> dict[str, Survived]:
    """The golden record as it stands, by field."""
    rows = connection.execute(select(master_golden).where(master_golden.c.master == master))
    return {row.field: Survived(row.value, row.side, row.record_id, row.dated, row.rule) for row in rows}


def _records_by_master(connection: Connection, ids: Collection[int]) -> Mapping[int, list[Source]]:
    same = and_(
        master_members.c.side == master_records.c.side, master_members.c.record_id == master_records.c.record_id
    )
    query = select(master_records, master_members.c.master).join(master_members, same)
    found: dict[int, list[Source]] = {}
    for row in connection.execute(query.where(CURRENT, master_members.c.master.in_(ids))):
        found.setdefault(row.master, []).append(_source(row))
    return found


def _golden_row(master: int, name: str, one: Survived) -> dict[str, Any]:
    kept = {"value": one.value, "side": one.side, "record_id": one.id, "dated": one.dated, "rule": one.rule}
    return {"master": master, "field": name, **kept}


def _source(row: Row[Any]) -> Source:
    return Source(row.side, row.record_id, read_json(row.fields), row.dated, frozenset(read_json(row.verified)))


def _is(record: Record) -> Any:
    return and_(master_records.c.side == record.side, master_records.c.record_id == record.id)
