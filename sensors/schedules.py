"""When the close runs, after the last store's batches, and the matching behind it; in the business time zone."""

from __future__ import annotations

from typing import Any

import dagster as dg

CLOSE_HOUR = 6
"""Local hour of the close: stores roll over at 4 in their own zones, the westernmost batch closes two hours later."""


def nightly_close(job: Any) -> Any:
    """The nightly close of yesterday's business date; `job` is an unresolved asset job, which has no public type."""
    return dg.build_schedule_from_partitioned_job(job, name="nightly_close", hour_of_day=CLOSE_HOUR)


MATCH_HOUR = 7
"""Behind the close, which creates accounts and links them."""


def nightly_match(job: Any, timezone: str) -> dg.ScheduleDefinition:
    """Customers matched once a day; a day on which nothing changed costs two counts."""
    return dg.ScheduleDefinition(
        name="match_customers", job=job, cron_schedule=f"0 {MATCH_HOUR} * * *", execution_timezone=timezone
    )
