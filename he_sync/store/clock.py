"""The clock of leases and quarantines: the store's, not that of whoever works (faults F57 and F76).

A worker whose own clock is ahead would take every lease for lost and look up what may yet land; one that is behind
would hold leases that are over for everybody else. So the time is asked of the store once, and counted on by what no
step of the wall clock moves and no sleep of the machine stops.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select

from he_sync.store.database import Store

BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def store_clock(store: Store) -> Callable[[], datetime]:
    """A clock in UTC for as long as one piece of work lasts, hours at most: by then two clocks drift apart."""
    there = store.run(now_in) if store.engine.dialect.name == "postgresql" else datetime.now(UTC)
    began = time.clock_gettime(BOOT)
    return lambda: there + timedelta(seconds=time.clock_gettime(BOOT) - began)


def now_in(connection: Connection) -> datetime:
    """Now by the database server's clock; SQLite's processes share the machine, and so its clock."""
    if connection.dialect.name != "postgresql":
        return datetime.now(UTC)
    now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)
