"""What the master tells: a customer with its golden record, its history, and who a record is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from he_sync.model.errors import FixInput
from he_sync.store.canonical import read_json
from he_sync.store.database import Store
from he_sync.store.master.links import account, current
from he_sync.store.master.members import golden_of, heir, masters_of, members, sources
from he_sync.store.master.records import Customer, Event, Record
from he_sync.store.master_tables import master_events, master_households, masters


def customer(store: Store, master: int) -> Customer:
    """A customer as it is now; a tombstone says where it went. Raises FixInput for an unknown one."""
    return store.run(lambda connection: customer_in(connection, master))


def customer_in(connection: Connection, master: int) -> Customer:
    """The same inside the caller's transaction."""
    row = connection.execute(select(masters).where(masters.c.id == master)).first()
    if row is None:
        raise FixInput(f"there is no customer M{master}")
    names = members(connection, master)
    known = sources(connection, names, erased=True)
    mine = current(connection, [one.id for one in names if one.side == "heartland"])
    first = account(connection, master)
    accounts = sorted(
        {*mine.values(), *(one.id for one in names if one.side == "epicor")}, key=lambda one: one != first
    )
    home = select(master_households.c.household).where(master_households.c.master == master)
    return Customer(
        master,
        row.merged_into,
        row.erased_at is not None,
        tuple(known[name][0] for name in names),
        golden_of(connection, master),
        tuple(accounts),
        connection.execute(home).scalar(),
    )


def whose(store: Store, record: Record) -> int | None:
    """The customer that a record belongs to; None where the master does not know it."""
    return store.run(lambda connection: masters_of(connection, [record]).get(record))


def living(store: Store, master: int) -> int:
    """The customer that a customer is now, after any number of merges."""
    return store.run(lambda connection: heir(connection, master))


def count(store: Store) -> int:
    """Customers that live."""
    query = select(func.count()).select_from(masters).where(masters.c.ended_at.is_(None))
    return store.run(lambda connection: connection.execute(query).scalar_one())


def history(store: Store, master: int) -> list[Event]:
    """Everything that happened to a customer and to the ones that it took in, oldest first."""

    def work(connection: Connection) -> list[Event]:
        mine, fresh = {master}, {master}
        rows: dict[int, Row[Any]] = {}
        while fresh:
            about = or_(master_events.c.master.in_(fresh), master_events.c.other.in_(fresh))
            found = {row.seq: row for row in connection.execute(select(master_events).where(about))}
            rows |= found
            fresh = {row.other for row in found.values() if row.kind == "merge" and row.master in mine} - mine
            mine |= fresh
        return [event_of(rows[seq]) for seq in sorted(rows)]

    return store.run(work)


def event_of(row: Row[Any]) -> Event:
    """The event of a row."""
    told = read_json(row.detail)
    return Event(
        row.seq, row.kind, row.master, row.other or row.master, row.who, row.reason, row.at, told, row.undone_by
    )
