"""A person has checked fields of a record: they survive before all others."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, insert

from he_sync.model.errors import FixInput
from he_sync.model.survivorship import GROUPS
from he_sync.store import audit
from he_sync.store.canonical import canonical_json
from he_sync.store.clock import now_in
from he_sync.store.database import Store
from he_sync.store.master import members
from he_sync.store.master.records import MASTER_LOCK, Deed, Record
from he_sync.store.master_tables import master_events
from he_sync.store.statements import one_at_a_time


def verify(store: Store, record: Record, groups: Collection[str], deed: Deed) -> int:
    """Say that a person checked these groups of fields (survivorship.GROUPS) of a record; its customer.

    Raises FixInput for a record that is unknown or erased, and for a group that there is none of.
    """
    if wrong := [one for one in groups if one not in GROUPS]:
        raise FixInput(f"{wrong[0]!r} is none of {', '.join(GROUPS)}")

    def work(connection: Connection) -> int:
        one_at_a_time(connection, MASTER_LOCK)
        members.verify(connection, record, groups)
        master = members.masters_of(connection, [record])[record]
        members.golden(connection, [master])
        detail = {"record": list(record), "fields": sorted(groups)}
        told = {"kind": "verify", "master": master, "at": now_in(connection), "who": deed.who, "reason": deed.why}
        connection.execute(insert(master_events).values({**told, "detail": canonical_json(detail)}))
        audit.record(connection, deed.who, "customer's fields verified", f"M{master}", {"note": deed.why, **detail})
        return master

    return store.run(work)
