"""When the close runs: after the last store's batches, in the business time zone."""

from __future__ import annotations

from typing import Any

import dagster as dg

CLOSE_HOUR = 6
"""Local hour of the close: stores roll over at 4 in their own zones, the westernmost batch closes two hours later."""


def nightly_close(job: Any) -> Any:
    """The nightly close of yesterday's business date; `job` is an unresolved asset job, which has no public type."""
    return dg.build_schedule_from_partitioned_job(job, name="nightly_close", hour_of_day=CLOSE_HOUR)
