"""The partition of everything: the business date, in the retailer's zone; and how a range of them runs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

# backfill_policy= is what makes a range of dates one run. Dagster 1.13 says "beta" once an asset, in three processes.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

FIRST_DAY = os.environ.get("HE_FIRST_DAY", "2025-01-01")
TIMEZONE = os.environ.get("HE_TIMEZONE", "America/New_York")
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone=TIMEZONE)
ONE_RUN = dg.BackfillPolicy.single_run()
CLOSED_BY = dg.FreshnessPolicy.cron("0 8 * * *", lower_bound_delta=timedelta(hours=2), timezone=TIMEZONE)
"""Of what finance signs: made between the schedule's 6:00 and 8:00 in the business time zone, each day."""
OWNERS = ["team:integration"]
RETRY = dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


def days_of(context: dg.AssetExecutionContext) -> Iterator[date]:
    """The business dates of this run, ascending; a back-fill of a range is one run over all of them."""
    for key in sorted(context.partition_keys):
        yield date.fromisoformat(key)
