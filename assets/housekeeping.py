"""The job `housekeeping`: a backup, then what may go of store, lake, old backups and Dagster's own runs."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from assets.guard import retries_only_what_can_help
from he_sync.flows.kept_where import place
from he_sync.store import backup, pruning
from he_sync.store.backup import Place
from he_sync.store.pruning import Retention
from resources.memory import MemoryResource

MOST_RUNS = 5000
"""In one night, so that the first one of an old instance does not run into the day."""
WHO = "housekeeping"
DRAIN = "drain"
FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def place_of(memory: MemoryResource) -> Place:
    """The installation of these resources, as `he-sync backup` has it."""
    return place(Path(memory.home), Path(memory.profile))


@dg.op(out=dg.Out(dg.Nothing), description="A complete backup of store and files")
def back_up(context: dg.OpExecutionContext, memory: MemoryResource) -> None:
    """Nothing is pruned on a day whose backup failed."""
    with retries_only_what_can_help(), memory.store() as store:
        made = backup.create(store, place_of(memory))
    context.add_output_metadata({"backup": made.name, "files": len(made.entries), "bytes": made.size})


@dg.op(ins={"after": dg.In(dg.Nothing)}, description="What is long over, by retention.yaml")
def prune(context: dg.OpExecutionContext, memory: MemoryResource) -> None:
    """Store, lake and backups by the engine; runs by Dagster itself."""
    here, now = place_of(memory), datetime.now(UTC)
    with retries_only_what_can_help(), memory.store() as store:
        keep = pruning.load(here.home)
        found = pruning.prune(store, memory.lake(), here.backups, keep, who=WHO, now=now)
    found["runs"] = prune_runs(context.instance, keep, now)
    context.add_output_metadata(dict(found))


@dg.job(
    executor_def=dg.in_process_executor,
    description="A backup, then what retention.yaml lets go: store, lake, old backups, old runs with their logs",
    tags={"he/entity": "housekeeping"},
)
def housekeeping() -> None:
    """Backup first: what is pruned today is in today's backup."""
    prune(back_up())


def prune_runs(instance: dg.DagsterInstance, keep: Retention, now: datetime) -> int:
    """Take away runs that ended long ago, with their logs; the newest of each job stays. Gives how many went."""
    drains = dg.RunsFilter(job_name=DRAIN, statuses=FINISHED, created_before=keep.before("drain_runs_days", now))
    others = dg.RunsFilter(statuses=FINISHED, created_before=keep.before("runs_days", now))
    newest: dict[str, str] = {}
    gone = 0
    for asked in (drains, others):
        for record in instance.get_run_records(asked, limit=MOST_RUNS, ascending=True):
            run = record.dagster_run
            if run.job_name not in newest:
                [last] = instance.get_run_records(dg.RunsFilter(job_name=run.job_name), limit=1)
                newest[run.job_name] = last.dagster_run.run_id
            if run.run_id != newest[run.job_name]:
                instance.delete_run(run.run_id)
                gone += 1
    return gone
