"""When the close runs, after the last store's batches, and the matching behind it; in the business time zone."""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import Any

import dagster as dg

from he_sync.model.calendar import zone
from he_sync.model.errors import FixSettings
from he_sync.settings import variable

CLOSE_HOUR = 6
"""Local hour of the close: stores roll over at 4 in their own zones, the westernmost batch closes two hours later."""


def nightly_close(job: Any, timezone: str) -> dg.ScheduleDefinition:
    """The nightly close of yesterday's business date; `job` is an unresolved asset job, which has no public type.

    A bank holiday is a business date like any other: stores are open. A date on which none is stands in
    HE_CLOSED_DAYS and has no close.
    """

    @dg.schedule(
        name="nightly_close",
        job=job,
        cron_schedule=f"0 {CLOSE_HOUR} * * *",
        execution_timezone=timezone,
        description="Yesterday's business date, unless no store was open (HE_CLOSED_DAYS)",
    )
    def close(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        day = context.scheduled_execution_time.astimezone(zone(timezone)).date() - timedelta(days=1)
        if is_closed(day, variable("HE_CLOSED_DAYS", os.environ, "")):
            return dg.SkipReason(f"{day}: no store was open (HE_CLOSED_DAYS)")
        return dg.RunRequest(run_key=f"nightly_close {day}", partition_key=day.isoformat())

    return close


def is_closed(day: date, closed: str) -> bool:
    """Whether `12-25, 2026-11-26` and the like name a date, each year or once. Raises FixSettings for another text."""
    named = [one.strip() for one in closed.split(",") if one.strip()]
    for one in named:
        try:
            date.fromisoformat(one if len(one) > len("12-25") else f"2024-{one}")
        except ValueError:
            raise FixSettings(f"HE_CLOSED_DAYS: {one!r} is no date; write 12-25 or 2026-12-25") from None
    return day.isoformat() in named or f"{day:%m-%d}" in named


MATCH_HOUR = 7
"""Behind the close, which creates accounts and links them."""


def nightly_match(job: Any, timezone: str) -> dg.ScheduleDefinition:
    """Customers matched once a day; a day on which nothing changed costs two counts."""
    return dg.ScheduleDefinition(
        name="match_customers", job=job, cron_schedule=f"0 {MATCH_HOUR} * * *", execution_timezone=timezone
    )


HOUSEKEEPING_HOUR = 3
"""Before the close, which then finds a backup of the day behind it; `backup_old` fires after 26 hours without one."""


def nightly_housekeeping(job: Any, timezone: str) -> dg.ScheduleDefinition:
    """A backup a day, and what retention lets go."""
    return dg.ScheduleDefinition(
        name="housekeeping", job=job, cron_schedule=f"0 {HOUSEKEEPING_HOUR} * * *", execution_timezone=timezone
    )
