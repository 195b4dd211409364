"""Store-days that nobody signed by their deadline: told to finance, once a look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from he_sync.connect.alarms import Alarm, tell
from he_sync.model.calendar import zone
from he_sync.model.retailer import Retailer
from he_sync.store.books import StoreDay
from he_sync.store.database import Store

EVERY = 6 * 3600
NAMED = 5
Overdue = Callable[[Store, Retailer, date], list[StoreDay]]
"""Store-days past their deadline on a date in the business time zone; none where the profile sets no deadline."""


def unsigned_store_days(overdue: Overdue) -> dg.SensorDefinition:
    """The sensor, four times a day."""

    @dg.sensor(
        name="unsigned_store_days",
        minimum_interval_seconds=EVERY,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"memory"},
        description="Tells finance of store-days that are past approval.sign_within_days and not signed",
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        resources: Any = context.resources
        memory, now = resources.memory, datetime.now(UTC)
        retailer = memory.retailer()
        with memory.store() as store:
            late = overdue(store, retailer, now.astimezone(zone(retailer.timezone)).date())
        subject = f"{len(late)} store-days are past their deadline and not signed"
        if late:
            tell(Path(memory.home), Alarm(subject, _told(late), ("team:finance",)), now)
        return dg.SkipReason(subject)

    return look


def _told(late: list[StoreDay]) -> str:
    named = "; ".join(f"{one.store} of {one.business_date} is {one.state}: {one.because}" for one in late[:NAMED])
    more = f"; and {len(late) - NAMED} more" if len(late) > NAMED else ""
    return f"{named}{more}. See he-sync close status DATE"
