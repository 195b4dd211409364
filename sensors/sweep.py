"""The sweep: every 5 s, whatever the doorbell missed.

Two ticks at once, or two daemons, do no harm: a drain takes its lane first, and a second one ends (fault F7).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.launcher.base import WorkerStatus

from he_sync.connect.alarms import Alarm, tell
from he_sync.store import lanes, watch
from he_sync.store.clock import store_clock
from he_sync.store.database import Store
from he_sync.store.sqlite_file import log_alarm

LANE = "drain"
EVERY_LOOP = 1
"""Seconds. The daemon loops every 5 s; a sensor that asks for 5 loses every second loop."""
STARTS_WITHIN = timedelta(seconds=60)
"""A drain that was launched and has not begun by then is taken for dead."""
LAUNCHED_WITHIN = timedelta(seconds=10)
"""A drain is launched as soon as it is created; a broker that does not answer takes 2 s of it."""
AFTER_A_FAILURE = timedelta(seconds=10)
"""A drain that fails at once (a bad profile, refused credentials) would else be tried 700 times an hour."""
RECENT = 20
"""Drains to look through for the one that has the lane; it is the last one, or one of the last few."""
ON_ITS_WAY = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING]


def inbox_sweep(job: dg.JobDefinition) -> dg.SensorDefinition:
    """Requests a drain when something is due and nobody is at it."""

    @dg.sensor(
        name="inbox_sweep",
        job=job,
        minimum_interval_seconds=EVERY_LOOP,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"memory"},
        description="Requests a drain when an event is due and no drain runs or starts",
    )
    def sweep(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        resources: Any = context.resources
        with resources.memory.store() as store:
            _watch_the_file(store, Path(resources.memory.home))
            reason = why_not(store, context.instance, datetime.now(UTC))
        return dg.SkipReason(reason) if reason else dg.RunRequest(tags={"he/trigger": "sweep"})

    return sweep


def _watch_the_file(store: Store, home: Path) -> None:
    """A write-ahead log that no reader lets go of fills the disk in the end (fault F24)."""
    if said := log_alarm(store):
        tell(home, Alarm("the store's write-ahead log grows", said, ("team:integration",)), datetime.now(UTC))


def why_not(store: Store, instance: dg.DagsterInstance, now: datetime) -> str:
    """Why no drain is needed; "" when one is. `now` is Dagster's time; the store has its own."""
    there = store_clock(store)()
    if not watch.due(store, there):
        return "nothing is due"
    if lanes.held(store, LANE, there):
        return "" if _taken_from_the_dead(store, instance, there) else "a drain runs and will see what is due"
    young = dg.RunsFilter(job_name=LANE, statuses=ON_ITS_WAY, created_after=now - STARTS_WITHIN)
    for record in instance.get_run_records(young, limit=RECENT):
        if not _never_will(record, instance, now):
            return f"drain run {record.dagster_run.run_id} is about to start"
    fresh = dg.RunsFilter(job_name=LANE, statuses=[dg.DagsterRunStatus.FAILURE], updated_after=now - AFTER_A_FAILURE)
    if failed := instance.get_runs(fresh, limit=1):
        return f"drain run {failed[0].run_id} has just failed; the next one in {AFTER_A_FAILURE.seconds} s at most"
    return ""


def _taken_from_the_dead(store: Store, instance: dg.DagsterInstance, now: datetime) -> bool:
    """Whether the lane was freed of a drain whose process is gone; its lease would keep it for half a minute more.

    One that lives after all loses nothing but its lane: its token is old, so it stops at its next renewal.
    """
    holder = lanes.holder(store, LANE, now)
    run = _run_of(holder, instance)
    if run is None or not _dead(run, instance):
        return False
    lane = lanes.take(store, LANE, holder, 1.0, now)  # by its own name, and so under a new token
    if lane is None:
        return False
    lanes.release(store, lane)
    if not run.is_finished:
        instance.report_run_failed(run, "Its process is gone: another drain takes over")
    return True


def _run_of(holder: str, instance: dg.DagsterInstance) -> dg.DagsterRun | None:
    """The run that has the lane, of the last few: a drain takes it as "drain" and the beginning of its run's id."""
    runs = instance.get_runs(dg.RunsFilter(job_name=LANE), limit=RECENT)
    return next((run for run in runs if holder == f"{LANE} {run.run_id[:8]}"), None)


def _never_will(record: dg.RunRecord, instance: dg.DagsterInstance, now: datetime) -> bool:
    """Whether a drain that has not begun lost its process or host already, or whoever was about to launch it.

    An outage of Postgres cuts off both, and would keep everybody waiting for STARTS_WITHIN after it.
    """
    run = record.dagster_run
    if run.status == dg.DagsterRunStatus.NOT_STARTED:
        return record.create_timestamp < now - LAUNCHED_WITHIN
    return run.status == dg.DagsterRunStatus.STARTING and _dead(run, instance)


def _dead(run: dg.DagsterRun, instance: dg.DagsterInstance) -> bool:
    """A drain lets go of the lane before its run ends: one that ended with it was ended from outside."""
    launcher = instance.run_launcher
    if run.is_finished or not launcher.supports_check_run_worker_health:
        return run.is_finished
    return launcher.check_run_worker_health(run).status == WorkerStatus.NOT_FOUND
