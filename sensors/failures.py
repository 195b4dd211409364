"""A run that failed for good is told to the people it concerns; what their channel did not take is sent again."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from he_sync.connect.alarms import Alarm, deliver, tell
from he_sync.connect.wire import http_send
from he_sync.settings import variable

WILL_RETRY = "dagster/will_retry"
CONCERNED = {"nightly_close": ("team:finance", "team:integration")}
OTHERS = ("team:integration",)
CHANNEL_SECONDS, CHANNEL_BYTES = 10.0, 1 << 20
LONGEST = 500


@dg.run_failure_sensor(
    name="run_failures",
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells the people concerned of a run that failed and is not tried again",
)
def run_failures(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
    """One alarm a cause and hour. The home is read from the environment: resources may be what failed."""
    run = context.dagster_run
    if run.tags.get(WILL_RETRY) == "true":
        return dg.SkipReason(f"run {run.run_id} is tried again")
    day = f" of {partition}" if (partition := run.tags.get("dagster/partition")) else ""
    cause = _cause(context)
    text = f"{cause}; see run {run.run_id} in Dagster"
    alarm = Alarm(f"{run.job_name}{day} failed: {cause}", text, CONCERNED.get(run.job_name, OTHERS))
    tell(Path(variable("HE_HOME", os.environ, "var")), alarm, datetime.now(UTC))
    return None


def _cause(context: dg.RunFailureSensorContext) -> str:
    """The first failed step's own words, or the run's, in one line."""
    for event in context.get_step_failure_events():
        data: Any = event.event_specific_data
        if text := data.user_failure_data.description if data.user_failure_data else "":
            return _line(text)
        error = data.error.cause or data.error
        return _line(error.message)
    return _line(context.failure_event.message or "the run failed without a word")


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST]


@dg.sensor(
    name="alarms",
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Posts to HE_ALERT_URL what its channel did not take yet",
)
def alarms() -> dg.SkipReason:
    """Every 15 s; a channel that is down costs this sensor its 10 s and nothing else."""
    home, url = Path(variable("HE_HOME", os.environ, "var")), variable("HE_ALERT_URL", os.environ, "")
    with http_send(total_deadline=CHANNEL_SECONDS, byte_cap=CHANNEL_BYTES) as send:
        done = deliver(home, url, send)
    return dg.SkipReason(f"told {done.told}, waiting {done.waiting} {done.problem}".strip())
